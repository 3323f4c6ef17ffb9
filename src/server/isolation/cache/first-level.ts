/**
 * The first level: values kept in this process for a second, and dropped the moment Redis says that they changed. It is used only
 * while changes are heard of, and no value outlives its lease, heard of or not.
 */
import type { Clock } from '../../kernel/clock.ts'
import { BoundedMap } from './bounded-map.ts'

const LEASE_MS = 1_000

export class FirstLevel {
  readonly #clock: Clock
  readonly #kept = new BoundedMap<{ value: string; sinceMs: number }>()
  /** Who is fetching a key. A change in between takes the entry away, and then what was fetched is not kept. */
  readonly #fetching = new Map<string, symbol>()
  #isOpen = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The value from here, or else what `fetch` gives, which is kept if no change came in between. */
  async get<T>(key: string, fetch: () => Promise<string | T>): Promise<string | T> {
    if (!this.#isOpen) return fetch()
    const entry = this.#kept.get(key)
    const nowMs = this.#clock.now()
    // A clock that was set back ends a lease too.
    if (entry && nowMs >= entry.sinceMs && nowMs < entry.sinceMs + LEASE_MS) return entry.value
    this.#kept.delete(key)
    const fetcher = Symbol(key)
    this.#fetching.set(key, fetcher)
    const value = await fetch()
    if (this.#fetching.get(key) !== fetcher) return value
    this.#fetching.delete(key)
    if (typeof value === 'string') this.#kept.set(key, { value, sinceMs: nowMs })
    return value
  }

  /** Forgets one key. */
  drop(key: string): void {
    this.#kept.delete(key)
    this.#fetching.delete(key)
  }

  /** Begins to keep values: from now on every change is heard of. */
  open(): void {
    this.#isOpen = true
  }

  /** Forgets everything, and keeps nothing until it is opened. */
  close(): void {
    this.#isOpen = false
    this.clear()
  }

  /** Forgets everything. */
  clear(): void {
    this.#kept.clear()
    this.#fetching.clear()
  }
}
