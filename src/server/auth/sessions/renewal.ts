/**
 * Tokens that follow one another. A token is replaced by one successor, the same for all who ask until it is seen; then the
 * earlier ones in use retire, after a grace for requests under way. A retired token in use is a copy in somebody's hands: the session ends.
 * One that was overtaken, by a proof whose reply came before its own, retires when it is first used, and has a successor, too: where its
 * reply came late, the browser has that one alone; where it is a copy, its successor replaces its owner's token, and they find out.
 * Whoever changes tokens of a session has them alone meanwhile, so that they are issued and seen in one order.
 */
import { sql } from 'kysely'
import type { SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Device } from '../device.ts'
import { type Issued, type Tokens, tokenHash, type Verified } from '../tokens/token.ts'
import type { Ending } from './ending.ts'

/** From this age on a token is replaced. */
const OLD_MS = 15 * 60_000
/** How long requests under way may still use a token whose successor was seen. */
const GRACE_S = 30
/** After so long without being seen, a successor that its predecessor cannot be given again was lost on its way. */
const LOST_AFTER_MS = 60_000

/** A token as it was presented, found good by `Tokens`. */
export interface Presented extends Pick<Verified, 'claims' | 'hash'> {
  readonly token: string
}

export interface Renewed {
  readonly token: string
  readonly expiresAtMs: number
  readonly remembered: boolean
}

export class Renewal {
  readonly #doors: Doors
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #ending: Ending

  constructor(parts: { doors: Doors; tokens: Tokens; clock: Clock; ending: Ending }) {
    this.#doors = parts.doors
    this.#tokens = parts.tokens
    this.#clock = parts.clock
    this.#ending = parts.ending
  }

  /** Whether a token is to be replaced. */
  isOld({ claims }: Presented): boolean {
    return this.#clock.now() - claims.iat * 1_000 >= OLD_MS
  }

  /**
   * The successor of a token, or why there is none to give: it was seen already, or the session has ended. Whoever asks in parallel, or
   * again because the reply was lost, gets the same one.
   */
  async renew(presented: Presented): Promise<Renewed | 'taken' | 'ended'> {
    return this.#doors.open(presented.claims.tid, async (tx) => {
      const row = await findToken(tx, presented.hash)
      if (!row) return 'ended'
      if (row.retires_at && row.seen_at) return 'taken'
      const found = row.successor && (await this.#given(tx, presented, { successor: row.successor, now: row.now }))
      if (found === 'taken') return 'taken'
      const token = found || (await this.#issue(tx, presented, row))
      return { token, expiresAtMs: row.expires_at.getTime(), remembered: row.remember }
    })
  }

  /**
   * A new token for a session whose person has just proven who they are, in the caller's transaction. It alone is proven: all
   * others of the session retire once it is seen.
   */
  async raise(tx: DoorTx, presented: Presented): Promise<Renewed> {
    return this.#anew(tx, presented, true)
  }

  /** A new token for a session that was good just now, so that whoever has a copy of the earlier one is found out when it is used. */
  async change(presented: Presented): Promise<Renewed> {
    return this.#doors.open(presented.claims.tid, (tx) => this.#anew(tx, presented, false))
  }

