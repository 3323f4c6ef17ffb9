/** The words of the page of people, fetched with it. */
import { people } from '#web/kernel/en/people.ts'
import { type Text, textOf } from '#web/kernel/text.ts'

export const t: Text<typeof people> = textOf(people)
