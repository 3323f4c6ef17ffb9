/** `sardonyx user erase` and `user erasures`: erasing somebody without waiting for anything, and reading what was erased. */
import type { Erasure } from '#contract/leaving.ts'
import { refuseLastAdministrator, shownErasure } from '../auth/leaving/leaving.ts'
import { OPERATOR } from '../auth/security-log.ts'
import type { Database } from '../isolation/database.ts'
import type { TenantEntry } from '../isolation/doors.ts'
import { Jobs } from '../isolation/jobs.ts'
import { Queue } from '../isolation/queue.ts'
import { UnitsOfWork } from '../isolation/unit-of-work.ts'
import { Failure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'
import { Erasures } from './erasure.ts'
import { type Installation, urlAs } from './installation.ts'
import { type Login, personAt } from './operator.ts'

interface Erasing {
  readonly login: Login
  readonly tenant: TenantEntry
  readonly database: Database
  readonly installation: Pick<Installation, 'migrator' | 'secrets'>
  readonly backupsKeptDays: number | undefined
  readonly log: Log
}

/**
 * Ends all access of a person and destroys their key, now; the rows are left to a server that runs, or to the next one that starts, since
 * only servers can let go of what is in their memory.
 */
export async function eraseAtOnce(of: Erasing, email: string): Promise<void> {
  const { login, tenant, database, installation, log } = of
  const person = await personAt(login, tenant, email)
  const erasures = new Erasures({
    ...login,
    jobs: new Jobs(database),
    units: new UnitsOfWork(database),
    log,
    backupsKeptDays: of.backupsKeptDays,
  })
  const message = await erasures
    .begin(tenant.id, person.id, { by: OPERATOR, check: (tx) => refuseLastAdministrator(tx, person.id) })
    .catch((error: unknown) => {
      if (!(error instanceof Failure && error.code === 'deletion.last_administrator')) throw error
      throw new Error(`That would leave ${tenant.slug} without an administrator. Make somebody else one first: sardonyx user role.`)
    })
  if (!message) throw new Error(`${email} was erased already.`)
  await erasures.destroyKey(message)
  const queue = await Queue.start({ connectionString: urlAs('worker', installation), ssl: installation.migrator.ssl }, log)
  try {
    await queue.put('erasure', message)
  } finally {
    await queue.stop()
  }
}

/** Every erasure of an organisation, the latest first. */
export async function listErased({ doors }: Login, tenant: TenantEntry): Promise<Erasure[]> {
  const rows = await doors.open(tenant.id, (tx) => tx.all(tx.db.selectFrom('erasure').selectAll().orderBy('asked_at', 'desc')))
  return rows.map(shownErasure)
}

/** An erasure in a line, for a terminal. */
export function erasureLine({
  userId,
  by,
  state,
  askedAt,
  dueAt,
  keyDestroyedAt,
  doneAt,
  counts,
  letters,
  lettersLeft,
  backupsUntil,
}: Erasure): string {
  if (state === 'asked') return `${userId}\tasked ${askedAt}, due ${dueAt}`
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const backups = backupsUntil ? `backups may hold the key until ${backupsUntil}` : 'SARDONYX_BACKUPS_KEPT_DAYS is not set'
  const letterLine = lettersLeft > 0 ? `letters: ${letters}, not all could be looked into` : `letters: ${letters}`
  const asked = by === 'self' ? `asked ${askedAt}` : `by the operator ${askedAt}`
  return [
    userId,
    asked,
    `key destroyed ${keyDestroyedAt}`,
    doneAt ? `done ${doneAt}` : 'under way',
    `rows: ${rows}`,
    letterLine,
    backups,
  ].join('\t')
}
