/** Cuts text into pieces that can be quoted: sentences, and the lines of lists, tables and code. None is empty or longer than a quotation. */

export const LONGEST_QUOTE = 480

/** A line that begins something of its own: a heading, an item, a row, a quotation, a fence. */
const OPENS = /^\s*(?:#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|[|>]|```|~~~)/
const HEADING = /^\s*#{1,6}\s/
const MARKER = /^\s*(?:#{1,6}\s+|[-*+•]\s+|>\s?|(?:```|~~~).*$)+/
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** The paragraphs of a text, with the line breaks inside them gone. */
export function paragraphsOf(text: string): string[] {
  const paragraphs: string[] = []
  let open = false
  for (const line of text.split(/\r\n|[\n\r\u2028\u2029]/)) {
    const words = line.replace(MARKER, '').replace(/\s+/g, ' ').trim()
    if (words !== '' && open && !OPENS.test(line)) paragraphs.push(`${paragraphs.pop()} ${words}`)
    else if (words !== '') paragraphs.push(words)
    open = words !== '' && !HEADING.test(line)
  }
  return paragraphs
}

/** The sentences of a paragraph, in order. */
export function sentencesOf(paragraph: string): string[] {
  return [...segmenter.segment(paragraph)].flatMap(({ segment }) => chunks(segment.trim())).filter((sentence) => sentence !== '')
}

/** Cuts what is too long for a quotation, between words where there is a place. */
function chunks(sentence: string): string[] {
  const found: string[] = []
  let rest = sentence
  while (rest.length > LONGEST_QUOTE) {
    const space = rest.lastIndexOf(' ', LONGEST_QUOTE)
    const hard = /[\ud800-\udbff]/.test(rest[LONGEST_QUOTE - 1] ?? '') ? LONGEST_QUOTE - 1 : LONGEST_QUOTE
    const end = space > 0 ? space : hard
    found.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...found, rest]
}
