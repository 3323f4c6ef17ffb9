/** `sardonyx session …`: logins and API tokens as the operator sees them, and their end. */
import { sql } from 'kysely'
import type { SessionId } from '#contract/ids.ts'
import { OPERATOR } from '../auth/security-log.ts'
import { matching } from '../auth/sessions/session-lists.ts'
import type { TenantEntry } from '../isolation/doors.ts'
import { type Login, personAt } from './operator.ts'

/** Which logins: one, those of a person, or all. */
export interface Which {
  readonly id?: SessionId | undefined
  readonly email?: string | undefined
}

export interface SessionEntry {
  readonly id: string
  readonly email: string
  readonly kind: string
  readonly device: string
  readonly signedInAt: string
  readonly seenAt: string
  readonly endsAt: string
  readonly address: string | null
}

/** Those that are good now, the latest first. */
export async function listSessions(login: Login, tenant: TenantEntry, which: Which): Promise<SessionEntry[]> {
  const chosen = await chosenBy(login, tenant, which)
  const rows = await login.doors.open(tenant.id, (tx) =>
    tx.all(
      tx.db
        .selectFrom('auth_session')
        .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
        .innerJoin('user', 'user.id', 'auth_session.user_id')
        .select(['auth_session.id', 'email', 'kind', 'device', 'auth_session.time_created', 'seen_at', 'expires_at'])
        .select(sql<string | null>`host(coalesce(${sql.ref('auth_session_seen.ip')}, ${sql.ref('auth_session.ip')}))`.as('address'))
        .where((all) => all.and(matching(chosen)))
        .orderBy('auth_session.id', 'desc'),
    ),
  )
  return rows.map(({ time_created, seen_at, expires_at, ...row }) => ({
    ...row,
    signedInAt: time_created.toISOString(),
    seenAt: seen_at.toISOString(),
    endsAt: expires_at.toISOString(),
  }))
}

/** A login in a line, for a terminal. */
export function sessionLine({ id, email, kind, device, signedInAt, seenAt, address }: SessionEntry): string {
  const what = kind === 'api' ? 'API token' : device
  return [id, email, what, `since ${signedInAt.slice(0, 16)}Z`, `seen ${seenAt.slice(0, 16)}Z`, address ?? ''].join('\t')
}

/** Ends those that are meant; answers how many. */
export async function revokeSessions(login: Login, tenant: TenantEntry, which: Which): Promise<number> {
  const chosen = await chosenBy(login, tenant, which)
  return login.ending.endAs(tenant.id, { chosen, end: { reason: 'operator', by: OPERATOR, notice: true } })
}

async function chosenBy(login: Login, tenant: TenantEntry, { id, email }: Which) {
  const userId = email === undefined ? undefined : (await personAt(login, tenant, email)).id
  return { sessionId: id, userId }
}
