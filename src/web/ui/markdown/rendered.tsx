/**
 * Renders Markdown from models, which may have been told by a hostile document what to write. So: HTML is shown as text,
 * nothing is ever fetched (no images), a link shows the host it really goes to, and only listed elements are drawn. Blocks
 * that no longer change are not rendered again while the text grows.
 */
import { memo, type ReactNode, useEffect, useId, useMemo, useState } from 'react'
import type { MarkdownProps } from '../markdown.tsx'
import { toBlocks } from './blocks.ts'
import { type Drawing, draw } from './draw.tsx'
import { OpenContext, usePaced } from './growth.ts'
import { depthsOf, tagsFor } from './headings.ts'
import { part } from './loaded.ts'
import { MarkContext } from './marks.tsx'
import { drawing as formulas } from './maths/formula.tsx'
import type { Stage } from './maths/reading.ts'
import type { Node } from './parse.ts'
import { Unread } from './unread.tsx'
import { type Reading, useBlocks } from './use-blocks.ts'

/** What the page can lay out, of the text as it is written and of what becomes of it. */
const MOST = { characters: 200_000, elements: 12_000 }

export const maths = part(async () => {
  const [{ syntaxes }, { Formula }] = await Promise.all([import('./maths/reading.ts'), import('./maths/formula.tsx')])
  return { ...syntaxes, Formula }
})
const MATHS = /\$|\\[([]/

type Syntaxes = Awaited<ReturnType<typeof maths.load>>

/** Markdown as elements. */
export function Rendered({ text: whole, mark, growing = false, trusted = false }: MarkdownProps) {
  const { text, onDrawn } = usePaced(whole, growing)
  const isTooLong = text.length > MOST.characters
  const syntaxes = maths.use(!isTooLong && MATHS.test(text))
  const readings = useReadings(isTooLong ? '' : text, { growing, syntaxes })
  const isWaiting = readings.some(({ isRead }) => !isRead)
  useEffect(() => {
    if (!isWaiting) onDrawn()
  }, [isWaiting, onDrawn])
  const depths = isTooLong ? '' : depthsOf(text)
  const prefix = `${useId()}-`
  const drawing = useMemo(
    (): Drawing => ({ headings: tagsFor(depths), trusted, prefix, Formula: syntaxes?.Formula }),
    [depths, trusted, prefix, syntaxes],
  )
  const stretches = isTooLong ? [{ text, nodes: null }] : toStretches(readings)
  const drawStretch = ({ text: own, nodes }: Stretch, index: number): ReactNode => {
    const open = growing && index === stretches.length - 1
    // Text only grows at its end, so a block keeps its place.
    return nodes === null ? <Unread key={index} text={own} /> : <Block key={index} text={own} nodes={nodes} open={open} drawing={drawing} />
  }
  return (
    <MarkContext value={mark ?? null}>
      <div className={growing ? 'prose caret' : 'prose'} aria-busy={isWaiting || undefined}>
        {stretches.map(drawStretch)}
      </div>
    </MarkContext>
  )
}

function useReadings(text: string, { growing, syntaxes }: { growing: boolean; syntaxes: Syntaxes | null }): readonly Reading[] {
  const [wantsKatex, setWantsKatex] = useState(false)
  const katex = formulas.use(wantsKatex) ?? formulas.now()
  const pieces = useMemo(() => {
    const blocks = toBlocks(text)
    return blocks.map((block, index) => {
      const stage: Stage = growing && index === blocks.length - 1 ? 'open' : 'whole'
      return { text: block, stage: syntaxes && stage, syntax: syntaxes?.[stage], toMarkup: katex?.toMarkup }
    })
  }, [text, growing, syntaxes, katex])
  const readings = useBlocks(pieces)
  if (!wantsKatex && readings.some(({ block }) => block?.lacksMarkup)) setWantsKatex(true)
  return readings
}

interface Stretch {
  readonly text: string
  /** What it becomes; undefined until that is known, null where it can't be laid out. */
  readonly nodes: readonly Node[] | null | undefined
}

/** Gives what is drawn by itself, in order: a block, or all that stands together and can't be laid out. */
function toStretches(readings: readonly Reading[]): Stretch[] {
  const stretches: Stretch[] = []
  let elements = 0
  for (const { piece, block } of readings) {
    elements += block?.elements ?? 0
    const nodes = block && elements > MOST.elements ? null : block?.nodes
    const last = stretches.at(-1)
    if (block !== null && nodes !== null) stretches.push({ text: piece.text, nodes })
    else if (last?.nodes === null) stretches.splice(-1, 1, { text: `${last.text}\n${piece.text}`, nodes: null })
    else stretches.push({ text: piece.text, nodes: null })
  }
  return stretches
}

interface BlockProps {
  text: string
  nodes: readonly Node[] | undefined
  open: boolean
  drawing: Drawing
}

const Block = memo(function Block({ text, nodes, open, drawing }: BlockProps) {
  if (!nodes) return <div className="mb-3 whitespace-pre-wrap wrap-anywhere">{text}</div>
  const drawNode = (node: Node, index: number): ReactNode => <Drawn key={index} node={node} drawing={drawing} />
  return <OpenContext value={open}>{nodes.map(drawNode)}</OpenContext>
})

const Drawn = memo(function Drawn({ node, drawing }: { node: Node; drawing: Drawing }): ReactNode {
  return draw(node, drawing)
})
