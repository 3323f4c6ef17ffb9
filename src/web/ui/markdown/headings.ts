/** Which headings a text has, so that they can be drawn below those of the page, skipping none. */

const HEADING = /^[\s>*+-]*(#{1,6})(?:\s|$)/
const UNDERLINE = /^[\s>]*(=+|-+)\s*$/
const FENCE = /^[\s>*+-]*(```|~~~)/
const TAGS = ['h3', 'h4', 'h5', 'h6'] as const

export type HeadingTags = Readonly<Record<`h${number}`, (typeof TAGS)[number]>>

/** The depths of headings in the text, each once: `## a` and `#### b` give `24`. Counts what looks like one outside code. */
export function depthsOf(text: string): string {
  const depths = new Set<number>()
  let fence: string | null = null
  let above = ''
  for (const line of text.split('\n')) {
    const marks = FENCE.exec(line)?.[1] ?? null
    if (marks !== null && (fence === null || fence === marks)) fence = fence === null ? marks : null
    if (fence === null) depths.add(HEADING.exec(line)?.[1]?.length ?? underlined(line, above))
    above = line
  }
  return [...depths].filter(Boolean).sort().join('')
}

function underlined(line: string, above: string): number {
  const marks = above.trim() === '' ? undefined : UNDERLINE.exec(line)?.[1]
  return marks === undefined ? 0 : marks.startsWith('=') ? 1 : 2
}

/** Which tag each depth is drawn with: those in the text in their order from the third on, and the others with the one before. */
export function tagsFor(depths: string): HeadingTags {
  const found = [...depths].map(Number)
  const tag = (depth: number) => TAGS[Math.min(Math.max(found.filter((each) => each <= depth).length - 1, 0), TAGS.length - 1)]!
  return Object.fromEntries([1, 2, 3, 4, 5, 6].map((depth) => [`h${depth}`, tag(depth)]))
}
