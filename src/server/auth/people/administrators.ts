/** The administrators who can sign in: one of them always stays, and they are told, and decide, what concerns the organisation. */
import { type SqlBool, sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'

/** Those who are none of these people. */
export function administratorsBut(tx: DoorTx, ...not: (UserId | null)[]) {
  return tx.all(
    administrators(tx)
      .select(['id', 'name', 'email'])
      .where(sql<SqlBool>`id <> all(${not.filter((id) => id !== null)}::uuid[])`),
  )
}

/** Those who are not leaving. They stay so until the commit. */
export async function lockAdministrators(tx: DoorTx): Promise<string[]> {
  const rows = await tx.all(administrators(tx).select('id').forNoKeyUpdate())
  // Who is leaving looks after nobody for long. By a statement of its own, which sees what those did who were waited for.
  const leaving = new Set((await tx.all(tx.db.selectFrom('erasure').select('user_id'))).map(({ user_id }) => user_id))
  return rows.map(({ id }) => id).filter((id) => !leaving.has(id))
}

function administrators({ db }: DoorTx) {
  return db.selectFrom('user').where('role', '=', 'admin').where('status', '=', 'active').where('time_joined', 'is not', null).orderBy('id')
}
