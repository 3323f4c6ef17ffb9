/** The words of the profile’s pages, fetched with them. */
import { profile } from '#web/kernel/en/profile.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof profile> = textOf(profile)
