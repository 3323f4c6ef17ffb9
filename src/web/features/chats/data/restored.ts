/** What is said of a chat that is back from the trash: who reads it now, for its readers have stayed. */
import type { Chat } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'

export function sayRestored({ description: title, people }: Chat): string {
  return people > 1 ? t('chats.restoredShared', { title, count: people }) : t('chats.restored', { title })
}
