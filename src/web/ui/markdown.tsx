/** Markdown, shown as plain text until its renderer has arrived. What it may contain is said in `markdown/rendered.tsx`. */
import { type ComponentType, type ReactNode, Suspense, useState } from 'react'
import { lazyPart } from './lazy-part.ts'

/** The renderer, once it is here: then it is used at once, and plain text never takes its place for a moment. */
let arrived: ComponentType<MarkdownProps> | null = null

/** Fetches the renderer ahead of need. */
export async function loadMarkdown() {
  const { Rendered } = await import('./markdown/rendered.tsx')
  arrived = Rendered
  return { Rendered }
}
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
  const [Renderer] = useState(() => arrived ?? Rendered)
  return (
    <Suspense fallback={<div className="prose whitespace-pre-wrap">{props.text}</div>}>
      <Renderer {...props} />
    </Suspense>
  )
}
