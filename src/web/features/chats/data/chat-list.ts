/** The person's chats as this page knows them: one paged list, latest first, each chat in it once. */
import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'

interface Page {
  readonly items: Chat[]
  readonly next: string | null
}
type Pages = InfiniteData<Page, string | undefined>

/** Who scrolls on is given as much at once as there may be. */
const FURTHER = 100

export const chatsQuery = infiniteQueryOptions({
  queryKey: ['chats'],
  queryFn: ({ pageParam, signal }) => call('chats.list', { query: pageParam ? { cursor: pageParam, limit: FURTHER } : {} }, { signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last: Page) => last.next,
  staleTime: Number.POSITIVE_INFINITY,
})

/** Those that stand above the others and are few: pinned ones, and those that others share with the person. */
const shelfQuery = (shelf: 'pinned' | 'shared') =>
  queryOptions({
    queryKey: [shelf],
    queryFn: async ({ signal }) => (await call('chats.list', { query: { in: shelf, limit: 100 } }, { signal })).items,
    staleTime: Number.POSITIVE_INFINITY,
  })
export const pinnedQuery = shelfQuery('pinned')
export const sharedQuery = shelfQuery('shared')

/** The query for one chat. */
export const chatQuery = (chatId: string) =>
  queryOptions({ queryKey: ['chat', chatId], queryFn: ({ signal }) => call('chats.get', { params: { chatId } }, { signal }) })

/** Takes in what the server said of a chat: in the list at its place by time, or out of it when it is in another list, or in none. */
export function putChat(chat: Chat): void {
  queryClient.setQueryData(chatQuery(chat.id).queryKey, chat)
  if (chat.owner) {
    editShelf(sharedQuery, chat.id, chat)
    return
  }
  editShelf(pinnedQuery, chat.id, chat.pinned && isListed(chat) ? chat : null)
  edit((chats, hasMore) => {
    const others = chats.filter((other) => other.id !== chat.id)
    if (!isListed(chat)) return others
    const place = others.findIndex((other) => latestFirst(chat, other) < 0)
    // Below the last one known it comes with the page that it is on.
    if (place < 0 && hasMore) return others
    return others.toSpliced(place < 0 ? others.length : place, 0, chat)
  })
}

/** Shows a chat as it is going to be; gives the way to show it again as it was, whatever else has changed of it. */
export function changeChat(chat: Chat, changes: Partial<Chat>): () => void {
  const put = (next: Partial<Chat>) => putChat({ ...(queryClient.getQueryData(chatQuery(chat.id).queryKey) ?? chat), ...next })
  put(changes)
  return () => put(Object.fromEntries(Object.keys(changes).map((name) => [name, chat[name as keyof Chat]])))
}

/** Gives the chat below this one in the list, or above it; without one the first. */
export function neighbourOf(chatId: string | undefined, by: 1 | -1): Chat | undefined {
  const pinned = shelved(pinnedQuery)
  const others = queryClient.getQueryData<Pages>(chatsQuery.queryKey)?.pages.flatMap((page) => page.items) ?? []
  const chats = [...pinned, ...others.filter((chat) => !chat.pinned)]
  return chatId === undefined ? chats[0] : chats[chats.findIndex(({ id }) => id === chatId) + by]
}

type Shelf = typeof pinnedQuery

const shelved = ({ queryKey }: Shelf): readonly Chat[] => queryClient.getQueryData(queryKey) ?? []

/** Changes what stands on a shelf. */
function editShelf({ queryKey }: Shelf, chatId: string, chat: Chat | null): void {
  queryClient.setQueryData(queryKey, (chats) => {
    if (!chats) return chats
    const others = chats.filter(({ id }) => id !== chatId)
    return chat ? [...others, chat].sort(latestFirst) : others
  })
}

const isListed = (chat: Chat) => !(chat.deletedAt || chat.archived || chat.temporaryUntil)

/** The chats of these ids that the lists know. */
export function knownChats(ids: ReadonlySet<string>): Chat[] {
  const pages = queryClient.getQueryData<Pages>(chatsQuery.queryKey)?.pages.flatMap((page) => page.items) ?? []
  const all = [...shelved(pinnedQuery), ...shelved(sharedQuery), ...pages]
  return [...new Map(all.filter(({ id }) => ids.has(id)).map((chat) => [chat.id, chat])).values()]
}

/** Takes a chat out of the list; gives the way to put it back. */
export function dropChat(chatId: string): () => void {
  const [dropped] = knownChats(new Set([chatId]))
  for (const shelf of [pinnedQuery, sharedQuery]) editShelf(shelf, chatId, null)
  edit((chats) => chats.filter((chat) => chat.id !== chatId))
  return () => dropped && putChat(dropped)
}

/** Brings the list up to date with one call, however long it has become: the first page is fetched, the rest is kept. */
export async function refreshChats(): Promise<void> {
  if (!queryClient.getQueryData(chatsQuery.queryKey)) return
  for (const { queryKey } of [pinnedQuery, sharedQuery]) void queryClient.invalidateQueries({ queryKey })
  const first = await call('chats.list')
  const oldest = first.items.at(-1)
  queryClient.setQueryData<Pages>(chatsQuery.queryKey, (data) => {
    if (!data || !oldest || first.next === null) return { pages: [first], pageParams: [undefined] }
    const fresh = new Set(first.items.map((chat) => chat.id))
    const rest = data.pages.flatMap((page) => page.items).filter((chat) => latestFirst(oldest, chat) < 0 && !fresh.has(chat.id))
    return paged([...first.items, ...rest], rest.length > 0 ? (data.pages.at(-1)?.next ?? null) : first.next)
  })
}

function latestFirst(a: Chat, b: Chat): number {
  if (a.timeUpdated !== b.timeUpdated) return a.timeUpdated > b.timeUpdated ? -1 : 1
  return a.id > b.id ? -1 : 1
}

/** Changes the list as a whole; further pages are asked for behind the last cursor as before. */
function edit(change: (chats: Chat[], hasMore: boolean) => Chat[]): void {
  queryClient.setQueryData<Pages>(chatsQuery.queryKey, (data) => {
    if (!data) return data
    const next = data.pages.at(-1)?.next ?? null
    return paged(
      change(
        data.pages.flatMap((page) => page.items),
        next !== null,
      ),
      next,
    )
  })
}

function paged(items: Chat[], next: string | null): Pages {
  return { pages: [{ items, next }], pageParams: [undefined] }
}
