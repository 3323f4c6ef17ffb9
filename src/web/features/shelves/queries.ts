/** The archive and the trash as these pages know them. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'

/** One of the two, page by page. */
export const shelfQuery = (shelf: 'archive' | 'trash') =>
  infiniteQueryOptions({
    queryKey: ['shelf', shelf],
    queryFn: ({ pageParam, signal }) => call('chats.list', { query: { in: shelf, limit: 50, cursor: pageParam } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Reply<'chats.list'>) => last.next,
  })

/** Chats by words, or by the id in an address. */
export const findQuery = ({ words, chat }: { words?: string; chat?: string }) =>
  queryOptions({
    queryKey: ['shelf', 'find', words, chat],
    queryFn: ({ signal }) => call('chats.find', { query: { words, chatId: chat } }, { signal }),
    enabled: words !== undefined || chat !== undefined,
  })
