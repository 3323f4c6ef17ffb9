/** Login sessions: rows are the truth, the cache entry `auth:session:{token_hash}` follows them. Beginning and ending them are doors. */
import { sql } from 'kysely'
import type { SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '../isolation/actor.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Ids } from '../kernel/ids.ts'
import type { SessionEnds } from './session-ends.ts'
import { type Tokens, tokenHash } from './token.ts'

/** The everyday preset: a login ends after a day without activity, and after a week in any case. */
const IDLE_LIMIT_S = 24 * 3_600
const ABSOLUTE_LIMIT_MS = 7 * 24 * 3_600_000
/** Activity is written at most this often. */
const SEEN_EVERY_MS = 60_000
const MOST_SEEN_KEPT = 50_000

export interface Device {
  readonly ip: string
  readonly userAgent: string | null
}

export interface BegunSession {
  readonly token: string
  readonly sessionId: SessionId
  readonly expiresAtMs: number
}

export class Sessions {
  readonly #doors: Doors
  readonly #ends: SessionEnds
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #endListeners = new Set<(sessionId: SessionId) => void>()
  readonly #seenAtMs = new Map<SessionId, number>()

  constructor(parts: { doors: Doors; ends: SessionEnds; tokens: Tokens; clock: Clock; ids: Ids }) {
    this.#doors = parts.doors
    this.#ends = parts.ends
    this.#tokens = parts.tokens
    this.#clock = parts.clock
    this.#ids = parts.ids
    this.#ends.onTold((sessionId) => this.#endHere(sessionId))
  }

  /** Adds a new session for a person who has just proven who they are, in the caller's transaction. */
  async begin(tx: DoorTx, userId: UserId, device: Device): Promise<BegunSession> {
    const sessionId = this.#ids.next<SessionId>()
    const nowMs = this.#clock.now()
    const expiresAtMs = nowMs + ABSOLUTE_LIMIT_MS
    const { token } = await this.#tokens.issue({ userId, tenantId: tx.tenantId, sessionId, nowMs, expiresAtMs })
    await tx.changeAll([
      tx.db.insertInto('auth_session').values({
        id: sessionId,
        user_id: userId,
        expires_at: new Date(expiresAtMs),
        idle_limit_s: IDLE_LIMIT_S,
        ip: device.ip,
        user_agent: device.userAgent?.slice(0, 400) ?? null,
      }),
      tx.db.insertInto('auth_session_seen').values({ session_id: sessionId }),
      tx.db.insertInto('auth_token').values({ hash: tokenHash(token), session_id: sessionId }),
    ])
    return { token, sessionId, expiresAtMs }
  }

  /** Ends the actor's session. Once this has returned, no unit of work that begins with its token succeeds, here or elsewhere. */
  async end(actor: Actor): Promise<void> {
    await this.#doors.open(actor.tenantId, async (tx) => {
      await tx.change(
        tx.db
          .updateTable('auth_session')
          .set({ revoked_at: new Date(this.#clock.now()), revoked_reason: 'signed_out' })
          .where('id', '=', actor.sessionId)
          .where('revoked_at', 'is', null),
      )
      await this.#ends.writeDown(tx, actor.sessionId)
    })
    this.#endHere(actor.sessionId)
    await this.#ends.tell(actor.tenantId)
  }

  /** Calls back whenever a session ends, here or on a server that shares the cache, until the returned function is called. */
  onEnd(listener: (sessionId: SessionId) => void): () => void {
    this.#endListeners.add(listener)
    return () => this.#endListeners.delete(listener)
  }

  /** Notes that the person was active, at most once a minute. A session that has idled out is not brought back by it. */
  async noteActivity(tenantId: TenantId, sessionId: SessionId): Promise<void> {
    const nowMs = this.#clock.now()
    if (nowMs - (this.#seenAtMs.get(sessionId) ?? Number.NEGATIVE_INFINITY) < SEEN_EVERY_MS) return
    if (this.#seenAtMs.size >= MOST_SEEN_KEPT) this.#seenAtMs.delete(this.#seenAtMs.keys().next().value!)
    this.#seenAtMs.set(sessionId, nowMs)
    await this.#doors.open(tenantId, (tx) =>
      tx.change(
        tx.db
          .updateTable('auth_session_seen')
          .from('auth_session')
          .set({ seen_at: sql`now()` })
          .where('session_id', '=', sessionId)
          .whereRef('auth_session.id', '=', 'session_id')
          .where('revoked_at', 'is', null)
          .where(sql<boolean>`seen_at + make_interval(secs => idle_limit_s) > now()`),
      ),
    )
  }

  #endHere(sessionId: SessionId): void {
    for (const listener of this.#endListeners) listener(sessionId)
  }
}
