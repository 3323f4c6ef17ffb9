/**
 * Doors: what happens without an Actor, or to what Actors may not touch. They run under the narrow role `auth`, in one transaction,
 * and only `auth` and `ops` open them; a lint rule holds that. `docs/topics/isolation.md` lists each with what it reads and changes.
 */
import type { Compilable, Kysely } from 'kysely'
import type { Role } from '#contract/accounts.ts'
import type { TenantId } from '#contract/ids.ts'
import { Failure } from '../kernel/failure.ts'
import type { Connection, Database } from './database.ts'
import type { Outcome, Statement } from './flight.ts'
import { doorQueries } from './queries.ts'
import type { TenantTables } from './tables.ts'
import { enterStatement } from './unit-of-work.ts'

/** What a door's work may do: any statement on the tables granted to `auth`. */
export interface DoorTx {
  readonly tenantId: TenantId
  readonly db: Kysely<TenantTables>
  all<O>(query: Compilable<O>): Promise<O[]>
  first<O>(query: Compilable<O>): Promise<O | undefined>
  change(query: Compilable<unknown>): Promise<number>
  /** Several changes in one flight, all or none. */
  changeAll(queries: readonly Compilable<unknown>[]): Promise<void>
}

/** What the database found of a token's login in this transaction; the rows it relied on are locked until the commit. */
export interface Entered {
  readonly role: Role
  readonly isProven: boolean
}

/** A door's work that can have the database confirm an actor, at the point of it where the locks are in order. */
export interface EnterableTx extends DoorTx {
  /** Throws as every unit of work does when the token is not good. */
  enter(tokenHash: Buffer): Promise<Entered>
}

/** What an attempt is counted under, how many there may be under each key and how long a full one may make wait, and how long they count. */
export interface CountedAttempt {
  readonly keys: readonly Buffer[]
  readonly most: readonly number[]
  readonly longestS: readonly number[]
  readonly windowS: number
}

export interface TenantEntry {
  readonly id: TenantId
  readonly slug: string
  readonly name: string
}

export class Doors {
  readonly #database: Database
  constructor(database: Database) {
    this.#database = database
  }

  /** Runs `work` in one transaction under the role `auth`. */
  async open<T>(tenantId: TenantId, work: (tx: EnterableTx) => Promise<T>): Promise<T> {
    return this.#transaction(tenantId, work)
  }

  /**
   * The same for an administrator's act on other people: their token enters first, so that the database says until the commit that
   * they are one, and have proven it a short while ago.
   */
  async openAsAdmin<T>(tenantId: TenantId, tokenHash: Buffer, work: (tx: EnterableTx) => Promise<T>): Promise<T> {
    return this.#transaction(tenantId, async (tx) => {
      requireAdmin(await tx.enter(tokenHash))
      return work(tx)
    })
  }

  /** The same for what an administrator only looks at, for which nothing has to be proven anew. */
  async lookAsAdmin<T>(tenantId: TenantId, tokenHash: Buffer, work: (tx: DoorTx) => Promise<T>): Promise<T> {
    return this.#transaction(tenantId, async (tx) => {
      requireRole(await tx.enter(tokenHash))
      return work(tx)
    })
  }

  /** The directory of tenants. */
  async tenants(): Promise<TenantEntry[]> {
    const [outcome] = await this.#database.fly('auth', [
      { text: 'select id, slug, name from control.tenant order by time_created', values: [] },
    ])
    return outcome!.rows as unknown as TenantEntry[]
  }

  /** Counts an attempt under each of its keys in turn, in one flight; answers null, or the seconds to wait where one of them is full. */
  async countAttempt({ keys, most, longestS, windowS }: CountedAttempt): Promise<number | null> {
    const text = 'select control.count_attempt($1, $2, $3, $4) as wait_s'
    const [outcome] = await this.#database.fly('auth', [{ text, values: [keys, most, longestS, windowS] }])
    return outcome!.rows[0]!.wait_s as number | null
  }

  /** How often was counted under a key. */
  async attemptsOf(key: Buffer): Promise<number> {
    const text = 'select count from control.attempt where key = $1 and window_ends > now()'
    const [outcome] = await this.#database.fly('auth', [{ text, values: [key] }])
    return (outcome!.rows[0]?.count as number | undefined) ?? 0
  }

  /** Takes an attempt's counts back, in one flight, and all that were counted under the key to clear, if there is one. */
  async giveAttemptBack(keys: readonly Buffer[], clear: Buffer | null): Promise<void> {
    await this.#database.fly('auth', [{ text: 'select control.give_attempt_back($1, $2)', values: [keys, clear] }])
  }

  async #transaction<T>(tenantId: TenantId, work: (tx: EnterableTx) => Promise<T>): Promise<T> {
    const { result, happened } = await this.#database.connected('auth', async (connection) => {
      const send = beginning(connection)
      const run = async (query: Compilable<unknown>) => {
        const { sql, parameters } = query.compile()
        return (await send([{ text: sql, values: parameters }]))[0]!
      }
      try {
        const result = await work({
          tenantId,
          db: doorQueries(tenantId),
          all: async <O>(query: Compilable<O>) => (await run(query)).rows as O[],
          first: async <O>(query: Compilable<O>) => (await run(query)).rows[0] as O | undefined,
          change: async (query) => (await run(query)).rowCount,
          changeAll: async (queries) => {
            await send(
              queries.map((query) => {
                const { sql, parameters } = query.compile()
                return { text: sql, values: parameters }
              }),
            )
          },
          enter: async (tokenHash) => enteredIn((await send([enterStatement(tenantId, tokenHash, true)]))[0]!),
        })
        return { result, happened: await connection.commit() }
      } catch (error) {
        if (connection.isTrusted) await connection.fly([{ text: 'rollback', values: [] }])
        throw error
      }
    })
    this.#database.tellHappened(tenantId, happened)
    return result
  }
}

function enteredIn({ rows: [row] }: Outcome): Entered {
  return { role: row!.role as Role, isProven: row!.is_proven === true }
}

/** Throws unless it is an administrator who has proven a short while ago who they are. */
export function requireAdmin(entered: Entered): void {
  requireRole(entered)
  requireProven(entered)
}

/** Throws unless it is somebody who has proven a short while ago who they are. */
export function requireProven({ isProven }: Entered): void {
  if (!isProven) throw new Failure('auth.proof_needed')
}

function requireRole({ role }: Entered): void {
  if (role !== 'admin') throw new Failure('auth.not_allowed')
}

/** Sends statements; `begin` travels with the first of them. */
function beginning(connection: Connection): (statements: readonly Statement[]) => Promise<Outcome[]> {
  let before: readonly Statement[] = [{ text: 'begin isolation level read committed', values: [] }]
  return async (statements) => {
    const flown = [...before, ...statements]
    before = []
    return (await connection.fly(flown)).slice(flown.length - statements.length)
  }
}
