/**
 * The row of a person's password: its hash, what it is known to be long enough for, and what has gone wrong with it in a row. After a
 * hundred failures its path closes for everyone, and nobody learns that from a reply; its person is told, and opens it again.
 */
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import { leastLength } from '#contract/password-rules.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import { hasFactor } from '../factors/rules.ts'
import { dropLinks } from '../links.ts'

/** After so many failures in a row, from anywhere, a password is taken no more until its person opens its path again. */
export const FAILURES_UNTIL_CLOSED = 100

export interface Credential {
  readonly id: UserId
  readonly status: 'active' | 'suspended'
  readonly email: string
  readonly name: string
  readonly time_joined: Date | null
  /** How long a new password of theirs must be. */
  readonly least: number
  /** The same once they have no second factor. */
  readonly leastAlone: number
  /** Null where somebody has no password. */
  readonly password_hash: string | null
  readonly closed_at: Date | null
  readonly time_changed: Date | null
  readonly long_enough_for: number | null
}

export type Whose = { readonly email: string } | { readonly userId: UserId }
const column = (whose: Whose) => ('email' in whose ? 'user.email' : 'user.id') as 'user.id'
const value = (whose: Whose) => ('email' in whose ? whose.email : whose.userId)

/** A person and their password; undefined where there is nobody. */
export async function findCredential(tx: DoorTx, whose: Whose): Promise<Credential | undefined> {
  const found = await tx.first(
    tx.db
      .selectFrom('user')
      .innerJoin('login_policy', (join) => join.onTrue())
      .leftJoin('credential', 'credential.user_id', 'user.id')
      .select(['user.id', 'user.status', 'user.email', 'user.name', 'user.time_joined'])
      .select(['password_hash', 'closed_at', 'time_changed', 'long_enough_for', 'least_password_length as leastPasswordLength'])
      .select(hasFactor(tx).as('hasFactor'))
      .where(column(whose), '=', value(whose)),
  )
  return found && ({ ...found, least: leastLength(found, found.hasFactor), leastAlone: leastLength(found, false) } as unknown as Credential)
}

/** Holds the row of somebody's password until the commit, before their sessions are locked; answers its hash. Null where they have none. */
export async function holdCredential(tx: DoorTx, userId: UserId): Promise<string | null> {
  const row = await tx.first(tx.db.selectFrom('credential').select('password_hash').where('user_id', '=', userId).forUpdate())
  return row?.password_hash ?? null
}

/** What a failure came to: whose it is, whether it closed their path just now, and how many wrong second factors there were in a row. */
export interface Failed {
  readonly userId: UserId
  readonly isClosed: boolean
  readonly factorFailures: number
}

/** Counts a wrong password, or a wrong second factor after the right one, if there is anything to fail at. */
export async function noteFailure(tx: DoorTx, whose: Whose, what: 'password' | 'factor'): Promise<Failed | undefined> {
  const failed = await tx.first(
    tx.db
      .updateTable('credential')
      .from('user')
      .set((of) => ({
        failures: of('failures', '+', 1),
        factor_failures: of('factor_failures', '+', what === 'factor' ? 1 : 0),
        closed_at: sql<Date | null>`case when failures + 1 >= ${FAILURES_UNTIL_CLOSED}::int then now() end`,
      }))
      .whereRef('user.id', '=', 'credential.user_id')
      .where(column(whose), '=', value(whose))
      .where('user.status', '=', 'active')
      .where('closed_at', 'is', null)
      .returning(['credential.user_id', 'closed_at', 'factor_failures']),
  )
  return failed && { userId: failed.user_id as UserId, isClosed: failed.closed_at !== null, factorFailures: failed.factor_failures }
}

/** Forgets the failures before a sign-in or a proof that is complete: of what is closed nothing, since that is not how it opens. */
export async function forgetFailures(tx: DoorTx, userId: UserId): Promise<void> {
  const open = tx.db.updateTable('credential').set({ failures: 0, factor_failures: 0 }).where('user_id', '=', userId)
  await tx.change(open.where('closed_at', 'is', null).where('failures', '>', 0))
}

/**
 * Notes what a right password turned out to be long enough for, and forgets the failures before it; those of somebody who has a second
 * factor only `forgetFailures` does, or whoever knows the password could guess codes without an end. False when it is not the password any
 * more that was found right, or its path has closed: held until the commit, so that no login begins by a password that is being changed.
 */
export async function noteSuccess(tx: DoorTx, userId: UserId, right: { hash: string; longEnoughFor: number }): Promise<boolean> {
  const changed = await tx.change(
    tx.db
      .updateTable('credential')
      .set({
        failures: sql<number>`case when ${hasFactor(tx, 'credential.user_id')} then failures else 0 end`,
        factor_failures: sql<number>`case when ${hasFactor(tx, 'credential.user_id')} then factor_failures else 0 end`,
        long_enough_for: right.longEnoughFor,
      })
      .where('user_id', '=', userId)
      .where('password_hash', '=', right.hash)
      .where('closed_at', 'is', null),
  )
  return changed === 1
}

/** Opens the path of a password again: its person has proven otherwise who they are. Before their own row is locked, as `noteSuccess`. */
export function openPath(tx: DoorTx, userId: UserId): Promise<number> {
  return tx.change(
    tx.db
      .updateTable('credential')
      .set({ failures: 0, factor_failures: 0, closed_at: null })
      .where('user_id', '=', userId)
      .where('failures', '>', 0),
  )
}

/**
 * Gives somebody a password, the first or another, and opens its path. Letters that were to do so have no use any more, and neither has one
 * by which somebody who knew the old password would change the address. Wrong second
 * factors still count, or whoever reads their mail could guess on by one reset after the other.
 */
export async function setPassword(
  tx: DoorTx,
  userId: UserId,
  { hash, longEnoughFor }: { hash: string; longEnoughFor: number },
): Promise<void> {
  const failures = sql<number>`credential.factor_failures`
  const of = { password_hash: hash, long_enough_for: longEnoughFor, closed_at: null, time_changed: sql<Date>`now()` }
  await tx.change(
    tx.db
      .insertInto('credential')
      .values({ user_id: userId, ...of })
      .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ ...of, failures })),
  )
  await dropLinks(tx, userId, 'reset', 'address')
}

/** Refuses a new password that is too short by the rules as they are now: it was judged, and hashed, before anything was locked. */
export async function demandLength(tx: DoorTx, userId: UserId, { longEnoughFor }: { longEnoughFor: number }): Promise<void> {
  const least = (await findCredential(tx, { userId }))?.least ?? 0
  if (longEnoughFor < least) throw new Failure('password.weak', { detail: `That password needs ${least} characters or more.` })
}

/** Whether a password is known to be long enough where `least` characters are asked for; who has none need not care. */
export function isLongEnough({ long_enough_for }: Pick<Credential, 'long_enough_for'>, least: number): boolean {
  return long_enough_for === null || long_enough_for >= least
}
