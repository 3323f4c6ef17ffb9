/** The one path through the tree that a page shows: by depth, and only as far as it was fetched. Pure. */
import type { Message, PathMessage } from '#contract/chats.ts'
import type { Path } from '#contract/tree.ts'

export interface Branch {
  readonly leafId: string | null
  /** How many messages the path has, fetched or not. */
  readonly total: number
  readonly at: ReadonlyMap<number, PathMessage>
}

export const NO_MESSAGES: Branch = { leafId: null, total: 0, at: new Map() }

/** Gives the branch with a page of a path in it, of which it is known whether it goes on from it. What was known stays as far as the two are one path. */
export function withPath(branch: Branch, path: Path, goesOn = false): Branch {
  const common = goesOn || path.leafId === branch.leafId ? branch.total - 1 : commonDepth(branch, path.items)
  return { leafId: path.leafId, total: path.total, at: put(upTo(branch, common), path.items) }
}

/** Gives the branch with a question and its answer as its end; as it is when another branch is shown by now. */
export function withExchange(branch: Branch, { question, answer }: { question: PathMessage; answer: PathMessage }): Branch {
  if (question.parentId !== idAt(branch, question.depth - 1)) return branch
  return { leafId: answer.id, total: answer.depth + 1, at: put(upTo(branch, question.depth - 1), [question, answer]) }
}

/** Gives the branch with messages as they are now, those of them that it has. */
export function withMessages(branch: Branch, messages: readonly Message[]): Branch {
  const known = messages.flatMap((message) => {
    const before = branch.at.get(message.depth)
    return before?.id === message.id ? [{ ...before, ...message }] : []
  })
  return known.length === 0 ? branch : { ...branch, at: put(branch.at, known) }
}

/** Gives how deep a message lies; undefined when the branch is not known to have it. */
export function depthOf(branch: Branch, messageId: string): number | undefined {
  if (messageId === branch.leafId) return branch.total - 1
  return [...branch.at.values()].find(({ id }) => id === messageId)?.depth
}

/** Gives the deepest of what is not fetched between two depths; null when all is there. */
export function missingIn({ at, total }: Branch, first: number, last: number): number | null {
  for (let depth = Math.min(last, total - 1); depth >= first; depth--) if (!at.has(depth)) return depth
  return null
}

function idAt(branch: Branch, depth: number): string | null {
  return (depth === branch.total - 1 ? branch.leafId : branch.at.get(depth)?.id) ?? null
}

/** Down to where a page is known to be on the same path. */
function commonDepth(branch: Branch, items: readonly PathMessage[]): number {
  const shared = items.find(({ id, depth }) => idAt(branch, depth) === id)
  if (shared) return shared.depth
  const first = items.at(-1)
  return first && idAt(branch, first.depth - 1) === first.parentId ? first.depth - 1 : -1
}

function upTo({ at }: Branch, depth: number): ReadonlyMap<number, PathMessage> {
  return new Map([...at].filter(([each]) => each <= depth))
}

function put(at: ReadonlyMap<number, PathMessage>, messages: readonly PathMessage[]): ReadonlyMap<number, PathMessage> {
  return new Map([...at, ...messages.map((message) => [message.depth, message] as const)])
}
