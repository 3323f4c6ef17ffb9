/**
 * How login sessions end, in every way there is. An end is committed before anything else happens: no unit of work that begins
 * afterwards succeeds. Whoever ends sessions locks them and their own first, in the order of their ids, and only then enters or changes
 * a person, so that ends, writes under way and each other never wait in a circle.
 */
import { sql } from 'kysely'
import type { SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { EndReason } from '#contract/sessions.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, type EnterableTx, requireAdmin, requireProven } from '../../isolation/doors.ts'
import { schemaName } from '../../isolation/tables.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { dropLinks } from '../links.ts'
import { type By, insertEvents, type NewEvent, SYSTEM } from '../security-log.ts'
import type { SessionEnds } from './session-ends.ts'
import { type Chosen, matching } from './session-lists.ts'

export interface LockedSession {
  readonly id: SessionId
  readonly user_id: UserId
  readonly kind: 'login' | 'api'
  readonly device: string
}

/** Why sessions end, and who ends them. */
export interface End {
  readonly reason: EndReason
  readonly by: By
  /** Shown to their people until they have seen it. */
  readonly notice?: boolean
}

interface ProofChange {
  hold(tx: DoorTx): Promise<unknown>
  make(tx: EnterableTx): Promise<void>
}

export class Ending {
  readonly #doors: Doors
  readonly #ends: SessionEnds
  readonly #ids: Ids

  constructor(parts: { doors: Doors; ends: SessionEnds; ids: Ids }) {
    this.#doors = parts.doors
    this.#ends = parts.ends
    this.#ids = parts.ids
  }

  /** Signs out: ends the actor's own session. That it has ended meanwhile is as good. */
  async signOut(actor: Actor, device: Device): Promise<void> {
    await this.#endAnd(actor.tenantId, async (tx) => {
      const sessions = await lockSessions(tx, { sessionId: actor.sessionId })
      return this.#end(tx, sessions, { reason: 'signed_out', by: { kind: 'self', userId: actor.userId, device } })
    })
  }

  /** Ends the earlier session of a browser that signs in anew, if it is a good one. */
  async replace(tenantId: TenantId, tokenHash: Buffer, device: Device): Promise<void> {
    await this.#endAnd(tenantId, async (tx) => {
      const token = await tx.first(tx.db.selectFrom('auth_token').select('session_id').where('hash', '=', tokenHash))
      const sessions = token ? await lockSessions(tx, { sessionId: token.session_id as SessionId }) : []
      return this.#end(tx, sessions, { reason: 'replaced', by: { kind: 'self', device } })
    })
  }

  /** Ends those of the actor's own sessions that are chosen; returns how many. */
  async endOwn(actor: Actor, chosen: Omit<Chosen, 'userId'>, device: Device): Promise<number> {
    return this.#endAnd(actor.tenantId, async (tx) => {
      const sessions = await lockSessions(tx, { ...chosen, userId: actor.userId }, actor.sessionId)
      await tx.enter(actor.tokenHash)
      return this.#end(tx, sessions, { reason: 'signed_out_elsewhere', by: { kind: 'self', userId: actor.userId, device } })
    })
  }

  /** “This wasn't me”: ends all other sessions of the actor, all their API tokens, and links to change what is theirs; returns how many. */
  async notMe(actor: Actor, device: Device): Promise<number> {
    const by: By = { kind: 'self', userId: actor.userId, device }
    return this.#endAnd(actor.tenantId, async (tx) => {
      const sessions = await lockSessions(tx, { userId: actor.userId, not: actor.sessionId }, actor.sessionId)
      await tx.enter(actor.tokenHash)
      // They may be somebody else's, like the logins.
      await dropLinks(tx, actor.userId, 'reset', 'address')
      await tx.change(insertEvents(tx, this.#ids, [{ userId: actor.userId, kind: 'not_me', by, sessionId: actor.sessionId }]))
      return this.#end(tx, sessions, { reason: 'not_me', by })
    })
  }

  /**
   * Its person is to be erased: ends all other sessions of the actor and all their API tokens. `before` has the locks on sessions and none
   * on people yet; `more` runs once the database has said that the actor has just proven who they are.
   */
  async leave(
    actor: Actor,
    device: Device,
    { before, more }: { before: (tx: DoorTx) => Promise<void>; more: (tx: DoorTx) => Promise<void> },
  ): Promise<void> {
    await this.#endAnd(actor.tenantId, async (tx) => {
      const sessions = await lockSessions(tx, { userId: actor.userId, not: actor.sessionId }, actor.sessionId)
      await before(tx)
      requireProven(await tx.enter(actor.tokenHash))
      await more(tx)
      return this.#end(tx, sessions, { reason: 'deleted', by: { kind: 'self', userId: actor.userId, device } })
    })
  }

  /**
   * An administrator ends what a filter finds, but for their own session; returns how many. Fails with `session.count_changed` when
   * it finds another number than they have confirmed.
   */
  async endChosen(admin: Actor, chosen: Chosen & { readonly expected: number }, device: Device): Promise<number> {
    const { expected, ...filter } = chosen
    return this.#endAnd(admin.tenantId, async (tx) => {
      const sessions = await lockSessions(tx, { ...filter, not: admin.sessionId }, admin.sessionId)
      requireAdmin(await tx.enter(admin.tokenHash))
      if (sessions.length !== expected)
        throw new Failure('session.count_changed', { detail: `It is ${sessions.length} now, and was ${expected} when it was confirmed.` })
      return this.#end(tx, sessions, { reason: 'administrator', by: { kind: 'administrator', userId: admin.userId, device }, notice: true })
    })
  }

  /**
   * An administrator changes the rules for logins, and those that are over by the new ones end with it, and those that the change answers;
   * returns how many.
   */
  async endByRules(admin: Actor, change: (tx: DoorTx) => Promise<readonly SessionId[]>, device: Device): Promise<number> {
    const ended = await this.#endAnd(admin.tenantId, async (tx) => {
      const before = await lockSessions(tx, {}, admin.sessionId)
      requireAdmin(await tx.enter(admin.tokenHash))
      const others = new Set(await change(tx))
      const left = new Set((await lockRows(tx, {})).map(({ id }) => id))
      const over = before.filter(({ id }) => !left.has(id) || others.has(id))
      return this.#end(tx, over, { reason: 'policy', by: { kind: 'administrator', userId: admin.userId, device } })
    })
    // Logins that the change restricted are told as ends are.
    if (ended === 0) await this.#ends.tell(admin.tenantId)
    return ended
  }

  /**
   * Ends what is chosen because of a change to what proves who its person is, in the transaction of that change. `hold` takes what logins
   * that are beginning hold, too: none that began before the change is overlooked. With `own` that session is locked with the others.
   */
  async endBy(
    tenantId: TenantId,
    { chosen, own, end }: { chosen: Chosen; own?: SessionId; end: End },
    change: ProofChange,
  ): Promise<number> {
    return this.#endAnd(tenantId, async (tx) => {
      await change.hold(tx)
      const sessions = await lockSessions(tx, chosen, own)
      await change.make(tx)
      return this.#end(tx, sessions, end)
    })
  }

  /**
   * Ends what is chosen and does something more to it in the same transaction; returns how many ended. An administrator's own session is
   * locked with them, and `more` is where they enter.
   */
  async endAs(
    tenantId: TenantId,
    { chosen, end, own }: { chosen: Chosen; end: End; own?: SessionId | undefined },
    more?: (tx: EnterableTx) => Promise<void>,
  ): Promise<number> {
    const ending = (change?: typeof more) =>
      this.#endAnd(tenantId, async (tx) => {
        const sessions = await lockSessions(tx, chosen, own)
        await change?.(tx)
        return this.#end(tx, sessions, end)
      })
    const ended = await ending(more)
    // A change to a person waits for those who are signing in, whose new logins were not there to be locked.
    return more ? ended + (await ending()) : ended
  }

  /** Ends the session that is found because a copy of one of its tokens was used, and tells its person. */
  async suspectTheft(tenantId: TenantId, device: Device, find: (tx: DoorTx) => Promise<SessionId | undefined>): Promise<void> {
    await this.#endAnd(tenantId, async (tx) => {
      const sessionId = await find(tx)
      const sessions = sessionId ? await lockSessions(tx, { sessionId }) : []
      return this.#end(tx, sessions, { reason: 'theft', by: { ...SYSTEM, device }, notice: true })
    })
  }

  /** Ends locked sessions in the transaction that locked them. */
  async #end(tx: DoorTx, sessions: readonly LockedSession[], { reason, by, notice = false }: End): Promise<Ended> {
    if (sessions.length === 0) return { count: 0, noticed: [] }
    const ids = sessions.map(({ id }) => id)
    const changes = { revoked_at: sql<Date>`now()`, revoked_reason: reason, ended_by: by.userId ?? null }
    const events = sessions.map(
      ({ id, user_id, kind, device }): NewEvent => ({
        userId: user_id,
        kind: reason === 'theft' ? 'theft_suspected' : kind === 'api' ? 'token_revoked' : 'session_ended',
        by,
        sessionId: id,
        reason,
        device,
        notice,
      }),
    )
    await tx.changeAll([
      tx.db.updateTable('auth_session').set(changes).where('id', '=', sql<string>`any(${ids}::uuid[])`),
      tx.db
        .insertInto('session_end')
        .columns(['session_id'])
        .expression(tx.db.selectNoFrom(sql<string>`unnest(${ids}::uuid[])`.as('session_id')))
        .onConflict((conflict) => conflict.doNothing()),
      ...chunks(events, EVENTS_AT_ONCE).map((some) => insertEvents(tx, this.#ids, some)),
    ])
    return { count: sessions.length, noticed: notice ? [...new Set(sessions.map(({ user_id }) => user_id))] : [] }
  }

  async #endAnd(tenantId: TenantId, work: (tx: EnterableTx) => Promise<Ended>): Promise<number> {
    const { count, noticed } = await this.#doors.open(tenantId, work)
    if (count > 0) await this.#ends.tell(tenantId)
    for (const userId of noticed) await this.#ends.tellNews(tenantId, userId)
    return count
  }
}

