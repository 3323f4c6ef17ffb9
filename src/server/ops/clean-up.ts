/**
 * Removing what is past its time, one organisation after the other: each night by the queue, and at once by `sardonyx clean-up`. What is
 * past its time, the database says (policies named `due` in db/tenant); the code here cannot remove anything else.
 */
import type { JobId, TenantId } from '#contract/ids.ts'
import type { CleanUpActor } from '../isolation/actor.ts'
import type { Database } from '../isolation/database.ts'
import { Doors } from '../isolation/doors.ts'
import { isRefusal, Jobs } from '../isolation/jobs.ts'
import { type Message, Queue } from '../isolation/queue.ts'
import { UnitsOfWork } from '../isolation/unit-of-work.ts'
import { systemClock } from '../kernel/clock.ts'
import { Ids } from '../kernel/ids.ts'
import { errorFields, type Log } from '../kernel/log.ts'
import { connect, type Installation, migrateAll, urlAs } from './installation.ts'

/** Rows of a table in one transaction; of scopes one, so that it waits in no circle with those who take their memberships in order. */
const MOST_AT_ONCE = 5_000
/** Took too long, waited too long for a lock, or in a circle. */
const GAVE_UP: ReadonlySet<unknown> = new Set(['57014', '55P03', '40P01'])

/** The tables that are cleaned, in the words of an operator. */
const NAMES: Readonly<Record<string, string>> = {
  auth_session: 'ended sessions',
  auth_token: 'replaced tokens',
  link: 'expired links',
  security_event: 'old security events',
  challenge: 'old challenges',
  sign_in_ticket: 'old sign-in tickets',
  oidc_way: 'old ways to a provider',
  oidc_logout: 'old logout tokens',
  chat_session: 'deleted and temporary chats',
  draft: 'drafts in chats that are gone',
  export: 'old exports',
  happening: 'old happenings',
  recovery: 'old recoveries',
  scope: 'scopes that their chats have left',
  job: 'old jobs',
}

/** How many rows went, by table. */
export type Removed = Readonly<Record<string, number>>

export class CleanUp {
  readonly #doors: Doors
  readonly #units: UnitsOfWork
  readonly #jobs: Jobs
  readonly #log: Log
  readonly #ids = new Ids(systemClock)

  constructor(database: Database, log: Log) {
    this.#doors = new Doors(database)
    this.#units = new UnitsOfWork(database)
    this.#jobs = new Jobs(database)
    this.#log = log
  }

