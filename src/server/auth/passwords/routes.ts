/** The endpoints of passwords: one's own, and the way back in. */
import { askReset, changePassword, finishReset, getOwnPassword, getPasswordRules } from '#contract/passwords.ts'
import { type Route, route } from '../../isolation/route.ts'
import type { FailureLimits } from '../limits.ts'
import { loginOf, renewedReply, type SessionParts } from '../sessions/routes.ts'
import { type SigningInParts, signingIn } from '../signing-in.ts'
import { isLongEnough } from './credentials.ts'
import type { Passwords } from './passwords.ts'

export interface PasswordParts extends SigningInParts, SessionParts {
  readonly passwords: Passwords
  /** On letters that anybody can have sent to somebody. */
  readonly letterLimits: FailureLimits
}

/** The routes of passwords. */
export function passwordRoutes(parts: PasswordParts): Route[] {
  return [...ownPasswordRoutes(parts), ...resetRoutes(parts)]
}

function ownPasswordRoutes(parts: PasswordParts): Route[] {
  const { limits, passwords } = parts
  const reply = renewedReply(parts)
  return [
    route(getOwnPassword, async ({ actor }) => {
      const own = await passwords.own(actor)
      return { changedAt: own.time_changed?.toISOString() ?? null, leastLength: own.least, longEnough: isLongEnough(own, own.least) }
    }),

    route(changePassword, async ({ actor, body, presented, request, cookie }) => {
      const login = await loginOf(presented, parts)
      const own = await limits.attempt({ account: `${actor.tenantId}:${actor.userId}`, ip: request.ip }, () =>
        passwords.demandOwn(actor, body.current),
      )
      const renewed = await passwords.change(actor, own, { ...body, login, device: request })
      return reply(actor, renewed, { presented, cookie, isProven: true })
    }),
  ]
}

function resetRoutes(parts: PasswordParts): Route[] {
  const { letterLimits, limits, passwords, tenants } = parts
  const signedIn = signingIn(parts)
  return [
    route(getPasswordRules, async ({ body, request, fail }) => {
      const of = await limits.attempt({ account: null, ip: request.ip }, async () => {
        const found = await passwords.ofLink(body.token, body.kind)
        if (!found) throw fail(`${body.kind}.invalid`)
        return found
      })
      return { leastLength: of.least, name: of.name, email: of.email, organisation: of.tenant.name, slug: of.tenant.slug }
    }),

    route(askReset, async ({ body, request }) => {
      const tenant = await tenants.forSignIn(body.organisation)
      await letterLimits.spend({ account: `${tenant?.id ?? body.organisation}:${body.email}`, ip: request.ip })
      passwords.ask(tenant?.id, body.email)
      return undefined
    }),

    route(finishReset, async ({ body, request, cookie }) => {
      const of = await limits.attempt({ account: null, ip: request.ip }, () => passwords.demandLink(body.token, 'reset', body.password))
      const outcome = await passwords.finish(of, body, request)
      return signedIn(outcome, body.deliver, { cookie, request })
    }),
  ]
}
