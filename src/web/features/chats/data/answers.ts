/**
 * Answers being written. Each is followed once, however many places show it and whether or not its chat is open, from its
 * first event to its last; then the finished message takes its place.
 */
import type { Citation, Message } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { cell, useCell } from '#web/kernel/cell.ts'
import { ApiProblem, explain } from '#web/kernel/problem.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { follow } from '#web/kernel/sse.ts'
import { toast } from '#web/ui/toast.ts'
import { putChat } from './chat-list.ts'
import { putMessages, refreshMessages } from './messages.ts'

export interface LiveAnswer {
  readonly text: string
  readonly citations: readonly Citation[]
}

const live = cell<ReadonlyMap<string, LiveAnswer>>(new Map())
const followed = new Map<string, AbortController>()

/** Gives what has arrived of the answer, or undefined when it isn't being followed. */
export function useLiveAnswer(answerId: string): LiveAnswer | undefined {
  return useCell(live, (answers) => answers.get(answerId))
}

/** Follows the answer to its end, unless that is happening already. */
export function followAnswer({ chatId, id }: Pick<Message, 'chatId' | 'id'>): void {
  if (followed.has(id)) return
  const stop = new AbortController()
  followed.set(id, stop)
  const gathered = gather(id)
  void follow('generations.follow', {
    params: { chatId, generationId: id },
    signal: stop.signal,
    onEvent: (event) => {
      if (event.name === 'delta') gathered.add(event.data.text)
      if (event.name === 'citation') gathered.cite(event.data.citation)
      if (event.name === 'rewind') gathered.rewind(event.data)
      if (event.name === 'done') finish(event.data.message)
      return event.name === 'done'
    },
  })
    .catch((error: unknown) => lost(chatId, error))
    .finally(() => forget(id, stop))
}

/** Stops the answer on the server and keeps what was written. */
export async function stopAnswer({ chatId, id }: Pick<Message, 'chatId' | 'id'>): Promise<void> {
  finish(await call('generations.stop', { params: { chatId, generationId: id } }))
  followed.get(id)?.abort()
}

/** Has the model go on with an answer that ended early. */
export async function continueAnswer({ chatId, id }: Pick<Message, 'chatId' | 'id'>): Promise<void> {
  const message = await call('generations.continue', { params: { chatId, generationId: id } })
  putMessages(chatId, [message])
  followAnswer(message)
}

/** Gathers what arrives and shows it once a frame, so that fast models don't render faster than the screen. */
function gather(id: string) {
  let text = ''
  let citations: readonly Citation[] = []
  let scheduled = false
  const show = () => {
    scheduled = false
    if (followed.has(id)) live.set(new Map(live.get()).set(id, { text, citations }))
  }
  const soon = () => {
    if (!scheduled) requestAnimationFrame(show)
    scheduled = true
  }
  return {
    add(delta: string) {
      text += delta
      soon()
    },
    cite(citation: Citation) {
      citations = [...citations, citation]
      soon()
    },
    /** Takes back what was lost with the server that wrote it. */
    rewind(to: { text: number; citations: number }) {
      text = text.slice(0, to.text)
      citations = citations.slice(0, to.citations)
      soon()
    },
  }
}

function finish(message: Message): void {
  putMessages(message.chatId, [message])
  void call('chats.get', { params: { chatId: message.chatId } }).then(putChat, noticeSessionEnd)
}

function lost(chatId: string, error: unknown): void {
  noticeSessionEnd(error)
  const gone = error instanceof ApiProblem && error.problem.status === 404
  if (gone) refreshMessages(chatId).catch(noticeSessionEnd)
  else toast({ kind: 'failed', text: explain(error).what })
}

function forget(id: string, stop: AbortController): void {
  if (followed.get(id) !== stop) return
  followed.delete(id)
  const rest = new Map(live.get())
  rest.delete(id)
  live.set(rest)
}
