/**
 * Questions on their way to the server. One stays here, and in this tab's storage, until the server has it; sending it again
 * uses the same key, so it is never asked twice.
 */

import { call } from '#web/kernel/api.ts'
import { cell, useCell } from '#web/kernel/cell.ts'
import { onRecovery } from '#web/kernel/connection.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { explain, Unreachable } from '#web/kernel/problem.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { store, stored } from '#web/kernel/stored.ts'
import { t } from '#web/kernel/text.ts'
import { followAnswer } from './answers.ts'
import { putChat } from './chat-list.ts'
import { putMessages } from './messages.ts'

/** The id of a chat, or `new` for the one that the first question begins. */
export type Place = string

export interface Question {
  readonly text: string
  readonly parentId: string | null
  readonly model: string
}

export interface Unsent extends Question {
  readonly key: string
  /** Null until the chat exists. */
  readonly chatId: string | null
  readonly state: 'sending' | 'failed'
  readonly reason: string
  /** Whether it failed only because the server was out of reach; such a question is sent when it is back. */
  readonly waits: boolean
}

type Sent = Reply<'messages.send'>
type OnSent = (sent: Sent) => void

const outbox = cell<ReadonlyMap<Place, Unsent>>(new Map())
const onSent = new Map<Place, OnSent>()
let owner = ''

/** Opens the outbox of the person and brings back what an earlier page could not send. */
export function openOutbox(userId: string): void {
  if (owner === userId) return
  owner = userId
  const kept = stored<Record<Place, Unsent>>(userId, 'outbox') ?? {}
  const unsent = Object.entries(kept).map(
    ([place, each]) => [place, { ...each, state: 'failed', reason: t('message.leftBefore'), waits: false }] as const,
  )
  outbox.set(new Map(unsent))
}

/** Gives the question waiting at this place. */
export function useUnsent(place: Place): Unsent | undefined {
  return useCell(outbox, (all) => all.get(place))
}

/** Says what happens, while a page is shown, when its question has reached the server; gives the way to take that back. */
export function whenSent(place: Place, callback: OnSent): () => void {
  onSent.set(place, callback)
  return () => onSent.delete(place)
}

/** Sends a question; how it goes is seen by `useUnsent`. */
export function ask(place: Place, question: Question): void {
  void deliver(place, { ...question, key: newKey(), chatId: place === 'new' ? null : place, state: 'sending', reason: '', waits: false })
}

/** Sends the question that failed once more. */
export function askAgain(place: Place): void {
  const unsent = outbox.get().get(place)
  if (unsent?.state === 'failed') void deliver(place, { ...unsent, state: 'sending' })
}

/** Takes the question back, to be edited. */
export function takeBack(place: Place): void {
  keep(place, null)
}

onRecovery(() => {
  for (const [place, unsent] of outbox.get()) if (unsent.waits) askAgain(place)
})

async function deliver(place: Place, unsent: Unsent): Promise<void> {
  keep(place, unsent)
  let { chatId } = unsent
  try {
    chatId ??= (await call('chats.create', { body: { model: unsent.model } })).id
    const { text, model, parentId, key } = unsent
    const sent = await call('messages.send', { params: { chatId }, body: { text, model, parentId, idempotencyKey: key } })
    putMessages(chatId, [sent.answer, sent.question], place === 'new')
    putChat(sent.chat)
    keep(place, null)
    followAnswer(sent.answer)
    onSent.get(place)?.(sent)
  } catch (error) {
    const { what, next } = explain(error)
    keep(place, { ...unsent, chatId, state: 'failed', reason: `${what} ${next}`, waits: error instanceof Unreachable })
    noticeSessionEnd(error)
  }
}

function keep(place: Place, unsent: Unsent | null): void {
  const next = new Map(outbox.get())
  if (unsent) next.set(place, unsent)
  else next.delete(place)
  outbox.set(next)
  store(owner, 'outbox', next.size > 0 ? Object.fromEntries(next) : null)
}

/** A random UUID; `crypto.randomUUID` is missing on plain http. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes.set([((bytes[6] ?? 0) & 0x0f) | 0x40], 6)
  bytes.set([((bytes[8] ?? 0) & 0x3f) | 0x80], 8)
  return [...bytes]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
