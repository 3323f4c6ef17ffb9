/**
 * First pages of lists, kept for those who see them: sealed under the key of their own personal scope, at the name of the page. A kept
 * page is nothing until the database, asked as its reader, gives the very print that it was kept with; so it is over with the commit of
 * whatever changes it, on every server, and when the cache is an old copy or lies.
 */
import { hash } from 'node:crypto'
import { ScopeId } from '#contract/ids.ts'
import type { Actor } from './actor.ts'
import { type CacheStore, type Owned, TenantCache } from './cache.ts'
import type { ScopeKeys, Sealer } from './keys/scope-keys.ts'
import type { ReadTx } from './unit-of-work.ts'

const TTL_S = 3_600
/** SHA-256 in hex. */
const PRINT_LENGTH = 64

/** The text of a page as it was sent, and the print of what it was made of. */
export interface KeptPage {
  readonly print: string
  readonly text: string
}

type Sealed = Owned & { readonly sealed: string }

export class KeptPages {
  readonly #store: CacheStore
  readonly #keys: ScopeKeys
  constructor({ cache, keys }: { cache: CacheStore; keys: ScopeKeys }) {
    this.#store = cache
    this.#keys = keys
  }

  /** What was kept of a page; undefined where there is nothing, or nothing that was kept for this person under this name. */
  async find(tx: ReadTx, name: string): Promise<KeptPage | undefined> {
    const sealer = await this.#sealer(tx)
    const entry = sealer && (await this.#cache(tx.actor).get<Sealed>(keyOf(tx.actor, name)))
    if (!entry || typeof entry.sealed !== 'string') return undefined
    try {
      const opened = sealer.open(Buffer.from(entry.sealed, 'base64'), reachOf(tx.actor), name)
      return { print: opened.slice(0, PRINT_LENGTH), text: opened.slice(PRINT_LENGTH) }
    } catch {
      // Whatever does not open was not kept here, for this person, under this name.
      return undefined
    }
  }

  /** Keeps a page for an hour. */
  async keep(tx: ReadTx, name: string, { print, text }: KeptPage): Promise<void> {
    const sealer = await this.#sealer(tx)
    if (!sealer) return
    const { tenantId, userId } = tx.actor
    const entry: Sealed = {
      user_id: userId,
      tenant_id: tenantId,
      sealed: sealer.seal(print + text, reachOf(tx.actor), name).toString('base64'),
    }
    await this.#cache(tx.actor).set(keyOf(tx.actor, name), entry, TTL_S)
  }

  /** Of somebody whose cached scopes do not even hold their own, nothing is kept. */
  async #sealer(tx: ReadTx): Promise<Sealer | undefined> {
    const scopeId = ScopeId.parse(tx.actor.userId)
    return tx.actor.readScopes.includes(scopeId) ? this.#keys.ofScope(tx, scopeId, 'page') : undefined
  }

  #cache({ tenantId }: Actor): TenantCache {
    return new TenantCache(this.#store, tenantId)
  }
}

/** What a page shows may also follow from what its reader may, which is in no row: to somebody who may more or less since, it does not open. */
function reachOf({ role, readScopes, writeScopes }: Actor): string {
  return hash('sha256', JSON.stringify([role, readScopes.toSorted(), writeScopes.toSorted()]))
}

function keyOf({ userId }: Actor, name: string) {
  return `page:${userId}:${name}` as const
}