  async #anew(tx: DoorTx, presented: Presented, isProof: boolean): Promise<Renewed> {
    const row = await findToken(tx, presented.hash)
    if (!row) throw new Failure('auth.required')
    const { claims } = presented
    const of = {
      userId: claims.sub,
      tenantId: claims.tid,
      sessionId: claims.sid,
      nowMs: row.now.getTime(),
      expiresAtMs: claims.exp * 1_000,
    }
    const { token, keyId } = await this.#tokens.issue(of)
    const hash = tokenHash(token)
    await tx.change(
      tx.db
        .insertInto('auth_token')
        .values({ hash, session_id: row.session_id, key_id: keyId, time_issued: row.now, proven_at: isProof ? row.now : row.proven_at }),
    )
    await tx.change(
      tx.db
        .updateTable('auth_token')
        .set({ successor: hash })
        .where('session_id', '=', row.session_id)
        .where('hash', '!=', hash)
        // Those that nobody has used are too young to be replaced; there may be as many as there were proofs.
        .where('seen_at', 'is not', null)
        .where('retires_at', 'is', null),
    )
    return { token, expiresAtMs: row.expires_at.getTime(), remembered: row.remember }
  }

  /**
   * Notes that a token is in use: those in use that were issued before it retire after a grace. Returns whether it was itself
   * overtaken: one issued later is in use. Then it is the one that retires, and stays unseen, so that it is given its successor.
   */
  async noteSeen(tenantId: TenantId, hash: Buffer): Promise<boolean> {
    return this.#doors.open(tenantId, async (tx) => {
      await holdTokens(tx, hash)
      const token = await tx.first(
        tx.db
          .selectFrom('auth_token')
          .select(['session_id', 'seen_at'])
          .select(({ exists, selectFrom }) =>
            exists(
              selectFrom('auth_token as one')
                .select('one.hash')
                .whereRef('one.session_id', '=', 'auth_token.session_id')
                .where('one.seen_at', 'is not', null)
                // Compared by the database, which knows more digits of a time than JavaScript does.
                .whereRef('one.time_issued', '>', 'auth_token.time_issued'),
            ).as('is_overtaken'),
          )
          .where('hash', '=', hash),
      )
      if (!token || token.seen_at) return false
      const retiring = tx.db
        .updateTable('auth_token')
        .set({ retires_at: sql<Date>`now() + make_interval(secs => ${GRACE_S}::int)` })
        .where('session_id', '=', token.session_id)
        .where('retires_at', 'is', null)
      if (token.is_overtaken) {
        await tx.change(retiring.where('hash', '=', hash))
        return true
      }
      await tx.change(retiring.where('hash', '!=', hash).where('seen_at', 'is not', null))
      await tx.change(tx.db.updateTable('auth_token').set({ seen_at: sql<Date>`now()` }).where('hash', '=', hash))
      return false
    })
  }

  /** A retired token was used: somebody holds a copy, and nobody can tell who of the two is the person. The session ends, and they are told. */
  async suspectTheft(tenantId: TenantId, hash: Buffer, device: Device): Promise<void> {
    await this.#ending.suspectTheft(tenantId, device, async (tx) => {
      const retired = tx.db
        .selectFrom('auth_token')
        .select('session_id')
        .where('hash', '=', hash)
        .where('retires_at', '<=', sql<Date>`now()`)
      return (await tx.first(retired))?.session_id as SessionId | undefined
    })
  }

  /** The token of a program by its successor, or by itself while it is young. Fails with `auth.token_replaced` when another has the successor. */
  async refresh(actor: Actor, presented: Presented): Promise<Renewed> {
    if (!this.isOld(presented) && !actor.isOvertaken) return { token: presented.token, expiresAtMs: actor.expiresAtMs, remembered: false }
    const renewed = await this.renew(presented)
    if (typeof renewed === 'object') return renewed
    throw new Failure(renewed === 'taken' ? 'auth.token_replaced' : 'auth.required')
  }

  /** The successor that there is already: given again while unseen, `taken` once somebody has it, undefined when it was lost. */
  async #given(
    tx: DoorTx,
    presented: Presented,
    { successor, now }: { successor: Buffer; now: Date },
  ): Promise<string | 'taken' | undefined> {
    const next = await tx.first(tx.db.selectFrom('auth_token').select(['time_issued', 'key_id', 'seen_at']).where('hash', '=', successor))
    if (!next) return undefined
    if (next.seen_at) return 'taken'
    const again = await this.#successorOf(presented, { issuedAtMs: next.time_issued.getTime(), keyId: next.key_id ?? '' })
    if (again && tokenHash(again.token).equals(successor)) return again.token
    // It was made at a fresh proof, and goes to nobody who merely has the earlier token.
    return now.getTime() - next.time_issued.getTime() < LOST_AFTER_MS ? 'taken' : undefined
  }

  /** Undefined when its key was retired: then it is no good to anybody. */
  #successorOf({ token, claims }: Presented, of: { issuedAtMs: number; keyId: string }): Promise<Issued | undefined> {
    return this.#tokens.deriveSuccessor({ predecessor: token, claims, ...of })
  }

  async #issue(tx: DoorTx, presented: Presented, row: FoundToken): Promise<string> {
    const issued = await this.#successorOf(presented, { issuedAtMs: row.now.getTime(), keyId: await this.#tokens.currentKeyId() })
    if (!issued) throw new Error('the key that signs now is gone')
    const { token, keyId } = issued
    const hash = tokenHash(token)
    await tx.change(
      tx.db
        .insertInto('auth_token')
        .values({ hash, session_id: row.session_id, key_id: keyId, time_issued: row.now, proven_at: row.proven_at }),
    )
    await tx.change(tx.db.updateTable('auth_token').set({ successor: hash }).where('hash', '=', presented.hash))
    return token
  }
}

interface FoundToken {
  readonly session_id: SessionId
  readonly user_id: UserId
  readonly successor: Buffer | null
  readonly retires_at: Date | null
  readonly seen_at: Date | null
  readonly proven_at: Date | null
  readonly expires_at: Date
  readonly remember: boolean
  /** Later than any of the session's tokens was issued. */
  readonly now: Date
}

/** The token's row, held with all others of its session against those who change any; undefined when the session has ended. */
async function findToken(tx: DoorTx, hash: Buffer): Promise<FoundToken | undefined> {
  await holdTokens(tx, hash)
  return tx.first(
    tx.db
      .selectFrom('auth_token')
      .innerJoin('auth_session', 'auth_session.id', 'auth_token.session_id')
      .select(['session_id', 'user_id', 'successor', 'retires_at', 'auth_token.seen_at', 'proven_at', 'expires_at', 'remember'])
      .select(({ fn, selectFrom }) =>
        fn<Date>('greatest', [
          // Not the transaction's: that began before it held the tokens, and others may have been issued since.
          sql`clock_timestamp()`,
          selectFrom('auth_token as one')
            .select(sql`max(one.time_issued) + interval '1 millisecond'`.as('later'))
            .whereRef('one.session_id', '=', 'auth_token.session_id'),
        ]).as('now'),
      )
      .where('hash', '=', hash)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', sql<Date>`now()`),
  ) as Promise<FoundToken | undefined>
}

/** Waits until nobody else changes tokens of the session; held until the commit. Not its own row, which every write shares. */
async function holdTokens(tx: DoorTx, hash: Buffer): Promise<void> {
  await tx.first(
    tx.db
      .selectFrom('auth_session_seen')
      .select('session_id')
      .where('session_id', '=', ({ selectFrom }) => selectFrom('auth_token').select('session_id').where('hash', '=', hash))
      .forUpdate(),
  )
}
