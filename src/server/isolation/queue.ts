/**
 * The queue: pg-boss, in the schema `queue`, which the migrator makes and owns; the role `worker` puts messages in and takes them out,
 * and nobody else reaches it. A message names an organisation and a job. Who a job acts for and what it may do, its own row says.
 */
import type pg from 'pg'
import { getConstructionPlans, getMigrationPlans, PgBoss } from 'pg-boss'
import manifest from 'pg-boss/package.json' with { type: 'json' }
import { z } from 'zod'
import { JobId, TenantId } from '#contract/ids.ts'
import { errorFields, type Log } from '../kernel/log.ts'

const SCHEMA = 'queue'
/** The version of its tables that this pg-boss works with. */
const VERSION: number = manifest.pgboss.schema

/** What the clock puts in, at 03:17 and 03:47 UTC: one message, whose handler puts in the messages of the organisations. */
export type ClockQueue = 'clean_up_round' | 'erasure_round'
/** What holds a message for each job. */
export type JobQueue = 'clean_up' | 'export' | 'erasure'

/**
 * A process that dies is noticed by its silence; what fails is tried again, for about half an hour, since a job's row is good for one.
 * `exclusive`: one message at a time, however many servers there are.
 */
const TRIED = { heartbeatSeconds: 60, expireInSeconds: 3_600, retryLimit: 5, retryDelay: 60, retryBackoff: true, retryDelayMax: 600 }
const QUEUES = {
  clean_up_round: 'exclusive',
  erasure_round: 'exclusive',
  clean_up: 'standard',
  export: 'standard',
  erasure: 'standard',
} as const satisfies Record<ClockQueue | JobQueue, string>
const CLOCK: Readonly<Record<ClockQueue, string>> = { clean_up_round: '17 3 * * *', erasure_round: '47 3 * * *' }

/** Slow on purpose: nothing in here is urgent, and the machine may be somebody's laptop. 45 is the most that the clock can do. */
const POLL_S = 60
const CLOCK_S = 45
const SUPERVISE_S = 300
/** A server that stops gives a batch that long to end. */
const STOP_WITHIN_MS = 10_000

const Message = z.strictObject({ tenantId: TenantId, jobId: JobId })
export type Message = z.infer<typeof Message>

/** What a handler is told beside its message: when to leave the rest for the next attempt. */
type Work<M> = (message: M, signal: AbortSignal) => Promise<void>

const COMMON = { schema: SCHEMA, migrate: false, registerInstance: false, openTelemetry: { enabled: false } }

/** Makes the schema, or brings it up to date, with its queues, its schedule and the rights of the worker. Under the migration lock. */
export async function migrateQueue(client: pg.Client, worker: string): Promise<void> {
  await migrateTables(client)
  await client.query(`
    grant usage on schema ${SCHEMA} to ${worker};
    grant select on all tables in schema ${SCHEMA} to ${worker};
    grant insert, update, delete on ${SCHEMA}.queue, ${SCHEMA}.job, ${SCHEMA}.job_common, ${SCHEMA}.job_dependency, ${SCHEMA}.instance to ${worker};
    grant update (cron_on, flow_on) on ${SCHEMA}.version to ${worker};
    grant update (kind, last_job_id) on ${SCHEMA}.schedule to ${worker};
    revoke all on all functions in schema ${SCHEMA} from public;
    grant execute on all functions in schema ${SCHEMA} to ${worker}`)
  const boss = new PgBoss({
    ...COMMON,
    db: { executeSql: (text, values) => client.query(text, values) },
    supervise: false,
    schedule: false,
  })
  await boss.start()
  try {
    for (const [name, policy] of Object.entries(QUEUES)) {
      await boss.createQueue(name, { policy, ...TRIED })
      await boss.updateQueue(name, TRIED)
    }
    // A machine that was off or asleep at the hour does it once when it is back.
    for (const [name, cron] of Object.entries(CLOCK)) await boss.schedule(name, cron, null, { tz: 'UTC', missed: 'once' })
  } finally {
    await boss.stop({ graceful: false })
  }
}

