/** The words of exports and of leaving, fetched with their pages. */
import { leaving } from '#web/kernel/en/leaving.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof leaving> = textOf(leaving)
