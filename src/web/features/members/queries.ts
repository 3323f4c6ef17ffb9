/** What the pages know of the people of the organisation. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import type { Given } from '#web/kernel/endpoints.ts'
import { queryClient } from '#web/kernel/session.ts'

export const membersQuery = infiniteQueryOptions({
  queryKey: ['members'],
  queryFn: ({ pageParam, signal }) => call('members.list', { query: { cursor: pageParam, limit: 100 } }, { signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next,
})

/** What people are looked for by. */
export type Found = Pick<NonNullable<Given<'members.list'>['query']>, 'query' | 'status'>

export const foundQuery = (found: Found) =>
  infiniteQueryOptions({
    queryKey: ['members', 'found', found],
    queryFn: ({ pageParam, signal }) => call('members.list', { query: { ...found, cursor: pageParam, limit: 100 } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
  })

export const personQuery = (userId: string) =>
  queryOptions({
    queryKey: ['members', 'one', userId],
    queryFn: ({ signal }) => call('members.get', { params: { userId } }, { signal }),
    staleTime: 0,
  })

export const invitationsQuery = infiniteQueryOptions({
  queryKey: ['members', 'invitations'],
  queryFn: ({ pageParam, signal }) => call('invitations.list', { query: { cursor: pageParam, limit: 100 } }, { signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next,
  staleTime: 0,
})

const SETTLED_MS = 300
/** As many addresses as the server looks at in one request. */
const AT_ONCE = 200

/** Who of a list is here already: whether they have joined, by their address. Asked once the list has not changed for a moment. */
export const knownQuery = (emails: readonly string[]) =>
  queryOptions({
    queryKey: ['members', 'known', emails],
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
      const known = new Map<string, boolean>()
      for (let at = 0; at < emails.length && !signal.aborted; at += AT_ONCE) {
        const { items } = await call('members.known', { body: { emails: emails.slice(at, at + AT_ONCE) } }, { signal })
        for (const { email, joined } of items) known.set(email, joined)
      }
      return known
    },
    enabled: emails.length > 0,
    placeholderData: keepPreviousData,
  })

export const recoveriesQuery = queryOptions({
  queryKey: ['members', 'recoveries'],
  queryFn: async ({ signal }) => (await call('recoveries.list', {}, { signal })).items,
  staleTime: 0,
})

export const directoryQuery = queryOptions({
  queryKey: ['directory'],
  queryFn: ({ signal }) => call('directory.get', {}, { signal }),
})

/** Looks at people anew, after something was done to one. */
export const lookAgain = () => queryClient.invalidateQueries({ queryKey: ['members'] })
