/**
 * What a request presents to say who is asking: a login token, which we signed, or an API token, which is random. Both name their
 * tenant, where the database looks the hash up; a token not on record is nothing.
 */
import { randomBytes } from 'node:crypto'
import type { SessionId, UserId } from '#contract/ids.ts'
import { TenantId } from '#contract/ids.ts'
import { type Claims, type Tokens, tokenHash } from './token.ts'

export interface Credential {
  readonly token: string
  readonly tenantId: TenantId
  readonly hash: Buffer
  /** Of a login token; undefined for an API token. */
  readonly claims: Claims | undefined
  /** Whose it says it is; the record decides, and must agree. */
  readonly says: { readonly userId: UserId; readonly sessionId: SessionId } | undefined
}

/** Secret, then tenant: the beginning, by which people tell their tokens apart, is random. */
const API_TOKEN = /^sdx_([A-Za-z0-9_-]{43})_([0-9a-f]{32})$/
const SHOWN = 10

/** A new API token of a tenant, and the beginning of it that may be kept and shown. */
export function newApiToken(tenantId: TenantId): { token: string; prefix: string } {
  const token = `sdx_${randomBytes(32).toString('base64url')}_${tenantId.replaceAll('-', '')}`
  return { token, prefix: token.slice(0, SHOWN) }
}

/** The credential that a text is; undefined when it has the form of none, or a signature that is not ours. */
export async function credentialOf(token: string, tokens: Tokens, nowMs: number): Promise<Credential | undefined> {
  const [, , hex] = API_TOKEN.exec(token) ?? []
  if (hex !== undefined) {
    const tenantId = TenantId.safeParse(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
    return tenantId.success ? { token, tenantId: tenantId.data, hash: tokenHash(token), claims: undefined, says: undefined } : undefined
  }
  const verified = await tokens.verify(token, nowMs)
  if (!verified) return undefined
  const { claims, hash } = verified
  return { token, tenantId: claims.tid, hash, claims, says: { userId: claims.sub, sessionId: claims.sid } }
}
