/**
 * Renders Markdown from models, which may have been told by a hostile document what to write. So: HTML is shown as text,
 * nothing is ever fetched (no images), and a link shows the host it really goes to. Blocks that no longer change are not
 * rendered again while the text grows.
 */
import { memo, useMemo } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { t } from '../../kernel/text.ts'
import type { MarkdownProps } from '../markdown.tsx'
import { toBlocks } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import { Link, TrustedLink } from './link.tsx'
import { Mark, MarkContext, remarkMarks } from './marks.tsx'

const plugins = [remarkGfm, remarkMarks]

const components: Components = {
  a: Link,
  h1: 'h3',
  h2: 'h4',
  h3: 'h5',
  h4: 'h6',
  h5: 'h6',
  cite: Mark,
  pre: CodeBlock,
  img: ({ alt }) => <span className="text-muted">{t('image.hidden', { alt: alt ?? '' })}</span>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables are scrolled by keyboard
    <section className="table" tabIndex={0} aria-label={t('markdown.table')}>
      <table>{children}</table>
    </section>
  ),
}
const trustedComponents: Components = { ...components, a: TrustedLink }

/** Markdown as elements. */
export function Rendered({ text, mark, growing = false, trusted = false }: MarkdownProps) {
  const blocks = useMemo(() => toBlocks(text), [text])
  return (
    <MarkContext value={mark ?? null}>
      <div className={growing ? 'prose caret' : 'prose'}>
        {blocks.map((block, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: text only grows at its end, so a block keeps its place
          <Block key={index} text={block} trusted={trusted} />
        ))}
      </div>
    </MarkContext>
  )
}

const Block = memo(function Block({ text, trusted }: { text: string; trusted: boolean }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={trusted ? trustedComponents : components}>
      {text}
    </ReactMarkdown>
  )
})