async function migrateTables(client: pg.Client): Promise<void> {
  const { rows: made } = await client.query(`select to_regclass('${SCHEMA}.version') is not null as made`)
  if (!made[0].made) {
    await client.query(getConstructionPlans(SCHEMA))
    return
  }
  const { rows } = await client.query<{ version: number }>(`select version from ${SCHEMA}.version`)
  const version = rows[0]!.version
  if (version > VERSION) throw new Error('The queue in the database is of a newer version of Sardonyx. Start the newer version.')
  if (version === VERSION) return
  // Its indexes are built in its own transaction: built concurrently they would wait for the servers that wait for our lock, for ever.
  const plan = getMigrationPlans(SCHEMA, version).replaceAll(/\bconcurrently\b/gi, '')
  await client.query(`${plan.replace(/\bCOMMIT;/, '')}\nCOMMIT;`)
}

/** The queue as a server uses it. */
export class Queue {
  readonly #boss: PgBoss
  readonly #log: Log
  readonly #stopping = new AbortController()
  /** By queue, the worker that looks into it. */
  readonly #workers = new Map<JobQueue, string>()

  private constructor(boss: PgBoss, log: Log) {
    this.#boss = boss
    this.#log = log
  }

  /** Connects as the worker, two connections at most. From now on this server takes its part in watching the clock. */
  static async start(connection: Pick<pg.PoolConfig, 'connectionString' | 'ssl'>, log: Log): Promise<Queue> {
    const boss = new PgBoss({
      ...COMMON,
      ...(connection as { connectionString: string }),
      max: 2,
      application_name: 'sardonyx queue',
      // The role reads its units by one snapshot each; a queue that several servers take from would fail on it now and then.
      options: '-c default_transaction_isolation=read\\ committed',
      cronMonitorIntervalSeconds: CLOCK_S,
      cronWorkerIntervalSeconds: CLOCK_S,
      superviseIntervalSeconds: SUPERVISE_S,
      monitorIntervalSeconds: SUPERVISE_S,
      queueCacheIntervalSeconds: 3_600,
      flowIntervalSeconds: 24 * 3_600,
      reindex: false,
      monitorVacuum: false,
    })
    boss.on('error', (error) => {
      // Some are errors, and some only look like one.
      const thrown = Object.assign(new Error(error.message), error, { stack: error.stack })
      log.warn(errorFields(thrown), 'the queue is in trouble; it goes on trying')
    })
    await boss.start()
    return new Queue(boss, log)
  }

  /** Does what the clock asks for: on one server, and again when it threw. */
  async onClock(queue: ClockQueue, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.#take(queue, (_, signal) => work(signal))
  }

  /** Does the jobs of a queue, one after the other, each again when it threw. What is not a message is dropped. */
  async onJob(queue: JobQueue, work: Work<Message>): Promise<void> {
    const worker = await this.#take(queue, async (data, signal) => {
      const { data: message } = Message.safeParse(data)
      if (message) await work(message, signal)
      else this.#log.error({ queue }, 'what lay in the queue was no message; it was dropped')
      // The next one at once, and not at the next poll.
      this.#boss.notifyWorker(worker)
    })
    this.#workers.set(queue, worker)
  }

  /** Puts a message in. One that is in there already, whatever became of it, is not put in twice. */
  async put(queue: JobQueue, message: Message): Promise<void> {
    await this.#boss.send(queue, message, { id: message.jobId })
    const worker = this.#workers.get(queue)
    if (worker !== undefined) this.#boss.notifyWorker(worker)
  }

  /** Stops taking; resolves once what is under way has ended or was given back. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#boss.stop({ timeout: STOP_WITHIN_MS })
    // A connection that is still closing may hear that PostgreSQL ends too, which is no news.
    this.#boss.removeAllListeners('error').on('error', () => undefined)
  }

  #take(queue: ClockQueue | JobQueue, work: Work<unknown>): Promise<string> {
    return this.#boss.work(queue, { pollingIntervalSeconds: POLL_S }, async ([job]) => {
      const signal = AbortSignal.any([job!.signal, this.#stopping.signal])
      try {
        await work(job!.data, signal)
      } catch (error) {
        if (!signal.aborted) this.#log.error(errorFields(error), `${queue} failed; it is tried again`)
        // What was thrown may quote what somebody typed, and the queue keeps what it is given.
        throw new Error(signal.aborted ? 'stopped' : 'failed; the log of the server says why')
      }
    })
  }
}
