/** What the page knows of the people of the organisation. */
import { infiniteQueryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'

export const membersQuery = infiniteQueryOptions({
  queryKey: ['members'],
  queryFn: ({ pageParam, signal }) => call('members.list', { query: { cursor: pageParam, limit: 100 } }, { signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next,
})
