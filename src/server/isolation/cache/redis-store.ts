/**
 * The store that several servers share. Whatever happens to Redis, a call here answers: within a fraction of a second, and with
 * nothing when Redis is away. It never rejects, since the cache is never the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../kernel/clock.ts'
import { errorFields, type Log } from '../../kernel/log.ts'
import type { CacheListener, CacheStore } from '../cache.ts'
import { AWAY, Breaker } from './breaker.ts'
import { FirstLevel } from './first-level.ts'
import { Listening } from './listening.ts'
import { connectionTo, type RedisConnection } from './redis-connection.ts'
import type { RedisSettings } from './redis-settings.ts'

/** How long a start waits for a Redis that does not answer; it goes on without. */
const START_TIMEOUT_MS = 2_000

export class RedisStore implements CacheStore {
  readonly #prefix: string
  readonly #log: Log
  readonly #breaker: Breaker
  readonly #near: FirstLevel
  readonly #redis: RedisConnection
  readonly #listening: Listening
  readonly #listeners = new Set<CacheListener>()
  readonly #reasons = new Set<string>()
  readonly #heard = Promise.withResolvers<void>()
  readonly #refused = Promise.withResolvers<string>()

  private constructor(settings: RedisSettings, { clock, log }: { clock: Clock; log: Log }) {
    this.#prefix = settings.prefix
    this.#log = log
    this.#breaker = new Breaker({ clock, log })
    this.#near = new FirstLevel(clock)
    this.#redis = connectionTo(settings, (error) => this.#failed(error))
    this.#listening = new Listening({
      settings,
      masters: () => this.#redis.masters(),
      heard: {
        changed: (key) => (key === null ? this.#near.clear() : this.#near.drop(key)),
        said: (channel, message) => this.#said(channel, message),
        healthy: (isHealthy) => this.#healthy(isHealthy),
        failed: (error) => this.#failed(error),
      },
    })
  }

  /** A store that is connected, or goes on trying to. Rejects in a sentence when Redis answered and would not have us. */
  static async open(settings: RedisSettings, parts: { clock: Clock; log: Log }): Promise<RedisStore> {
    const store = new RedisStore(settings, parts)
    const connected = Promise.all([store.#redis.connect(), store.#heard.promise]).then(() => undefined)
    const refusal = await Promise.race([connected, store.#refused.promise, sleep(START_TIMEOUT_MS, undefined, { ref: false })])
    if (refusal === undefined) return store
    await store.close()
    throw new Error(refusal)
  }

  async get(key: string): Promise<string | undefined> {
    const full = this.#prefix + key
    const value = await this.#near.get(full, () => this.#breaker.attempt(() => this.#redis.get(full).catch(missIfOther)))
    return typeof value === 'string' ? value : undefined
  }

  async set(key: string, value: string, ttlS: number): Promise<void> {
    this.#near.drop(this.#prefix + key)
    await this.#breaker.attempt(() => this.#redis.set(this.#prefix + key, value, ttlS * 1_000))
  }

  async delete(key: string): Promise<boolean> {
    this.#near.drop(this.#prefix + key)
    return (await this.#breaker.attempt(() => this.#redis.delete(this.#prefix + key))) !== AWAY
  }

  async publish(channel: string, message: string): Promise<boolean> {
    return (await this.#breaker.attempt(() => this.#redis.publish(this.#prefix + channel, message))) !== AWAY
  }

  subscribe(listener: CacheListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  hear(channel: string, listener: (message: string) => void): () => void {
    return this.#listening.hear(this.#prefix + channel, listener)
  }

  async close(): Promise<void> {
    this.#listening.close()
    this.#redis.destroy()
  }

  #said(channel: string, message: string): void {
    if (!channel.startsWith(this.#prefix)) return
    for (const listener of this.#listeners) listener(channel.slice(this.#prefix.length), message)
  }

  #healthy(isHealthy: boolean): void {
    if (isHealthy) {
      this.#near.open()
      this.#heard.resolve()
      this.#reasons.clear()
    } else this.#near.close()
  }

  /** Connections try again by themselves, and say so each time; one line for each reason is enough until all is well. */
  #failed(error: Error): void {
    const refusal = refusalIn(error)
    if (refusal !== undefined) this.#refused.resolve(refusal)
    if (this.#reasons.has(error.message)) return
    this.#reasons.add(error.message)
    this.#log.warn(errorFields(error), 'a connection to the cache failed; it is tried again')
  }
}

/** A key that holds another kind of value is not ours, and no reason to think that Redis is away. */
function missIfOther(error: Error): null {
  if (error.message.startsWith('WRONGTYPE')) return null
  throw error
}

/** Why Redis would not have us, when trying again can't help; undefined when it may only be away. */
function refusalIn(error: Error): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException
  if (/^(WRONGPASS|NOAUTH|ERR AUTH|ERR Client sent AUTH)/.test(error.message))
    return 'Redis refuses the user or password of SARDONYX_REDIS_URL.'
  if (error.message.startsWith('NOPERM'))
    return `Redis knows the user of SARDONYX_REDIS_URL, but it may not do what it must: ${error.message}`
  if (/CERT|UNABLE_TO_|ERR_TLS/.test(code))
    return `The certificate of Redis is not trusted (${code}). SARDONYX_REDIS_CA_FILE names the file of the authority that signed it.`
  if (/^ERR_SSL|EPROTO/.test(code)) return 'Redis does not speak TLS at that address, or not one we know; redis:// is the form without it.'
  return undefined
}
