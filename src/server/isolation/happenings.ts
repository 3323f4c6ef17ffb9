/**
 * Where something happened, told to whoever follows it on this server: at once by the server that committed it, to the others by the
 * cache, and at the next look in the database by whom that did not reach. What happened nobody learns here: each reader looks for
 * themself, through a unit of work of their own.
 */
import { z } from 'zod'
import { ScopeId, type TenantId } from '#contract/ids.ts'
import { errorFields, type Log } from '../kernel/log.ts'
import { type CacheStore, onTold, TenantCache } from './cache.ts'
import type { Database } from './database.ts'
import { schemaName } from './tables.ts'

const LOOK_EVERY_MS = 1_000
const MOST_AT_ONCE = 10_000

/** Anyone on Redis could say it: no more of it is read than a server says. */
const Told = z.strictObject({ happened: z.strictObject({ tx: z.string().regex(/^\d{1,20}$/), scopes: z.array(ScopeId).max(200) }) })

/** Told the number of a transaction; null when there may be any. */
export type OnHappened = (tx: bigint | null) => void

interface Followed {
  readonly followers: Set<OnHappened>
  /** What the last look at the database knew of, and which database that was; null before the first. */
  known: { readonly snapshot: string; readonly place: string } | null
}

export class Happenings {
  readonly #database: Database
  readonly #cache: CacheStore
  readonly #log: Log
  readonly #tenants = new Map<TenantId, Followed>()
  readonly #scopes = new Map<ScopeId, Set<OnHappened>>()
  readonly #stops: (() => void)[]
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()

  constructor(parts: { database: Database; cache: CacheStore; log: Log }) {
    this.#database = parts.database
    this.#cache = parts.cache
    this.#log = parts.log
    this.#stops = [
      this.#database.onHappened((tenantId, { tx, scopes }) => {
        this.#tell(scopes, tx)
        void new TenantCache(this.#cache, tenantId).tell({ happened: { tx: String(tx), scopes: [...scopes] } } satisfies z.input<
          typeof Told
        >)
      }),
      onTold(this.#cache, (message) => {
        const { data } = Told.safeParse(message)
        if (data) this.#tell(data.happened.scopes, BigInt(data.happened.tx))
      }),
    ]
  }

  /** Calls back for what happens in these scopes until the returned function is called. */
  follow(tenantId: TenantId, scopes: readonly ScopeId[], onHappened: OnHappened): () => void {
    const tenant = this.#tenants.get(tenantId) ?? { followers: new Set(), known: null }
    this.#tenants.set(tenantId, tenant)
    tenant.followers.add(onHappened)
    for (const scope of scopes) this.#scopes.set(scope, (this.#scopes.get(scope) ?? new Set()).add(onHappened))
    return () => {
      tenant.followers.delete(onHappened)
      if (tenant.followers.size === 0 && this.#tenants.get(tenantId) === tenant) this.#tenants.delete(tenantId)
      for (const scope of scopes) {
        const same = this.#scopes.get(scope)
        same?.delete(onHappened)
        if (same?.size === 0) this.#scopes.delete(scope)
      }
    }
  }

  /** Begins to look for what nobody told this server. */
  start(): this {
    this.#timer = setTimeout(() => {
      this.#working = this.#lookEverywhere().then(() => {
        if (this.#timer) this.start()
      })
    }, LOOK_EVERY_MS).unref()
    return this
  }

  /** Hears and looks no more; resolves when no look is under way. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop()
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#working
  }

  #tell(scopes: readonly ScopeId[], tx: bigint): void {
    for (const scope of scopes) for (const onHappened of [...(this.#scopes.get(scope) ?? [])]) onHappened(tx)
  }

  async #lookEverywhere(): Promise<void> {
    for (const [tenantId, followed] of [...this.#tenants])
      await this.#look(tenantId, followed).catch((error: unknown) =>
        this.#log.warn({ tenantId, ...errorFields(error) }, 'what happened could not be looked for; it is tried again'),
      )
  }

  async #look(tenantId: TenantId, followed: Followed): Promise<void> {
    const [outcome] = await this.#database.fly('auth', [
      { text: lookIn(tenantId), values: [followed.known?.snapshot ?? null, MOST_AT_ONCE] },
    ])
    const rows = outcome!.rows as { snapshot: string; place: string; scope_id: ScopeId | null; tx: string }[]
    const { snapshot, place } = rows[0]!
    const isComplete = followed.known?.place === place && rows.length < MOST_AT_ONCE
    followed.known = { snapshot, place }
    if (!isComplete) for (const onHappened of [...followed.followers]) onHappened(null)
    else for (const { scope_id, tx } of rows) if (scope_id) this.#tell([scope_id], BigInt(tx))
  }
}

/** Which database it is, and since which of its lives: as the function `happened` of a tenant has it. */
const PLACE = `(select system_identifier from pg_control_system()) || '.' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
  || '.' || (select extract(epoch from stats_reset) from pg_stat_wal)`

/** Under the role `auth`, which sees of this table where and in which transaction, and nothing else. */
function lookIn(tenantId: TenantId): string {
  return `select pg_current_snapshot()::text as snapshot, ${PLACE} as place, h.scope_id, h.tx::text
    from (select) here left join lateral (
      select distinct scope_id, tx from ${schemaName(tenantId)}.happening
       where tx >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(tx, $1::pg_snapshot) limit $2) h on true`
}

/** Whether who knows a snapshot, as PostgreSQL writes it, has been told of that transaction. */
export function knows(snapshot: string, tx: bigint): boolean {
  const [least, next, underway] = snapshot.split(':') as [string, string, string]
  if (tx < BigInt(least)) return true
  return tx < BigInt(next) && !underway.split(',').includes(String(tx))
}
