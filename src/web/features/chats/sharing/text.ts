/** The words of sharing, fetched with it. */
import { sharing } from '#web/kernel/en/sharing.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof sharing> = textOf(sharing)
