/** The endpoints by which administrators look after people, and people after their own way back in. */
import { addMember, inviteAgain } from '#contract/accounts.ts'
import * as contract from '#contract/people.ts'
import type { Cursors } from '../../isolation/cursor.ts'
import type { Doors } from '../../isolation/doors.ts'
import { type Route, route } from '../../isolation/route.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Letters } from '../letters.ts'
import type { FailureLimits } from '../limits.ts'
import type { Passwords } from '../passwords/passwords.ts'
import { paged } from '../sessions/routes.ts'
import { noteRuleChange, tellRuleChange } from '../sessions/rule-news.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import { signingIn } from '../signing-in.ts'
import type { Tenants } from '../tenants.ts'
import type { Addresses } from './addresses.ts'
import { readDirectory, writeDirectory } from './directory.ts'
import type { Invitations } from './invitations.ts'
import { type LookParts, noting } from './looks.ts'
import type { People } from './people.ts'
import { readPerson } from './person.ts'
import type { Recoveries } from './recoveries.ts'
import { openRecoveries } from './recovery-rows.ts'

export type PeopleParts = Parameters<typeof signingIn>[0] &
  LookParts & {
    readonly addresses: Addresses
    readonly cursors: Cursors
    readonly doors: Doors
    readonly ends: SessionEnds
    readonly ids: Ids
    readonly invitations: Invitations
    readonly letters: Letters
    readonly limits: FailureLimits
    readonly people: People
    readonly passwords: Passwords
    readonly recoveries: Recoveries
    readonly tenants: Tenants
  }

/** The routes of people. */
export function peopleRoutes(parts: PeopleParts): Route[] {
  return [...memberRoutes(parts), ...invitationRoutes(parts), ...recoveryRoutes(parts), ...ownRoutes(parts)]
}

function memberRoutes(parts: PeopleParts): Route[] {
  const { doors, ends, ids, people } = parts
  const noteViewed = noting(parts)
  return [
    route(contract.getMember, async ({ actor, params, request }) => {
      const person = await readPerson(doors, actor, params.userId)
      await noteViewed(actor, request, [params.userId])
      return person
    }),

    route(contract.changeRole, async ({ actor, params, body, request }) => ({
      ended: await people.changeRole(actor.tenantId, { ...params, ...body }, { admin: actor, device: request }),
    })),

    route(contract.suspendMember, async ({ actor, params, request }) => ({
      ended: await people.suspend(actor.tenantId, params.userId, { admin: actor, device: request }),
    })),

    route(contract.reinstateMember, async ({ actor, params, request }) => {
      await people.reinstate(actor.tenantId, params.userId, { admin: actor, device: request })
      return undefined
    }),

    route(contract.getDirectory, async ({ tx }) => readDirectory(tx)),
    route(contract.setDirectory, async ({ actor, body, request }) => {
      const others = await doors.openAsAdmin(actor.tenantId, actor.tokenHash, async (tx) => {
        if ((await writeDirectory(tx, body)) === 0) return []
        return noteRuleChange(tx, ids, { kinds: ['directory_changed'], admin: actor, device: request })
      })
      await tellRuleChange(ends, actor, others)
      return body
    }),
  ]
}

function invitationRoutes({ cursors, invitations, letters }: PeopleParts): Route[] {
  return [
    route(addMember, async ({ actor, body, request }) => invitations.invite(actor.tenantId, body, { admin: actor, device: request })),
    route(inviteAgain, async ({ actor, params }) => invitations.inviteAgain(actor, params.userId)),

    route(contract.inviteMembers, async ({ actor, body, request }) => ({
      outcomes: await invitations.inviteAll(actor, body.people, request),
      mail: letters.way,
    })),

    route(contract.knownMembers, async ({ actor, body }) => ({ items: await invitations.known(actor, body.emails) })),

    route(contract.listInvitations, async ({ actor, query: { limit, cursor } }) => {
      const [after] = (await cursors.read(actor, 'invitations', cursor)) ?? []
      const found = (await invitations.list(actor, { limit: limit + 1, after })).map((one) => ({ ...one, id: one.member.id }))
      const { items, next } = await paged(found, limit, (id) => cursors.make(actor, 'invitations', [id]))
      return { items: items.map(({ id: _, ...one }) => one), next, mail: letters.way, failed: await invitations.countFailed(actor) }
    }),

    route(contract.cancelInvitation, async ({ actor, params }) => {
      await invitations.cancel(actor, params.userId)
      return undefined
    }),
  ]
}

function recoveryRoutes(parts: PeopleParts): Route[] {
  const { doors, letters, limits, passwords, recoveries } = parts
  const signedIn = signingIn(parts)
  return [
    route(contract.startRecovery, async ({ actor, params, body, request, fail }) => {
      const { tenantId, userId } = actor
      const sent = await recoveries.start(tenantId, { ...params, ...body }, { admin: actor, device: request })
      const [recovery] = await doors.open(tenantId, (tx) => openRecoveries(tx, userId, params.userId))
      // Stopped already.
      if (!recovery) throw fail('recovery.not_possible')
      return { recovery, mail: letters.way, sent }
    }),

    route(contract.listRecoveries, async ({ actor }) => ({
      items: await doors.lookAsAdmin(actor.tenantId, actor.tokenHash, (tx) => openRecoveries(tx, actor.userId)),
    })),

    route(contract.decideRecovery, async ({ actor, params, body, request }) => ({
      sent: await recoveries.decide(actor, { ...params, ...body }, request),
      mail: letters.way,
    })),

    route(contract.useRecovery, async ({ body, request, cookie }) => {
      const of = await limits.attempt({ account: null, ip: request.ip }, () => passwords.demandLink(body.token, 'recovery', body.password))
      const outcome = await recoveries.use(of, body, request)
      return signedIn(outcome, body.deliver, { cookie, request })
    }),
  ]
}

function ownRoutes({ addresses, doors, letters, recoveries }: PeopleParts): Route[] {
  return [
    route(contract.ownRecovery, async ({ actor }) => {
      const [open] = await doors.open(actor.tenantId, async (tx) => {
        await tx.enter(actor.tokenHash)
        return openRecoveries(tx, actor.userId, actor.userId)
      })
      if (!open) return { recovery: null }
      const { member: _, mayApprove: __, ...recovery } = open
      return { recovery }
    }),

    route(contract.stopRecovery, async ({ actor, request }) => {
      await recoveries.stop(actor, request)
      return undefined
    }),

    route(contract.askAddress, async ({ actor, body, request }) => ({
      sent: await addresses.ask(actor, body.email, request),
      mail: letters.way,
    })),

    route(contract.getPendingAddress, async ({ actor }) => {
      const pending = await addresses.pending(actor)
      return { pending: pending && { ...pending, until: pending.until.toISOString() } }
    }),

    route(contract.withdrawAddress, ({ actor }) => addresses.withdraw(actor).then(() => undefined)),

    route(contract.getAskedAddress, async ({ actor, body }) => ({ email: await addresses.asked(actor, body.token) })),

    route(contract.confirmAddress, async ({ actor, body, request }) => ({
      email: await addresses.confirm(actor, body.token, request),
    })),
  ]
}
