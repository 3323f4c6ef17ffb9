/** Who has a second factor, of whom the organisation requires one, and what follows for logins of those who have none. */
import { sql } from 'kysely'
import type { SessionId, UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import { schemaName } from '../../isolation/tables.ts'
import { IS_LIVE } from '../sessions/session-lists.ts'

/** In a query on `user` and `login_policy`. */
const IS_REQUIRED = sql<boolean>`(${sql.ref('login_policy.second_factor')} = 'everyone'
  or (${sql.ref('login_policy.second_factor')} = 'admins' and ${sql.ref('user.role')} = 'admin'))`

/** In a query on `user`, or another table that says whose a row is: whether a person has a second factor. */
export function hasFactor(tx: DoorTx, userId: 'user.id' | 'credential.user_id' = 'user.id') {
  return sql<boolean>`${sql.id(schemaName(tx.tenantId), 'has_factor')}(${sql.ref(userId)})`
}

/** In a query on `user` and `login_policy`: whether a person must set one up before anything else. */
export function mustSetUp(tx: DoorTx) {
  return sql<boolean>`(${IS_REQUIRED} and not ${hasFactor(tx)})`
}

/** Whether a person has a second factor, and whether they have to; by rules that hold until the commit. */
export async function factorRules(tx: DoorTx, userId: UserId): Promise<{ hasFactor: boolean; isRequired: boolean }> {
  const row = await tx.first(
    tx.db
      .selectFrom('user')
      .innerJoin('login_policy', (join) => join.onTrue())
      .select([hasFactor(tx).as('hasFactor'), IS_REQUIRED.as('isRequired')])
      .where('user.id', '=', userId)
      .forShare(['user', 'login_policy']),
  )
  return row ?? { hasFactor: false, isRequired: false }
}

/**
 * Restricts the logins of those who must set one up, in the transaction that made the rules stricter, and has it told as ends are, so that
 * caches and pages hear of it. Answers their API tokens, which are to end.
 */
export async function restrictLogins(tx: DoorTx): Promise<SessionId[]> {
  const theirs = tx.db
    .selectFrom('auth_session')
    .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
    .innerJoin('user', 'user.id', 'auth_session.user_id')
    .innerJoin('login_policy', (join) => join.onTrue())
    .select('auth_session.id')
    .where(IS_LIVE)
    .where(mustSetUp(tx))
  const restricted = await tx.all(
    tx.db
      .updateTable('auth_session')
      .set({ restricted: true })
      .where('id', 'in', theirs.where('auth_session.kind', '=', 'login').where('auth_session.restricted', '=', false))
      .returning('id'),
  )
  if (restricted.length > 0) {
    const told = sql<string>`unnest(${restricted.map(({ id }) => id)}::uuid[])`.as('session_id')
    await tx.change(
      tx.db
        .insertInto('session_end')
        .columns(['session_id'])
        .expression(tx.db.selectNoFrom(told))
        .onConflict((conflict) => conflict.doNothing()),
    )
  }
  return (await tx.all(theirs.where('auth_session.kind', '=', 'api'))).map(({ id }) => id as SessionId)
}
