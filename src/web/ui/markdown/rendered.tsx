/**
 * Renders Markdown from models, which may have been told by a hostile document what to write. So: HTML is shown as text,
 * nothing is ever fetched (no images), and a link shows the host it really goes to. Blocks that no longer change are not
 * rendered again while the text grows.
 */
import { memo, useMemo } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'

import { t } from '../../kernel/text.ts'
import type { MarkdownProps } from '../markdown.tsx'
import { toBlocks } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import { remarkGfm } from './gfm.ts'
import { Link, TrustedLink } from './link.tsx'
import { Mark, MarkContext, remarkMarks } from './marks.tsx'

const plugins = [remarkGfm, remarkMarks]

const components: Components = {
  a: Link,
  cite: Mark,
  pre: CodeBlock,
  img: ({ alt }) => <span className="text-muted">{t('image.hidden', { alt: alt ?? '' })}</span>,
  input: ({ checked }) => <input type="checkbox" disabled checked={checked} aria-label={t(checked ? 'markdown.done' : 'markdown.open')} />,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables are scrolled by keyboard
    <section className="table" tabIndex={0} aria-label={t('markdown.table')}>
      <table>{children}</table>
    </section>
  ),
}
/** Headings begin at the third level, below those of the page, and skip none, whatever the text begins with. */
function withHeadings(depths: string, trusted: boolean): Components {
  const tags = ['h3', 'h4', 'h5', 'h6'] as const
  const headings = [...depths].map((depth, index) => [`h${depth}`, tags[Math.min(index, tags.length - 1)]])
  return { ...components, ...(trusted && { a: TrustedLink }), ...Object.fromEntries(headings) }
}

/** The depths of headings in the text, each once: `## a` and `#### b` give `24`. */
function depthsOf(text: string): string {
  return [...new Set(text.match(/^#{1,6}(?= )/gm)?.map((marks) => marks.length))].sort().join('')
}

/** Markdown as elements. */
export function Rendered({ text, mark, growing = false, trusted = false }: MarkdownProps) {
  const blocks = useMemo(() => toBlocks(text), [text])
  const depths = depthsOf(text)
  const shown = useMemo(() => withHeadings(depths, trusted), [depths, trusted])
  return (
    <MarkContext value={mark ?? null}>
      <div className={growing ? 'prose caret' : 'prose'}>
        {blocks.map((block, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: text only grows at its end, so a block keeps its place
          <Block key={index} text={block} shown={shown} />
        ))}
      </div>
    </MarkContext>
  )
}

const Block = memo(function Block({ text, shown }: { text: string; shown: Components }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={shown}>
      {text}
    </ReactMarkdown>
  )
})
