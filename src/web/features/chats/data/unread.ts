/**
 * Which chats have an answer that the person has not looked at: one that was completed while they were in another chat, or away. Kept for
 * all tabs of the browser; the chats that were there before it are taken as read, and for an hour what they read on another device.
 */
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { cell, useCell } from '#web/kernel/cell.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { onStoredElsewhere, storedHere, storeHere } from '#web/kernel/stored.ts'

const NAME = 'seen'

/** Chats up to this time are read, and those below up to their own. */
interface Seen {
  readonly upTo: string
  readonly chats: Readonly<Record<string, string>>
}

const seen = cell<Seen | null>(null)
let owner = ''

/** Brings back what the person has seen in this browser, and learns what they see in its other tabs. */
export function openSeen(userId: string): void {
  if (owner === userId) return
  owner = userId
  const read = () => seen.set(storedHere<Seen>(userId, NAME))
  read()
  onStoredElsewhere(userId, NAME, read)
}

/** Tells whether the chat has an answer that was not looked at. */
export function useUnread(chat: Chat): boolean {
  return useCell(seen, (known) => known !== null && isUnread(known, chat))
}

/** Takes in that the person has looked at the chat as it is. An answer being written will only have been seen when it is complete. */
export function noteSeen({ id, timeUpdated, answering }: Chat): void {
  const known = seen.get()
  if (!known || answering || timeUpdated <= upToOf(known, id)) return
  become({ ...known, chats: { ...known.chats, [id]: timeUpdated } })
}

/** Tells the person's other devices that they are looking at the chat as it is, if that is new here. */
export function tellSeen(chat: Chat): void {
  const known = seen.get()
  if (!known || !isUnread(known, chat)) return
  noteSeen(chat)
  // Without word of it the mark stays there until it is looked at.
  call('chats.use', { params: { chatId: chat.id } }).catch(noticeSessionEnd)
}

/** Takes in what the person has looked at on another device since it was marked here. */
export async function noteSeenElsewhere(chats: readonly Chat[]): Promise<void> {
  const known = seen.get()
  const marked = known ? chats.filter((chat) => isUnread(known, chat)).slice(0, 50) : []
  if (marked.length === 0) return
  const { items } = await call('chats.used', { query: { chatIds: marked.map(({ id }) => id).join(',') } })
  const times = new Map<string, string>(items.map(({ chatId, lastAccessed }) => [chatId, lastAccessed]))
  for (const chat of marked) if ((times.get(chat.id) ?? '') >= chat.timeUpdated) noteSeen(chat)
}

interface Listed {
  /** The latest first. */
  readonly chats: readonly Chat[]
  /** Whether nothing is missing below them. */
  readonly isWhole: boolean
}

/** Takes in what is listed. */
export function noteLists(lists: readonly Listed[]): void {
  const known = seen.get()
  const latest = lists.map(({ chats }) => chats[0]?.timeUpdated ?? '').reduce((a, b) => (a > b ? a : b), new Date(0).toISOString())
  if (!known) become({ upTo: latest, chats: {} })
  if (!known || Object.keys(known.chats).length === 0) return
  const reach = lists.every(({ chats, isWhole }) => isWhole || (chats.at(-1)?.timeUpdated ?? '') <= known.upTo)
  const later = lists.flatMap(({ chats }) => chats).filter(({ timeUpdated }) => timeUpdated > known.upTo)
  if (reach && later.every((chat) => !chat.answering && !isUnread(known, chat))) become({ upTo: latest, chats: {} })
}

/** A chat that is as it was begun has no answer. */
function isUnread(known: Seen, { id, timeCreated, timeUpdated, answering }: Chat): boolean {
  return !answering && timeUpdated !== timeCreated && timeUpdated > upToOf(known, id)
}

function upToOf({ upTo, chats }: Seen, id: string): string {
  const own = chats[id] ?? upTo
  return own > upTo ? own : upTo
}

function become(next: Seen): void {
  seen.set(next)
  storeHere(owner, NAME, next)
}
