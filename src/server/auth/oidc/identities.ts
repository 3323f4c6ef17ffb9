/** Who somebody is at a provider: issuer and subject, never an address. One account here for each, and one there for each person and issuer. */
import { sql } from 'kysely'
import type { IdentityId, UserId } from '#contract/ids.ts'
import type { Identity } from '#contract/oidc.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Claims } from './client.ts'

type Who = Pick<Claims, 'issuer' | 'subject'>

/** The one of this subject, whose use is noted; undefined when nobody is linked to it. */
export async function noteUsed(tx: DoorTx, { issuer, subject }: Who): Promise<{ id: IdentityId; userId: UserId } | undefined> {
  const row = await tx.first(
    tx.db
      .updateTable('identity')
      .set({ used_at: sql<Date>`now()` })
      .where('issuer', '=', issuer)
      .where('subject', '=', subject)
      .returning(['id', 'user_id']),
  )
  return row && { id: row.id as IdentityId, userId: row.user_id as UserId }
}

/** Links a person to it, in the caller's transaction; what they have already is as good. Fails with `oidc.linked_elsewhere`. */
export async function addIdentity(tx: DoorTx, ids: Ids, { userId, ...who }: Who & { userId: UserId }): Promise<IdentityId> {
  const values = { id: ids.next<IdentityId>(), user_id: userId, issuer: who.issuer, subject: who.subject, used_at: sql<Date>`now()` }
  await tx.change(
    tx.db
      .insertInto('identity')
      .values(values)
      .onConflict((conflict) => conflict.doNothing()),
  )
  const found = await noteUsed(tx, who)
  if (found?.userId !== userId) throw new Failure('oidc.linked_elsewhere')
  return found.id
}

/** A person's links, the latest first. */
export async function identitiesOf(tx: DoorTx, userId: UserId, currentIssuer: string | undefined): Promise<Identity[]> {
  const rows = await tx.all(tx.db.selectFrom('identity').selectAll().where('user_id', '=', userId).orderBy('id', 'desc'))
  return rows.map((row) => ({
    id: row.id as IdentityId,
    issuer: row.issuer,
    current: currentIssuer !== undefined && sameIssuer(row.issuer, currentIssuer),
    timeLinked: row.time_created.toISOString(),
    usedAt: row.used_at?.toISOString() ?? null,
  }))
}

/** Whether two spellings name one issuer: as it was typed, and as it names itself. */
const sameIssuer = (one: string, other: string) => URL.parse(one)?.href === URL.parse(other)?.href

/** Ends the sign-ins of a person that began at the provider and wait for a second factor. */
export async function dropTickets(tx: DoorTx, userId: UserId): Promise<void> {
  await tx.change(tx.db.deleteFrom('sign_in_ticket').where('user_id', '=', userId).where('way', '=', 'provider'))
}

/** Undoes a link, and ends what began by it and waits. Fails with `identity.not_found`, or `identity.last_way` for somebody who could not sign in without it. */
export async function removeIdentity(tx: DoorTx, userId: UserId, id: IdentityId): Promise<void> {
  const removed = await tx.change(tx.db.deleteFrom('identity').where('id', '=', id).where('user_id', '=', userId))
  if (removed !== 1) throw new Failure('identity.not_found')
  await dropTickets(tx, userId)
  const password = tx.db.selectFrom('credential').select('user_id').where('user_id', '=', userId)
  const passkey = tx.db.selectFrom('passkey').select('user_id').where('user_id', '=', userId)
  if (!(await tx.first(password.unionAll(passkey)))) throw new Failure('identity.last_way')
}
