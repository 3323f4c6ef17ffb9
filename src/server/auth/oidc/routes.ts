/** The endpoints of the sign-in provider: its settings, the way through it, and people's links to it. */
import type { TenantId } from '#contract/ids.ts'
import {
  endByProvider,
  findSignInProvider,
  finishWay,
  getSignInProvider,
  linkIdentity,
  listIdentities,
  proveByProvider,
  returnFromProvider,
  setSignInProvider,
  startSignIn,
  testSignInProvider,
  trySignInProvider,
  unlinkIdentity,
} from '#contract/oidc.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, requireProven } from '../../isolation/doors.ts'
import type { ScopeKeys } from '../../isolation/keys/scope-keys.ts'
import { type PresentedToken, type Route, route, type WayCookie } from '../../isolation/route.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Log } from '../../kernel/log.ts'
import type { Accounts } from '../accounts.ts'
import type { Letters } from '../letters.ts'
import { findLink } from '../links.ts'
import { tenantNamed } from '../named-secret.ts'
import { insertEvents } from '../security-log.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import type { SignIns } from '../sign-ins.ts'
import { type SigningInParts, signingIn } from '../signing-in.ts'
import { OidcClient, type Outbound } from './client.ts'
import { examine } from './examine.ts'
import { identitiesOf, removeIdentity } from './identities.ts'
import { linkedLetter } from './letters.ts'
import { ProviderLogout } from './logout.ts'
import { ProviderSettings } from './provider-settings.ts'
import { type Finished, isEnough, ProviderSignIn } from './provider-sign-in.ts'
import { type KnownProvider, ProviderStore } from './provider-store.ts'
import { type Purpose, WAY_S, Ways, type Wish } from './ways.ts'

export interface OidcParts extends SigningInParts {
  readonly accounts: Accounts
  readonly clock: Clock
  readonly doors: Doors
  readonly ends: SessionEnds
  readonly ids: Ids
  readonly keys: ScopeKeys
  readonly letters: Letters
  readonly log: Log
  readonly outbound: Outbound
  readonly signIns: SignIns
  readonly baseUrl: string
}

/** The page that fetches what came of a way. */
const PAGE = '/provider-answer' as const

/** The routes of this folder. */
export function oidcRoutes(given: OidcParts): Route[] {
  const client = new OidcClient(given)
  const parts = { ...given, client, store: new ProviderStore(given.keys), ways: new Ways(given.keys) }
  const way = new ProviderSignIn(parts)
  const all = { ...parts, way, logout: new ProviderLogout(parts), settings: new ProviderSettings(parts) }
  return [...settingsRoutes(all), ...signInRoutes(all), ...identityRoutes(all)]
}

type All = OidcParts & {
  readonly client: OidcClient
  readonly logout: ProviderLogout
  readonly settings: ProviderSettings
  readonly store: ProviderStore
  readonly way: ProviderSignIn
}

/** Sets out, and ties the way to this browser. */
async function setOut(
  { way }: All,
  wayCookie: WayCookie,
  to: { tenantId: TenantId; purpose: Purpose; actor?: Actor; wish?: Partial<Wish> },
): Promise<{ address: string }> {
  const { tenantId, purpose, actor, wish } = to
  const { secret, address } = await way.begin(tenantId, {
    purpose,
    ...(actor ? { of: { userId: actor.userId, sessionId: actor.sessionId } } : {}),
    wish: { next: '/', remember: false, invitation: null, ...wish },
  })
  wayCookie.set(secret, WAY_S)
  return { address }
}

function settingsRoutes(all: All): Route[] {
  const { baseUrl, client, outbound, settings, way } = all
  return [
    route(getSignInProvider, async ({ actor }) => ({
      provider: await settings.shown(actor),
      redirectAddress: way.redirectAddress(actor.tenantId),
      logoutAddress: `${baseUrl}/api/auth/oidc/backchannel-logout/${actor.tenantId}`,
    })),

    route(setSignInProvider, async ({ actor, body, request }) => {
      await outbound.check(body.issuer)
      return settings.set(actor, body, request)
    }),

    route(testSignInProvider, async ({ actor, body }) => {
      await outbound.check(body.issuer)
      const clientSecret = await settings.secretFor(actor, body)
      return { findings: await examine(client, { ...body, clientSecret, redirectAddress: way.redirectAddress(actor.tenantId) }) }
    }),

    route(trySignInProvider, async ({ actor, wayCookie }) =>
      setOut(all, wayCookie, { tenantId: actor.tenantId, purpose: 'try', actor, wish: { next: '/sign-in-provider' } }),
    ),
  ]
}

