/** What every endpoint by which one signs in answers, whatever was proven there. */
import type { SignInReply } from '#contract/accounts.ts'
import type { RequestFacts, SessionCookie } from '../isolation/route.ts'
import type { UnitsOfWork } from '../isolation/unit-of-work.ts'
import { readMe } from './me.ts'
import type { Ending } from './sessions/ending.ts'
import type { Renewal } from './sessions/renewal.ts'
import type { Outcome } from './sign-ins.ts'
import type { Tenants } from './tenants.ts'
import type { Authenticator } from './tokens/authenticate.ts'

export interface SigningInParts {
  readonly authenticator: Authenticator
  readonly ending: Ending
  readonly renewal: Renewal
  readonly tenants: Tenants
  readonly units: UnitsOfWork
}

/** Gives the way to answer: who somebody is, and a token or a cookie. */
export function signingIn(parts: SigningInParts) {
  return async (
    outcome: Outcome,
    deliver: 'cookie' | 'token',
    { cookie, request }: { cookie: SessionCookie; request: RequestFacts },
  ): Promise<SignInReply> => {
    if (outcome.state === 'second_factor') return { ...outcome, expiresAt: outcome.expiresAt.toISOString() }
    const { begun } = outcome
    const actor = await parts.authenticator.actorOf(await parts.authenticator.credentialOf(begun.token), true)
    const me = await parts.units.read(actor, (tx) => readMe(tx, parts.tenants))
    if (deliver === 'token') return { state: 'signed_in', me, token: begun.token }
    // The browser forgets its earlier login now, so nobody else has a use for it.
    const earlier = cookie.token === undefined ? undefined : await parts.authenticator.findCredential(cookie.token)
    if (earlier?.claims) {
      // A token that was replaced is a copy here as anywhere, and its login does not end without a word.
      await parts.renewal.suspectTheft(earlier.tenantId, earlier.hash, request)
      await parts.ending.replace(earlier.tenantId, earlier.hash, request)
    }
    cookie.set(begun.token, begun)
    return { state: 'signed_in', me, token: null }
  }
}
