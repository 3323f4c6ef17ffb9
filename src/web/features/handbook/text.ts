/** The words of the handbook’s page, fetched with it. */
import { handbook } from '#web/kernel/en/handbook.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof handbook> = textOf(handbook)
