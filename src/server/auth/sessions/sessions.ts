/** Login sessions: rows are the truth, the cache entry `auth:session:{token_hash}` follows them. Beginning them and noting activity are doors. */
import { sql } from 'kysely'
import type { SessionId, UserId } from '#contract/ids.ts'
import type { EndReason, Session } from '#contract/sessions.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import { type Device, deviceName } from '../device.ts'
import { mustSetUp } from '../factors/rules.ts'
import { insertEvents, type NewEvent, SYSTEM } from '../security-log.ts'
import { type Tokens, tokenHash } from '../tokens/token.ts'
import { HAS_RUN_OUT, IS_LIVE, RAN_OUT_AT, RAN_OUT_BY } from './session-lists.ts'

/** Activity is written at most this often. */
const SEEN_EVERY_MS = 60_000
const MOST_SEEN_KEPT = 50_000

/** What somebody who signs in has proven, from where, and what they wish. */
export interface Beginning {
  readonly device: Device
  readonly methods: Session['methods']
  /** To stay signed in for longer, if the organisation allows it. */
  readonly remember?: boolean
  /** Whether that was two factors: then none has to be set up first. */
  readonly isTwoFactors?: boolean
}

export interface BegunSession {
  readonly token: string
  readonly sessionId: SessionId
  readonly expiresAtMs: number
  /** Whether a browser is to keep its cookie when it is closed. */
  readonly remembered: boolean
}

export class Sessions {
  readonly #doors: Doors
  readonly #tokens: Tokens
  readonly #clock: Clock
  readonly #ids: Ids
  readonly #seenAtMs = new Map<SessionId, number>()

  constructor(parts: { doors: Doors; tokens: Tokens; clock: Clock; ids: Ids }) {
    this.#doors = parts.doors
    this.#tokens = parts.tokens
    this.#clock = parts.clock
    this.#ids = parts.ids
  }

