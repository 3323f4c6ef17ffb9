/** One's own name, picture and preferences as this page knows them: changed here at once, and elsewhere as soon as the server says so. */
import type { Me } from '#contract/accounts.ts'
import { addressOf, call } from './api.ts'
import type { Given } from './endpoints.ts'
import { onEvent } from './events.ts'
import { meQuery, queryClient } from './session.ts'

type Changes = Given<'me.set_preferences'>['body']

/** Of changes of this page, so many are on their way; what the server says meanwhile is older than what is seen here. */
let underway = 0
let missed = false

/** Changes preferences, here at once and on the server. Rejects when they could not be kept; here they hold all the same. */
export async function changePreferences(changes: Changes): Promise<void> {
  const kept = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  await queryClient.cancelQueries(meQuery)
  seeUser(({ preferences }) => ({ preferences: { ...preferences, ...kept } }))
  underway++
  try {
    await call('me.set_preferences', { body: changes })
  } finally {
    underway--
    if (missed) look()
  }
}

/** Puts what is known of the person in place of what this page knew. */
export function seeUser(change: (user: Me['user']) => Partial<Me['user']>): void {
  queryClient.setQueryData(meQuery.queryKey, (me) => me && { ...me, user: { ...me.user, ...change(me.user) } })
}

/** Keeps this page to what the person changes elsewhere; gives the way to stop. */
export function followOwn(): () => void {
  const stops = [onEvent('me', look), onEvent('opened', look), onEvent('resumed', look)]
  return () => {
    for (const stop of stops) stop()
  }
}

function look(): void {
  missed = underway > 0
  if (!missed) void queryClient.invalidateQueries(meQuery)
}

/** Where a person's picture is; null where there is none. */
export function pictureOf({ id, picture }: { readonly id: string; readonly picture: string | null }): string | null {
  return picture && addressOf('members.picture', { params: { userId: id }, query: { v: picture } })
}
