/** The words of these pages, fetched with them. */
import { shelves } from '#web/kernel/en/shelves.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof shelves> = textOf(shelves)
