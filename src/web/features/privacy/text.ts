/** The words of the privacy page, fetched with it. */
import { privacy } from '#web/kernel/en/privacy.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof privacy> = textOf(privacy)
