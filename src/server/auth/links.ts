/**
 * Links by which somebody proves that a letter reached them: kept as hashes, good once, for a while, for one purpose, and only while their
 * person has the address that they were made for.
 */
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { DoorTx } from '../isolation/doors.ts'
import { newSecret } from './named-secret.ts'
import { tokenHash } from './tokens/token.ts'

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
  /** Where that letter goes: the link is good only while this is the person's address. */
  readonly email: string
}

/**
 * Makes a link, in the caller's transaction. Earlier ones of that person and kind are good no more, but for those to choose another
 * password: anybody may ask for one, and would make that worthless which the person was just sent.
 */
export async function makeLink(tx: DoorTx, { userId, kind, madeBy, goodForMs, detail }: NewLink): Promise<MadeLink> {
  const token = newSecret(tx.tenantId)
  const row = await tx.first(
    tx.db
      .insertInto('link')
      .columns(['token_hash', 'user_id', 'kind', 'made_by', 'detail', 'expires_at', 'email'])
      .expression(
        tx.db
          .selectFrom('user')
          .select([
            sql<Buffer>`${tokenHash(token)}::bytea`.as('token_hash'),
            'user.id',
            sql<string>`${kind}::text`.as('kind'),
            sql<string | null>`${madeBy}::uuid`.as('made_by'),
            sql<string | null>`${detail ?? null}::text`.as('detail'),
            sql<Date>`now() + make_interval(secs => ${goodForMs / 1_000})`.as('expires_at'),
            'user.email',
          ])
          .where('user.id', '=', userId)
          // A change of the address that is under way is waited for, and no other begins.
          .forKeyShare(),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'kind'])
          .where(sql<boolean>`kind <> 'reset'`)
          .doUpdateSet(({ ref }) => ({
            token_hash: ref('excluded.token_hash'),
            made_by: ref('excluded.made_by'),
            detail: ref('excluded.detail'),
            expires_at: ref('excluded.expires_at'),
            email: ref('excluded.email'),
            time_created: sql<Date>`now()`,
          })),
      )
      .returning(['expires_at', 'email']),
  )
  return { token, expiresAt: row!.expires_at, email: row!.email }
}

/** How many links of a kind a person has that are good now. */
export async function countLinks(tx: DoorTx, userId: UserId, kind: LinkKind): Promise<number> {
  const row = await tx.first(
    tx.db
      .selectFrom('link')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('user_id', '=', userId)
      .where('kind', '=', kind)
      .where('expires_at', '>', sql<Date>`now()`),
  )
  return row!.count
}

/** Makes links of these kinds that a person has good for nothing. */
export async function dropLinks(tx: DoorTx, userId: UserId, ...kinds: Exclude<LinkKind, 'invitation'>[]): Promise<void> {
  await tx.change(tx.db.deleteFrom('link').where('user_id', '=', userId).where('kind', 'in', kinds))
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
      .where('expires_at', '>', sql<Date>`now()`)
      .whereRef('link.email', '=', 'user.email'),
  )
}

/** Uses a link up, in the caller's transaction: of several who try at once one is answered true. */
export async function takeLink(tx: DoorTx, token: string, kind: LinkKind): Promise<boolean> {
  const taken = tx.db
    .deleteFrom('link')
    .using('user')
    .whereRef('user.id', '=', 'link.user_id')
    .whereRef('link.email', '=', 'user.email')
    .where('token_hash', '=', tokenHash(token))
    .where('kind', '=', kind)
    .where('expires_at', '>', sql<Date>`now()`)
  return (await tx.change(taken)) === 1
}
