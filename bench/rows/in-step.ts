/** What it costs to keep every page in step, and how soon it is: events, and answers whose server dies. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import type { Chat, Message } from '#contract/chats.ts'
import { startModelServer } from '#tests/support/model-server.ts'
import { MISSING as NO_REDIS, startRedis, type TestRedis } from '#tests/support/redis.ts'
import { type Client, clientOf } from '../client.ts'
import { compare, quantile, type Row, type Stage, summary, timeOf } from '../measure.ts'
import { asker, askIn } from './streams.ts'

/** As many streams as one person may have open at a server. */
const STREAMS_PER_PERSON = 100

const idleStreams: Row = {
  name: 'memory of an idle stream of events against a bare one',
  unit: '×',
  goal: { atMost: 2.5 },
  how: 'Memory of JavaScript that the server process uses after rubbish was collected, per connection, of 10,000 (1,000 with --quick) that people keep open: the product’s stream of events, in which nothing happens, against a reply of Node that is held open.',
  control: 'A server that keeps 64 KB for every stream.',
  finding:
    '16 KB each, of which Node itself takes more than half for the request, the reply and their headers; ten thousand are 160 MB. They used 17 before the head was written at once.',
  async measure(stage) {
    const world = await stage.world()
    const count = stage.quick ? 1_000 : 10_000
    const logins = []
    for (let i = 0; i < count / STREAMS_PER_PERSON; i++) logins.push(await world.addPerson(`person-${i}`))
    const tokens = logins.map(({ token }) => token)
    const turn = async (path: string, options = {}) => {
      const server = await world.serve(options)
      // What is made once, for the first that comes, is nobody's.
      close(await openAll({ port: server.port, path, tokens, count: 100 }))
      return async () => {
        const sockets = await openAll({ port: server.port, path, tokens, count })
        const openKb = await settled(() => server.memoryKb())
        close(sockets)
        const eachKb = (openKb - (await settled(() => server.memoryKb()))) / count
        stage.say(`${eachKb.toFixed(1)} KB each of ${path}`)
        return eachKb
      }
    }
    const sides = {
      base: await turn('/held'),
      subject: await turn('/api/events'),
      control: await turn('/api/events', { hoarding: true }),
    }
    return compare(stage.quick ? 2 : 3, sides)
  },
}

/** The value once it has come to rest: what has just been closed is let go of a little later. */
async function settled(measure: () => Promise<number>): Promise<number> {
  let before = await measure()
  for (;;) {
    await sleep(500)
    const now = await measure()
    if (Math.abs(now - before) < before / 200) return now
    before = now
  }
}

