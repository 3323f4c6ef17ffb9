/** What the page knows of the organisation's logins. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import { type LoginFilter, queryOf } from './filter.ts'

export const loginsQuery = (filter: LoginFilter) =>
  infiniteQueryOptions({
    queryKey: ['logins', 'list', filter],
    queryFn: ({ pageParam, signal }) => call('sessions.list', { query: { ...queryOf(filter), cursor: pageParam } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
  })

export const countQuery = (filter: LoginFilter) =>
  queryOptions({
    queryKey: ['logins', 'count', filter],
    queryFn: ({ signal }) => call('sessions.count', { query: queryOf(filter) }, { signal }),
  })
