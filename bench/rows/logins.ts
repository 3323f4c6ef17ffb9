/** What it costs that logins are looked up, renewed and ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import { MISSING as NO_REDIS, startRedis } from '#tests/support/redis.ts'
import { type Client, clientOf } from '../client.ts'
import { loadMs } from '../load.ts'
import { compare, quantile, type Row, type Stage, summary, timeOf, wallMs } from '../measure.ts'
import type { Login, World } from '../world.ts'

const LANES = 8
/** As many requests as a busy page makes in a minute; a token is replaced every fifteen. */
const REQUESTS_PER_LOGIN = 20

const firstLevel: Row = {
  name: 'signed-in request over Redis: first level on against off',
  unit: '×',
  goal: { atMost: 0.9 },
  how: 'Processor time per request, 8 at a time, of the route that says hello to somebody signed in, on servers that share a Redis: with the cached login kept near for a second, against asking Redis each time.',
  control: 'A third server that asks Redis each time as well.',
  finding:
    'Eight questions at a time share their packets, and cost the server no processor time that shows beside the rest of a request. What the first level spares is Redis itself, which hears of a login once a second, and a trip for each request.',
  async measure(stage) {
    if (NO_REDIS) throw new Error(NO_REDIS)
    const redis = await startRedis()
    try {
      const world = await stage.world()
      const { token } = await world.signIn('alice')
      const turn = async (options: { far?: boolean }) => {
        const server = await world.serve({ redisUrl: redis.url, ...options })
        const requests = stage.quick ? 300 : 2_000
        return async () => {
          const beforeMs = await server.cpuMs()
          await loadMs({ port: server.port, lanes: LANES, requests, path: '/api/bench/hello', token })
          return ((await server.cpuMs()) - beforeMs) / requests
        }
      }
      const sides = { base: await turn({ far: true }), subject: await turn({}), control: await turn({ far: true }) }
      return await compare(stage.rounds, sides)
    } finally {
      await redis.remove()
    }
  },
}

const renewal: Row = {
  name: 'requests while every login renews its token, against none',
  unit: '×',
  goal: { atMost: 1.25 },
  how: `Wall time per request, 8 browsers at a time, each with ${REQUESTS_PER_LOGIN} requests for its list of chats, of which the first replaces the token; against programs whose tokens are as old and are left alone.`,
  control: 'Every request replaces the token.',
  finding:
    'A renewal is a transaction of its own that reaches the disk, and its successor’s first use another; both happen once in fifteen minutes of use.',
  async measure(stage) {
    const world = await stage.world()
    // To this server every token is older than fifteen minutes.
    const { port } = await world.serve({ aheadMs: 16 * 60_000 })
    const cookie = `sardonyx-${await world.installation.keyring.instanceName()}`
    const logins = stage.quick ? 8 : 24
    const turn = (renewals: number) => async () => {
      const browsers = await Promise.all(
        Array.from({ length: logins }, async () => browserOf({ port, cookie }, await world.signIn('alice'))),
      )
      const waiting = browsers.values()
      const tookMs = await wallMs({ calls: logins, lanes: LANES }, async () => {
        const { value: browser } = waiting.next()
        for (let i = 0; i < REQUESTS_PER_LOGIN; i++) await browser!.list(i < renewals)
      })
      return tookMs / REQUESTS_PER_LOGIN
    }
    return compare(stage.rounds, { base: turn(0), subject: turn(1), control: turn(REQUESTS_PER_LOGIN) })
  },
}

/** Somebody's browser: as one it sends the cookie and keeps the one that it is given; as a program it sends the same token in a header. */
function browserOf({ port, cookie }: { port: number; cookie: string }, login: Login) {
  let token = login.token
  return {
    async list(asBrowser: boolean): Promise<void> {
      const headers = asBrowser ? { cookie: `${cookie}=${token}` } : { authorization: `Bearer ${token}` }
      const answer = await fetch(`http://127.0.0.1:${port}/api/chats`, { headers })
      if (!answer.ok) throw new Error(`the list was refused: ${await answer.text()}`)
      await answer.arrayBuffer()
      const [given] = answer.headers.getSetCookie()
      if (asBrowser && !given) throw new Error('the token was not replaced')
      if (given) token = given.split(';', 1)[0]!.split('=')[1]!
    },
  }
}

