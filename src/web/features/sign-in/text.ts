/** The words of the pages before signing in, fetched with them. */
import { entry } from '#web/kernel/en/entry.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof entry> = textOf(entry)
