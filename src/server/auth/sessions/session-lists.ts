/** Lists of login sessions: a person's own, and for administrators those of the organisation, by a filter that lists, counts and ends alike. */
import { type Expression, type SqlBool, sql } from 'kysely'
import { SessionId, type UserId } from '#contract/ids.ts'
import type { AnySession, CurrentSession, Session, SessionFilter } from '#contract/sessions.ts'
import type { ReadTx } from '../../isolation/unit-of-work.ts'
import { Failure } from '../../kernel/failure.ts'

const COLUMNS = [
  'auth_session.id',
  'auth_session.user_id',
  'auth_session.kind',
  'auth_session.device',
  'auth_session.methods',
  'auth_session.remember',
  'auth_session.time_created',
  'auth_session.expires_at',
  'auth_session_seen.seen_at',
] as const
const ADDRESSES = [
  sql<string | null>`host(${sql.ref('auth_session.ip')})`.as('signed_in_from'),
  sql<string | null>`host(${sql.ref('auth_session_seen.ip')})`.as('seen_from'),
] as const

const session = (column: string) => sql.ref(`auth_session.${column}`)
const SEEN_AT = sql.ref('auth_session_seen.seen_at')
/** Null for an API token, which has no idle limit. */
const IDLE_ENDS_AT = sql<Date | null>`${SEEN_AT} + make_interval(secs => ${session('idle_limit_s')})`

/** What makes a session one that is good now, in a query on `auth_session` joined with `auth_session_seen`. */
export const IS_LIVE = sql<SqlBool>`${session('revoked_at')} is null and ${session('expires_at')} > now()
  and (${session('idle_limit_s')} is null or ${IDLE_ENDS_AT} > now())`

/** What has run out, and nobody has written it down yet; when it did, and by which limit. */
export const HAS_RUN_OUT = sql<SqlBool>`${session('revoked_at')} is null and not (${IS_LIVE})`
export const RAN_OUT_AT = sql<Date>`least(${session('expires_at')}, ${IDLE_ENDS_AT})`
export const RAN_OUT_BY = sql<string>`case when ${IDLE_ENDS_AT} < ${session('expires_at')} then 'idle' else 'expired' end`

/** Which sessions: a filter, or some of them by their ids, and but for one's own. */
export interface Chosen extends SessionFilter {
  readonly sessionId?: SessionId | undefined
  readonly sessionIds?: readonly SessionId[] | undefined
  readonly not?: SessionId | undefined
}

/** The conditions of a choice, for the same query; those that have ended are never among them. */
export function matching(chosen: Chosen): Expression<SqlBool>[] {
  const { userId, kind, device, remembered, signedInBefore, seenBefore, sessionId, sessionIds, not } = chosen
  const conditions: [isGiven: boolean, condition: Expression<SqlBool>][] = [
    [sessionId !== undefined, sql`${session('id')} = ${sessionId}`],
    [sessionIds !== undefined, sql`${session('id')} = any(${sessionIds}::uuid[])`],
    [not !== undefined, sql`${session('id')} <> ${not}`],
    [userId !== undefined, sql`${session('user_id')} = ${userId}`],
    [kind !== undefined, sql`${session('kind')} = ${kind}`],
    [device !== undefined, sql`strpos(lower(${session('device')}), lower(${device}::text)) > 0`],
    [remembered !== undefined, sql`${session('remember')} = ${remembered}`],
    [signedInBefore !== undefined, sql`${session('time_created')} < ${signedInBefore}::timestamptz`],
    [seenBefore !== undefined, sql`${SEEN_AT} < ${seenBefore}::timestamptz`],
  ]
  return [IS_LIVE, ...conditions.flatMap(([isGiven, condition]) => (isGiven ? [condition] : []))]
}

interface Page {
  readonly limit: number
  /** The id of the last one of the page before. */
  readonly after: string | undefined
}

