/** The tables of a tenant as the code sees them, by role, and the name of a tenant's schema. */
import type { TenantId } from '#contract/ids.ts'
import type { DB } from './schema.gen.ts'

export type TenantTables = DB

/** What request handling and jobs may name. What proves a login (credentials, tokens) is not among them. */
export type AppTables = Pick<
  DB,
  | 'chat_session'
  | 'chat_message'
  | 'message_feedback'
  | 'draft'
  | 'branch'
  | 'branch_choice'
  | 'picture'
  | 'privacy_contact'
  | 'erasure'
  | 'export'
  | 'export_part'
  | 'job'
  | 'scope'
  | 'scope_member'
  | 'scope_key'
  | 'model_provider'
  | 'model_provider_key'
  | 'auth_session'
  | 'auth_session_seen'
  | 'api_token'
  | 'security_event'
  | 'login_policy'
> & {
  user: Omit<DB['user'], 'preferences'>
}

/** A tenant's schema, named from its id, never from user input. Throws on anything that is not an id. */
export function schemaName(tenantId: TenantId): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tenantId)) throw new Error('not a tenant id')
  return `t_${tenantId.replaceAll('-', '')}`
}
