/** The endpoints of login sessions: one's own, one's devices, and those of the organisation. */

import type { SecondFactorRule } from '#contract/factors.ts'
import type { UserId } from '#contract/ids.ts'
import { whyEnded } from '#contract/security.ts'
import {
  countSessions,
  endOtherSessions,
  endOwnSession,
  endSessions,
  extendSession,
  getLoginPolicy,
  getSession,
  type LoginRules,
  listOwnSessions,
  listSessions,
  notMe,
  PRESETS,
  proveSession,
  refreshSession,
  setLoginPolicy,
} from '#contract/sessions.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Cursors } from '../../isolation/cursor.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { type PresentedToken, type Route, route, type SessionCookie } from '../../isolation/route.ts'
import type { UnitsOfWork } from '../../isolation/unit-of-work.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Factors } from '../factors/factors.ts'
import { factorRules, restrictLogins } from '../factors/rules.ts'
import type { SecondFactor } from '../factors/second-factor.ts'
import type { FailureLimits } from '../limits.ts'
import type { Passwords } from '../passwords/passwords.ts'
import { noting } from '../people/looks.ts'
import { insertEvents } from '../security-log.ts'
import type { Tenants } from '../tenants.ts'
import type { Authenticator } from '../tokens/authenticate.ts'
import { type Ending, lockSessions } from './ending.ts'
import { readLoginPolicy, writeLoginPolicy, writeSecondFactorRule } from './login-policy.ts'
import type { Presented, Renewal, Renewed } from './renewal.ts'
import { noteRuleChange, tellRuleChange } from './rule-news.ts'
import type { SessionEnds } from './session-ends.ts'
import { countAll, listAll, listOwn, readCurrent } from './session-lists.ts'
import type { Sessions } from './sessions.ts'
import { whyEnded as findWhy } from './why-ended.ts'

export interface SessionParts {
  readonly authenticator: Authenticator
  readonly clock: Clock
  readonly cursors: Cursors
  readonly doors: Doors
  readonly ending: Ending
  readonly ends: SessionEnds
  readonly factors: Factors
  readonly ids: Ids
  readonly limits: FailureLimits
  readonly passwords: Passwords
  readonly renewal: Renewal
  readonly secondFactor: SecondFactor
  readonly sessions: Sessions
  readonly tenants: Tenants
  readonly units: UnitsOfWork
}

/** The routes of login sessions. */
export function sessionRoutes(parts: SessionParts): Route[] {
  return [...ownSessionRoutes(parts), ...deviceRoutes(parts), ...organisationRoutes(parts)]
}

/** Gives the way to answer whose token was renewed: a browser in its cookie. */
export function renewedReply({ units }: Pick<SessionParts, 'units'>) {
  return async (actor: Actor, renewed: Renewed, to: { presented: PresentedToken; cookie: SessionCookie; isProven: boolean }) => {
    const session = await units.read(actor, (tx) => readCurrent(tx, to.isProven))
    if (!to.presented.isCookie) return { token: renewed.token, session }
    if (renewed.token !== to.presented.token) to.cookie.set(renewed.token, renewed)
    return { token: null, session }
  }
}

function ownSessionRoutes(parts: SessionParts): Route[] {
  const { authenticator, renewal, sessions, units } = parts
  const reply = renewedReply(parts)
  return [
    route(getSession, async ({ actor, unit }) => unit.read((tx) => readCurrent(tx, actor.isProven))),

    route(extendSession, async ({ actor, request, fail }) => {
      if (!(await sessions.extend(actor, request.ip))) throw fail('auth.required')
      return units.read(actor, (tx) => readCurrent(tx, actor.isProven))
    }),

    route(proveSession, async ({ actor, body, presented, request, cookie, fail }) => {
      const login = await loginOf(presented, parts)
      const byFactor = await parts.limits.attempt({ account: `${actor.tenantId}:${actor.userId}`, ip: request.ip }, async () => {
        if (body.password !== undefined && !(await parts.passwords.isOwn(actor, body.password))) throw fail('auth.wrong_password')
        return parts.secondFactor.prove(actor, body, request)
      })
      const { tenantId, userId, sessionId } = actor
      const by = { kind: 'self', userId, device: request } as const
      const renewed = await parts.doors.open(tenantId, async (tx) => {
        await lockSessions(tx, { sessionId })
        await tx.enter(actor.tokenHash)
        const { hasFactor } = await factorRules(tx, userId)
        // One was added while this waited for its turn.
        if (hasFactor && !byFactor) throw fail('auth.code_needed')
        await tx.change(insertEvents(tx, parts.ids, [{ userId, kind: 'proven', by, sessionId }]))
        const lifted = hasFactor ? await parts.factors.lift(tx, { actor, login }) : null
        return lifted ? { ...lifted, isLifted: true } : { ...(await renewal.raise(tx, login)), isLifted: false }
      })
      // Of a login that has become whole no earlier token is good.
      const now = renewed.isLifted ? await authenticator.actorOf(await authenticator.credentialOf(renewed.token), true) : actor
      return reply(now, renewed, { presented, cookie, isProven: true })
    }),

    route(refreshSession, async ({ actor, presented, cookie }) => {
      const renewed = await renewal.refresh(actor, await loginOf(presented, parts))
      return reply(actor, renewed, { presented, cookie, isProven: actor.isProven })
    }),

    route(whyEnded, async ({ presented }) => findWhy(presented?.token, parts)),
  ]
}

