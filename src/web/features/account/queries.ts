/** What the page knows of one's own account. Looked at anew whenever the window comes back into view, since it changes elsewhere. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'

const fresh = { staleTime: 0, refetchOnWindowFocus: 'always' } as const

export const devicesQuery = infiniteQueryOptions({
  queryKey: ['account', 'devices'],
  queryFn: ({ pageParam, signal }) => call('devices.list', { query: { cursor: pageParam } }, { signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next,
  ...fresh,
})

/** Which events: all of them, or those that answer why one was signed out. */
export type About = 'all' | 'ends'

export const eventsQuery = (about: About) =>
  infiniteQueryOptions({
    queryKey: ['account', 'events', about],
    queryFn: ({ pageParam, signal }) => call('security.list', { query: { about, cursor: pageParam } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    ...fresh,
  })

export type ApiToken = Reply<'tokens.list'>['items'][number]

export const tokensQuery = queryOptions({
  queryKey: ['account', 'tokens'],
  queryFn: async ({ signal }) => (await call('tokens.list', {}, { signal })).items,
  ...fresh,
})

export const policyQuery = queryOptions({
  queryKey: ['login-policy'],
  queryFn: ({ signal }) => call('login_policy.get', {}, { signal }),
})
