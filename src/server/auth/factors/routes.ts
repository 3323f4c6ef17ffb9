/** The endpoints of second factors: one's own, signing in with them, and what a proof with a passkey begins with. */
import { randomBytes } from 'node:crypto'
import {
  addPasskey,
  beginAuthenticatorApp,
  beginPasskey,
  beginPasskeySignIn,
  beginProof,
  beginSecondFactor,
  confirmAuthenticatorApp,
  type FactorAdded,
  getFactors,
  giveSecondFactor,
  makeRecoveryCodes,
  removeAuthenticatorApp,
  removePasskey,
  renamePasskey,
  signInWithPasskey,
} from '#contract/factors.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors } from '../../isolation/doors.ts'
import { type PresentedToken, type RequestFacts, type Route, route, type SessionCookie } from '../../isolation/route.ts'
import { Failure } from '../../kernel/failure.ts'
import type { FailureLimits } from '../limits.ts'
import { tenantNamed } from '../named-secret.ts'
import type { SignIns } from '../sign-ins.ts'
import { type SigningInParts, signingIn } from '../signing-in.ts'
import type { Tenants } from '../tenants.ts'
import type { Authenticator } from '../tokens/authenticate.ts'
import type { Added, Asking, Factors } from './factors.ts'
import type { Passkeys } from './passkeys.ts'
import type { SecondFactor } from './second-factor.ts'

export interface FactorRouteParts extends SigningInParts {
  readonly authenticator: Authenticator
  readonly doors: Doors
  readonly factors: Factors
  readonly limits: FailureLimits
  readonly passkeys: Passkeys
  readonly secondFactor: SecondFactor
  readonly signIns: SignIns
  readonly tenants: Tenants
}

/** The routes of this folder. */
export function factorRoutes(parts: FactorRouteParts): Route[] {
  return [...ownRoutes(parts), ...signInRoutes(parts)]
}

interface Asked {
  readonly actor: Actor
  readonly presented: PresentedToken | undefined
  readonly request: RequestFacts
}

function ownRoutes(parts: FactorRouteParts): Route[] {
  const { factors } = parts
  const asking = async ({ actor, presented, request }: Asked): Promise<Asking> => {
    const { token, claims, hash } = await parts.authenticator.credentialOf(presented?.token ?? '')
    if (!claims) throw new Failure('token.not_enough')
    return { actor, login: { token, claims, hash }, device: request }
  }
  const replyOf = ({ recoveryCodes, renewed }: Added, { presented, cookie }: Asked & { cookie: SessionCookie }): FactorAdded => {
    if (renewed && presented?.isCookie) cookie.set(renewed.token, renewed)
    return { recoveryCodes, token: renewed && !presented?.isCookie ? renewed.token : null }
  }
  return [
    route(getFactors, async ({ actor }) => factors.read(actor)),
    route(beginPasskey, async ({ actor }) => ({ options: { ...(await factors.beginPasskey(actor)) } })),
    route(addPasskey, async ({ body, ...asked }) => replyOf(await factors.addPasskey(await asking(asked), body), asked)),
    route(renamePasskey, async ({ actor, params, body, fail }) => {
      if (!(await factors.renamePasskey(actor, { id: params.passkeyId, name: body.name }))) throw fail('passkey.not_found')
      return undefined
    }),
    route(removePasskey, async ({ params, ...asked }) => {
      await factors.removePasskey(await asking(asked), params.passkeyId)
      return undefined
    }),
    route(beginAuthenticatorApp, async ({ actor }) => factors.beginApp(actor)),
    route(confirmAuthenticatorApp, async ({ body, ...asked }) => {
      const given = await asking(asked)
      const { actor, request } = asked
      const account = `factor:${actor.tenantId}:${actor.userId}`
      const added = await parts.limits.attempt({ account, ip: request.ip }, () => factors.confirmApp(given, body.code))
      return replyOf(added, asked)
    }),
    route(removeAuthenticatorApp, async (asked) => {
      await factors.removeApp(await asking(asked))
      return undefined
    }),
    route(makeRecoveryCodes, async (asked) => ({ recoveryCodes: await factors.newRecoveryCodes(await asking(asked)) })),
    route(beginProof, async ({ actor: { tenantId, userId, sessionId } }) => ({
      options: { ...(await parts.doors.open(tenantId, (tx) => parts.passkeys.options(tx, { purpose: 'prove', userId, sessionId }))) },
    })),
  ]
}

function signInRoutes(parts: FactorRouteParts): Route[] {
  const { doors, limits, passkeys, secondFactor, signIns, tenants } = parts
  const signedIn = signingIn(parts)
  return [
    route(beginPasskeySignIn, async ({ body }) => {
      const tenant = await tenants.forSignIn(body.organisation)
      const options = tenant
        ? await doors.open(tenant.id, (tx) => passkeys.options(tx, { purpose: 'sign_in' }))
        : await passkeys.optionsOfNobody(randomBytes(32).toString('base64url'))
      return { options: { ...options } }
    }),

    route(signInWithPasskey, async ({ body, request, cookie }) => {
      const tenant = await tenants.forSignIn(body.organisation)
      const outcome = await limits.attempt({ account: null, ip: request.ip }, async () => {
        if (!tenant) throw new Failure('passkey.refused')
        // Committed by itself: the challenge is used up, whatever comes of it.
        const userId = await doors.open(tenant.id, (tx) =>
          passkeys.check(tx, body.passkey, { of: { purpose: 'sign_in' }, device: request }),
        )
        if (!userId) throw new Failure('passkey.refused')
        return doors.open(tenant.id, async (tx) => {
          const finished = await signIns
            .finish(tx, userId, { device: request, way: 'passkey', remember: body.remember })
            .catch((error: unknown) => {
              throw error instanceof Failure && error.code === 'auth.wrong_credentials' ? new Failure('passkey.refused') : error
            })
          if (!(await passkeys.isThere(tx, body.passkey))) throw new Failure('passkey.refused')
          return finished
        })
      })
      return signedIn(outcome, body.deliver, { cookie, request })
    }),

    route(beginSecondFactor, async ({ body, fail }) => {
      const tenant = await tenantOf(body.ticket, tenants)
      if (!tenant) throw fail('auth.ticket_invalid')
      return { options: { ...(await secondFactor.options(tenant.id, body.ticket)) } }
    }),

    route(giveSecondFactor, async ({ body, request, cookie }) => {
      const tenant = await tenantOf(body.ticket, tenants)
      const userId = tenant && (await secondFactor.userOf(tenant.id, body.ticket))
      const account = tenant && userId ? `factor:${tenant.id}:${userId}` : null
      const begun = await limits.attempt({ account, ip: request.ip }, async () => {
        if (!tenant) throw new Failure('auth.ticket_invalid')
        return secondFactor.finish(tenant.id, body, request)
      })
      return signedIn({ state: 'signed_in', begun }, body.deliver, { cookie, request })
    }),
  ]
}

async function tenantOf(ticket: string, tenants: Tenants) {
  const tenantId = tenantNamed(ticket)
  return tenantId && tenants.byId(tenantId)
}
