/** Which logins an administrator looks at: kept in the address, so that it can be sent to somebody and comes back with the browser's button. */
import { z } from 'zod'
import { UserId } from '#contract/ids.ts'
import type { Given } from '#web/kernel/endpoints.ts'

const AGO_MS = { day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const
const Ago = z.enum(['day', 'week', 'month'])
const mild = <T extends z.ZodType>(field: T) => field.optional().catch(undefined)

const LoginSearch = z.object({
  person: mild(UserId),
  kind: mild(z.enum(['login', 'api'])),
  device: mild(z.coerce.string().trim().min(1).max(80)),
  remembered: mild(z.enum(['yes', 'no'])),
  signedIn: mild(Ago),
  seen: mild(Ago),
})

/** What the address says; a field left out does not narrow the list. */
export type LoginSearch = z.infer<typeof LoginSearch>

/** The filter as the server takes it when logins are to end. */
export type LoginFilter = Given<'sessions.end'>['body']['filter']

/** Reads what the address says; anybody may have written anything there, so what makes no sense is left out. */
export function readSearch(search: unknown): LoginSearch {
  return LoginSearch.parse(search)
}

/** Gives the filter, with its spans counted back from the time given: the same logins are listed, counted and ended. */
export function filterOf({ person, kind, device, remembered, signedIn, seen }: LoginSearch, nowMs: number): LoginFilter {
  const ago = (span: keyof typeof AGO_MS) => new Date(nowMs - AGO_MS[span]).toISOString()
  return {
    ...(person && { userId: person }),
    ...(kind && { kind }),
    ...(device && { device }),
    ...(remembered && { remembered: remembered === 'yes' }),
    ...(signedIn && { signedInBefore: ago(signedIn) }),
    ...(seen && { seenBefore: ago(seen) }),
  }
}

/** Gives the filter as it goes into an address. */
export function queryOf({ remembered, ...filter }: LoginFilter) {
  return { ...filter, ...(remembered === undefined ? {} : { remembered: String(remembered) }) }
}
