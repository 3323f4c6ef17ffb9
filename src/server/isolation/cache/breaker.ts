/** Keeps a cache that is away from slowing every request: after one failure nobody waits for it again until it has rested. */
import type { Clock } from '../../kernel/clock.ts'
import { errorFields, type Log } from '../../kernel/log.ts'

/** What an attempt gives when the cache did not do it. */
export const AWAY = Symbol('the cache is away')

/** A healthy cache answers in a tenth of a millisecond; asking the database instead takes about one. */
const TIMEOUT_MS = 200
const REST_MS = 1_000

export class Breaker {
  readonly #clock: Clock
  readonly #log: Log
  #retryAtMs: number | undefined

  constructor(parts: { clock: Clock; log: Log }) {
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /** What the work gave; AWAY when it failed, took too long, or was not tried because another just failed. Never rejects. */
  async attempt<T>(work: () => Promise<T>): Promise<T | typeof AWAY> {
    if (this.#retryAtMs !== undefined) {
      if (this.#clock.now() < this.#retryAtMs) return AWAY
      // One tries; the others go on without.
      this.#rest()
    }
    try {
      const value = await inTime(work())
      if (this.#retryAtMs !== undefined) this.#log.info({}, 'the cache is back')
      this.#retryAtMs = undefined
      return value
    } catch (error) {
      if (this.#retryAtMs === undefined) this.#log.warn(errorFields(error), 'the cache is away; requests ask the database instead')
      this.#rest()
      return AWAY
    }
  }

  #rest(): void {
    this.#retryAtMs = this.#clock.now() + REST_MS
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the cache did not answer in time')), TIMEOUT_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