/** A page of the actor's own logins, the latest first. */
export async function listOwn(tx: ReadTx, { limit, after }: Page): Promise<Session[]> {
  const { actor } = tx
  const rows = await tx.all(
    tx.db
      .selectFrom('auth_session')
      .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
      .select([...COLUMNS, ...ADDRESSES, IDLE_ENDS_AT.as('idle_ends_at')])
      // Row security shows administrators everybody's, so this says whose.
      .where((all) => all.and(matching({ userId: actor.userId, kind: 'login' })))
      .$if(after !== undefined, (query) => query.where('auth_session.id', '<', after!))
      .orderBy('auth_session.id', 'desc')
      .limit(limit),
  )
  return rows.map((row) => ({ ...shown(row, actor.sessionId), idleEndsAt: row.idle_ends_at!.toISOString() }))
}

/** A page of the organisation's logins and API tokens that a filter finds; for administrators, since row security shows others their own only. */
export async function listAll(tx: ReadTx, { limit, after, ...filter }: Page & SessionFilter): Promise<AnySession[]> {
  const rows = await tx.all(
    tx.db
      .selectFrom('auth_session')
      .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
      .innerJoin('user', 'user.id', 'auth_session.user_id')
      .select([...COLUMNS, ...ADDRESSES, 'user.name', 'user.email'])
      .where((all) => all.and(matching(filter)))
      .$if(after !== undefined, (query) => query.where('auth_session.id', '<', after!))
      .orderBy('auth_session.id', 'desc')
      .limit(limit),
  )
  return rows.map((row) => ({
    ...shown(row, tx.actor.sessionId),
    kind: row.kind as AnySession['kind'],
    user: { id: row.user_id as UserId, name: row.name, email: row.email },
  }))
}

/** How many logins a filter finds besides the actor's own, and of how many people; `only` is the one, where they are of one person. */
export async function countAll(tx: ReadTx, filter: SessionFilter): Promise<{ sessions: number; people: number; only: UserId | undefined }> {
  const row = await tx.first(
    tx.db
      .selectFrom('auth_session')
      .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
      .select([
        sql<number>`count(*)::int`.as('sessions'),
        sql<number>`count(distinct ${sql.ref('auth_session.user_id')})::int`.as('people'),
        sql<string>`min(${sql.ref('auth_session.user_id')}::text)`.as('one'),
      ])
      .where((all) => all.and(matching({ ...filter, not: tx.actor.sessionId }))),
  )
  const { sessions, people, one } = row!
  return { sessions, people, only: people === 1 ? (one as UserId) : undefined }
}

/** How long the actor's own session lasts, by the database's clock. */
export async function readCurrent(tx: ReadTx, isProven: boolean): Promise<CurrentSession> {
  const { sessionId } = tx.actor
  const row = await tx.first(
    tx.db
      .selectFrom('auth_session')
      .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
      .select(['remember', 'expires_at', IDLE_ENDS_AT.as('idle_ends_at'), sql<Date>`now()`.as('now')])
      .where('auth_session.id', '=', sessionId),
  )
  if (!row) throw new Failure('auth.required')
  return {
    id: sessionId,
    remembered: row.remember,
    now: row.now.toISOString(),
    endsAt: row.expires_at.toISOString(),
    idleEndsAt: row.idle_ends_at?.toISOString() ?? null,
    proven: isProven,
  }
}

interface Row {
  readonly id: string
  readonly device: string
  readonly methods: string[]
  readonly remember: boolean
  readonly time_created: Date
  readonly signed_in_from: string | null
  readonly seen_at: Date
  readonly seen_from: string | null
  readonly expires_at: Date
}

/** What every list shows of a session. */
function shown(row: Row, own: SessionId) {
  const id = SessionId.parse(row.id)
  return {
    id,
    isThis: id === own,
    device: row.device,
    methods: row.methods as Session['methods'],
    remembered: row.remember,
    signedInAt: row.time_created.toISOString(),
    signedInFrom: row.signed_in_from,
    seenAt: row.seen_at.toISOString(),
    seenFrom: row.seen_from,
    endsAt: row.expires_at.toISOString(),
  }
}
