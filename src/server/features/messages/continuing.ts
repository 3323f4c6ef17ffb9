/** Which answers can be continued. */
import type { Message } from '#contract/chats.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import { textOf } from './store.ts'

/** A longer one is long enough: what is kept is sealed anew at each checkpoint. */
const LONGEST = 400_000

/** Whether an answer can go on where it ended: it ended early, has a beginning, and its writer is a model that can read it. */
export function mayBeContinued({ status, parts, model }: Message): boolean {
  const { length } = textOf(parts)
  if (model === LIBRARIAN.id || length === 0 || length > LONGEST) return false
  const failure = parts.find((part) => part.type === 'failure')
  return failure ? failure.retry : status === 'interrupted' || status === 'stopped'
}
