/** The words of the pages of logins, fetched with them. */
import { logins } from '#web/kernel/en/logins.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof logins> = textOf(logins)
