/** Which answers can be continued. */
import { LONGEST_CONTINUED } from '#contract/bounds.ts'
import type { Message } from '#contract/chats.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import { textOf } from './store.ts'

/**
 * Why an answer cannot go on where it ended; null where it can: it ended early, has a beginning, and its writer is a model that can read
 * it. A long one is long enough, for what is kept is sealed anew at each checkpoint.
 */
export function whyNotContinued({ status, parts, model }: Message): 'generation.ended' | 'generation.too_long' | null {
  const { length } = textOf(parts)
  const failure = parts.find((part) => part.type === 'failure')
  const isEarly = failure ? failure.retry : status === 'interrupted' || status === 'stopped'
  if (model === LIBRARIAN.id || length === 0 || !isEarly) return 'generation.ended'
  return length > LONGEST_CONTINUED ? 'generation.too_long' : null
}
