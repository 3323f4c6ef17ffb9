/**
 * The list of chats under headings of days, as the calendar of the person's time zone has them, below those that stand
 * above them by another order. Pure; a list of a hundred thousand is gone through once.
 */
import type { Chat } from '#contract/chats.ts'
import { addDays, beginOf, dayAt, type ZonedDay } from '#web/kernel/days.ts'
import { t } from '#web/kernel/text.ts'
import { sayMonthOf } from '#web/kernel/time.ts'

export type Row =
  | { readonly kind: 'heading'; readonly key: string; readonly words: string }
  | { readonly kind: 'chat'; readonly key: string; readonly chat: Chat }
  | { readonly kind: 'more'; readonly key: string }

/** Chats that stand above the days, in the order given, and not once more under their day. */
interface Above {
  readonly words: string
  readonly chats: readonly Chat[]
  /** Whether there are more that are not loaded. */
  readonly more?: boolean
}

/** A stretch of time with one heading, from its first instant on. */
interface Span {
  readonly words: string
  readonly from: string
}

/** Gives the rows of the list, a heading before the first chat of each group; the chats come latest first. */
export function toRows(chats: readonly Chat[], today: ZonedDay, above: readonly Above[] = []): Row[] {
  const rows: Row[] = []
  const known = new Set<string>()
  for (const { words, chats: own, more } of above) {
    if (own.length > 0) rows.push({ kind: 'heading', key: words, words })
    for (const chat of own) {
      known.add(chat.id)
      rows.push({ kind: 'chat', key: chat.id, chat })
    }
    // Another one by its key when more have come, so that the focus goes to the first of them.
    if (more) rows.push({ kind: 'more', key: `more ${own.length}` })
  }
  const near = nearSpans(today)
  let span: Span | null = null
  for (const chat of chats) {
    if (known.has(chat.id)) continue
    if (!span || chat.timeUpdated < span.from) {
      span = near.find(({ from }) => from <= chat.timeUpdated) ?? monthSpan(chat.timeUpdated, today)
      rows.push({ kind: 'heading', key: span.words, words: span.words })
    }
    rows.push({ kind: 'chat', key: chat.id, chat })
  }
  return rows
}

function nearSpans(today: ZonedDay): readonly Span[] {
  return [
    { words: t('group.today'), from: instant(today) },
    { words: t('group.yesterday'), from: instant(addDays(today, -1)) },
    { words: t('group.week'), from: instant(addDays(today, -7)) },
  ]
}

function monthSpan(time: string, today: ZonedDay): Span {
  const { year, month } = dayAt(Date.parse(time), today.zone)
  return { words: sayMonthOf(year, month, today.year), from: instant({ year, month, date: 1, zone: today.zone }) }
}

function instant(day: ZonedDay): string {
  return new Date(beginOf(day)).toISOString()
}
