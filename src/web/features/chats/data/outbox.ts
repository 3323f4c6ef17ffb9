/**
 * Questions on their way to the server. One stays here, and in this tab's storage, until the server has it; sending it again
 * uses the same key, so it is never asked twice.
 */

import { noticeModelGone } from '#web/features/models/queries.ts'
import { call } from '#web/kernel/api.ts'
import { onCatchUp } from '#web/kernel/catch-up.ts'
import { cell, useCell } from '#web/kernel/cell.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { newKey } from '#web/kernel/new-key.ts'
import { ApiProblem, explain, isSessionEnd, mayPass, Unreachable } from '#web/kernel/problem.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { store, stored } from '#web/kernel/stored.ts'
import { t } from '#web/kernel/text.ts'
import { report } from '#web/ui/report.ts'
import { followAnswer } from './answers.ts'
import { dropChat, putChat } from './chat-list.ts'
import { putExchange } from './messages.ts'

/** Where first questions are asked. Each of them has a place of its own below this one, so that none is in the way of the next. */
export const NEW = 'new'
/** The id of a chat, or the place of a first question. */
export type Place = string

export interface Question {
  readonly text: string
  readonly parentId: string | null
  readonly model: string
  /** Of a first question: for how many hours its chat is there; null or nothing for one that is kept. */
  readonly temporaryHours?: number | null
}

export interface Unsent extends Question {
  readonly key: string
  /** Null until the chat exists. */
  readonly chatId: string | null
  readonly state: 'sending' | 'failed'
  readonly reason: string
  /** Whether the server would refuse it again. */
  readonly refused: boolean
  /** Whether it failed only because the server was out of reach; such a question is sent when it is back. */
  readonly waits: boolean
}

type Sent = Reply<'messages.send'>
type OnSent = (sent: Sent) => void

const outbox = cell<ReadonlyMap<Place, Unsent>>(new Map())
let onBegun: OnSent | null = null
let owner = ''

/** Opens the outbox of the person and brings back what an earlier page could not send. */
export function openOutbox(userId: string): void {
  if (owner === userId) return
  owner = userId
  const kept = stored<Record<Place, Unsent>>(userId, 'outbox') ?? {}
  const unsent = Object.entries(kept).map(([place, each]) => [place, afterLeaving(each)] as const)
  outbox.set(new Map(unsent))
}

/** A refusal stays what it was; whatever else was under way when the page was left has come to nothing. */
function afterLeaving(unsent: Unsent): Unsent {
  const known = unsent.state === 'failed' && !unsent.waits
  return known ? unsent : { ...unsent, state: 'failed', reason: t('message.leftBefore'), waits: false }
}

/** Gives every question that the server has not. */
export function allUnsent(): ReadonlyMap<Place, Unsent> {
  return outbox.get()
}

/** Gives the question waiting in this chat. */
export function useUnsent(chatId: string): Unsent | undefined {
  return useCell(outbox, (all) => all.get(chatId))
}

/** Gives the first questions waiting, the oldest first. */
export function useUnsentFirst(): readonly (readonly [Place, Unsent])[] {
  const all = useCell(outbox, (each) => each)
  return [...all].filter(([place]) => isFirst(place))
}

/** Says what happens, while a page is shown, when a first question has reached the server; gives the way to take that back. */
export function whenBegun(callback: OnSent): () => void {
  onBegun = callback
  return () => {
    onBegun = null
  }
}

/** Sends a question, of a chat or the first of a new one; how it goes is seen by `useUnsent` and `useUnsentFirst`. */
export function ask(where: string, question: Question): void {
  const key = newKey()
  const [place, chatId] = where === NEW ? [`${NEW} ${key}`, null] : [where, where]
  void deliver(place, { ...question, key, chatId, state: 'sending', reason: '', refused: false, waits: false })
}

/** Sends the question that failed once more. */
export function askAgain(place: Place): void {
  const unsent = outbox.get().get(place)
  if (unsent?.state === 'failed') void deliver(place, { ...unsent, state: 'sending' })
}

/** Takes the question back, to be edited or forgotten; a chat begun for it alone goes as well. */
export function takeBack(place: Place): void {
  const begun = outbox.get().get(place)?.chatId
  keep(place, null)
  if (begun && isFirst(place)) void removeBegun(begun)
}

// In the order in which they were asked, each when the one before it has arrived or was refused.
onCatchUp('send', async () => {
  let sent = 0
  for (const [place] of outbox.get()) {
    const unsent = outbox.get().get(place)
    if (unsent?.waits && (await deliver(place, { ...unsent, state: 'sending' }))) sent += 1
  }
  return sent
})

/** Tells whether it arrived. */
async function deliver(place: Place, unsent: Unsent): Promise<boolean> {
  keep(place, unsent)
  let { chatId } = unsent
  try {
    chatId ??= await begin(unsent)
    const { text, model, parentId, key } = unsent
    const sent = await call('messages.send', { params: { chatId }, body: { text, model, parentId, idempotencyKey: key } })
    putExchange(chatId, sent, isFirst(place))
    putChat(sent.chat)
    keep(place, null)
    followAnswer(sent.answer)
    if (isFirst(place)) onBegun?.(sent)
    return true
  } catch (error) {
    const { what, next } = explain(error)
    const waits = error instanceof Unreachable
    const refused = error instanceof ApiProblem && !mayPass(error) && !isSessionEnd(error)
    if (refused && chatId !== null && isFirst(place)) {
      void removeBegun(chatId)
      chatId = null
    }
    keep(place, { ...unsent, chatId, state: 'failed', reason: `${what} ${waits ? t('message.goesOn') : next}`.trim(), refused, waits })
    noticeSessionEnd(error)
    noticeModelGone(error)
    return false
  }
}

async function begin({ model, temporaryHours, key }: Unsent): Promise<string> {
  return (await call('chats.create', { body: { model, ...(temporaryHours && { temporaryHours }), idempotencyKey: key } })).id
}

/** Removes a chat that was begun for a question which it will not get. */
async function removeBegun(chatId: string): Promise<void> {
  try {
    await call('chats.delete', { params: { chatId } })
    dropChat(chatId)
  } catch (error) {
    report(error)
  }
}

/** Tells whether the question is the first of a new chat. */
export function isFirst(place: Place): boolean {
  return place.startsWith(NEW)
}

function keep(place: Place, unsent: Unsent | null): void {
  const next = new Map(outbox.get())
  if (unsent) next.set(place, unsent)
  else next.delete(place)
  outbox.set(next)
  store(owner, 'outbox', next.size > 0 ? Object.fromEntries(next) : null)
}