  /**
   * Adds a new session for a person who has just proven who they are, in the caller's transaction. How long it lasts the organisation's
   * policy says, and the database's clock. Fails with `auth.wrong_credentials` when the person was suspended meanwhile.
   */
  async begin(tx: DoorTx, userId: UserId, { device, methods, remember = false, isTwoFactors = false }: Beginning): Promise<BegunSession> {
    const id = this.#ids.next<SessionId>()
    const row = await tx.first(newSession(tx, { id, userId, device, methods, remember, isTwoFactors }))
    if (!row) throw new Failure('auth.wrong_credentials')
    const expiresAtMs = row.expires_at.getTime()
    const of = { userId, tenantId: tx.tenantId, sessionId: id, nowMs: row.time_created.getTime(), expiresAtMs }
    const { token, keyId } = await this.#tokens.issue(of)
    const ranOut = await noteRunOut(tx, userId)
    await tx.changeAll([
      tx.db.insertInto('auth_session_seen').values({ session_id: id, user_id: userId, ip: device.ip }),
      tx.db.insertInto('auth_token').values({ hash: tokenHash(token), session_id: id, key_id: keyId, seen_at: NOW, proven_at: NOW }),
      insertEvents(tx, this.#ids, [...ranOut, { userId, kind: 'signed_in', by: { kind: 'self', device }, sessionId: id }]),
    ])
    return { token, sessionId: id, expiresAtMs, remembered: row.remember }
  }

  /** Notes that somebody is there, at most once a minute. A session that has idled out is not brought back by it. */
  async noteActivity(actor: Actor, ip: string): Promise<void> {
    const { sessionId, tenantId } = actor
    const nowMs = this.#clock.now()
    const sinceMs = nowMs - (this.#seenAtMs.get(sessionId) ?? Number.NEGATIVE_INFINITY)
    // A clock that was set back counts as a minute, too.
    if (sinceMs >= 0 && sinceMs < SEEN_EVERY_MS) return
    if (this.#seenAtMs.size >= MOST_SEEN_KEPT) this.#seenAtMs.delete(this.#seenAtMs.keys().next().value!)
    this.#seenAtMs.set(sessionId, nowMs)
    await this.#doors.open(tenantId, (tx) => tx.change(seenNow(tx, sessionId, ip)))
  }

  /** The same at once, for somebody who says that they are there; false when the session has ended. */
  async extend(actor: Actor, ip: string): Promise<boolean> {
    return this.#doors.open(actor.tenantId, async (tx) => (await tx.change(seenNow(tx, actor.sessionId, ip))) === 1)
  }
}

const NOW = sql<Date>`now()`
/** As many ends as one statement writes down; the rest is noted at the next sign-in. Without a bound, too many would let nobody in. */
const MOST_RUN_OUT = 1_000

/** The session with its limits, for a person who is active and by rules that hold until the commit; no row for anybody else. */
function newSession(tx: DoorTx, of: Required<Beginning> & { id: SessionId; userId: UserId }) {
  const remembers = sql<boolean>`(login_policy.remember and ${of.remember}::boolean)`
  const limit = (remembered: string, usual: string) =>
    sql<number>`case when ${remembers} then ${sql.ref(remembered)} else ${sql.ref(usual)} end`
  return tx.db
    .insertInto('auth_session')
    .columns([
      'id',
      'user_id',
      'idle_limit_s',
      'expires_at',
      'remember',
      'restricted',
      'proof_good_for_s',
      'methods',
      'ip',
      'user_agent',
      'device',
    ])
    .expression(
      tx.db
        .selectFrom('user')
        .innerJoin('login_policy', (join) => join.onTrue())
        .select([
          sql<string>`${of.id}::uuid`.as('id'),
          'user.id as user_id',
          limit('remember_idle_limit_s', 'idle_limit_s').as('idle_limit_s'),
          sql<Date>`now() + make_interval(secs => ${limit('remember_absolute_limit_s', 'absolute_limit_s')})`.as('expires_at'),
          remembers.as('remember'),
          sql<boolean>`(${mustSetUp(tx)} and not ${of.isTwoFactors}::boolean)`.as('restricted'),
          'login_policy.proof_good_for_s',
          sql<string[]>`${of.methods}::text[]`.as('methods'),
          sql<string>`${of.device.ip}::inet`.as('ip'),
          sql<string | null>`${of.device.userAgent?.slice(0, 400) ?? null}::text`.as('user_agent'),
          sql<string>`${deviceName(of.device.userAgent)}::text`.as('device'),
        ])
        .where('user.id', '=', of.userId)
        .where('user.status', '=', 'active')
        .forShare(['user', 'login_policy']),
    )
    .returning(['expires_at', 'time_created', 'remember'])
}

/** Ends what has run out of a person's since they were last asked who they are; nothing acts at its very time, and they may wonder. */
async function noteRunOut(tx: DoorTx, userId: UserId): Promise<NewEvent[]> {
  const rows = await tx.all(
    tx.db
      .with('over', (db) =>
        db
          .selectFrom('auth_session')
          .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
          .select(['auth_session.id', RAN_OUT_AT.as('at'), RAN_OUT_BY.as('reason')])
          .where('auth_session.user_id', '=', userId)
          .where(HAS_RUN_OUT)
          .limit(MOST_RUN_OUT)
          // Somebody who signs in beside this one notes them as well.
          .forNoKeyUpdate('auth_session')
          .skipLocked(),
      )
      .updateTable('auth_session')
      .from('over')
      .set((of) => ({ revoked_at: of.ref('over.at'), revoked_reason: of.ref('over.reason') }))
      .whereRef('auth_session.id', '=', 'over.id')
      .returning(['auth_session.id', 'auth_session.kind', 'auth_session.device', 'revoked_at', 'revoked_reason']),
  )
  return rows.map(({ id, kind, device, revoked_at, revoked_reason }) => ({
    userId,
    kind: kind === 'api' ? 'token_revoked' : 'session_ended',
    by: SYSTEM,
    sessionId: id as SessionId,
    reason: revoked_reason as EndReason,
    device,
    at: revoked_at!,
  }))
}

function seenNow(tx: DoorTx, sessionId: SessionId, ip: string) {
  return tx.db
    .updateTable('auth_session_seen')
    .from('auth_session')
    .set({ seen_at: NOW, ip })
    .where('session_id', '=', sessionId)
    .whereRef('auth_session.id', '=', 'session_id')
    .where(IS_LIVE)
}
