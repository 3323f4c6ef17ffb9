/** Who is signed in, for every page, and what the page knows of the server. */
import { MutationCache, notifyManager, QueryCache, QueryClient, queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import type { Me } from '#contract/accounts.ts'
import { call } from './api.ts'
import { leave, whyEnded } from './login.ts'
import { ApiProblem, isSessionEnd } from './problem.ts'

/** Where somebody is led whose login is good for nothing but setting up a second factor. */
export const SECOND_FACTOR_NEEDED = '/second-factor'

/**
 * Looks at a failure of any call, and goes to sign in if it means that the login has ended; why is found out there. One that was restricted
 * meanwhile goes to where it is made whole.
 */
export function noticeSessionEnd(error: unknown): void {
  if (isSessionEnd(error)) leave('unknown')
  else if (error instanceof ApiProblem && error.is('auth.factor_needed')) location.replace(SECOND_FACTOR_NEEDED)
}

/** Signs out: the server ends the login, and all tabs of this browser leave. This one keeps what it stored under the spared names. */
export async function signOut(spared: readonly string[]): Promise<void> {
  await call('auth.sign_out')
  leave('signed_out', spared)
}

// Whoever changes what the page knows, and then something else, gets one rendering of both.
notifyManager.setScheduler(queueMicrotask)

/** What the page knows of the server. Everything in it belongs to the person signed in; `clear` it when that changes. */
export const queryClient = new QueryClient({
  // The first look at who is signed in may well find nobody; the router leads to sign in then.
  queryCache: new QueryCache({ onError: (error, { queryKey, state }) => (queryKey[0] !== 'me' || state.data) && noticeSessionEnd(error) }),
  mutationCache: new MutationCache({ onError: noticeSessionEnd }),
  defaultOptions: {
    queries: { networkMode: 'always', staleTime: 30_000, retry: mayRetry },
    mutations: { networkMode: 'always' },
  },
})

function mayRetry(failures: number, error: unknown): boolean {
  const refused = error instanceof ApiProblem && error.problem.status < 500
  return !refused && failures < 2
}

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => call('me.get', {}, { signal }), staleTime: 300_000 })
export const statusQuery = queryOptions({ queryKey: ['status'], queryFn: ({ signal }) => call('status.get', {}, { signal }), staleTime: 0 })

export const whyEndedQuery = queryOptions({ queryKey: ['why-ended'], queryFn: whyEnded, staleTime: Number.POSITIVE_INFINITY })

/** Gives the person signed in; only for components below the signed-in part of the page. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data
}
