/** The words about the life of a login, fetched with what says them. */
import { session } from '#web/kernel/en/session.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof session> = textOf(session)
