/** The words of the pages about models, fetched with them. */
import { models } from '#web/kernel/en/models.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof models> = textOf(models)
