/** The chats that the person reads as this page knows them: their own and those shared with them, each a paged list, latest first, every chat in it once. */
import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Chat } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'

interface Page {
  readonly items: Chat[]
  readonly next: string | null
}
type Pages = InfiniteData<Page, string | undefined>

/** Who goes on is given as much at once as there may be. */
const FURTHER = 100

/** A list that may be long, page by page. */
const listQuery = (list: 'chats' | 'shared') =>
  infiniteQueryOptions({
    queryKey: [list],
    queryFn: ({ pageParam, signal }) =>
      call('chats.list', { query: { in: list, ...(pageParam && { cursor: pageParam, limit: FURTHER }) } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
    staleTime: Number.POSITIVE_INFINITY,
  })
/** The person's own, the pinned ones included. */
export const chatsQuery = listQuery('chats')
/** Those that others share with the person. */
export const sharedQuery = listQuery('shared')

/** The pinned ones, which are few. */
export const pinnedQuery = queryOptions({
  queryKey: ['pinned'],
  queryFn: async ({ signal }) => (await call('chats.list', { query: { in: 'pinned', limit: 100 } }, { signal })).items,
  staleTime: Number.POSITIVE_INFINITY,
})

/** The query for one chat. */
export const chatQuery = (chatId: string) =>
  queryOptions({ queryKey: ['chat', chatId], queryFn: ({ signal }) => call('chats.get', { params: { chatId } }, { signal }) })

/** Takes in what the server said of a chat: in its list at its place by time, or out of it when it is in another list, or in none. */
export function putChat(chat: Chat): void {
  queryClient.setQueryData(chatQuery(chat.id).queryKey, chat)
  if (chat.owner) {
    place(sharedQuery, chat.id, chat)
    return
  }
  const listed = chat.deletedAt || chat.archived || chat.temporaryUntil ? null : chat
  placePinned(chat.id, chat.pinned ? listed : null)
  place(chatsQuery, chat.id, listed)
}

/** Shows a chat as it is going to be; gives the way to show it again as it was, but for what has changed of it since. */
export function changeChat(chat: Chat, changes: Partial<Chat>): () => void {
  const known = () => queryClient.getQueryData(chatQuery(chat.id).queryKey) ?? chat
  putChat({ ...known(), ...changes })
  return () => putChat(takenBack(known(), changes, chat))
}

/** Gives a thing as it is now, with what was changed of it as it was before; what is another by now stays. */
export function takenBack<T extends object>(now: T, changes: Partial<T>, before: T): T {
  const names = (Object.keys(changes) as (keyof T)[]).filter((name) => now[name] === changes[name])
  return { ...now, ...Object.fromEntries(names.map((name) => [name, before[name]])) }
}

/** Gives the chat below this one in the list, or above it; without one the first. */
export function neighbourOf(chatId: string | undefined, by: 1 | -1): Chat | undefined {
  const chats = allListed()
  return chatId === undefined ? chats[0] : chats[chats.findIndex(({ id }) => id === chatId) + by]
}

/** The chats of these ids that the list shows. */
export function knownChats(ids: ReadonlySet<string>): Chat[] {
  return allListed().filter(({ id }) => ids.has(id))
}

/** The person's own that the list shows. */
export function ownListed(): Chat[] {
  return allListed().filter(({ owner }) => !owner)
}

/** All that the list shows, as far as it is loaded. */
function allListed(): Chat[] {
  return inOrder(
    queryClient.getQueryData(pinnedQuery.queryKey),
    flat(queryClient.getQueryData(sharedQuery.queryKey)),
    flat(queryClient.getQueryData(chatsQuery.queryKey)),
  )
}

/** The order in which chats stand in the list, each once. */
export function inOrder(pinned: readonly Chat[] = [], shared: readonly Chat[] = [], own: readonly Chat[] = []): Chat[] {
  const above = new Set(pinned.map(({ id }) => id))
  return [...pinned, ...shared, ...own.filter(({ id }) => !above.has(id))]
}

/** The chats of all pages. */
export function flat(data: Pick<Pages, 'pages'> | undefined): Chat[] {
  return data?.pages.flatMap(({ items }) => items) ?? []
}

/** Takes a chat out of the list; gives the way to put it back. */
export function dropChat(chatId: string): () => void {
  const [dropped] = knownChats(new Set([chatId]))
  placePinned(chatId, null)
  for (const list of [chatsQuery, sharedQuery]) place(list, chatId, null)
  return () => dropped && putChat(dropped)
}

/** Brings the list up to date with one call for each of its parts, however long they have become. */
export async function refreshChats(): Promise<void> {
  void queryClient.invalidateQueries({ queryKey: pinnedQuery.queryKey })
  await Promise.all([refresh('chats', chatsQuery), refresh('shared', sharedQuery)])
}

/** The first page is fetched, the rest is kept. */
async function refresh(name: 'chats' | 'shared', { queryKey }: List): Promise<void> {
  if (!queryClient.getQueryData(queryKey)) return queryClient.invalidateQueries({ queryKey })
  const first = await call('chats.list', { query: { in: name } })
  const oldest = first.items.at(-1)
  queryClient.setQueryData<Pages>(queryKey, (data) => {
    if (!data || !oldest || first.next === null) return paged(first.items, first.next)
    const fresh = new Set<string>(first.items.map((chat) => chat.id))
    const rest = flat(data).filter((chat) => latestFirst(oldest, chat) < 0 && !fresh.has(chat.id))
    return paged([...first.items, ...rest], rest.length > 0 ? (data.pages.at(-1)?.next ?? null) : first.next)
  })
}

type List = typeof chatsQuery

function placePinned(chatId: string, chat: Chat | null): void {
  queryClient.setQueryData(pinnedQuery.queryKey, (chats) => chats && placed(chats, chatId, chat))
}

/** Puts the chat where it belongs in the list by its time, or takes it out; further pages are asked for behind the last cursor as before. */
function place({ queryKey }: List, chatId: string, chat: Chat | null): void {
  queryClient.setQueryData<Pages>(queryKey, (data) => {
    if (!data) return data
    const next = data.pages.at(-1)?.next ?? null
    const chats = placed(flat(data), chatId, chat)
    // Below the last one known it comes with the page that it is on.
    return paged(chat && next !== null && chats.at(-1) === chat ? chats.slice(0, -1) : chats, next)
  })
}

function placed(chats: readonly Chat[], chatId: string, chat: Chat | null): Chat[] {
  const others = chats.filter(({ id }) => id !== chatId)
  if (!chat) return others
  const index = others.findIndex((other) => latestFirst(chat, other) < 0)
  return others.toSpliced(index < 0 ? others.length : index, 0, chat)
}

function latestFirst(a: Chat, b: Chat): number {
  if (a.timeUpdated !== b.timeUpdated) return a.timeUpdated > b.timeUpdated ? -1 : 1
  return a.id > b.id ? -1 : 1
}

function paged(items: Chat[], next: string | null): Pages {
  return { pages: [{ items, next }], pageParams: [undefined] }
}
