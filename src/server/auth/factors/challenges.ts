/**
 * What passkeys are asked to sign: random, kept as a hash, good once, for five minutes, and for what it was made for alone: its purpose,
 * and the person, the login or the sign-in under way that it belongs to.
 */
import { randomBytes } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { SessionId, UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import { readJson } from '../../kernel/json.ts'
import { tokenHash } from '../tokens/token.ts'

/** What a challenge is for. `sign_in` is for whoever comes: who they are, the passkey says. */
export type Purpose =
  | { readonly purpose: 'sign_in' }
  | { readonly purpose: 'second_factor'; readonly userId: UserId; readonly ticket: Buffer }
  | { readonly purpose: 'add' | 'prove'; readonly userId: UserId; readonly sessionId: SessionId }

/** A new challenge, in base64url. */
export async function makeChallenge(tx: DoorTx, of: Purpose): Promise<string> {
  const challenge = randomBytes(32).toString('base64url')
  const over = tx.db.selectFrom('challenge').select('hash').where('expires_at', '<=', sql<Date>`now()`).forUpdate().skipLocked()
  await tx.changeAll([
    tx.db.insertInto('challenge').values({ hash: tokenHash(challenge), ...columns(of) }),
    // Those that nobody answered go as others come; last, since this may wait for whose it is, and holds none of theirs then.
    tx.db.deleteFrom('challenge').where('hash', 'in', over),
  ])
  return challenge
}

/** Uses a challenge up: of several who try at once one is answered true, and nobody for whom it was not made. */
export async function takeChallenge(tx: DoorTx, challenge: string, of: Purpose): Promise<boolean> {
  const { purpose, user_id, session_id, ticket } = columns(of)
  const same = (column: string, value: RawBuilder<unknown>) => sql<boolean>`${sql.ref(column)} is not distinct from ${value}`
  const taken = tx.db
    .deleteFrom('challenge')
    .where('hash', '=', tokenHash(challenge))
    .where('purpose', '=', purpose)
    .where(same('user_id', sql`${user_id}::uuid`))
    .where(same('session_id', sql`${session_id}::uuid`))
    .where(same('ticket', sql`${ticket}::bytea`))
    .where('expires_at', '>', sql<Date>`now()`)
  return (await tx.change(taken)) === 1
}

/** The challenge that a response says it answers; whether it does, the signature tells. */
export function challengeIn(clientDataJson: string): string {
  const data = readJson(Buffer.from(clientDataJson, 'base64url').toString())
  return typeof data === 'object' && data !== null && 'challenge' in data && typeof data.challenge === 'string' ? data.challenge : ''
}

function columns(of: Purpose) {
  return {
    purpose: of.purpose,
    user_id: 'userId' in of ? of.userId : null,
    session_id: 'sessionId' in of ? of.sessionId : null,
    ticket: 'ticket' in of ? of.ticket : null,
  }
}