/** Connections on each of which something was asked and the beginning of the answer has come. */
async function openAll({
  port,
  path,
  tokens,
  count,
}: {
  port: number
  path: string
  tokens: readonly string[]
  count: number
}): Promise<Socket[]> {
  const sockets: Socket[] = []
  let next = 0
  const lane = async () => {
    while (next < count) {
      const token = tokens[next++ % tokens.length]!
      const socket = connect({ port, host: '127.0.0.1' })
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`the server answered ${text.slice(0, 600)}`))
        else if (text.includes('event: opened')) resolve()
      })
      socket.once('error', reject)
      socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n\r\n`)
      await promise
      sockets.push(socket)
    }
  }
  await Promise.all(Array.from({ length: 32 }, lane))
  return sockets
}

function close(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
}

async function withRedis<T>(work: (redis: TestRedis) => Promise<T>): Promise<T> {
  if (NO_REDIS) throw new Error(NO_REDIS)
  const redis = await startRedis()
  try {
    return await work(redis)
  } finally {
    await redis.remove()
  }
}

const eventElsewhere: Row = {
  name: 'a rename to a page on another server, p99',
  unit: 'ms',
  goal: { atMost: 100 },
  how: 'Two server processes that share PostgreSQL and Redis; from sending a rename to one of them to its event in a stream at the other, p99, less the median of a bare publish from one client of Redis to another.',
  control: 'Two servers that share no cache: each finds what happened at the other when it looks in the database, once a second.',
  finding:
    'Renames that follow one upon another, as here, wait for each other: a stream looks twenty times at once and then every 50 ms, which is what is seen; a single one takes 7 to 10 ms.',
  measure: (stage) =>
    withRedis(async (redis) => {
      const rounds = stage.quick ? 10 : 200
      const bareMs = await published(redis, rounds)
      const tookMs = await renamed(stage, { redisUrl: redis.url, rounds })
      const withoutMs = await renamed(stage, { rounds: 5 })
      const above = (values: readonly number[]) => values.map((value) => value - quantile(bareMs, 0.5))
      const { spread } = summary(rounds, { values: above(tookMs), controls: [] })
      return { value: quantile(above(tookMs), 0.99), control: quantile(above(withoutMs), 0.5), rounds, spread }
    }),
}

/** How long a message takes from one client of Redis to another. */
async function published({ url }: TestRedis, rounds: number): Promise<number[]> {
  const [speaker, listener] = [createClient({ url }), createClient({ url })]
  await Promise.all([speaker.connect(), listener.connect()])
  let heard = Promise.withResolvers<void>()
  await listener.subscribe('bench', () => heard.resolve())
  const tookMs: number[] = []
  for (let round = -1; round < rounds; round++) {
    heard = Promise.withResolvers()
    const ms = await timeOf(async () => {
      await speaker.publish('bench', 'a message of the length of those that servers tell each other')
      await heard.promise
    })
    if (round >= 0) tookMs.push(ms)
  }
  for (const client of [speaker, listener]) client.destroy()
  return tookMs
}

/** How long a rename at one server takes to a page at another. */
async function renamed(stage: Stage, { redisUrl, rounds }: { redisUrl?: string; rounds: number }): Promise<number[]> {
  const world = await stage.world()
  const options = redisUrl === undefined ? {} : { redisUrl }
  const [here, there] = [await world.serve(options), await world.serve(options)]
  const { token } = await world.signIn('alice')
  const client = clientOf(here.port, token)
  const chat = await client.call<Chat>('POST', '/api/chats', {})
  const rename = (description: string) => client.call('PATCH', `/api/chats/${chat.id}`, { description })
  const page = await openPage(there.port, token)
  const tookMs: number[] = []
  for (let round = -1; round < rounds; round++) {
    const ms = await timeOf(() => Promise.all([page.next(chat.id), rename(`Name ${round}`)]))
    if (round >= 0) tookMs.push(ms)
  }
  page.close()
  return tookMs
}

/** A page that follows events. */
async function openPage(port: number, token: string) {
  const hangUp = new AbortController()
  const reply = await fetch(`http://127.0.0.1:${port}/api/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: hangUp.signal,
  })
  let text = ''
  let come = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const read = async () => {
    for await (const piece of reply.body!.pipeThrough(new TextDecoderStream())) {
      text += piece
      if (text.includes('event: opened')) opened.resolve()
      come.resolve()
    }
  }
  read().catch(() => undefined)
  await opened.promise
  return {
    /** Resolves with the next event that names the chat. */
    async next(chatId: string): Promise<void> {
      text = ''
      while (!text.includes(chatId)) {
        come = Promise.withResolvers()
        await come.promise
      }
    },
    close: () => hangUp.abort(),
  }
}

const afterKill: Row = {
  name: 'resuming an answer after its server was killed',
  unit: '×',
  goal: { atMost: 1.5 },
  how: 'Two server processes that share PostgreSQL and Redis; an answer is being written by one of them. From asking the other for it to the first piece, at once after the first was killed, against before.',
  control: 'A reader who tries the server that is gone for another 100 ms.',
  finding: 'The checkpoint is the first piece, whoever wrote it. At a load of 23 it was 1.6, with quartiles far apart.',
  measure: (stage) =>
    withRedis(async (redis) => {
      const models = await startModelServer()
      const world = await stage.world()
      const options = { redisUrl: redis.url, egressAllow: models.allow }
      const there = await world.serve(options)
      const { token, client: reader, newChat } = await asker(world, { server: there, models, name: 'slow' })
      const sides: Record<'base' | 'subject' | 'control', number[]> = { base: [], subject: [], control: [] }
      const rounds = stage.quick ? 3 : 15
      for (let round = -1; round < rounds; round++) {
        const here = await world.serve(options)
        const path = await askIn(clientOf(here.port, token), await newChat())
        const first = () => timeOf(() => reader.read(path, (text) => text.includes('event: delta')))
        await kept(reader, path)
        await first()
        const before = await first()
        await here.stop()
        const after = await first()
        const late = await timeOf(async () => {
          await sleep(100)
          await first()
        })
        models.release()
        if (round < 0) continue
        sides.base.push(before)
        sides.subject.push(after)
        sides.control.push(late)
      }
      await models.close()
      const ratios = (costs: readonly number[]) => costs.map((cost, i) => cost / sides.base[i]!)
      return summary(rounds, { values: ratios(sides.subject), controls: ratios(sides.control) })
    }),
}

/** Resolves once a checkpoint of the answer at this path holds some text. */
async function kept(reader: Client, path: string): Promise<void> {
  const [, chatId] = /chats\/([^/]+)/.exec(path)!
  const latest = async () => (await reader.call<{ items: Message[] }>('GET', `/api/chats/${chatId}/messages?limit=1`)).items[0]
  while (((await latest())?.parts.length ?? 0) === 0) await sleep(50)
}

export const inStepRows: readonly Row[] = [idleStreams, eventElsewhere, afterKill]
