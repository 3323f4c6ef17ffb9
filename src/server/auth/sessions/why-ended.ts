/** Why a login ended, said to whoever holds one of its tokens, good or not, and to nobody else. */
import { sql } from 'kysely'
import { TenantId } from '#contract/ids.ts'
import { EndReason } from '#contract/sessions.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { readJson } from '../../kernel/json.ts'
import type { Tenants } from '../tenants.ts'
import { tokenHash } from '../tokens/token.ts'

export interface WhyEnded {
  /** Null while it has not ended; `unknown` where there is no record of it. */
  readonly reason: EndReason | null
  readonly at: string | null
}

const UNKNOWN: WhyEnded = { reason: 'unknown', at: null }

/** What is on record of the login of a token. Its hash proves that somebody was given it, so one that has expired will do. */
export async function whyEnded(token: string | undefined, { doors, tenants }: { doors: Doors; tenants: Tenants }): Promise<WhyEnded> {
  const tenantId = token === undefined ? undefined : tenantNamedIn(token)
  if (token === undefined || !tenantId || !(await tenants.byId(tenantId))) return UNKNOWN
  const row = await doors.open(tenantId, (tx) => tx.first(lookUp(tx, tokenHash(token))))
  if (!row) return UNKNOWN
  if (row.revoked_at) return { reason: EndReason.catch('unknown').parse(row.revoked_reason), at: row.revoked_at.toISOString() }
  // Whichever came first: a login that idled out has not run out later.
  if (row.idle_ended_at && row.idle_ended_at < row.expires_at) return { reason: 'idle', at: row.idle_ended_at.toISOString() }
  if (row.has_expired) return { reason: 'expired', at: row.expires_at.toISOString() }
  return row.is_active ? { reason: null, at: null } : { reason: 'suspended', at: null }
}

function lookUp({ db }: DoorTx, hash: Buffer) {
  const idleEnd = sql<Date>`${sql.ref('auth_session_seen.seen_at')} + make_interval(secs => idle_limit_s)`
  return db
    .selectFrom('auth_token')
    .innerJoin('auth_session', 'auth_session.id', 'auth_token.session_id')
    .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
    .innerJoin('user', 'user.id', 'auth_session.user_id')
    .select(['revoked_at', 'revoked_reason', 'expires_at'])
    .select([
      sql<boolean>`expires_at <= now()`.as('has_expired'),
      sql<Date | null>`case when ${idleEnd} <= now() then ${idleEnd} end`.as('idle_ended_at'),
      sql<boolean>`status = 'active'`.as('is_active'),
    ])
    .where('hash', '=', hash)
}

function tenantNamedIn(token: string): TenantId | undefined {
  const claims = readJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const tid = typeof claims === 'object' && claims !== null && 'tid' in claims ? claims.tid : undefined
  return TenantId.safeParse(tid).data
}
