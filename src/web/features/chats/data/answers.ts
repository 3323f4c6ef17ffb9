/**
 * Answers being written. Each is watched once, however many places show it and whether or not its chat is open, on the stream of
 * events that all tabs share, from its first word to its last; then the finished message takes its place. What comes says where in the
 * answer it belongs, so that a piece that comes twice changes nothing, and one that is missing is noticed.
 */
import type { Citation, Message } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { cell, useCell } from '#web/kernel/cell.ts'
import { onEvent, watchAnswer } from '#web/kernel/events.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { putMessages, refreshMessages } from './messages.ts'

export interface LiveAnswer {
  readonly text: string
  readonly citations: readonly Citation[]
}

interface Followed extends LiveAnswer {
  readonly chatId: string
  /** After which of its events this is how it stands. */
  readonly at: string
}

const BEGINNING = '0-0'
/** Before an answer is watched anew that could not be. */
const AGAIN_MS = 1_000

const live = cell<ReadonlyMap<string, LiveAnswer>>(new Map())
const followed = new Map<string, Followed>()
let scheduled = false

/** Gives what has arrived of the answer, or undefined when it isn't being followed. */
export function useLiveAnswer(answerId: string): LiveAnswer | undefined {
  return useCell(live, (answers) => answers.get(answerId))
}

/** Tells whether what comes of the answer arrives here. */
export function isFollowed(answerId: string): boolean {
  return followed.has(answerId)
}

/** Follows the answer to its end, unless that is happening already. */
export function followAnswer({ chatId, id }: Pick<Message, 'chatId' | 'id'>): void {
  if (followed.has(id)) return
  followed.set(id, { chatId, text: '', citations: [], at: BEGINNING })
  watch(id)
}

/** Stops the answer on the server and keeps what was written. */
export async function stopAnswer({ chatId, id }: Pick<Message, 'chatId' | 'id'>): Promise<void> {
  finish(await call('generations.stop', { params: { chatId, generationId: id } }))
}

/** Has the model go on with an answer that ended early. */
export async function continueAnswer({ chatId, id }: Pick<Message, 'chatId' | 'id'>): Promise<void> {
  const message = await call('generations.continue', { params: { chatId, generationId: id } })
  putMessages(chatId, [message])
  followAnswer(message)
}

onEvent('delta', ({ answerId, at, text }) =>
  take(answerId, at, (known) => {
    const begins = Number.parseInt(at, 10) - text.length
    if (begins > known.text.length) return null
    const isKnown = begins + text.length <= known.text.length
    return isKnown ? known : { ...known, text: known.text.slice(0, begins) + text }
  }),
)
onEvent('citation', ({ answerId, at, citation }) =>
  take(answerId, at, (known) => {
    const place = Number(at.split('-')[1]) - 1
    return place > known.citations.length ? null : { ...known, citations: [...known.citations.slice(0, place), citation] }
  }),
)
// What was lost with the server that wrote it is taken back.
onEvent('rewind', ({ answerId, at, text, citations }) =>
  take(answerId, at, (known) => ({ ...known, text: known.text.slice(0, text), citations: known.citations.slice(0, citations) })),
)
onEvent('done', ({ message }) => finish(message))
onEvent('lost', ({ answerId, gone }) => {
  const known = followed.get(answerId)
  if (!known) return
  if (!gone) {
    setTimeout(() => watch(answerId), AGAIN_MS)
    return
  }
  forget(answerId)
  refreshMessages(known.chatId).catch(noticeSessionEnd)
})
// Whoever leads now does not know what the one before was told to watch.
onEvent('leading', () => {
  for (const answerId of followed.keys()) watch(answerId)
})

function watch(answerId: string): void {
  const known = followed.get(answerId)
  if (known) watchAnswer({ answerId, chatId: known.chatId, at: known.at })
}

/** Takes in what came. Where something is missing before it, asks for all that comes after what is known. */
function take(answerId: string, at: string, change: (known: Followed) => Followed | null): void {
  const known = followed.get(answerId)
  if (!known) return
  const next = change(known)
  if (next) followed.set(answerId, { ...next, at: next === known ? known.at : at })
  if (next) soon()
  else watch(answerId)
}

/** Shows what has arrived once a frame, so that fast models don't render faster than the screen. */
function soon(): void {
  if (!scheduled) requestAnimationFrame(show)
  scheduled = true
}

function show(): void {
  scheduled = false
  live.set(new Map(followed))
}

function finish(message: Message): void {
  putMessages(message.chatId, [message])
  forget(message.id)
}

function forget(id: string): void {
  if (followed.delete(id)) show()
}
