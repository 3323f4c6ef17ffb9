/** Work outside of requests. A job enters by the id of its own walled row; who it acts for and on what, the database says. */
import type { JobId, ScopeId, TenantId, UserId } from '#contract/ids.ts'
import type { Actor, CleanUpActor, ErasureActor, JobActor } from './actor.ts'
import type { Database } from './database.ts'
import { mintCleanUpActor, mintErasureActor, mintJobActor } from './mint.ts'
import { enterJobStatement } from './unit-of-work.ts'

/** What PostgreSQL answers a job that has ended, whose person was suspended, or that lost the right to its object. */
const REFUSED = 'SX403'

export class Jobs {
  readonly #database: Database
  constructor(database: Database) {
    this.#database = database
  }

  /** The actor of a job. Throws, as every unit of work of the job does, once it may not act any more: see `isRefusal`. */
  async actorOf(tenantId: TenantId, jobId: JobId): Promise<JobActor> {
    const [outcome] = await this.#database.fly('worker', [enterJobStatement(tenantId, jobId, false)])
    const row = outcome!.rows[0]!
    return mintJobActor({
      tenantId,
      jobId,
      userId: row.user_id as UserId,
      readScopes: row.read_scopes as ScopeId[],
      writeScopes: row.write_scopes as ScopeId[],
    })
  }

  /**
   * The same of a job that somebody has just begun in one of their scopes, by what is known of them. The database finds anew, in each unit
   * of work, whether it may act and what it reaches.
   */
  begunBy({ tenantId, userId, readScopes }: Actor, job: { id: JobId; scope: ScopeId; readsAll: boolean }): JobActor {
    return mintJobActor({ tenantId, jobId: job.id, userId, readScopes: job.readsAll ? readScopes : [job.scope], writeScopes: [job.scope] })
  }

  /** The actor of a clean-up, which has nothing but its id: whether it may act, the database says in each unit of work. */
  cleanUpOf(tenantId: TenantId, jobId: JobId): CleanUpActor {
    return mintCleanUpActor({ tenantId, jobId })
  }

  /** The same of an erasure. */
  erasureOf(tenantId: TenantId, jobId: JobId): ErasureActor {
    return mintErasureActor({ tenantId, jobId })
  }
}

/** Whether an error says that a job may not act any more, rather than that something broke. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === REFUSED
}
