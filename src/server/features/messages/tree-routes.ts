/** The endpoints of the tree: its paths, the branch that is shown, and forks. */
import { type ChatId, MessageId } from '#contract/ids.ts'
import { forkChat, listMessages, type Path, showBranch } from '#contract/tree.ts'
import { begunOnce, type ChatStore, type StoredChat } from '#server/features/chats/index.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import { type Context, type Route, route } from '#server/isolation/route.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Forking } from './forking.ts'
import type { MessageStore } from './store.ts'
import type { Leaf, Tree } from './tree.ts'

export interface TreeParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly tree: Tree
  readonly forking: Forking
  readonly cursors: Cursors
}

type Asked = Context<typeof listMessages>

/** Where a page lies on which path: from this depth upwards, so many. */
interface Page {
  readonly leaf: Leaf
  readonly top: number
  readonly most: number
}

/** The routes of the tree. */
export function treeRoutes({ chats, messages, tree, forking, cursors }: TreeParts): Route[] {
  const listOf = (chatId: ChatId) => `messages:${chatId}`

  /** Undefined in a chat without messages. */
  async function pageOf({ actor, tx, params, query }: Asked, stored: StoredChat): Promise<Page | undefined> {
    const marked = await cursors.read(actor, listOf(params.chatId), query.cursor)
    if (marked) return pageAt(marked, query.limit)
    const through = query.around ?? query.through
    const leaf = await tree.leaf(tx, params.chatId, through)
    if (!leaf && through) throw new Failure('message.not_found')
    if (!leaf) return undefined
    const middle = query.around && (await messages.find(tx, stored, query.around))
    const top = middle ? middle.depth + Math.floor(query.limit / 2) : (query.at ?? leaf.depth)
    return { leaf, top: Math.min(top, leaf.depth), most: query.limit }
  }

  return [
    route(listMessages, async (asked): Promise<Path> => {
      const { actor, tx, params } = asked
      const stored = await chats.open(tx, params.chatId)
      const page = await pageOf(asked, stored)
      if (!page) return { items: [], leafId: null, total: 0, next: null, previous: null }
      const { leaf, top, most } = page
      const items = await tree.path(tx, stored, { leafId: leaf.id, top, most })
      const cursor = (direction: 'up' | 'down', edge: number) =>
        cursors.make(actor, listOf(params.chatId), [leaf.id, String(leaf.depth), direction, String(edge)])
      const above = top - items.length
      return {
        items,
        leafId: leaf.id,
        total: leaf.depth + 1,
        next: above >= 0 ? await cursor('up', above) : null,
        previous: top < leaf.depth ? await cursor('down', top + 1) : null,
      }
    }),

    route(showBranch, async ({ tx, params, body }) => {
      await chats.open(tx, params.chatId)
      const leaf = await tree.leaf(tx, params.chatId, body.messageId)
      if (!leaf) throw new Failure('message.not_found')
      await tree.show(tx, params.chatId, leaf.id)
      return { leafId: leaf.id }
    }),

    route(forkChat, async ({ unit, params, body }) => begunOnce(() => unit.write((tx) => forking.fork(tx, params.chatId, body)))),
  ]
}

/** The page that a cursor points to: of the path that it was made on, upwards or downwards from an edge. */
function pageAt([leafId, leafDepth, direction, edge]: string[], limit: number): Page {
  const leaf = { id: MessageId.parse(leafId), depth: Number(leafDepth) }
  const first = Number(edge)
  if (direction === 'up') return { leaf, top: first, most: limit }
  const top = Math.min(first + limit - 1, leaf.depth)
  return { leaf, top, most: top - first + 1 }
}