function signInRoutes(all: All): Route[] {
  const { logout, tenants, way } = all
  const answered = answering(all)
  return [
    route(findSignInProvider, async ({ body }) => {
      const tenantId = body.invitation === undefined ? (await tenants.forSignIn(body.organisation))?.id : tenantNamed(body.invitation)
      const provider = await offered(all, tenantId)
      return { name: provider?.name ?? null }
    }),

    route(startSignIn, async ({ body, wayCookie, fail }) => {
      const { organisation, invitation, next, remember } = body
      if (invitation === undefined) {
        const tenant = await tenants.forSignIn(organisation)
        if (!tenant) throw fail('oidc.off')
        return setOut(all, wayCookie, { tenantId: tenant.id, purpose: 'sign_in', wish: { next, remember } })
      }
      const tenantId = tenantNamed(invitation)
      const isKnown = tenantId !== undefined && (await tenants.byId(tenantId)) !== undefined
      if (!isKnown || !(await all.doors.open(tenantId, (tx) => findLink(tx, invitation, 'invitation')))) throw fail('invitation.invalid')
      return setOut(all, wayCookie, { tenantId, purpose: 'invitation', wish: { invitation, remember } })
    }),

    route(returnFromProvider, async ({ params, query, wayCookie }) => {
      // Of what comes twice nothing is taken, rather than one or the other.
      const once = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      if (await tenants.byId(params.tenantId)) await way.comeBack(params.tenantId, wayCookie.secret, new URLSearchParams(once))
      return PAGE
    }),

    route(finishWay, async ({ request, presented, cookie, wayCookie, fail }) => {
      const { secret } = wayCookie
      if (secret === undefined) throw fail('oidc.not_begun')
      const { finished, next } = await way.finish(secret, { device: request, login: await loginOf(presented, all) })
      wayCookie.clear()
      return { next, outcome: await answered(finished, { request, cookie }) }
    }),

    route(endByProvider, async ({ params, body, fail }) => {
      if (!(await tenants.byId(params.tenantId))) throw fail('oidc.bad_logout')
      await logout.end(params.tenantId, body.logout_token)
      return undefined
    }),
  ]
}

/** The provider that people of an organisation may use now. */
async function offered({ doors, store, tenants }: All, tenantId: TenantId | undefined): Promise<KnownProvider | undefined> {
  if (!tenantId || !(await tenants.byId(tenantId))) return undefined
  const provider = await doors.open(tenantId, (tx) => store.find(tx))
  return provider?.on ? provider : undefined
}

/** The login that a browser has, if it is a good one. */
async function loginOf(presented: PresentedToken | undefined, { authenticator }: All) {
  const credential = presented && (await authenticator.findCredential(presented.token))
  if (!presented || !credential?.claims) return undefined
  const actor = await authenticator.actorOf(credential, true).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'auth.required') return undefined
    throw error
  })
  return actor && { actor, presented: { token: presented.token, claims: credential.claims, hash: credential.hash } }
}

/** What the page is told that fetches the outcome. */
function answering(all: All) {
  const signedIn = signingIn(all)
  return async (finished: Finished, at: Parameters<typeof signedIn>[2]) => {
    if (finished.state === 'sign_in') return { state: 'sign_in' as const, reply: await signedIn(finished.outcome, 'cookie', at) }
    if (finished.state === 'tried') return finished
    if (finished.state === 'proven') at.cookie.set(finished.renewed.token, finished.renewed)
    else await tellLinked(all, finished.of)
    return { state: finished.state }
  }
}

async function tellLinked({ doors, ends, letters, store, tenants }: All, { tenantId, userId }: Pick<Actor, 'tenantId' | 'userId'>) {
  const [user, provider] = await doors.open(tenantId, async (tx) => [
    await tx.first(tx.db.selectFrom('user').select(['email', 'name']).where('id', '=', userId)),
    await store.find(tx),
  ])
  await ends.tellNews(tenantId, userId)
  const organisation = (await tenants.byId(tenantId))!.name
  await letters.send(linkedLetter({ to: user!.email, name: user!.name, organisation, provider: provider!.name }), [userId])
}

function identityRoutes(all: All): Route[] {
  const { doors, ids } = all
  return [
    route(listIdentities, async ({ actor }) => {
      const provider = await offered(all, actor.tenantId)
      return doors.open(actor.tenantId, async (tx) => {
        const items = await identitiesOf(tx, actor.userId, provider?.issuer)
        const proves = items.some(({ current }) => current) && (await isEnough(tx, actor.userId, provider!))
        return { provider: provider?.name ?? null, proves, items }
      })
    }),

    route(linkIdentity, async ({ actor, body, wayCookie }) =>
      setOut(all, wayCookie, { tenantId: actor.tenantId, purpose: 'link', actor, wish: body }),
    ),

    route(proveByProvider, async ({ actor, body, wayCookie }) =>
      setOut(all, wayCookie, { tenantId: actor.tenantId, purpose: 'prove', actor, wish: body }),
    ),

    route(unlinkIdentity, async ({ actor, params, request }) => {
      const { userId } = actor
      await doors.open(actor.tenantId, async (tx) => {
        requireProven(await tx.enter(actor.tokenHash))
        await removeIdentity(tx, userId, params.identityId)
        const by = { kind: 'self', userId, device: request } as const
        await tx.change(insertEvents(tx, ids, [{ userId, kind: 'identity_unlinked', by }]))
      })
      return undefined
    }),
  ]
}
