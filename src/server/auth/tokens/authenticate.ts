/** From a token to an Actor: its form, then the cache, then the database's own `enter`. Only here are Actors minted from tokens. */
import { z } from 'zod'
import { Role } from '#contract/accounts.ts'
import { Ability } from '#contract/endpoint.ts'
import { ScopeId, SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type CacheStore, TenantCache } from '../../isolation/cache.ts'
import type { Database } from '../../isolation/database.ts'
import { mintActor } from '../../isolation/mint.ts'
import { enterStatement } from '../../isolation/unit-of-work.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Renewal } from '../sessions/renewal.ts'
import type { Tenants } from '../tenants.ts'
import { type Credential, credentialOf } from './presented.ts'
import type { Tokens } from './token.ts'

/** The cache entry: whose it is, and what spares the next request a question. */
const CachedSession = z.strictObject({
  user_id: UserId,
  tenant_id: TenantId,
  expires_at: z.iso.datetime(),
  session_id: SessionId,
  role: Role,
  read_scopes: z.array(ScopeId),
  write_scopes: z.array(ScopeId),
  abilities: z.array(Ability).nullable(),
  restricted: z.boolean(),
})
type CachedSession = z.infer<typeof CachedSession>

export class Authenticator {
  readonly #database: Database
  readonly #cache: CacheStore
  readonly #tokens: Tokens
  readonly #tenants: Tenants
  readonly #renewal: Renewal
  readonly #clock: Clock

  constructor(parts: { database: Database; cache: CacheStore; tokens: Tokens; tenants: Tenants; renewal: Renewal; clock: Clock }) {
    this.#database = parts.database
    this.#cache = parts.cache
    this.#tokens = parts.tokens
    this.#tenants = parts.tenants
    this.#renewal = parts.renewal
    this.#clock = parts.clock
  }

  /** The credential that a token is, of an organisation that there is; undefined for everything else. */
  async findCredential(token: string): Promise<Credential | undefined> {
    const credential = await credentialOf(token, this.#tokens, this.#clock.now())
    return credential && (await this.#tenants.byId(credential.tenantId)) ? credential : undefined
  }

  /** The same; fails with `auth.required` where there is none. */
  async credentialOf(token: string): Promise<Credential> {
    const credential = await this.findCredential(token)
    if (!credential) throw new Failure('auth.required')
    return credential
  }

  /**
   * The Actor of a credential; fails with `auth.required` for every one that is not good. A cached Actor may be stale, and shows nothing
   * foreign for that: each unit of work enters anew. With `fresh` the database is asked now.
   */
  async actorOf(credential: Credential, fresh: boolean): Promise<Actor> {
    const { tenantId, hash, says } = credential
    const cache = new TenantCache(this.#cache, tenantId)
    const key = `auth:session:${hash.toString('hex')}` as const
    let session = fresh ? undefined : await this.#cached(cache, key, says)
    let isProven = false
    let isOvertaken = false
    if (!session) {
      const entered = await this.#entered(tenantId, hash)
      session = entered.session
      isProven = entered.isProven
      // Before anything else learns of it: whoever finds the entry may take the token for one that was seen.
      if (entered.isUnseen) isOvertaken = await this.#renewal.noteSeen(tenantId, hash)
      // Of one that was overtaken each request hears of it, until it has a successor.
      if (!isOvertaken) await cache.set(key, session, Math.max(1, (Date.parse(session.expires_at) - this.#clock.now()) / 1_000))
    }
    if (says && (session.user_id !== says.userId || session.session_id !== says.sessionId)) throw new Failure('auth.required')
    return mintActor({
      tenantId,
      userId: session.user_id,
      role: session.role,
      sessionId: session.session_id,
      abilities: session.abilities,
      isProven,
      isRestricted: session.restricted,
      isOvertaken,
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
  async #cached(cache: TenantCache, key: `auth:session:${string}`, says: Credential['says']): Promise<CachedSession | undefined> {
    const { data } = CachedSession.safeParse(await cache.get(key))
    const isTheirs = !says || (data?.user_id === says.userId && data.session_id === says.sessionId)
    return data && isTheirs && Date.parse(data.expires_at) > this.#clock.now() ? data : undefined
  }

  async #entered(tenantId: TenantId, hash: Buffer): Promise<{ session: CachedSession; isUnseen: boolean; isProven: boolean }> {
    const [outcome] = await this.#database.fly('app', [enterStatement(tenantId, hash, false)])
    const row = outcome!.rows[0]!
    const session = CachedSession.parse({
      user_id: row.user_id,
      tenant_id: tenantId,
      expires_at: (row.expires_at as Date).toISOString(),
      session_id: row.session_id,
      role: row.role,
      read_scopes: row.read_scopes,
      write_scopes: row.write_scopes,
      abilities: row.abilities,
      restricted: row.is_restricted,
    })
    return { session, isUnseen: row.is_unseen === true, isProven: row.is_proven === true }
  }
}
