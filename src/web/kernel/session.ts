/**
 * Who is signed in, for every page; and what happens when nobody is any more, or somebody else is: the page is loaded anew,
 * so that nothing of one person's stays in memory for the next.
 */
import { MutationCache, notifyManager, QueryCache, QueryClient, queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import type { Me } from '#contract/accounts.ts'
import { call } from './api.ts'
import { ApiProblem, isSessionEnd } from './problem.ts'
import { forgetStored } from './stored.ts'

const PERSON = 'sardonyx.person'
let kept = false

/** Looks at a failure of any call, and goes to sign in if it means that the session has ended. */
export function noticeSessionEnd(error: unknown): void {
  if (!isSessionEnd(error) || location.pathname === '/sign-in') return
  const wanted = location.pathname + location.search + location.hash
  location.replace(`/sign-in?${new URLSearchParams({ reason: 'session-ended', next: wanted })}`)
}

/** Keeps this tab to the person signed in: when another tab signs them out or somebody else in, this one is loaded anew. */
export function keepTo(me: Me): void {
  if (kept) return
  kept = true
  localStorage.setItem(PERSON, me.session.id)
  addEventListener('storage', ({ key, newValue }) => {
    if (key === PERSON && newValue !== me.session.id) location.reload()
  })
}

/** Tells whether somebody has signed in here before, and not out since; the server knows whether they still are. */
export function hasBeenSignedIn(): boolean {
  return localStorage.getItem(PERSON) !== null
}

/** Signs out: the server forgets the session, this tab what it kept for the person but these names, and other tabs are told. */
export async function signOut(me: Me, spared: readonly string[]): Promise<void> {
  await call('auth.sign_out')
  forgetStored(me.user.id, spared)
  localStorage.removeItem(PERSON)
  location.assign('/sign-in?reason=signed-out')
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

/** Gives the person signed in; only for components below the signed-in part of the page. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data
}