/** The login of a request, with what its token says. Fails with `token.not_enough` for an API token. */
export async function loginOf({ token }: PresentedToken, { authenticator }: SessionParts): Promise<Presented> {
  const { claims, hash } = await authenticator.credentialOf(token)
  if (!claims) throw new Failure('token.not_enough')
  return { token, claims, hash }
}

function deviceRoutes(parts: SessionParts): Route[] {
  const { cursors, ending } = parts
  return [
    route(listOwnSessions, async ({ actor, tx, query }) => {
      const [after] = (await cursors.read(actor, 'devices', query.cursor)) ?? []
      return paged(await listOwn(tx, { limit: query.limit + 1, after }), query.limit, (id) => cursors.make(actor, 'devices', [id]))
    }),

    route(endOwnSession, async ({ actor, params, request, cookie, fail }) => {
      const ended = await ending.endOwn(actor, { sessionId: params.sessionId, kind: 'login' }, request)
      if (ended === 0) throw fail('session.not_found')
      if (params.sessionId === actor.sessionId) cookie.clear()
      return { ended }
    }),

    route(endOtherSessions, async ({ actor, request }) => ({
      ended: await ending.endOwn(actor, { not: actor.sessionId, kind: 'login' }, request),
    })),

    route(notMe, async ({ actor, request, presented, cookie }) => {
      const ended = await ending.notMe(actor, request)
      // Somebody may have a copy of this very login, too. A program would lose its token by that, and changes it by itself.
      if (presented.isCookie) {
        const changed = await parts.renewal.change(await loginOf(presented, parts))
        cookie.set(changed.token, changed)
      }
      return { ended }
    }),
  ]
}

function organisationRoutes(parts: SessionParts): Route[] {
  const { cursors, ending, ids, sessions } = parts
  const noteViewed = noting(parts)
  return [
    route(listSessions, async ({ actor, unit, query, request }) => {
      const { cursor, limit, ...filter } = query
      const [after] = (await cursors.read(actor, 'sessions', cursor)) ?? []
      const found = await unit.read((tx) => listAll(tx, { ...filter, limit: limit + 1, after }))
      const page = await paged(found, limit, (id) => cursors.make(actor, 'sessions', [id]))
      await noteViewed(actor, request, [...page.items.map(({ user }) => user.id), filter.userId])
      return page
    }),

    route(countSessions, async ({ actor, tx, query, request }) => {
      const { only, ...found } = await countAll(tx, query)
      await noteViewed(actor, request, [query.userId, only])
      return found
    }),

    route(endSessions, async ({ actor, body: { filter, expected }, request }) => {
      const ended = await ending.endChosen(actor, { ...filter, expected }, request).catch(async (error: unknown) => {
        // It says how many there are, and so it counts.
        if (error instanceof Failure && error.code === 'session.count_changed') {
          const { only } = await parts.units.read(actor, (tx) => countAll(tx, filter))
          await noteViewed(actor, request, [filter.userId, only])
        }
        throw error
      })
      return { ended }
    }),

    route(getLoginPolicy, async ({ tx }) => readLoginPolicy(tx)),

    route(setLoginPolicy, async ({ actor, body, request, fail }) => {
      const { secondFactor: wanted, ...own } = body
      const policy = own.preset === 'own' ? own : PRESETS[own.preset]
      const { userId } = actor
      let secondFactor: SecondFactorRule = 'optional'
      let others: UserId[] = []
      const change = async (tx: DoorTx) => {
        const before = await readLoginPolicy(tx)
        await writeLoginPolicy(tx, policy)
        secondFactor = await writeSecondFactorRule(tx, wanted)
        const { hasFactor, isRequired } = await factorRules(tx, userId)
        if (isRequired && !hasFactor) throw fail('factor.own_first')
        const kinds = changesOf(before, { ...policy, secondFactor })
        others = await noteRuleChange(tx, ids, { kinds, admin: actor, device: request })
        return restrictLogins(tx)
      }
      // Who changes the rules is there, whatever the new ones say of the time since they were seen.
      await sessions.extend(actor, request.ip)
      await ending.endByRules(actor, change, request)
      await tellRuleChange(parts.ends, actor, others)
      return { ...policy, secondFactor }
    }),
  ]
}

/** What a change of the rules was about, of which its makers and the others are told. */
function changesOf({ secondFactor, ...before }: LoginRules, { secondFactor: next, ...after }: LoginRules) {
  const isOther = Object.entries(after).some(([key, value]) => before[key as keyof typeof before] !== value)
  return [...(isOther ? (['policy_changed'] as const) : []), ...(next === secondFactor ? [] : (['second_factor_rule_changed'] as const))]
}

/** A page of what was read with one more, and the marker of the next. */
export async function paged<T extends { readonly id: string }>(
  read: readonly T[],
  limit: number,
  mark: (lastId: string) => Promise<string>,
) {
  const items = read.slice(0, limit)
  return { items, next: read.length > limit ? await mark(items.at(-1)!.id) : null }
}
