/** The words of the account’s pages, fetched with them. */
import { account } from '#web/kernel/en/account.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof account> = textOf(account)
