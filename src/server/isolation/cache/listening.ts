/**
 * Listening to Redis on connections of their own, one to each master: which keys changed (BCAST tracking, which needs no memory per
 * key in Redis), and what other servers say: to all, and on single channels to those that asked. Healthy means that nothing can
 * change unheard; single channels may have gaps.
 */
import { createClient } from 'redis'
import { Channels } from '../cache.ts'
import { optionsFor } from './redis-connection.ts'
import type { RedisNode, RedisSettings } from './redis-settings.ts'

/** How often the masters are looked up anew: after a failover changes happen elsewhere. */
const LOOK_EVERY_MS = 500

export interface Heard {
  /** A key that changed; null when all may have. */
  changed(key: string | null): void
  said(channel: string, message: string): void
  /** Whether every change is heard of from now on. */
  healthy(isHealthy: boolean): void
  failed(error: Error): void
}

/** As much of a client as is used here: its full type knows every command. */
interface Client {
  sendCommand(args: string[]): Promise<unknown>
  pSubscribe(pattern: string, listener: (message: string, channel: string) => void): Promise<void>
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<void>
  unsubscribe(channel: string): Promise<void>
  destroy(): void
}

export class Listening {
  readonly #settings: RedisSettings
  readonly #masters: () => RedisNode[]
  readonly #heard: Heard
  readonly #clients = new Map<string, Client>()
  readonly #listening = new Set<Client>()
  /** A client subscribes once; it renews that by itself. */
  readonly #subscribed = new WeakSet<Client>()
  readonly #channels = new Channels()
  readonly #turns = new WeakMap<Client, Promise<void>>()
  /** One function for all channels and clients: subscribing twice is then hearing once. */
  readonly #say = (message: string, channel: string) => this.#channels.say(channel, message)
  readonly #timer: NodeJS.Timeout
  #isHealthy = false

  constructor(parts: { settings: RedisSettings; masters: () => RedisNode[]; heard: Heard }) {
    this.#settings = parts.settings
    this.#masters = parts.masters
    this.#heard = parts.heard
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
    this.#look()
  }

  /** Calls back for what is said on a channel until the returned function is called. Whatever is said while a connection is away is missed. */
  hear(channel: string, listener: (message: string) => void): () => void {
    const forget = this.#channels.add(channel, listener)
    for (const client of this.#listening) this.#settle(client, channel)
    return () => {
      if (forget()) for (const client of this.#listening) this.#settle(client, channel)
    }
  }

  /** Hears nothing more. */
  close(): void {
    clearInterval(this.#timer)
    for (const client of this.#clients.values()) client.destroy()
    this.#clients.clear()
    this.#listening.clear()
    this.#judge()
  }

  #look(): void {
    const masters = new Map(this.#masters().map((node) => [`${node.host}:${node.port}`, node]))
    for (const address of this.#clients.keys()) if (!masters.has(address)) this.#leave(address)
    for (const [address, node] of masters) if (!this.#clients.has(address)) this.#clients.set(address, this.#listenTo(address, node))
    this.#judge()
  }

  #leave(address: string): void {
    const client = this.#clients.get(address)
    if (!client) return
    this.#clients.delete(address)
    this.#listening.delete(client)
    client.destroy()
  }

  #listenTo(address: string, node: RedisNode): Client {
    const client = createClient({ ...optionsFor(this.#settings, node), emitInvalidate: true })
    const failed = (error: Error) => {
      this.#listening.delete(client)
      this.#judge()
      this.#heard.failed(error)
    }
    client
      .on('error', failed)
      .on('invalidate', (key: Buffer | string | null) => this.#heard.changed(key === null ? null : String(key)))
      .on('ready', () => {
        this.#begin(client).catch((error: Error) => {
          // It is connected but does not listen, so it is given up; the next look makes another.
          if (this.#clients.get(address) === client) this.#leave(address)
          failed(error)
        })
      })
    // It reconnects by itself; a rejection means that it was destroyed meanwhile.
    client.connect().catch(failed)
    return client
  }

  async #begin(client: Client): Promise<void> {
    const { prefix } = this.#settings
    // The library has turned on tracking of single keys; the other kind begins only from off.
    await client.sendCommand(['CLIENT', 'TRACKING', 'OFF'])
    await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', `${prefix}t:`])
    if (!this.#subscribed.has(client)) {
      this.#subscribed.add(client)
      await client.pSubscribe(`${prefix}t:*:events`, (message, channel) => this.#heard.said(channel, message))
    }
    this.#listening.add(client)
    for (const channel of this.#channels.names) this.#settle(client, channel)
    this.#judge()
  }

  /**
   * Has a client hear a channel or not, as is wanted by the time of its turn: asking for one again before its end is confirmed would
   * lose it. One that fails is missed and no more: whoever hears such a channel can do without.
   */
  #settle(client: Client, channel: string): void {
    const settle = () => (this.#channels.has(channel) ? client.subscribe(channel, this.#say) : client.unsubscribe(channel))
    this.#turns.set(client, (this.#turns.get(client) ?? Promise.resolve()).then(settle).catch(this.#heard.failed))
  }

  #judge(): void {
    const isHealthy = this.#clients.size > 0 && this.#listening.size === this.#clients.size
    if (isHealthy === this.#isHealthy) return
    this.#isHealthy = isHealthy
    this.#heard.healthy(isHealthy)
  }
}
