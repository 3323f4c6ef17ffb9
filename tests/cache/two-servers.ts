/** Two servers of one installation, each with connections of its own to the one PostgreSQL and the one Redis, reached over real HTTP. */

import { redisSettings } from '#server/isolation/cache/redis-settings.ts'
import { RedisStore } from '#server/isolation/cache/redis-store.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { connect } from '#server/ops/installation.ts'
import { createServer } from '#server/server.ts'
import { offer } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { startRedis, type TestRedis } from '#tests/support/redis.ts'
import { type Answer, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

export interface OneServer {
  readonly baseUrl: string
  /** How a person of the world calls this server. */
  as(person: SignedIn): SignedIn['call']
  /** The same with no network between. */
  within(person: Pick<SignedIn, 'token'>): SignedIn['call']
  /** Closing it again is no error. */
  close(): Promise<void>
}

export interface TwoServers {
  readonly world: World
  readonly redis: TestRedis
  readonly models: ModelServer
  readonly a: OneServer
  readonly b: OneServer
  /** The id of a model that waits in the middle of its answer until `models.release()`. */
  readonly slow: string
  /** How people name a model that the scripted server knows: `slow`, `steps` and a few more. */
  model(name: string): string
  /** A further server of the installation. */
  another(): Promise<OneServer>
  close(): Promise<void>
}

/** Starts everything; the caller closes it. */
export async function startTwoServers(): Promise<TwoServers> {
  const [redis, models] = await Promise.all([startRedis({ config: ['rdbcompression no'] }), startModelServer()])
  const world = await createWorld({ egressAllow: models.allow })
  const named = await offer(await world.signIn('carol'), models, ['slow', 'steps', 'echo', 'hang', 'told', 'out-of-tokens'])
  const another = () => startServer(world, redis.url)
  const [a, b] = await Promise.all([another(), another()])
  return {
    world,
    redis,
    models,
    a,
    b,
    slow: named('slow'),
    model: named,
    another,
    async close() {
      await Promise.all([a.close(), b.close()])
      await world.close()
      await Promise.all([models.close(), redis.remove()])
    },
  }
}

async function startServer({ installation, config, log }: World, redisUrl: string): Promise<OneServer> {
  const database = connect(installation, log, { app: 4, worker: 2, auth: 2 })
  const cache = await RedisStore.open(redisSettings(redisUrl, { ca: undefined, prefix: '' }), { clock: systemClock, log })
  const failuresAllowed = { perAccount: 1_000, perAddress: 1_000 }
  const server = await createServer({ installation, config, database, log, cache, failuresAllowed, setupCode: undefined })
  const baseUrl = await server.app.listen({ host: '127.0.0.1', port: 0 })
  let closed: Promise<void> | undefined
  const close = async () => {
    await server.close()
    await cache.close()
    await database.close()
  }
  return {
    baseUrl,
    as:
      ({ token }) =>
      async <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>> => {
        const reply = await fetch(`${baseUrl}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        const text = await reply.text()
        const isJson = text !== '' && reply.headers.get('content-type')?.includes('json')
        return { status: reply.status, body: (isJson ? JSON.parse(text) : text) as T, text, headers: Object.fromEntries(reply.headers) }
      },
    within:
      ({ token }) =>
      async <T>(method: string, url: string, body?: unknown): Promise<Answer<T>> => {
        const payload = body === undefined ? {} : { payload: body as object }
        const reply = await server.app.inject({ method: method as 'GET', url, headers: { authorization: `Bearer ${token}` }, ...payload })
        const isJson = reply.body !== '' && String(reply.headers['content-type']).includes('json')
        const read = (isJson ? JSON.parse(reply.body) : reply.body) as T
        return { status: reply.statusCode, body: read, text: reply.body, headers: reply.headers }
      },
    close: () => (closed ??= close()),
  }
}
