/**
 * The cache port and its in-process form. A client is born bound to a tenant: no method takes a full key, every value names its
 * owner, and an owner that does not match is a miss. The cache may cost time when it is lost; it never grants anything.
 */
import type { TenantId, UserId } from '#contract/ids.ts'
import type { Clock } from '../kernel/clock.ts'
import { readJson } from '../kernel/json.ts'

/** What a store behind the port can do. Values are strings; a time to live is in seconds. */
export interface CacheStore {
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttlS: number): Promise<void>
  delete(key: string): Promise<void>
}

/** A cached value with the person it belongs to. */
export interface Owned {
  readonly user_id: UserId
  readonly tenant_id: TenantId
}

/** The keys of the guide. `auth:session:` takes a token's hash in hex; its entries live 24 hours at most. */
export type CacheKey = `auth:session:${string}`
const LONGEST_S = { 'auth:session:': 24 * 3_600 } as const

/** A cache that can only name keys of its own tenant. */
export class TenantCache {
  readonly #store: CacheStore
  readonly #tenantId: TenantId
  constructor(store: CacheStore, tenantId: TenantId) {
    this.#store = store
    this.#tenantId = tenantId
  }

  /** The value, or undefined when there is none, it is not JSON, or it names another tenant as its owner. */
  async get<T extends Owned>(key: CacheKey): Promise<T | undefined> {
    const text = await this.#store.get(this.#full(key))
    const value = text === undefined ? undefined : (readJson(text) as T | null | undefined)
    return value?.tenant_id === this.#tenantId ? value : undefined
  }

  /** Keeps a value for `ttlS` seconds, or as long as its kind may live if that is less. */
  async set(key: CacheKey, value: Owned, ttlS: number): Promise<void> {
    if (value.tenant_id !== this.#tenantId) throw new Error('a cached value names its own tenant')
    await this.#store.set(this.#full(key), JSON.stringify(value), Math.min(ttlS, LONGEST_S['auth:session:']))
  }

  async delete(key: CacheKey): Promise<void> {
    await this.#store.delete(this.#full(key))
  }

  #full(key: CacheKey): string {
    return `t:${this.#tenantId}:${key}`
  }
}

/** The store of a single server: a bounded map, least recently set out first. */
export class InProcessStore implements CacheStore {
  readonly #entries = new Map<string, { value: string; endsMs: number }>()
  readonly #clock: Clock
  readonly #most: number
  constructor(clock: Clock, most = 50_000) {
    this.#clock = clock
    this.#most = most
  }

  async get(key: string): Promise<string | undefined> {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    if (entry.endsMs > this.#clock.now()) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  async set(key: string, value: string, ttlS: number): Promise<void> {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#most) this.#entries.delete(this.#entries.keys().next().value!)
    this.#entries.set(key, { value, endsMs: this.#clock.now() + ttlS * 1_000 })
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key)
  }

  /** Every key that is kept, for tests. */
  keys(): string[] {
    return [...this.#entries.keys()]
  }
}
