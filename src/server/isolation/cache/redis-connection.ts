/**
 * Connections to Redis in its three forms behind one shape. They reconnect by themselves for ever, queue nothing while they are
 * away, and notice a server that has stopped answering.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createCluster, createSentinel } from 'redis'
import type { RedisNode, RedisSettings } from './redis-settings.ts'

/** What the store needs of Redis. */
export interface RedisConnection {
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number): Promise<unknown>
  delete(key: string): Promise<unknown>
  publish(channel: string, message: string): Promise<unknown>
  /** Where changes happen: the masters, as far as they are known now. */
  masters(): RedisNode[]
  /** Resolves once it is connected, however long that takes, or destroyed. */
  connect(): Promise<void>
  destroy(): void
}

const CONNECT_TIMEOUT_MS = 1_000
const PING_EVERY_MS = 500
/** A server that has not even answered pings for so long is taken for gone. */
const SILENCE_MS = 2_000
const RECONNECT_AT_MOST_MS = 1_000

/** What every connection has in common; the caller adds where to. */
function clientOptions({ username, password, tls, ca }: RedisSettings) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    socket: {
      ...(tls ? { tls: true as const, ...(ca === undefined ? {} : { ca }) } : {}),
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, RECONNECT_AT_MOST_MS),
    },
    pingInterval: PING_EVERY_MS,
    disableOfflineQueue: true,
    maintNotifications: 'disabled' as const,
    disableClientInfo: true,
  }
}

/** The same, for a connection to one server. */
export function optionsFor(settings: RedisSettings, node: RedisNode) {
  const common = clientOptions(settings)
  return { ...common, database: settings.database, socket: { ...common.socket, ...node } }
}

/** A connection of the kind that the settings ask for; it is not connected yet. */
export function connectionTo(settings: RedisSettings, onError: (error: Error) => void): RedisConnection {
  if (settings.kind === 'single') return toSingle(settings, onError)
  return settings.kind === 'cluster' ? toCluster(settings, onError) : toSentinel(settings, onError)
}

function toSingle(settings: RedisSettings, onError: (error: Error) => void): RedisConnection {
  const [node] = settings.nodes
  const client = createClient(optionsFor(settings, node)).on('error', onError)
  return { ...commandsOf(client), masters: () => [node], ...lifeOf(client, onError) }
}

function toCluster(settings: RedisSettings, onError: (error: Error) => void): RedisConnection {
  const cluster = createCluster({
    rootNodes: settings.nodes.map((node) => optionsFor(settings, node)),
    defaults: clientOptions(settings),
    topologyRefreshOnReconnectionAttemptStrategy: 1_000,
  }).on('error', onError)
  return { ...commandsOf(cluster), masters: () => cluster.masters.map(({ host, port }) => ({ host, port })), ...lifeOf(cluster, onError) }
}

function toSentinel(settings: RedisSettings, onError: (error: Error) => void): RedisConnection {
  const { username: _user, password: _password, ...asked } = clientOptions(settings)
  const sentinel = createSentinel({
    name: settings.masterName,
    sentinelRootNodes: [...settings.nodes],
    nodeClientOptions: clientOptions(settings),
    sentinelClientOptions: asked,
    scanInterval: 1_000,
    passthroughClientErrorEvents: true,
    // Some of its errors are mere strings, whatever its types say.
  }).on('error', (error: unknown) => onError(error instanceof Error ? error : new Error(String(error))))
  const masters = () => {
    const master = sentinel.getMasterNode()
    return master ? [{ host: master.host, port: Number(master.port) }] : []
  }
  return { ...commandsOf(sentinel), masters, ...lifeOf(sentinel, onError) }
}

/** The commands, alike in all forms. */
interface Commanding {
  get(key: string): Promise<string | null>
  set(key: string, value: string, options: { expiration: { type: 'PX'; value: number } }): Promise<unknown>
  del(key: string): Promise<unknown>
  publish(channel: string, message: string): Promise<unknown>
}

function commandsOf(client: Commanding): Pick<RedisConnection, 'get' | 'set' | 'delete' | 'publish'> {
  return {
    get: (key) => client.get(key),
    set: (key, value, ttlMs) => client.set(key, value, { expiration: { type: 'PX', value: Math.max(1, Math.round(ttlMs)) } }),
    delete: (key) => client.del(key),
    publish: (channel, message) => client.publish(channel, message),
  }
}

interface Living {
  connect(): Promise<unknown>
  destroy(): unknown
}

/** A single client tries for ever by itself; the others give up when nobody answers at first, and are asked again. */
function lifeOf(client: Living, onError: (error: Error) => void): Pick<RedisConnection, 'connect' | 'destroy'> {
  let isDestroyed = false
  return {
    connect: async () => {
      while (!isDestroyed) {
        try {
          await client.connect()
          return
        } catch (error) {
          if (!isDestroyed) onError(error as Error)
          await sleep(RECONNECT_AT_MOST_MS, undefined, { ref: false })
        }
      }
    },
    destroy: () => {
      isDestroyed = true
      client.destroy()
    },
  }
}
