/** Setting up, signing in and out, invitations: the endpoints behind which the doors are. */

import type { z } from 'zod'
import { acceptInvitation, getStatus, setUp, signIn, signOut } from '#contract/accounts.ts'
import type { TenantId } from '#contract/ids.ts'
import { LEAST_USUAL } from '#contract/password-rules.ts'
import { type Founding, foundOrganisation } from '../isolation/founding.ts'
import { type Route, route } from '../isolation/route.ts'
import { Failure } from '../kernel/failure.ts'
import type { Ids } from '../kernel/ids.ts'
import type { Accounts } from './accounts.ts'
import type { Device } from './device.ts'
import type { Letters } from './letters.ts'
import type { FailureLimits } from './limits.ts'
import type { Guessing } from './passwords/guessing.ts'
import { hashPassword, longEnoughFor, refuseWeakPassword } from './passwords/password.ts'
import type { Passwords } from './passwords/passwords.ts'
import type { SetupCode } from './setup-code.ts'
import type { Outcome, SignIns } from './sign-ins.ts'
import { type SigningInParts, signingIn } from './signing-in.ts'
import { slugOf } from './tenants.ts'

export interface AuthParts extends SigningInParts {
  readonly accounts: Accounts
  readonly letters: Letters
  readonly guessing: Guessing
  readonly passwords: Passwords
  readonly signIns: SignIns
  readonly limits: FailureLimits
  readonly ids: Ids
  readonly founding: Omit<Founding, 'onlyFirst'>
  readonly setupCode: SetupCode | undefined
  readonly version: string
}

/** The routes of this folder. */
export function authRoutes(parts: AuthParts): Route[] {
  const { accounts, ending, tenants, limits } = parts
  const signedIn = signingIn(parts)
  return [
    route(getStatus, async () => {
      const count = await tenants.count()
      return {
        product: 'Sardonyx' as const,
        version: parts.version,
        state: count === 0 ? ('setup' as const) : ('ready' as const),
        askOrganisation: count > 1,
        remember: await tenants.mayRemember(),
        mail: parts.letters.way,
      }
    }),

    route(setUp, async ({ body, request, cookie, fail }) => {
      if ((await tenants.count()) > 0 || !parts.setupCode) throw fail('setup.done')
      const { setupCode } = parts
      await limits.attempt({ account: 'setup', ip: request.ip }, async () => {
        if (!setupCode.accepts(body.code)) throw fail('setup.wrong_code')
      })
      await refuseWeakPassword(body.password, { least: LEAST_USUAL, own: [body.email, body.name, body.organisation] })
      const outcome = await setUpFirst(parts, body, request)
      if (!outcome) throw fail('setup.done')
      return signedIn(outcome, body.deliver, { cookie, request })
    }),

    route(signIn, async ({ body, request, cookie }) => {
      const tenant = await tenants.forSignIn(body.organisation)
      // Where there is one organisation it may be named or not; both are the same account.
      const of = { account: `${tenant?.id ?? body.organisation}:${body.email}`, ip: request.ip }
      const outcome = await limits
        .attempt(of, () => parts.passwords.signIn(tenant?.id, body, request))
        .catch((error: unknown) => {
          const isWrong = error instanceof Failure && error.code === 'auth.wrong_credentials'
          if (isWrong) parts.guessing.noteWrong(tenant?.id, body.email, { device: request, isFilled: () => limits.isFilled(of) })
          throw error
        })
      return signedIn(outcome, body.deliver, { cookie, request })
    }),

    route(signOut, async ({ actor, request, cookie }) => {
      await ending.signOut(actor, request)
      cookie.clear()
      return undefined
    }),

    route(acceptInvitation, async ({ body, request, cookie }) => {
      const of = await limits.attempt({ account: null, ip: request.ip }, () =>
        parts.passwords.demandLink(body.token, 'invitation', body.password),
      )
      const outcome = await accounts.accept(of, body, request)
      return signedIn(outcome, body.deliver, { cookie, request })
    }),
  ]
}

async function setUpFirst(parts: AuthParts, body: z.output<typeof setUp.body>, device: Device): Promise<Outcome | undefined> {
  const hash = await hashPassword(body.password)
  const tenant = { id: parts.ids.next<TenantId>(), slug: body.slug ?? slugOf(body.organisation), name: body.organisation }
  let outcome: Outcome | undefined
  const founded = await foundOrganisation({ ...parts.founding, onlyFirst: true }, tenant, async (tx) => {
    const userId = await parts.accounts.add(tx, { name: body.name, email: body.email, role: 'admin' })
    await parts.accounts.join(tx, userId, { hash, longEnoughFor: longEnoughFor(body.password, LEAST_USUAL) })
    outcome = await parts.signIns.finish(tx, userId, { device, way: 'setup' })
  })
  parts.tenants.forget()
  return founded ? outcome : undefined
}
