/** The rows of recoveries: which are open, what administrators see of them, and how they end. */
import { type SqlBool, sql } from 'kysely'
import type { RecoveryId, UserId } from '#contract/ids.ts'
import type { Recovery } from '#contract/people.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import { MEMBER, memberOf } from '../../kernel/member.ts'

const OPEN = sql<SqlBool>`recovery.state in ('asked', 'approved') and recovery.expires_at > now()`
const MOST_LISTED = 100

/** Those under way, the latest first, as this administrator sees them. */
export async function openRecoveries(tx: DoorTx, seenBy: UserId, of?: UserId): Promise<Recovery[]> {
  const rows = await tx.all(
    tx.db
      .selectFrom('recovery')
      .innerJoin('user', 'user.id', 'recovery.user_id')
      .leftJoin('user as beginner', 'beginner.id', 'recovery.begun_by')
      .select(MEMBER)
      .select(['recovery.id as recovery_id', 'recovery.with_factors', 'recovery.state', 'recovery.begun_by', 'recovery.expires_at'])
      .select(['recovery.time_created as time_begun', 'beginner.name as beginner'])
      .where(OPEN)
      .$if(of !== undefined, (query) => query.where('recovery.user_id', '=', of!))
      .orderBy('recovery.id', 'desc')
      .limit(MOST_LISTED),
  )
  return rows.map((row) => ({
    id: row.recovery_id as RecoveryId,
    member: memberOf(row),
    lost: row.with_factors ? 'password_and_factors' : 'password',
    state: row.state as Recovery['state'],
    begunBy: row.begun_by && row.beginner !== null ? { id: row.begun_by as UserId, name: row.beginner } : null,
    timeBegun: row.time_begun.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    mayApprove: row.state === 'asked' && row.begun_by !== seenBy && row.id !== seenBy,
  }))
}

/** An open recovery, locked behind its person, and whose it is; undefined for one that is over or never was. */
export async function lockRecovery(tx: DoorTx, id: RecoveryId) {
  const of = tx.db.selectFrom('recovery').select('user_id').where('id', '=', id)
  await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', of).forKeyShare())
  return tx.first(
    tx.db
      .selectFrom('recovery')
      .innerJoin('user', 'user.id', 'recovery.user_id')
      .select(['recovery.id', 'recovery.user_id', 'recovery.state', 'recovery.begun_by', 'recovery.with_factors', 'user.name'])
      // It was for that address; with another one it is for nobody.
      .select(sql<boolean>`"user".email = recovery.email and "user".status = 'active'`.as('is_same'))
      .select('user.email')
      .where('recovery.id', '=', id)
      .where(OPEN)
      .forUpdate('recovery'),
  )
}

/** The approved recovery that a person's link belongs to. */
export function approvedOf(tx: DoorTx, userId: UserId | null) {
  return tx.first(
    tx.db
      .selectFrom('recovery')
      .innerJoin('user', 'user.id', 'recovery.user_id')
      .select(['recovery.id', 'recovery.with_factors'])
      .where('recovery.user_id', '=', userId)
      .where('recovery.state', '=', 'approved')
      .where('user.status', '=', 'active')
      .whereRef('recovery.email', '=', 'user.email')
      .where(OPEN)
      .forUpdate('recovery'),
  )
}

/** Puts a recovery into another state. */
export async function setState(tx: DoorTx, id: string, state: 'declined' | 'stopped' | 'used'): Promise<void> {
  await tx.change(tx.db.updateTable('recovery').set({ state }).where('id', '=', id))
}

/** Makes the link of a person's recovery good for nothing. */
export async function dropLink(tx: DoorTx, ...userIds: UserId[]): Promise<void> {
  if (userIds.length > 0) await tx.change(tx.db.deleteFrom('link').where('kind', '=', 'recovery').where('user_id', 'in', userIds))
}

/** Ends every recovery under way that is of this person, or that they began or approved: what somebody was trusted with ends with the trust. */
export async function withdrawRecoveries(tx: DoorTx, userId: UserId): Promise<void> {
  const withdrawn = await tx.all(
    tx.db
      .updateTable('recovery')
      .set({ state: 'withdrawn' })
      .where('state', 'in', ['asked', 'approved'])
      .where(sql<SqlBool>`${userId}::uuid in (user_id, begun_by, decided_by)`)
      .returning('user_id'),
  )
  await dropLink(tx, ...withdrawn.map(({ user_id }) => user_id as UserId))
}

/** Makes room for another one of a person: ends what is over by its time or, for the operator, whatever is under way. */
export async function makeRoom(tx: DoorTx, userId: UserId, { alsoOpen }: { alsoOpen: boolean }): Promise<void> {
  await tx.change(
    tx.db
      .updateTable('recovery')
      .set({ state: 'withdrawn' })
      .where('user_id', '=', userId)
      .where('state', 'in', ['asked', 'approved'])
      .$if(!alsoOpen, (query) => query.where('expires_at', '<=', sql<Date>`now()`)),
  )
}
