/**
 * Which chats have an answer that nobody has looked at in this browser: one that was completed while the person was in another chat,
 * away, or on another device. Kept for all tabs of the browser; the chats that were there before it are taken as read.
 */
import type { Chat } from '#contract/chats.ts'
import { cell, useCell } from '#web/kernel/cell.ts'
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

/** Takes in that the person is looking at the chat as it is. An answer being written will only have been seen when it is complete. */
export function noteSeen({ id, timeUpdated, answering }: Chat): void {
  const known = seen.get()
  if (!known || answering || timeUpdated <= upToOf(known, id)) return
  become({ ...known, chats: { ...known.chats, [id]: timeUpdated } })
}

/** Takes in the list, latest first and `isWhole` when nothing is missing below it. */
export function noteList(chats: readonly Chat[], isWhole: boolean): void {
  const known = seen.get()
  const latest = chats[0]?.timeUpdated ?? new Date(0).toISOString()
  if (!known) become({ upTo: latest, chats: {} })
  if (!known || Object.keys(known.chats).length === 0) return
  const reaches = isWhole || (chats.at(-1)?.timeUpdated ?? '') <= known.upTo
  const later = chats.filter(({ timeUpdated }) => timeUpdated > known.upTo)
  if (reaches && later.every((chat) => !chat.answering && !isUnread(known, chat))) become({ upTo: latest, chats: {} })
}

function isUnread(known: Seen, { id, timeUpdated, answering }: Chat): boolean {
  return !answering && timeUpdated > upToOf(known, id)
}

function upToOf({ upTo, chats }: Seen, id: string): string {
  const own = chats[id] ?? upTo
  return own > upTo ? own : upTo
}

function become(next: Seen): void {
  seen.set(next)
  storeHere(owner, NAME, next)
}
