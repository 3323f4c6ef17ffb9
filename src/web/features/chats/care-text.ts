/** The words of the parts of this folder that are fetched when they are needed. */
import { care } from '#web/kernel/en/care.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof care> = textOf(care)
