/** Makes Actors. Imported by `auth` (from a token the database accepted) and by the job runner alone; a lint rule holds that. */
import type { Actor, CleanUpActor, ErasureActor, JobActor } from './actor.ts'

type Unbranded<T> = { [K in keyof T as K extends symbol ? never : K]: T[K] }

/** An Actor from what `enter` returned. */
export function mintActor(found: Unbranded<Actor>): Actor {
  return Object.freeze({ ...found }) as Actor
}

/** A JobActor from what `enter_job` returned. */
export function mintJobActor(found: Unbranded<JobActor>): JobActor {
  return Object.freeze({ ...found }) as JobActor
}

/** A CleanUpActor. It claims nothing: every unit of it is refused unless the database has that job as a clean-up that runs. */
export function mintCleanUpActor(of: Pick<CleanUpActor, 'tenantId' | 'jobId'>): CleanUpActor {
  return Object.freeze({ tenantId: of.tenantId, jobId: of.jobId, readScopes: [], writeScopes: [] }) as unknown as CleanUpActor
}

/** An ErasureActor, which claims as little. */
export function mintErasureActor(of: Pick<ErasureActor, 'tenantId' | 'jobId'>): ErasureActor {
  return Object.freeze({ tenantId: of.tenantId, jobId: of.jobId, readScopes: [], writeScopes: [] }) as unknown as ErasureActor
}
