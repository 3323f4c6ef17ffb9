/** Says the messages of this folder. */
import { markdown } from '../../kernel/en/markdown.ts'
import { textOf } from '../../kernel/text.ts'

export const t = textOf(markdown)
