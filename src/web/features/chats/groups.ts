/** The list of chats under headings of days, in the time zone of this device. Pure. */
import type { Chat } from '#contract/chats.ts'
import { t } from '#web/kernel/text.ts'
import { daysAgo, sayMonth } from '#web/kernel/time.ts'

export type Row =
  | { readonly kind: 'heading'; readonly key: string; readonly words: string }
  | { readonly kind: 'chat'; readonly key: string; readonly chat: Chat }

/** Gives the rows of the list: a heading before the first chat of each group. */
export function toRows(chats: readonly Chat[]): Row[] {
  let last = ''
  return chats.flatMap((chat): Row[] => {
    const row: Row = { kind: 'chat', key: chat.id, chat }
    const words = headingOf(chat.timeUpdated)
    if (words === last) return [row]
    last = words
    return [{ kind: 'heading', key: words, words }, row]
  })
}

function headingOf(time: string): string {
  const days = daysAgo(time)
  if (days <= 0) return t('group.today')
  if (days === 1) return t('group.yesterday')
  if (days <= 7) return t('group.week')
  return days <= 30 ? t('group.month') : sayMonth(time)
}
