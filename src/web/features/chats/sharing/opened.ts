/** What is being done about who reads a chat: at most one thing at a time, wherever on the page it was begun. */
import type { Chat } from '#contract/chats.ts'
import { cell } from '#web/kernel/cell.ts'

export interface Opened {
  readonly chat: Chat
  readonly act: 'share' | 'leave'
}

export const opened = cell<Opened | null>(null)
