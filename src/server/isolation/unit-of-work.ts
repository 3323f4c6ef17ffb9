/**
 * Units of work. `read`: each flight is `enter` and what was asked for. `write`: begin and `enter` go before the first flight; commit ends
 * it. Statements that are asked for without a wait between them fly together, in their order, and fail together. The application hands
 * over a token's hash (or a job's id), never who somebody is. A unit's handle is dead after its end.
 */
import type { Compilable } from 'kysely'
import type { TenantId } from '#contract/ids.ts'
import { Failure } from '../kernel/failure.ts'
import type { Actor, AnyActor, JobActor } from './actor.ts'
import type { Connection, Database, DatabaseRole } from './database.ts'
import type { Outcome, Statement } from './flight.ts'
import { type AppQueries, type FunctionName, functionCall, queriesFor, type ReadQueries } from './queries.ts'
import { schemaName } from './tables.ts'

/** A unit that reads. Writing through it neither compiles nor, if it did, would run: the database has set it read-only. */
export interface ReadTx<A extends AnyActor = Actor> {
  readonly actor: A
  /** Builds queries that are filtered and schema-qualified already; run them by `all` and `first`. */
  readonly db: ReadQueries
  all<O>(query: Compilable<O>): Promise<O[]>
  first<O>(query: Compilable<O>): Promise<O | undefined>
  /**
   * The rows with their print: a hash of every value in them, made by the database. Where the print is the known one there are no rows, for
   * whoever keeps what it made of them. The print knows of nothing that is not in the rows.
   */
  allUnless<O>(query: Compilable<O>, known: string | undefined): Promise<{ print: string; rows: O[] | undefined }>
  /** Calls one of the tenant's own functions and returns its rows. */
  call<O>(name: FunctionName, ...args: unknown[]): Promise<O[]>
}

/** What finding things needs of a unit, whoever acts in it, and whether or not it also writes. */
export type AnyReadTx = Pick<ReadTx<Actor | JobActor>, 'actor' | 'db' | 'all' | 'first'>

/** A unit that writes: all or nothing. */
export interface WriteTx<A extends AnyActor = Actor> extends Omit<ReadTx<A>, 'db'> {
  readonly db: AppQueries
  /** Runs a change and returns how many rows it touched: row security makes foreign ones silently zero, so callers look. */
  change(query: Compilable<unknown>): Promise<number>
  /** Runs after the commit, in order; not at all after a rollback. */
  afterCommit(effect: Effect): void
}

interface Entrance {
  readonly role: DatabaseRole
  statement(forWrite: boolean): Statement
  /** Looks at what the statement answered. */
  check(outcome: Outcome): void
}

/** The database let the actor in, and into other scopes than are known of them: what is not among those would only seem not to be there. */
export class ReachChanged extends Error {
  override readonly name = 'ReachChanged'
}

/** Whether a unit is to fail with `ReachChanged`, before it has done anything, rather than look in fewer scopes than there are. */
export interface Demands {
  readonly sameReach?: boolean
}

type Effect = () => void | Promise<void>
/** Sends statements as one flight. It may send others before them: the last outcomes are theirs. */
type Send = (statements: readonly Statement[]) => Promise<Outcome[]>

interface Asked {
  readonly statement: Statement
  readonly answered: PromiseWithResolvers<Outcome>
}

/** More at once would push each other out of what a connection keeps prepared. */
const MOST_TOGETHER = 50

/** Opens units of work for Actors. */
export class UnitsOfWork {
  readonly #database: Database
  constructor(database: Database) {
    this.#database = database
  }

  /** Runs `work` with a reading handle. */
  async read<A extends AnyActor, T>(actor: A, work: (tx: ReadTx<A>) => Promise<T>, demands: Demands = {}): Promise<T> {
    const { role, statement, check } = entrance(actor, demands)
    const handle = new Handle(actor, async (asked) => {
      const outcomes = await this.#database.fly(role, [statement(false), ...asked])
      check(outcomes[0]!)
      return outcomes
    })
    try {
      return await work(handle)
    } finally {
      handle.end()
    }
  }

  /** Runs `work` in one transaction. Commits when it returns, rolls back when it throws. */
  async write<A extends AnyActor, T>(actor: A, work: (tx: WriteTx<A>) => Promise<T>, demands: Demands = {}): Promise<T> {
    const { role, statement, check } = entrance(actor, demands)
    const effects: Effect[] = []
    const { value, happened } = await this.#database.connected(role, async (connection) => {
      const handle = new Handle(actor, sender(connection, { statement: statement(true), check }), effects)
      try {
        const value = await work(handle)
        handle.end()
        return { value, happened: await connection.commit() }
      } catch (error) {
        handle.end()
        if (connection.isTrusted) await connection.fly([ROLLBACK])
        throw error
      }
    })
    try {
      for (const effect of effects) await effect()
    } finally {
      this.#database.tellHappened(actor.tenantId, happened)
    }
    return value
  }
}

/** Both kinds of handle; which of its methods a handler sees, the types decide. */
class Handle<A extends AnyActor> implements WriteTx<A> {
  readonly actor: A
  #queries: AppQueries | undefined
  readonly #send: Send
  readonly #effects: Effect[] | undefined
  #waiting: Asked[] = []
  #isLive = true

  constructor(actor: A, send: Send, effects?: Effect[]) {
    this.actor = actor
    this.#send = send
    this.#effects = effects
  }

  get db(): AppQueries {
    this.#queries ??= queriesFor(this.actor)
    return this.#queries
  }

