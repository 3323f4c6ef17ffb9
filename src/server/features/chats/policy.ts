/** What somebody may do to a chat that they see: whoever it is only shared with reads it, and no more. */
import type { Chat } from '#contract/chats.ts'

/** Whether the chat may be asked in, renamed, deleted or else changed. */
export function mayChange({ mayWrite }: Pick<Chat, 'mayWrite'>): boolean {
  return mayWrite
}

/** Whether it may be shared, and with whom it is shared be changed. */
export function mayShare({ owner }: Pick<Chat, 'owner'>): boolean {
  return owner === null
}
