/** Whom people of an organisation see. Row security holds to it: `enter` reads it anew each time. */
import type { Directory } from '#contract/people.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { ReadTx } from '../../isolation/unit-of-work.ts'

/** The setting in force. */
export async function readDirectory(tx: ReadTx): Promise<Directory> {
  const row = await tx.first(tx.db.selectFrom('login_policy').select('directory'))
  if (!row) throw new Error('this organisation has no login policy')
  return { shows: row.directory as Directory['shows'] }
}

/** Puts another one in force, from the commit on; answers 0 where it was in force already. */
export async function writeDirectory(tx: DoorTx, { shows }: Directory): Promise<number> {
  return tx.change(tx.db.updateTable('login_policy').set({ directory: shows }).where('directory', '<>', shows))
}
