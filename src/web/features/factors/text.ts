/** The words of second factors, fetched with what says them. */
import { factors } from '#web/kernel/en/factors.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof factors> = textOf(factors)
