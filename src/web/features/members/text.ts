/** The sentences of this folder, fetched with its pages. */
import { people } from '#web/kernel/en/people.ts'
import { common, speaking } from '#web/kernel/text.ts'

/** Says the messages of this folder, and those that are there from the start. */
export const t = speaking({ ...common, ...people })
