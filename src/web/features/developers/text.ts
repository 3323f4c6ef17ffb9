/** The words of the page for developers, fetched with it. */
import { developers } from '#web/kernel/en/developers.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof developers> = textOf(developers)
