/** The messages of a chat as this page knows them: fetched in pages from the latest back, each message once. */
import { type InfiniteData, infiniteQueryOptions } from '@tanstack/react-query'
import type { Message } from '#contract/chats.ts'
import { call } from '#web/kernel/api.ts'
import { queryClient } from '#web/kernel/session.ts'

interface Page {
  readonly items: Message[]
  readonly next: string | null
}
type Pages = InfiniteData<Page, string | undefined>

/** The query for the messages of a chat. */
export const messagesQuery = (chatId: string) =>
  infiniteQueryOptions({
    queryKey: ['messages', chatId],
    queryFn: ({ pageParam, signal }) => call('messages.list', { params: { chatId }, query: { cursor: pageParam } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
    staleTime: Number.POSITIVE_INFINITY,
  })

/** Takes in messages as the server has them now. A chat begun here needs no fetching: `whole` says that these are all. */
export function putMessages(chatId: string, messages: readonly Message[], whole = false): void {
  queryClient.setQueryData<Pages>(messagesQuery(chatId).queryKey, (data) => {
    if (!data && !whole) return data
    return merged(messages, data ?? { pages: [{ items: [], next: null }], pageParams: [undefined] })
  })
}

/** Gives a message as this page has it. */
export function knownMessage(chatId: string, messageId: string): Message | undefined {
  const data = queryClient.getQueryData(messagesQuery(chatId).queryKey)
  return data?.pages.flatMap((page) => page.items).find(({ id }) => id === messageId)
}

/** Brings the latest page up to date; earlier pages never change. */
export async function refreshMessages(chatId: string): Promise<void> {
  const { queryKey } = messagesQuery(chatId)
  if (!queryClient.getQueryData(queryKey)) return
  const first = await call('messages.list', { params: { chatId } })
  queryClient.setQueryData<Pages>(queryKey, (data) => {
    const known = new Set(data?.pages.flatMap((page) => page.items.map((message) => message.id)))
    const overlaps = first.items.some((message) => known.has(message.id))
    return data && overlaps ? merged(first.items, data) : { pages: [first], pageParams: [undefined] }
  })
}

function merged(messages: readonly Message[], data: Pages): Pages {
  const byId = new Map(data.pages.flatMap((page) => page.items).map((message) => [message.id, message]))
  for (const message of messages) byId.set(message.id, message)
  return { pages: [{ items: [...byId.values()], next: data.pages.at(-1)?.next ?? null }], pageParams: [undefined] }
}
