/**
 * Units of work. `read`: each statement is one flight of `enter` and itself. `write`: begin, `enter` and the first statement share
 * the first flight; commit ends it. The application hands over a token's hash (or a job's id), never who somebody is. A unit's
 * handle is dead after its end.
 */
import type { Compilable } from 'kysely'
import type { TenantId } from '#contract/ids.ts'
import type { Actor, JobActor } from './actor.ts'
import type { Connection, Database, DatabaseRole } from './database.ts'
import type { Outcome, Statement } from './flight.ts'
import { type AppQueries, type FunctionName, functionCall, queriesFor, type ReadQueries } from './queries.ts'
import { schemaName } from './tables.ts'

/** A unit that reads. Writing through it neither compiles nor, if it did, would run: the database has set it read-only. */
export interface ReadTx<A extends Actor | JobActor = Actor> {
  readonly actor: A
  /** Builds queries that are filtered and schema-qualified already; run them by `all` and `first`. */
  readonly db: ReadQueries
  all<O>(query: Compilable<O>): Promise<O[]>
  first<O>(query: Compilable<O>): Promise<O | undefined>
  /** Calls one of the tenant's own functions and returns its rows. */
  call<O>(name: FunctionName, ...args: unknown[]): Promise<O[]>
}

/** A unit that writes: all or nothing. */
export interface WriteTx<A extends Actor | JobActor = Actor> extends Omit<ReadTx<A>, 'db'> {
  readonly db: AppQueries
  /** Runs a change and returns how many rows it touched: row security makes foreign ones silently zero, so callers look. */
  change(query: Compilable<unknown>): Promise<number>
  /** Runs after the commit, in order; not at all after a rollback. */
  afterCommit(effect: () => void | Promise<void>): void
}

type Entrance = { readonly role: DatabaseRole; statement(forWrite: boolean): Statement }

/** Opens units of work for Actors. */
export class UnitsOfWork {
  readonly #database: Database
  constructor(database: Database) {
    this.#database = database
  }

  /** Runs `work` with a reading handle. */
  read<A extends Actor | JobActor, T>(actor: A, work: (tx: ReadTx<A>) => Promise<T>): Promise<T> {
    const { role, statement } = entrance(actor)
    return this.#within(actor, work, async (asked) => (await this.#database.fly(role, [statement(false), asked]))[1]!)
  }

  /** Runs `work` in one transaction. Commits when it returns, rolls back when it throws. */
  async write<A extends Actor | JobActor, T>(actor: A, work: (tx: WriteTx<A>) => Promise<T>): Promise<T> {
    const { role, statement } = entrance(actor)
    const effects: (() => void | Promise<void>)[] = []
    const result = await this.#database.connected(role, async (connection) => {
      const send = sender(connection, statement(true))
      try {
        const value = await this.#within(actor, work, send, effects)
        await connection.fly([COMMIT])
        return value
      } catch (error) {
        if (connection.isTrusted) await connection.fly([ROLLBACK])
        throw error
      }
    })
    for (const effect of effects) await effect()
    return result
  }

  async #within<A extends Actor | JobActor, T>(
    actor: A,
    work: (tx: WriteTx<A>) => Promise<T>,
    send: (statement: Statement) => Promise<Outcome>,
    effects?: (() => void | Promise<void>)[],
  ): Promise<T> {
    let live = true
    const run = (statement: Statement) => {
      if (!live) throw new Error('this unit of work has ended')
      return send(statement)
    }
    const compiled = (query: Compilable<unknown>) => {
      const { sql, parameters } = query.compile()
      return run({ text: sql, values: parameters })
    }
    const tx: WriteTx<A> = {
      actor,
      db: queriesFor(actor),
      all: async <O>(query: Compilable<O>) => (await compiled(query)).rows as O[],
      first: async <O>(query: Compilable<O>) => (await compiled(query)).rows[0] as O | undefined,
      call: async <O>(name: FunctionName, ...args: unknown[]) => (await run(functionCall(actor.tenantId, name, args))).rows as O[],
      change: async (query) => (await compiled(query)).rowCount,
      afterCommit: (effect) => {
        if (!live || !effects) throw new Error('this unit of work has no commit to wait for')
        effects.push(effect)
      },
    }
    try {
      return await work(tx)
    } finally {
      live = false
    }
  }
}

const BEGIN: Statement = { text: 'begin isolation level read committed', values: [] }
const COMMIT: Statement = { text: 'commit', values: [] }
const ROLLBACK: Statement = { text: 'rollback', values: [] }

/** Sends the first statement together with `begin` and the entrance; the following ones alone, in order. */
function sender(connection: Connection, enter: Statement): (statement: Statement) => Promise<Outcome> {
  let first = true
  return async (statement) => {
    const before = first ? [BEGIN, enter] : []
    first = false
    return (await connection.fly([...before, statement])).at(-1)!
  }
}

function entrance(actor: Actor | JobActor): Entrance {
  if ('jobId' in actor) return { role: 'worker', statement: (forWrite) => enterJobStatement(actor.tenantId, actor.jobId, forWrite) }
  return { role: 'app', statement: (forWrite) => enterStatement(actor.tenantId, actor.tokenHash, forWrite) }
}

/** The statement by which a token's hash enters its tenant. */
export function enterStatement(tenantId: TenantId, tokenHash: Buffer, forWrite: boolean): Statement {
  return { text: `select * from ${schemaName(tenantId)}.enter($1, $2)`, values: [tokenHash, forWrite] }
}

/** The statement by which a job enters its tenant. */
export function enterJobStatement(tenantId: TenantId, jobId: string, forWrite: boolean): Statement {
  return { text: `select * from ${schemaName(tenantId)}.enter_job($1, $2)`, values: [jobId, forWrite] }
}
