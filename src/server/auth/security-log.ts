/** The security log: what happened to somebody's account, written in the transaction in which it happens, read by its person alone. */
import { sql } from 'kysely'
import type { Role } from '#contract/accounts.ts'
import type { EventId, SessionId, UserId } from '#contract/ids.ts'
import type { EventKind, SecurityEvent } from '#contract/security.ts'
import type { EndReason } from '#contract/sessions.ts'
import type { DoorTx } from '../isolation/doors.ts'
import type { ReadTx, WriteTx } from '../isolation/unit-of-work.ts'
import type { Ids } from '../kernel/ids.ts'
import { type Device, deviceName } from './device.ts'

/** Who did it: the person, an administrator, whoever runs the server, or Sardonyx by itself. */
export interface By {
  readonly kind: SecurityEvent['by']
  readonly userId?: UserId
  readonly device?: Device
}

export const SYSTEM: By = { kind: 'system' }
export const OPERATOR: By = { kind: 'operator' }

export interface NewEvent {
  readonly userId: UserId
  readonly kind: EventKind
  readonly by: By
  readonly sessionId?: SessionId
  readonly reason?: EndReason
  /** Of a change of role. */
  readonly roles?: { readonly from: Role; readonly to: Role }
  /** The device that it is about, where that is not the one that did it. */
  readonly device?: string
  /** Shown to the person until they have seen it. */
  readonly notice?: boolean
  /** Of events with the same, one is kept. */
  readonly once?: string
  /** When it happened, where it is written down later. */
  readonly at?: Date
}

/** The rows of events, as a query for the transaction in which they happen. */
export function insertEvents(tx: DoorTx, ids: Ids, events: readonly NewEvent[]) {
  return tx.db
    .insertInto('security_event')
    .values(
      events.map(({ userId, kind, by, sessionId, reason, roles, device, notice, once, at }) => ({
        id: ids.next<EventId>(),
        user_id: userId,
        scope_id: userId,
        kind,
        by: by.kind,
        by_user_id: by.userId ?? null,
        session_id: sessionId ?? null,
        reason: reason ?? null,
        role_before: roles?.from ?? null,
        role_after: roles?.to ?? null,
        device: device ?? (by.device ? deviceName(by.device.userAgent) : null),
        ip: by.device?.ip ?? null,
        notice: notice ?? false,
        once: once ?? null,
        ...(at ? { time_created: at } : {}),
      })),
    )
    .onConflict((conflict) => conflict.columns(['user_id', 'once']).doNothing())
}

interface Page {
  readonly limit: number
  /** The id of the last one of the page before. */
  readonly after: string | undefined
  readonly about: 'all' | 'ends' | 'notices'
}

/** A page of one's own events, the latest first, and one more where there are more. */
export async function listEvents(tx: ReadTx, { limit, after, about }: Page): Promise<SecurityEvent[]> {
  let query = tx.db
    .selectFrom('security_event')
    .leftJoin('user', 'user.id', 'security_event.by_user_id')
    .leftJoin('auth_session', 'auth_session.id', 'security_event.session_id')
    .select([
      'security_event.id',
      'security_event.kind',
      'by',
      'by_user_id',
      'user.name',
      'session_id',
      'reason',
      'security_event.device',
      'notice',
      'read_at',
    ])
    .select(['role_before', 'role_after', 'auth_session.methods'])
    .select([sql<string | null>`host(security_event.ip)`.as('ip'), 'security_event.time_created'])
    .where('security_event.user_id', '=', tx.actor.userId)
  if (about === 'ends') query = query.where('security_event.kind', 'in', ['session_ended', 'theft_suspected'])
  if (about === 'notices') query = query.where('notice', '=', true).where('read_at', 'is', null)
  if (after) query = query.where('security_event.id', '<', after)
  const rows = await tx.all(query.orderBy('security_event.id', 'desc').limit(limit))
  return rows.map((row) => ({
    id: row.id as EventId,
    kind: row.kind as EventKind,
    by: row.by as SecurityEvent['by'],
    byUser: row.by_user_id && row.name !== null ? { id: row.by_user_id as UserId, name: row.name } : null,
    sessionId: row.session_id as SessionId | null,
    methods: row.kind === 'signed_in' ? (row.methods as SecurityEvent['methods']) : null,
    reason: row.reason as EndReason | null,
    roles: row.role_before && row.role_after ? { from: row.role_before as Role, to: row.role_after as Role } : null,
    device: row.device,
    ip: row.ip,
    unread: row.notice && row.read_at === null,
    time: row.time_created.toISOString(),
  }))
}

/** Notes that a notice was seen; false when there is no such event of one's own. */
export async function noteRead(tx: WriteTx, eventId: EventId): Promise<boolean> {
  const changed = await tx.change(
    tx.db
      .updateTable('security_event')
      .set({ read_at: sql<Date>`coalesce(read_at, now())` })
      .where('id', '=', eventId)
      .where('user_id', '=', tx.actor.userId),
  )
  return changed === 1
}