  async all<O>(query: Compilable<O>): Promise<O[]> {
    return [...(await this.#run(query)).rows] as O[]
  }

  async first<O>(query: Compilable<O>): Promise<O | undefined> {
    return (await this.#run(query)).rows[0] as O | undefined
  }

  async allUnless<O>(query: Compilable<O>, known: string | undefined): Promise<{ print: string; rows: O[] | undefined }> {
    const { sql, parameters } = query.compile()
    const outcome = await this.#live({ text: withPrint(sql, parameters.length + 1), values: [...parameters, known ?? null] })
    const rows = outcome.rows as readonly { print: string; is_row: true | null }[]
    const { print } = rows[0]!
    // The one row of no rows is that of the print.
    return { print, rows: print === known ? undefined : (rows.filter((row) => row.is_row) as unknown as O[]) }
  }

  async change(query: Compilable<unknown>): Promise<number> {
    return (await this.#run(query)).rowCount
  }

  async call<O>(name: FunctionName, ...args: unknown[]): Promise<O[]> {
    return [...(await this.#live(functionCall(this.actor.tenantId, name, args))).rows] as O[]
  }

  afterCommit(effect: Effect): void {
    if (!this.#isLive || !this.#effects) throw new Error('this unit of work has no commit to wait for')
    this.#effects.push(effect)
  }

  end(): void {
    this.#isLive = false
  }

  #run(query: Compilable<unknown>): Promise<Outcome> {
    const { sql, parameters } = query.compile()
    return this.#live({ text: sql, values: parameters })
  }

  #live(statement: Statement): Promise<Outcome> {
    if (!this.#isLive) throw new Error(ENDED)
    const answered = Promise.withResolvers<Outcome>()
    this.#waiting.push({ statement, answered })
    // Behind all that goes on by itself, such as what waits for a key that is at hand.
    if (this.#waiting.length === 1) process.nextTick(() => this.#fly())
    else if (this.#waiting.length === MOST_TOGETHER) void this.#fly()
    return answered.promise
  }

  async #fly(): Promise<void> {
    const asked = this.#waiting
    if (asked.length === 0) return
    this.#waiting = []
    try {
      // The connection may be somebody else's by now.
      if (!this.#isLive) throw new Error(ENDED)
      const outcomes = await this.#send(asked.map(({ statement }) => statement))
      for (const [i, { answered }] of asked.entries()) answered.resolve(outcomes.at(i - asked.length)!)
    } catch (error) {
      for (const { answered } of asked) answered.reject(error)
    }
  }
}

const ENDED = 'this unit of work has ended'
/**
 * How long after its beginning a unit that writes sends more. As no statement takes longer than half a minute, nobody waits much longer than
 * this for what a transaction holds, whatever its code does.
 */
const LONGEST_MS = 60_000

const BEGIN: Statement = { text: 'begin isolation level read committed', values: [] }
const ROLLBACK: Statement = { text: 'rollback', values: [] }

/** Sends the first statements together with `begin` and the entrance; the following ones without. */
function sender(connection: Connection, { statement, check }: { statement: Statement; check: Entrance['check'] }): Send {
  let begun: number | undefined
  return async (statements) => {
    if (begun === undefined) {
      begun = performance.now()
      const outcomes = await connection.fly([BEGIN, statement, ...statements])
      check(outcomes[1]!)
      return outcomes
    }
    if (performance.now() - begun > LONGEST_MS) throw new Failure('server.unavailable')
    return connection.fly(statements)
  }
}

/** A query as it was compiled, filter and all, run once and kept from whoever knows its print. The last parameter is what is known. */
function withPrint(query: string, place: number): string {
  return `with page as materialized (${query}),
    told as (select encode(sha256(coalesce(string_agg(record_send(page), ''), '')), 'hex') as print from page)
    select told.print, page.* from told left join (select page.*, true as is_row from page) page on told.print is distinct from $${place}`
}

function entrance(actor: AnyActor, { sameReach = false }: Demands): Entrance {
  const [role, name, by] = 'jobId' in actor ? (['worker', 'enter_job', actor.jobId] as const) : (['app', 'enter', actor.tokenHash] as const)
  const entering = `from ${schemaName(actor.tenantId)}.${name}($1, $2)`
  // No columns: the database keeps what it found for itself, and sending it to nobody would only cost time.
  if (!sameReach) return { role, check: () => undefined, statement: (forWrite) => ({ text: `select ${entering}`, values: [by, forWrite] }) }
  return {
    role,
    statement: (forWrite) => ({
      text: `select ${isSame('read_scopes', 3)} and ${isSame('write_scopes', 4)} as same ${entering}`,
      values: [by, forWrite, actor.readScopes, actor.writeScopes],
    }),
    check: ({ rows: [row] }) => {
      if (!(row as { same: boolean }).same) throw new ReachChanged('what the actor reaches is not what was known of it')
    },
  }
}

/** Whether two sets are the same, in whatever order. */
const isSame = (column: string, place: number) => `${column} @> $${place}::uuid[] and ${column} <@ $${place}::uuid[]`

/** The statement by which a token's hash enters its tenant, answering what it found. */
export function enterStatement(tenantId: TenantId, tokenHash: Buffer, forWrite: boolean): Statement {
  return { text: `select * from ${schemaName(tenantId)}.enter($1, $2)`, values: [tokenHash, forWrite] }
}

/** The same for a job. */
export function enterJobStatement(tenantId: TenantId, jobId: string, forWrite: boolean): Statement {
  return { text: `select * from ${schemaName(tenantId)}.enter_job($1, $2)`, values: [jobId, forWrite] }
}
