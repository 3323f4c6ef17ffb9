/** The words about one's own address, fetched with the pages. */
import { ownAddress } from '#web/kernel/en/own-address.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof ownAddress> = textOf(ownAddress)
