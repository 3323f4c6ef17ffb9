/**
 * Going on with an answer that broke off. Some models take the beginning of their answer and write on; the others are asked to repeat
 * its last words first, by which the two are joined. Whatever the model does, what was there stays as it is, and is not said twice.
 */
import { AnswerTrouble } from './provider-failure.ts'
import { type Answered, type AnswerRequest, streamAnswer } from './stream-answer.ts'

/** As much of a continuation is held back, to find what it repeats. */
const SEAM = 160
/** Of the end of the beginning that much is asked for again. */
const REPEATED = 60
/** Fewer letters may be the same by chance. */
const LEAST_REPEATED = 12

export interface Beginning {
  readonly text: string
  /** Whether the model writes on when the beginning comes as its own last words. */
  readonly isTaken: boolean
}

/** As `streamAnswer`, for the rest of an answer. */
export async function continueAnswer(request: AnswerRequest, { text, isTaken }: Beginning): Promise<Answered> {
  const begun = { role: 'assistant' as const, text: text.trimEnd() }
  if (isTaken) {
    try {
      return await joined({ ...request, messages: [...request.messages, begun] }, text)
    } catch (error) {
      // Newer models of a vendor may refuse what the older ones took.
      if (!(error instanceof AnswerTrouble) || error.code !== 400) throw error
    }
  }
  const asking = `Your last message broke off. Write its last words again, exactly, from “${lastWords(text)}” on, and go on from there as if it had never been interrupted. Say nothing about the interruption.`
  return joined({ ...request, messages: [...request.messages, begun, { role: 'user', text: asking }] }, text)
}

async function joined(request: AnswerRequest, text: string): Promise<Answered> {
  let held: string | undefined = ''
  const flush = () => {
    const rest = held === undefined ? '' : withoutRepetition(text, held)
    held = undefined
    if (rest !== '') request.onText(rest)
  }
  const onText = (delta: string) => {
    if (held === undefined) return request.onText(delta)
    held += delta
    if (held.length >= SEAM) flush()
  }
  try {
    return await streamAnswer({ ...request, onText })
  } finally {
    flush()
  }
}

/** The continuation without what it repeats of the end of the text. */
export function withoutRepetition(text: string, continuation: string): string {
  const most = Math.min(text.length, continuation.length)
  for (let length = most; length >= LEAST_REPEATED; length--)
    if (text.endsWith(continuation.slice(0, length))) return continuation.slice(length)
  // What was sent had no space at its end, and a model does not say what it was not sent.
  const last = lastWords(text)
  if (last.trimEnd().length >= LEAST_REPEATED && continuation.startsWith(last.trimEnd()))
    return afterSpace(text, continuation.slice(last.trimEnd().length))
  return afterSpace(text, continuation)
}

/** Of the spaces and line breaks with which a text ends, a continuation brings none again. */
function afterSpace(text: string, continuation: string): string {
  const space = /\s*$/.exec(text)![0]
  for (let length = space.length; length > 0; length--) if (space.endsWith(continuation.slice(0, length))) return continuation.slice(length)
  return continuation
}

/** The end of a text, from the beginning of a word. */
function lastWords(text: string): string {
  const end = text.slice(-REPEATED)
  return text.length <= REPEATED ? end : end.slice(end.search(/(?<=\s)\S/) === -1 ? 0 : end.search(/(?<=\s)\S/))
}
