/** From a token to an Actor: signature, then the cache, then the database's own `enter`. Only here are Actors minted from tokens. */
import { z } from 'zod'
import { Role } from '#contract/accounts.ts'
import { ScopeId, SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '../isolation/actor.ts'
import { type CacheStore, TenantCache } from '../isolation/cache.ts'
import type { Database } from '../isolation/database.ts'
import { mintActor } from '../isolation/mint.ts'
import { enterStatement } from '../isolation/unit-of-work.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { Tenants } from './tenants.ts'
import type { Claims, Tokens } from './token.ts'

/** The cache entry: whose it is, and what spares the next request a question. */
const CachedSession = z.strictObject({
  user_id: UserId,
  tenant_id: TenantId,
  expires_at: z.iso.datetime(),
  session_id: SessionId,
  role: Role,
  read_scopes: z.array(ScopeId),
  write_scopes: z.array(ScopeId),
})
type CachedSession = z.infer<typeof CachedSession>

export class Authenticator {
  readonly #database: Database
  readonly #cache: CacheStore
  readonly #tokens: Tokens
  readonly #tenants: Tenants
  readonly #clock: Clock

  constructor(parts: { database: Database; cache: CacheStore; tokens: Tokens; tenants: Tenants; clock: Clock }) {
    this.#database = parts.database
    this.#cache = parts.cache
    this.#tokens = parts.tokens
    this.#tenants = parts.tenants
    this.#clock = parts.clock
  }

  /**
   * The Actor of a token; fails with `auth.required` for every token that is not good. A cached Actor may be stale, and shows nothing
   * foreign for that: each unit of work enters anew. With `fresh` the database is asked now.
   */
  async actorOf(token: string, fresh: boolean): Promise<Actor> {
    const verified = await this.#tokens.verify(token, this.#clock.now())
    if (!verified || !(await this.#tenants.byId(verified.claims.tid))) throw new Failure('auth.required')
    const { claims, hash } = verified
    const cache = new TenantCache(this.#cache, claims.tid)
    const key = `auth:session:${hash.toString('hex')}` as const
    let session = fresh ? undefined : await this.#cached(cache, key, claims)
    if (!session) {
      session = await this.#entered(claims.tid, hash)
      await cache.set(key, session, Math.max(1, (Date.parse(session.expires_at) - this.#clock.now()) / 1_000))
    }
    if (session.user_id !== claims.sub || session.session_id !== claims.sid) throw new Failure('auth.required')
    return mintActor({
      tenantId: session.tenant_id,
      userId: session.user_id,
      role: session.role,
      sessionId: session.session_id,
      tokenHash: hash,
      readScopes: session.read_scopes,
      writeScopes: session.write_scopes,
      expiresAtMs: Date.parse(session.expires_at),
    })
  }

  /** Drops the cached Actor of a token that the database refused. */
  async forget(actor: Actor): Promise<void> {
    await new TenantCache(this.#cache, actor.tenantId).delete(`auth:session:${actor.tokenHash.toString('hex')}`)
  }

  /** The cached session of a token; an entry that is another's, or that has expired, is none. */
  async #cached(cache: TenantCache, key: `auth:session:${string}`, claims: Claims): Promise<CachedSession | undefined> {
    const { data } = CachedSession.safeParse(await cache.get(key))
    const isTheirs = data?.user_id === claims.sub && data.session_id === claims.sid
    return data && isTheirs && Date.parse(data.expires_at) > this.#clock.now() ? data : undefined
  }

  async #entered(tenantId: TenantId, hash: Buffer): Promise<CachedSession> {
    const [outcome] = await this.#database.fly('app', [enterStatement(tenantId, hash, false)])
    const row = outcome!.rows[0]!
    return CachedSession.parse({
      user_id: row.user_id,
      tenant_id: tenantId,
      expires_at: (row.expires_at as Date).toISOString(),
      session_id: row.session_id,
      role: row.role,
      read_scopes: row.read_scopes,
      write_scopes: row.write_scopes,
    })
  }
}
