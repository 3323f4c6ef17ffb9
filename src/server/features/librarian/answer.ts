/**
 * Puts an answer of the Librarian together, always in the same form: where a quotation comes from, the quotation word for
 * word with its number, and at the end that nothing was added. It contains no sentence about the matter that is not quoted.
 */
import type { Citation } from '#contract/chats.ts'
import { HANDBOOK_PASSAGES } from './handbook.ts'
import type { Passage } from './passage.ts'
import { plainMarkdown } from './plain.ts'
import { bestQuotations } from './rank.ts'
import { smallTalk } from './small-talk.ts'

export type Piece = string | Citation

const NOTHING = `Nothing in your chats or the handbook mentions that.

The Librarian only searches and quotes. For an answer in new words, pick a model below the question; an administrator adds them under Models.`
const ENDING = '*Quoted word for word; nothing is added.*'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** The answer as Markdown, in order, with each citation behind the text that points to it. */
export async function answerTo(question: string, retrieve: (question: string) => Promise<readonly Passage[]>): Promise<Piece[]> {
  const reply = smallTalk(question)
  if (reply !== undefined) return [reply]
  const found = bestQuotations(question, await retrieve(question), HANDBOOK_PASSAGES)
  if (found.length === 0) return [NOTHING]
  const pieces = found.flatMap(({ passage, quote }, i): Piece[] => {
    const number = i + 1
    return [`${heading(passage)}\n\n> ${plainMarkdown(quote)} [${number}]\n\n`, { type: 'citation', number, source: passage.source, quote }]
  })
  return [...pieces, ENDING]
}

function heading({ source, title, timeCreated }: Passage): string {
  if (source.kind === 'handbook') return `From **the handbook, “${plainMarkdown(title)}”**:`
  const named = `**“${plainMarkdown(title)}”**`
  const chat = source.shared ? `${named}, a chat that is shared with you` : `your chat ${named}`
  return `From ${chat}${timeCreated === undefined ? '' : `, ${day(timeCreated)}`}:`
}

/** `2026-11-03T…` as `3 November 2026`. */
function day(time: string): string {
  const [year, month, date] = time.slice(0, 10).split('-')
  return `${Number(date)} ${MONTHS[Number(month) - 1]} ${year}`
}