const lateSuccesses: Row = {
  name: 'requests that succeed after a sign-out',
  unit: 'late',
  goal: { atMost: 0 },
  how: 'Two server processes on one database, eight requests at a time against each; a sign-out on one of them; requests begun after its reply that succeed anywhere, over all rounds.',
  control: 'Counted from just before the sign-out is sent.',
  finding: 'Each unit of work enters by its token’s row.',
  async measure(stage) {
    const world = await stage.world()
    const servers = [await world.serve(), await world.serve()]
    const rounds = stage.quick ? 5 : 50
    let [late, early] = [0, 0]
    for (let round = 0; round < rounds; round++) {
      const { token } = await world.signIn('alice')
      const clients = servers.map(({ port }) => clientOf(port, token))
      const { succeeded, sentMs, endedMs } = await signOutAmid(clients)
      late += succeeded.filter((beganMs) => beganMs > endedMs).length
      early += succeeded.filter((beganMs) => beganMs > sentMs - 5).length
    }
    return { value: late, control: early, rounds, spread: [late, late] }
  },
}

/** Signs out by the first client while all are busy; answers when the requests that succeeded were begun. */
async function signOutAmid(clients: readonly Client[]) {
  const succeeded: number[] = []
  let isOver = false
  const lane = async (client: Client) => {
    while (!isOver) {
      const beganMs = performance.now()
      if ((await client.status('GET', '/api/chats')) === 200) succeeded.push(beganMs)
    }
  }
  const lanes = Promise.all(clients.flatMap((client) => Array.from({ length: 8 }, () => lane(client))))
  await sleep(60)
  const sentMs = performance.now()
  await clients[0]!.call('POST', '/api/auth/sign-out')
  const endedMs = performance.now()
  await sleep(60)
  isOver = true
  await lanes
  return { succeeded, sentMs, endedMs }
}

const streamsEnd: Row = {
  name: 'open streams on another server after a sign-out, p99',
  unit: 'ms',
  goal: { atMost: 100 },
  how: 'Two server processes that share PostgreSQL and Redis; a login’s events are followed on one, it is signed out on the other; from the reply to the end of the stream, p99.',
  control:
    'Two servers that share no cache, which nobody is meant to run: what one has told itself, the other finds when it calls the roll of its streams, every five seconds.',
  finding:
    'The end is told through Redis. While Redis is away it stays written down in the database, where every server looks once a second.',
  async measure(stage) {
    if (NO_REDIS) throw new Error(NO_REDIS)
    const redis = await startRedis()
    const rounds = stage.quick ? 5 : 100
    try {
      const tookMs = await endings(stage, { redisUrl: redis.url, rounds })
      const withoutMs = await endings(stage, { rounds: 3 })
      const { spread } = summary(rounds, { values: tookMs, controls: [] })
      return { value: quantile(tookMs, 0.99), control: quantile(withoutMs, 0.5), rounds, spread }
    } finally {
      await redis.remove()
    }
  },
}

/** How long a login's stream on one server outlives its sign-out on another. */
async function endings(stage: Stage, { redisUrl, rounds }: { redisUrl?: string; rounds: number }): Promise<number[]> {
  const world = await stage.world()
  const options = redisUrl === undefined ? {} : { redisUrl }
  const [here, there] = [await world.serve(options), await world.serve(options)]
  const tookMs: number[] = []
  for (let round = 0; round < rounds; round++) tookMs.push(await ending(world, { here: here.port, there: there.port }))
  return tookMs
}

async function ending(world: World, { here, there }: { here: number; there: number }): Promise<number> {
  const { token } = await world.signIn('alice')
  const reply = await fetch(`http://127.0.0.1:${there}/api/events`, { headers: { authorization: `Bearer ${token}` } })
  const ended = reply.text()
  await clientOf(here, token).call('POST', '/api/auth/sign-out')
  return timeOf(() => ended)
}

export const loginRows: readonly Row[] = [firstLevel, renewal, lateSuccesses, streamsEnd]