interface Ended {
  readonly count: number
  /** Whose security log has a notice for them. */
  readonly noticed: readonly UserId[]
}

/** PostgreSQL takes 65,535 values in a statement; an event has twelve. */
const EVENTS_AT_ONCE = 1_000

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
}

/**
 * Locks the live sessions that are chosen, and with them the one of whoever ends them, in the order of their ids; answers the chosen ones.
 * Writes under way in them are over then, and new ones wait: also those of somebody who writes without a pause.
 */
export async function lockSessions(tx: DoorTx, chosen: Chosen, own?: SessionId): Promise<LockedSession[]> {
  const ids = matchingOr(tx, chosen, own).select('auth_session.id')
  await tx.first(tx.db.selectNoFrom(sql`${sql.id(schemaName(tx.tenantId), 'take_turns')}(array(${ids}))`.as('taken')))
  return lockRows(tx, chosen, own)
}

/** The same without waiting for turns first, for more of them in a transaction that has some: taken out of order, two could wait for each other. */
async function lockRows(tx: DoorTx, chosen: Chosen, own?: SessionId): Promise<LockedSession[]> {
  const lock = async () => (await tx.all(locking(tx, chosen, own))).filter(({ is_chosen }) => is_chosen)
  // A session that was waited for may have made API tokens meanwhile, which a query that began earlier does not see.
  for (let locked = await lock(); ; ) {
    const again = await lock()
    if (again.length <= locked.length) return again as LockedSession[]
    locked = again
  }
}

function locking(tx: DoorTx, chosen: Chosen, own: SessionId | undefined) {
  return (
    matchingOr(tx, chosen, own)
      .select(['auth_session.id', 'auth_session.user_id', 'auth_session.kind', 'auth_session.device'])
      .select(({ and }) => and(matching(chosen)).as('is_chosen'))
      .orderBy('auth_session.id')
      // Not their keys: a token is replaced under another lock, and its successor's row points here.
      .forNoKeyUpdate('auth_session')
  )
}

function matchingOr({ db }: DoorTx, chosen: Chosen, own: SessionId | undefined) {
  return db
    .selectFrom('auth_session')
    .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
    .where(({ and, or, eb }) => or([and(matching(chosen)), ...(own ? [eb('auth_session.id', '=', own)] : [])]))
}
