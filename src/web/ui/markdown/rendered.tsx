/**
 * Renders Markdown from models, which may have been told by a hostile document what to write. So: HTML is shown as text,
 * nothing is ever fetched (no images), a link shows the host it really goes to, and only listed elements are drawn. Blocks
 * that no longer change are not rendered again while the text grows.
 */
import { memo, type ReactNode, useId, useMemo } from 'react'
import type { MarkdownProps } from '../markdown.tsx'
import { toBlocks } from './blocks.ts'
import { type Drawing, draw } from './draw.tsx'
import { OpenContext, usePaced } from './growth.ts'
import { depthsOf, tagsFor } from './headings.ts'
import { part } from './loaded.ts'
import { MarkContext } from './marks.tsx'
import { parse, type Syntax } from './parse.ts'
import { t } from './words.ts'

/** Beyond these, reading it or laying it out would stop the page for seconds. */
const LONGEST = { text: 200_000, block: 50_000 }
const TOO_DEEP = /^[ \t]*(?:>[ \t]*|(?:[*+-]|\d{1,9}[.)])[ \t]+){100}/m
const CODE = /^ {0,3}(?:```|~~~)/

export const maths = part(async () => {
  const [{ syntaxes }, { Formula }] = await Promise.all([import('./maths/reading.ts'), import('./maths/formula.tsx')])
  return { ...syntaxes, Formula }
})
const MATHS = /\$|\\[([]/

/** Markdown as elements. */
export function Rendered({ text: whole, mark, growing = false, trusted = false }: MarkdownProps) {
  const text = usePaced(whole, growing)
  const tooLong = text.length > LONGEST.text
  const withMaths = maths.use(!tooLong && MATHS.test(text))
  const prefix = `${useId()}-`
  const blocks = useMemo(() => (tooLong ? [] : toBlocks(text)), [text, tooLong])
  const depths = tooLong ? '' : depthsOf(text)
  const drawing = useMemo(
    (): Drawing => ({ headings: tagsFor(depths), trusted, Formula: withMaths?.Formula }),
    [depths, trusted, withMaths],
  )
  if (tooLong) return <Unread text={text} />
  const drawBlock = (block: string, index: number): ReactNode => {
    const open = growing && index === blocks.length - 1
    // Text only grows at its end, so a block keeps its place.
    return <Block key={index} text={block} open={open} prefix={prefix} drawing={drawing} maths={withMaths?.[open ? 'open' : 'whole']} />
  }
  return (
    <MarkContext value={mark ?? null}>
      <div className={growing ? 'prose caret' : 'prose'}>{blocks.map(drawBlock)}</div>
    </MarkContext>
  )
}

interface BlockProps {
  text: string
  open: boolean
  prefix: string
  drawing: Drawing
  maths: Syntax | undefined
}

const Block = memo(function Block({ text, open, prefix, drawing, maths: syntax }: BlockProps) {
  const tree = useMemo(() => read(text, { maths: syntax, prefix }), [text, syntax, prefix])
  return <OpenContext value={open}>{tree ? draw(tree, drawing) : <Unread text={text} />}</OpenContext>
})

/** The tree of a block, or null where it is too long or nests too deep. */
function read(text: string, how: Parameters<typeof parse>[1]) {
  if (TOO_DEEP.test(text) || (text.length > LONGEST.block && !CODE.test(text))) return null
  try {
    return parse(text, how)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function Unread({ text }: { text: string }) {
  return (
    <div className="prose">
      <p className="text-muted">{t('markdown.unread')}</p>
      <div className="whitespace-pre-wrap">{text}</div>
    </div>
  )
}
