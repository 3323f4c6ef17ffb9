/**
 * The cache port and its in-process form. A client is born bound to a tenant: no method takes a full key, every value names its
 * owner, and an owner that does not match is a miss. The cache may cost time when it is lost; it never grants anything.
 */
import type { ChatId, MessageId, TenantId, UserId } from '#contract/ids.ts'
import type { Clock } from '../kernel/clock.ts'
import { readJson } from '../kernel/json.ts'
import { BoundedMap } from './cache/bounded-map.ts'

/** Told what a server said on a channel. */
export type CacheListener = (channel: string, message: string) => void

/** What a store behind the port can do. It never rejects: a store that is away has nothing, keeps nothing, and says so. */
export interface CacheStore {
  /** The value; undefined when there is none or the store is away. */
  get(key: string): Promise<string | undefined>
  /** Keeps a value for that many seconds, unless the store is away. */
  set(key: string, value: string, ttlS: number): Promise<void>
  /** Deletes a key; false when the store is away and may still hold it. */
  delete(key: string): Promise<boolean>
  /** Tells every server on this store, this one included; false when the store is away and nobody may have heard. */
  publish(channel: string, message: string): Promise<boolean>
  /** Calls back for what is said on any tenant's channel of events, until the returned function is called. */
  subscribe(listener: CacheListener): () => void
  /** Calls back for what is said on one other channel, which no server hears that has not asked to, until the returned function is called. */
  hear(channel: string, listener: (message: string) => void): () => void
  /** Lets go of every connection. */
  close(): Promise<void>
}

/** A cached value with the person it belongs to. */
export interface Owned {
  readonly user_id: UserId
  readonly tenant_id: TenantId
}

/** Every kind of key there is: a login, by its token's hash in hex; a person's use of a chat; and the first page of a list that a person sees. */
export type CacheKey = `auth:session:${string}` | `session:${ChatId}:${UserId}` | `page:${UserId}:${string}`
const LONGEST_S = 24 * 3_600

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

  /** Keeps a value for `ttlS` seconds, 24 hours at most. */
  async set(key: CacheKey, value: Owned, ttlS: number): Promise<void> {
    if (value.tenant_id !== this.#tenantId) throw new Error('a cached value names its own tenant')
    await this.#store.set(this.#full(key), JSON.stringify(value), Math.min(ttlS, LONGEST_S))
  }

  /** Deletes an entry; false when it may still be there. */
  async delete(key: CacheKey): Promise<boolean> {
    return this.#store.delete(this.#full(key))
  }

  /** Tells every server something about this tenant; false when they may not have heard. */
  async tell(message: object): Promise<boolean> {
    return this.#store.publish(`t:${this.#tenantId}:events`, JSON.stringify(message))
  }

  /** Tells those servers something about an answer that listen for it; false when they may not have heard. Anyone on Redis could say it, and hear it. */
  async tellOfAnswer(answerId: MessageId, message: string): Promise<boolean> {
    return this.#store.publish(this.#ofAnswer(answerId), message)
  }

  /** Calls back with what servers say about an answer, until the returned function is called. It comes from outside, as above. */
  onToldOfAnswer(answerId: MessageId, listener: (message: string) => void): () => void {
    return this.#store.hear(this.#ofAnswer(answerId), listener)
  }

  #full(key: CacheKey): string {
    return `t:${this.#tenantId}:${key}`
  }

  #ofAnswer(answerId: MessageId): string {
    return `t:${this.#tenantId}:answer:${answerId}`
  }
}

/** Calls back with whatever servers say of tenants. It comes from outside: whoever listens checks its shape. */
export function onTold(store: CacheStore, listener: (message: unknown) => void): () => void {
  return store.subscribe((_channel, message) => listener(readJson(message)))
}

/** Who listens to which channel. */
export class Channels {
  readonly #listeners = new Map<string, Set<(message: string) => void>>()

  get names(): IterableIterator<string> {
    return this.#listeners.keys()
  }

  has(channel: string): boolean {
    return this.#listeners.has(channel)
  }

  /** Adds a listener until the returned function is called, which says whether it was the channel's last. */
  add(channel: string, listener: (message: string) => void): () => boolean {
    const listeners = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      return listeners.size === 0 && this.#listeners.get(channel) === listeners && this.#listeners.delete(channel)
    }
  }

  say(channel: string, message: string): void {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener(message)
  }
}

/** The store of a single server: a bounded map, least recently set out first. */
export class InProcessStore implements CacheStore {
  readonly #entries: BoundedMap<{ value: string; endsMs: number }>
  readonly #listeners = new Set<CacheListener>()
  readonly #channels = new Channels()
  readonly #clock: Clock
  constructor(clock: Clock, most?: { entries: number; characters: number }) {
    this.#clock = clock
    this.#entries = new BoundedMap(most)
  }

  async get(key: string): Promise<string | undefined> {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    if (entry.endsMs > this.#clock.now()) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  async set(key: string, value: string, ttlS: number): Promise<void> {
    this.#entries.set(key, { value, endsMs: this.#clock.now() + ttlS * 1_000 })
  }

  async delete(key: string): Promise<boolean> {
    this.#entries.delete(key)
    return true
  }

  async publish(channel: string, message: string): Promise<boolean> {
    if (channel.endsWith(':events')) for (const listener of this.#listeners) listener(channel, message)
    this.#channels.say(channel, message)
    return true
  }

  subscribe(listener: CacheListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  hear(channel: string, listener: (message: string) => void): () => void {
    return this.#channels.add(channel, listener)
  }

  async close(): Promise<void> {
    this.#entries.clear()
  }

  /** Every key that is kept, for tests. */
  keys(): string[] {
    return this.#entries.keys()
  }
}
