/** Messages form a tree by `parentId`; the page shows one path through it. Pure. */
import type { Message } from '#contract/chats.ts'

export interface Tree {
  readonly byId: ReadonlyMap<string, Message>
  /** Children in the order of time; of `null` those that begin the chat. */
  readonly childrenOf: ReadonlyMap<string | null, readonly Message[]>
}

/** Makes the tree of these messages, which may lack their earlier part. */
export function toTree(messages: readonly Message[]): Tree {
  const sorted = [...messages].sort(byTime)
  return { byId: new Map(sorted.map((message) => [message.id, message])), childrenOf: Map.groupBy(sorted, (message) => message.parentId) }
}

/** Gives the newest message that nothing follows, below `above` or in all the tree. */
export function newestLeaf(tree: Tree, above: Message | null = null): Message | null {
  const all = above ? descendants(tree, above) : [...tree.byId.values()]
  return (
    all
      .filter((message) => !tree.childrenOf.has(message.id))
      .sort(byTime)
      .at(-1) ?? null
  )
}

/** Gives the messages from the first known one to `leaf`, in order. */
export function pathTo(tree: Tree, leaf: string | null): Message[] {
  const path: Message[] = []
  for (let message = tree.byId.get(leaf ?? ''); message; message = tree.byId.get(message.parentId ?? '')) path.unshift(message)
  return path
}

/** Gives the versions that stand beside the message, itself among them, in the order of time. */
export function versions(tree: Tree, message: Message): readonly Message[] {
  return tree.childrenOf.get(message.parentId)?.filter((other) => other.messageType === message.messageType) ?? [message]
}

function descendants(tree: Tree, message: Message): Message[] {
  const found = [message]
  for (const each of found) found.push(...(tree.childrenOf.get(each.id) ?? []))
  return found
}

function byTime(a: Message, b: Message): number {
  return a.timeCreated.localeCompare(b.timeCreated) || a.id.localeCompare(b.id)
}
