/**
 * Connections, one pool per role, and the rule for doubtful ones: after an error a connection is proven clean or destroyed, never
 * reused in doubt. The only file that opens connections for request handling.
 */
import pg from 'pg'
import type { ScopeId, TenantId } from '#contract/ids.ts'
import { Failure } from '../kernel/failure.ts'
import { Flight, type Outcome, type Statement } from './flight.ts'

export type DatabaseRole = 'app' | 'worker' | 'auth'

export interface DatabaseOptions {
  /** One connection string per role; see `roleUrls`. */
  readonly urls: Readonly<Record<DatabaseRole, string>>
  /** Connections at most, per role. */
  readonly size: Readonly<Record<DatabaseRole, number>>
  /** TLS as node-postgres takes it; undefined on a unix socket or loopback. */
  readonly ssl?: pg.PoolConfig['ssl']
  /** Told of connections that died while idle. */
  readonly onIdleError: (error: Error) => void
}

/** What a transaction brought that readers are to be told: its number, and the scopes in which something happened. */
export interface Happened {
  readonly tx: bigint
  readonly scopes: readonly ScopeId[]
}

type HappenedListener = (tenantId: TenantId, happened: Happened) => void

/** Longer than the roles' statement_timeout: past it the server is not answering at all, and the connection is given up. */
const FLIGHT_TIMEOUT_MS = 40_000

export class Database {
  readonly #pools: Record<DatabaseRole, pg.Pool>
  readonly #listeners = new Set<HappenedListener>()

  constructor({ urls, size, ssl, onIdleError }: DatabaseOptions) {
    const open = (role: DatabaseRole) => {
      const pool = new pg.Pool({
        connectionString: urls[role],
        max: size[role],
        ...(ssl === undefined ? {} : { ssl }),
        connectionTimeoutMillis: 10_000,
        idleTimeoutMillis: 60_000,
        // A backend's catalogue cache grows with every tenant schema it has touched.
        maxLifetimeSeconds: 3_600,
      })
      pool.on('error', onIdleError)
      // The pool hears idle connections only. A lent one that is lost fails its statement; its error event, unheard, would end the process.
      pool.on('connect', (client) => void client.on('error', () => undefined))
      return pool
    }
    this.#pools = { app: open('app'), worker: open('worker'), auth: open('auth') }
  }

  /** Sends statements as one flight, which is one implicit transaction, and returns what each gave. */
  async fly(role: DatabaseRole, steps: readonly Statement[]): Promise<Outcome[]> {
    return this.connected(role, (connection) => connection.fly(steps))
  }

  /** Holds one connection for `work`. It is released clean, or destroyed. */
  async connected<T>(role: DatabaseRole, work: (connection: Connection) => Promise<T>): Promise<T> {
    let client: pg.PoolClient
    try {
      client = await this.#pools[role].connect()
    } catch (error) {
      throw asFailure(error)
    }
    const connection = new Connection(client)
    try {
      const result = await work(connection)
      client.release(!connection.isTrusted)
      return result
    } catch (error) {
      client.release(!(await connection.isClean()))
      throw asFailure(error)
    }
  }

  /** Calls back for each transaction of this process after which readers are to be told something, until the returned function is called. */
  onHappened(listener: HappenedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Has told what a commit answered. */
  tellHappened(tenantId: TenantId, happened: Happened | undefined): void {
    if (happened) for (const listener of this.#listeners) listener(tenantId, happened)
  }

  /** Connections of a role in use and open, for tests and metrics. */
  usage(role: DatabaseRole): { open: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pools[role]
    return { open: totalCount, idle: idleCount, waiting: waitingCount }
  }

  /** Closes every connection once it is free. */
  async close(): Promise<void> {
    const end = async (pool: pg.Pool) => {
      await pool.end()
      // It does not wait for the sockets: one that is still closing may hear that PostgreSQL ends too, which is no news.
      pool.removeAllListeners('error').on('error', () => undefined)
    }
    await Promise.all(Object.values(this.#pools).map(end))
  }
}

/** A connection lent to one piece of work. */
export class Connection {
  readonly #client: pg.PoolClient
  #trusted = true
  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  /** False once something happened after which nobody can say what state the connection is in. */
  get isTrusted(): boolean {
    return this.#trusted
  }

  async fly(steps: readonly Statement[]): Promise<Outcome[]> {
    const flight = new Flight(steps, pg.types)
    const timer = setTimeout(() => flight.handleError(new Error('the database did not answer in time')), FLIGHT_TIMEOUT_MS)
    this.#client.query(flight as unknown as pg.Submittable)
    try {
      return await flight.done
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.severity === 'FATAL') this.#trusted = false
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Commits, or throws; answers what readers are to be told. */
  async commit(): Promise<Happened | undefined> {
    const [told] = await this.fly([HAPPENED, COMMIT]).catch((error: { code?: unknown }) => {
      throw error.code === FAILED_TRANSACTION ? new Error('nothing was committed, because a statement had failed') : error
    })
    const { tx, scopes } = told!.rows[0] as { tx: string | null; scopes: string | null }
    return tx && scopes ? { tx: BigInt(tx), scopes: scopes.split(',') as ScopeId[] } : undefined
  }

  /** Whether the connection may serve others after an error: outside any transaction, and with no trace of a context. */
  async isClean(): Promise<boolean> {
    if (!this.#trusted) return false
    try {
      const [outcome] = await this.fly([CLEAN])
      return (
        outcome?.rows[0]?.clean === true && (this.#client as unknown as { getTransactionStatus(): string }).getTransactionStatus() === 'I'
      )
    } catch {
      // Whatever it was, a connection that cannot answer this one is not to be reused; the first error is the one reported.
      return false
    }
  }
}

/** The token was replaced and its successor is in use: nobody who was given that one still needs it. Told to callers as any bad token. */
export class TokenReplaced extends Failure {
  constructor() {
    super('auth.required')
  }
}

/** Fails where a statement before it did: PostgreSQL would answer that commit with a rollback, and with no error. */
const HAPPENED: Statement = {
  text: "select pg_current_xact_id_if_assigned()::text as tx, current_setting('app.happened', true) as scopes",
  values: [],
}
const COMMIT: Statement = { text: 'commit', values: [] }
const FAILED_TRANSACTION = '25P02'

const CLEAN: Statement = {
  text: `select coalesce(current_setting('app.tenant_id', true), '') = '' and coalesce(current_setting('app.read_scopes', true), '') = '' as clean`,
  values: [],
}

const DISK_FULL = '53100'
const UNREACHABLE = /^(08...|57P0[123]|53...|57014|40P01|55P03|25P03|E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|NOENT|HOSTUNREACH))$/

const FULL = {
  detail: 'The disk of the server’s database is full.',
  next: 'Ask the operator of the server to make room, then try again; nothing was lost.',
}

/** Turns what the database or the driver threw into a Failure where it means one; bugs stay what they are. */
function asFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error
  const code = (error as { code?: unknown }).code
  if (code === 'SX401') return new Failure('auth.required')
  if (code === 'SX402') return new TokenReplaced()
  if (code === 'SX405') return new Failure('token.not_enough')
  const lost =
    /Connection terminated|timeout exceeded when trying to connect|did not answer in time|pool after calling end|not queryable/.test(
      error.message,
    )
  if (lost || (typeof code === 'string' && UNREACHABLE.test(code))) {
    const failure = new Failure('server.unavailable', code === DISK_FULL ? FULL : {})
    failure.cause = error
    return failure
  }
  return error
}
