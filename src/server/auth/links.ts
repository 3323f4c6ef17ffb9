/** Links by which somebody proves that a letter reached them: kept as hashes, good once, for a while, and for one purpose. */
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { DoorTx } from '../isolation/doors.ts'
import { newSecret } from './named-secret.ts'
import { tokenHash } from './token.ts'

/** What a link is for; it is good for nothing else. */
export type LinkKind = 'invitation' | 'reset' | 'recovery' | 'address'

export interface NewLink {
  readonly userId: UserId
  readonly kind: LinkKind
  /** Null for the operator, and for Sardonyx itself. */
  readonly madeBy: UserId | null
  readonly goodForMs: number
  /** What it confirms, where that is something else than the person: a new address. */
  readonly detail?: string
}

export interface MadeLink {
  /** Secret; it goes into a letter and is not kept. */
  readonly token: string
  readonly expiresAt: Date
}

/** Makes a link, in the caller's transaction. Earlier ones of that person and kind are good no more. */
export async function makeLink(tx: DoorTx, { userId, kind, madeBy, goodForMs, detail }: NewLink): Promise<MadeLink> {
  const token = newSecret(tx.tenantId)
  const values = {
    token_hash: tokenHash(token),
    made_by: madeBy,
    detail: detail ?? null,
    expires_at: sql<Date>`now() + make_interval(secs => ${goodForMs / 1_000})`,
  }
  const row = await tx.first(
    tx.db
      .insertInto('link')
      .values({ user_id: userId, kind, ...values })
      .onConflict((conflict) => conflict.columns(['user_id', 'kind']).doUpdateSet({ ...values, time_created: sql<Date>`now()` }))
      .returning('expires_at'),
  )
  return { token, expiresAt: row!.expires_at }
}

/** Whose a link is, if it is good now; it stays good. */
export async function findLink(tx: DoorTx, token: string, kind: LinkKind) {
  return tx.first(
    tx.db
      .selectFrom('link')
      .innerJoin('user', 'user.id', 'link.user_id')
      .select(['user.id', 'user.email', 'user.name', 'link.detail'])
      .where('token_hash', '=', tokenHash(token))
      .where('kind', '=', kind)
      .where('expires_at', '>', sql<Date>`now()`),
  )
}

/** Uses a link up, in the caller's transaction: of several who try at once one is answered true. */
export async function takeLink(tx: DoorTx, token: string, kind: LinkKind): Promise<boolean> {
  const taken = tx.db
    .deleteFrom('link')
    .where('token_hash', '=', tokenHash(token))
    .where('kind', '=', kind)
    .where('expires_at', '>', sql<Date>`now()`)
  return (await tx.change(taken)) === 1
}
