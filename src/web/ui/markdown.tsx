/** Markdown, shown as plain text until its renderer has arrived. What it may contain is said in `markdown/rendered.tsx`. */
import { type ReactNode, Suspense } from 'react'
import { lazyPart } from './lazy-part.ts'

/** Fetches the renderer ahead of need. */
export const loadMarkdown = () => import('./markdown/rendered.tsx')
const Rendered = lazyPart(async () => (await loadMarkdown()).Rendered)

export interface MarkdownProps {
  text: string
  /** Draws `[number]` in the text; without it, or where it gives nothing, the text stays as it is. */
  mark?: (number: number) => ReactNode
  /** Whether more text is coming: shows the caret. */
  growing?: boolean
  /** Whether links within this site work; only for text that is not written by a model. */
  trusted?: boolean
}

/** Shows Markdown safely: no HTML, no images, links only to named hosts. */
export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<div className="prose whitespace-pre-wrap">{props.text}</div>}>
      <Rendered {...props} />
    </Suspense>
  )
}
