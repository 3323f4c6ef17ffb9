/**
 * Cuts Markdown where a new top-level block certainly begins, so that rendering the pieces gives what rendering the whole
 * gives. In doubt it doesn't cut.
 */

const FENCE = /^ {0,3}(`{3,}|~{3,})/
const CONTINUES = /^(?:\s|[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$))/
/** Definitions act on the whole text, wherever they stand. */
const DEFINITION = /^[ \t>*+\-\d.)]*\[(?:\\[\s\S]|[^\\[\]]){1,999}\]:/m

/** Gives the pieces of the text in order; joined by line breaks they are the text. */
export function toBlocks(text: string): string[] {
  if (DEFINITION.test(text)) return [text]
  const blocks: string[][] = [[]]
  let fence: string | null = null
  let blank = false
  for (const line of text.split('\n')) {
    if (fence === null && blank && line !== '' && !CONTINUES.test(line)) blocks.push([])
    blocks.at(-1)?.push(line)
    const [, marks] = FENCE.exec(line) ?? []
    if (marks !== undefined) fence = nextFence(fence, marks, line)
    blank = fence === null && line.trim() === ''
  }
  return blocks.map((lines) => lines.join('\n'))
}

/** A fence is closed only by as many of the same marks, with nothing behind them. */
function nextFence(open: string | null, marks: string, line: string): string | null {
  if (open === null) return marks
  const closes = marks[0] === open[0] && marks.length >= open.length && line.trim() === marks
  return closes ? null : open
}
