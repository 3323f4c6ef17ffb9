/**
 * What may be done to other people's accounts, by an administrator or by the operator: role, suspension, and its end. An organisation
 * keeps an administrator who can sign in. Each act ends the logins it concerns and is in the person's log.
 */
import type { Role } from '#contract/accounts.ts'
import type { TenantId, UserId } from '#contract/ids.ts'
import type { EndReason } from '#contract/sessions.ts'
import { type Doors, type DoorTx, requireAdmin } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import { dropLinks } from '../links.ts'
import { insertEvents, type NewEvent } from '../security-log.ts'
import type { Ending } from '../sessions/ending.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import { type Acting, byOf } from './acting.ts'
import { lockAdministrators } from './administrators.ts'
import { withdrawRecoveries } from './recovery-rows.ts'

export class People {
  readonly #doors: Doors
  readonly #ending: Ending
  readonly #ends: SessionEnds
  readonly #ids: Ids

  constructor(parts: { doors: Doors; ending: Ending; ends: SessionEnds; ids: Ids }) {
    this.#doors = parts.doors
    this.#ending = parts.ending
    this.#ends = parts.ends
    this.#ids = parts.ids
  }

  /** Suspends a person: nobody signs in as them, and what they are signed in with ends now. Answers how many logins ended. */
  async suspend(tenantId: TenantId, userId: UserId, acting: Acting): Promise<number> {
    if (acting !== 'operator' && acting.admin.userId === userId) throw new Failure('member.oneself')
    return this.#changeAnd(tenantId, { userId, reason: 'suspended', acting }, async (tx, person) => {
      if (person.status === 'suspended') return undefined
      await tx.change(tx.db.updateTable('user').set({ status: 'suspended' }).where('id', '=', userId))
      return { userId, kind: 'suspended', by: byOf(acting), notice: true }
    })
  }

  /** Gives a person another role; they sign in again to use it. Answers how many logins ended. */
  async changeRole(tenantId: TenantId, { userId, role }: { userId: UserId; role: Role }, acting: Acting): Promise<number> {
    return this.#changeAnd(tenantId, { userId, reason: 'role_changed', acting }, async (tx, person) => {
      if (person.role === role) return undefined
      await tx.change(tx.db.updateTable('user').set({ role }).where('id', '=', userId))
      return { userId, kind: 'role_changed', by: byOf(acting), roles: { from: person.role as Role, to: role }, notice: true }
    })
  }

  /** Takes a suspension back: the person can sign in again. That they are not suspended is as good. */
  async reinstate(tenantId: TenantId, userId: UserId, acting: Acting): Promise<void> {
    await this.#doors.open(tenantId, async (tx) => {
      if (acting !== 'operator') requireAdmin(await tx.enter(acting.admin.tokenHash))
      const changed = await tx.change(
        tx.db.updateTable('user').set({ status: 'active' }).where('id', '=', userId).where('status', '=', 'suspended'),
      )
      if (changed === 1) {
        // What was on its way when they were suspended, and came after.
        await dropWaysIn(tx, userId)
        await tx.change(insertEvents(tx, this.#ids, [{ userId, kind: 'reinstated', by: byOf(acting), notice: true }]))
      } else if (!(await personOf(tx, userId))) throw new Failure('member.not_found')
    })
  }

  /** A change that ends a person's logins, if there is anything to change. */
  async #changeAnd(
    tenantId: TenantId,
    { userId, reason, acting }: { userId: UserId; reason: EndReason; acting: Acting },
    change: (tx: DoorTx, person: { role: string; status: string }) => Promise<NewEvent | undefined>,
  ): Promise<number> {
    const admin = acting === 'operator' ? undefined : acting.admin
    // What changes nothing ends nothing, so it is looked at before any login is locked; and once more when the person is.
    const ended = await this.#ending
      .endAs(tenantId, { chosen: { userId }, end: { reason, by: byOf(acting) }, own: admin?.sessionId }, async (tx) => {
        // Before entering, which shares the administrator's own row: two who each had theirs would wait for each other's.
        const administrators = await lockAdministrators(tx)
        if (admin) requireAdmin(await tx.enter(admin.tokenHash))
        const person = await personOf(tx, userId)
        if (!person) throw new Failure('member.not_found')
        const event = await change(tx, person)
        if (!event) throw new NothingToChange()
        // Who is made an administrator was none before, and so takes no other's place.
        if (administrators.length === 1 && administrators[0] === userId) throw new Failure('member.last_administrator')
        await withdrawRecoveries(tx, userId)
        if (reason === 'suspended') await dropWaysIn(tx, userId)
        await tx.change(insertEvents(tx, this.#ids, [event]))
      })
      .catch((error: unknown) => {
        if (error instanceof NothingToChange) return undefined
        throw error
      })
    if (ended === undefined) return 0
    await this.#ends.tellNews(tenantId, userId)
    return ended
  }
}

/** Thrown to roll back, so that nobody is signed out by a change that is none. */
class NothingToChange extends Error {}

function personOf(tx: DoorTx, userId: UserId) {
  return tx.first(tx.db.selectFrom('user').select(['role', 'status']).where('id', '=', userId).forNoKeyUpdate())
}

/** Ends what a person has begun to come in by, so that nothing of it is good again when they are. After the person, as who uses it. */
async function dropWaysIn(tx: DoorTx, userId: UserId): Promise<void> {
  await dropLinks(tx, userId, 'reset', 'recovery', 'address')
  for (const table of ['sign_in_ticket', 'challenge'] as const) await tx.change(tx.db.deleteFrom(table).where('user_id', '=', userId))
}