  /** Writes a clean-up of an organisation down. It takes the place of an earlier one, which is refused from then on. */
  async begin(tenantId: TenantId): Promise<Message> {
    const jobId = this.#ids.next<JobId>()
    await this.#doors.open(tenantId, (tx) =>
      tx.changeAll([
        tx.db.updateTable('job').set({ state: 'ended' }).where('kind', '=', 'clean_up').where('state', '=', 'running'),
        tx.db.insertInto('job').values({ id: jobId, kind: 'clean_up' }),
      ]),
    )
    return { tenantId, jobId }
  }

  /**
   * Removes all that is due, in batches, and ends the job; a second attempt goes on where the first left off. The tables take turns, so that
   * one of which very much is due keeps no other from being cleaned; nor does one that cannot be, which is thrown in the end. Answers what it
   * removed, or undefined when there is no such clean-up that may act.
   */
  async run({ tenantId, jobId }: Message, signal?: AbortSignal): Promise<Removed | undefined> {
    const actor = this.#jobs.cleanUpOf(tenantId, jobId)
    const total: Record<string, number> = {}
    const failures: unknown[] = []
    try {
      const tables = await this.#units.read(actor, (tx) => tx.call<{ name: string }>('due_tables'))
      let left = tables.map(({ name }) => ({ name, most: name === 'scope' ? 1 : MOST_AT_ONCE }))
      while (left.length > 0) {
        signal?.throwIfAborted()
        const unfinished: typeof left = []
        for (const table of left) {
          const next = await this.#batch(actor, table).catch((error: unknown) => {
            if (isRefusal(error)) throw error
            this.#log.error({ tenantId, jobId, table: table.name, ...errorFields(error) }, 'a table could not be cleaned')
            failures.push(error)
          })
          total[table.name] = (total[table.name] ?? 0) + (next?.removed ?? 0)
          if (next?.more) unfinished.push({ name: table.name, most: next.most })
        }
        left = unfinished
      }
      if (failures.length > 0) throw failures[0]
      await this.#doors.open(tenantId, (tx) => tx.change(tx.db.updateTable('job').set({ state: 'ended' }).where('id', '=', jobId)))
      return total
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#log.info({ tenantId, jobId }, 'a clean-up may not act; it is left')
      return undefined
    }
  }

  /** One transaction. Where the database gives up on it, the next one has a tenth of the rows; on a single one, that is thrown. */
  async #batch(actor: CleanUpActor, { name, most }: { name: string; most: number }) {
    try {
      const [batch] = await this.#units.write(actor, (tx) => tx.call<{ removed: number; more: boolean }>('clean_up', name, most))
      return { ...batch!, most }
    } catch (error) {
      const cause = (error as { cause?: { code?: unknown } }).cause
      if (most === 1 || !GAVE_UP.has(cause?.code)) throw error
      return { removed: 0, more: true, most: Math.ceil(most / 10) }
    }
  }

  /** Begins a clean-up for each organisation and hands it on. One that cannot be begun holds up no other, and is thrown in the end. */
  async beginAll(put: (message: Message) => Promise<void>, signal?: AbortSignal): Promise<void> {
    let failed: unknown
    for (const { id } of await this.#doors.tenants()) {
      signal?.throwIfAborted()
      try {
        await put(await this.begin(id))
      } catch (error) {
        this.#log.error({ tenantId: id, ...errorFields(error) }, 'an organisation could not be cleaned')
        failed = error
      }
    }
    if (failed !== undefined) throw failed
  }
}

/** Cleans up each night from now on, with the other servers of the installation. Whoever starts it stops it. */
export async function startCleanUps(
  installation: Pick<Installation, 'migrator' | 'secrets'>,
  database: Database,
  log: Log,
): Promise<Queue> {
  const queue = await Queue.start({ connectionString: urlAs('worker', installation), ssl: installation.migrator.ssl }, log)
  const cleanUp = new CleanUp(database, log)
  await queue.onJob('clean_up', async (message, signal) => {
    const removed = await cleanUp.run(message, signal)
    if (removed) log.info({ ...message, removed }, 'cleaned up')
  })
  await queue.onClock('clean_up_round', (signal) => cleanUp.beginAll((message) => queue.put('clean_up', message), signal))
  return queue
}

/** What a clean-up did to an organisation; null where it was left alone. */
export interface Cleaned {
  readonly organisation: string
  readonly removed: Removed | null
}

/** Cleans every organisation now. Throws, saying what it did to the others, when one could not be cleaned. */
export async function cleanUpNow(installation: Pick<Installation, 'migrator' | 'secrets'>, log: Log): Promise<Cleaned[]> {
  await migrateAll(installation)
  const database = connect(installation, log, { app: 1, worker: 1, auth: 1 })
  try {
    const slugs = new Map((await new Doors(database).tenants()).map(({ id, slug }) => [id, slug]))
    const cleanUp = new CleanUp(database, log)
    const cleaned: Cleaned[] = []
    const clean = async (message: Message) => {
      cleaned.push({ organisation: slugs.get(message.tenantId) ?? message.tenantId, removed: (await cleanUp.run(message)) ?? null })
    }
    await cleanUp.beginAll(clean).catch((cause: unknown) => {
      throw new Error([...cleaned.map(cleanedLine), 'Not every organisation could be cleaned; the log says why.'].join('\n'), { cause })
    })
    return cleaned
  } finally {
    await database.close()
  }
}

/** The same in a line, for a terminal. */
export function cleanedLine({ organisation, removed }: Cleaned): string {
  if (!removed) return `${organisation}\tleft alone: it is frozen, or another clean-up took over`
  const parts = Object.entries(removed).flatMap(([table, count]) => (count > 0 ? [`${NAMES[table] ?? table}: ${count}`] : []))
  return `${organisation}\t${parts.length > 0 ? parts.join(', ') : 'nothing was due'}`
}
