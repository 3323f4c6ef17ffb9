/**
 * Doors: what happens without an Actor, or to what Actors may not touch. They run under the narrow role `auth`, in one transaction,
 * and only `auth` and `ops` open them; a lint rule holds that. `docs/topics/isolation.md` lists each with what it reads and changes.
 */
import type { Compilable, Kysely } from 'kysely'
import type { TenantId } from '#contract/ids.ts'
import { Failure } from '../kernel/failure.ts'
import type { Database } from './database.ts'
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
  async open<T>(tenantId: TenantId, work: (tx: DoorTx) => Promise<T>): Promise<T> {
    return this.#transaction(tenantId, undefined, work)
  }

  /** The same for an administrator's act: their token enters first, so that the database says they are one, until the commit. */
  async openAsAdmin<T>(tenantId: TenantId, tokenHash: Buffer, work: (tx: DoorTx) => Promise<T>): Promise<T> {
    return this.#transaction(tenantId, tokenHash, work)
  }

  /** The directory of tenants. */
  async tenants(): Promise<TenantEntry[]> {
    const [outcome] = await this.#database.fly('auth', [
      { text: 'select id, slug, name from control.tenant order by time_created', values: [] },
    ])
    return outcome!.rows as unknown as TenantEntry[]
  }

  async #transaction<T>(tenantId: TenantId, adminTokenHash: Buffer | undefined, work: (tx: DoorTx) => Promise<T>): Promise<T> {
    return this.#database.connected('auth', async (connection) => {
      const run = async (query: Compilable<unknown>) => {
        const { sql, parameters } = query.compile()
        return (await connection.fly([{ text: sql, values: parameters }]))[0]!
      }
      try {
        await connection.fly([{ text: 'begin isolation level read committed', values: [] }])
        if (adminTokenHash) {
          const [entered] = await connection.fly([enterStatement(tenantId, adminTokenHash, true)])
          if (entered!.rows[0]?.role !== 'admin') throw new Failure('auth.not_allowed')
        }
        const result = await work({
          tenantId,
          db: doorQueries(tenantId),
          all: async <O>(query: Compilable<O>) => (await run(query)).rows as O[],
          first: async <O>(query: Compilable<O>) => (await run(query)).rows[0] as O | undefined,
          change: async (query) => (await run(query)).rowCount,
        })
        await connection.commit()
        return result
      } catch (error) {
        if (connection.isTrusted) await connection.fly([{ text: 'rollback', values: [] }])
        throw error
      }
    })
  }
}
