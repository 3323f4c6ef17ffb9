/**
 * Actors: who is acting, as the database found out. The brand cannot be forged by a literal; only `mint.ts` makes one, and only
 * `auth` and the job runner may import that.
 */
import type { Role } from '#contract/accounts.ts'
import type { Ability } from '#contract/endpoint.ts'
import type { JobId, ScopeId, SessionId, TenantId, UserId } from '#contract/ids.ts'

declare const brand: unique symbol

/** A person of a tenant, acting under one of their login sessions, or by an API token, which is a session of its own kind. */
export interface Actor {
  readonly [brand]: 'actor'
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly role: Role
  readonly sessionId: SessionId
  /** What an API token is good for; null under a login, which is good for everything. */
  readonly abilities: readonly Ability[] | null
  /** Whether the login was proven a short while ago. Only an actor that was just found in the database may be; a cached one is not. */
  readonly isProven: boolean
  /** Whether it has yet to set up the second factor that its organisation requires: it is good for that, and reaches no scope. */
  readonly isRestricted: boolean
  /** Whether its token was first used after a later one was, and is to be replaced now. A cached actor's was not. */
  readonly isOvertaken: boolean
  /** Presented to the database in each unit of work; of all that is in here, it believes nothing else. */
  readonly tokenHash: Buffer
  /** What the application filter uses. Row security uses the scopes that the database finds. */
  readonly readScopes: readonly ScopeId[]
  readonly writeScopes: readonly ScopeId[]
  /** When the session ends for good, in milliseconds since 1970. */
  readonly expiresAtMs: number
}

/** A person's job, acting after its request: it reads as they may, and writes one thing only: a chat, or an export. */
export interface JobActor {
  readonly [brand]: 'job'
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly jobId: JobId
  readonly readScopes: readonly ScopeId[]
  readonly writeScopes: readonly ScopeId[]
}

/** An organisation's clean-up, acting for nobody: it reaches no scope, and removes what the database says is past its time. */
export interface CleanUpActor {
  readonly [brand]: 'clean-up'
  readonly tenantId: TenantId
  readonly jobId: JobId
  readonly readScopes: readonly []
  readonly writeScopes: readonly []
}

/** The erasure of a person, acting for nobody: it reaches no scope, and removes what the database says is that person's. */
export interface ErasureActor {
  readonly [brand]: 'erasure'
  readonly tenantId: TenantId
  readonly jobId: JobId
  readonly readScopes: readonly []
  readonly writeScopes: readonly []
}

export type AnyActor = Actor | JobActor | CleanUpActor | ErasureActor
