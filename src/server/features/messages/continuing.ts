/** Which answers can be continued. */
import { LONGEST_CONTINUED } from '#contract/bounds.ts'
import type { Message } from '#contract/chats.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import { textOf } from './store.ts'

/**
 * Whether an answer can go on where it ended: it ended early, has a beginning, and its writer is a model that can read it. A long one is
 * long enough, for what is kept is sealed anew at each checkpoint.
 */
export function mayBeContinued({ status, parts, model }: Message): boolean {
  const { length } = textOf(parts)
  if (model === LIBRARIAN.id || length === 0 || length > LONGEST_CONTINUED) return false
  const failure = parts.find((part) => part.type === 'failure')
  return failure ? failure.retry : status === 'interrupted' || status === 'stopped'
}
