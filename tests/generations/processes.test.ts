/** The product as an operator runs it twice: the process that writes an answer is killed, or told to stop, and its readers go on at the other. */
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { MASTER, PREFIX } from '#tests/support/cast.ts'
import {
  type Asked,
  asked,
  doneOf,
  type Exchange,
  type LiveStream,
  messageOf,
  offer,
  openStream,
  shown,
  textOf,
} from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'
import { MISSING, startRedis, type TestRedis } from '#tests/support/redis.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/generations/processes.test.ts: ${MISSING}\n`)

const QUESTION = 'one two three four five six seven eight'
const FIRST_HALF = 'one two three four '
const PATIENT = { timeout: 30_000, interval: 50 }

describe.skipIf(MISSING !== undefined)('two processes', () => {
  let world: World
  let redis: TestRedis
  let models: ModelServer
  let alice: SignedIn
  let slow: string
  const running: ServerProcess[] = []
  const start = async (): Promise<ServerProcess> => {
    const env = {
      DATABASE_URL: world.url,
      SARDONYX_ROLE_PREFIX: PREFIX,
      SARDONYX_MASTER_KEY: MASTER.toString('hex'),
      SARDONYX_REDIS_URL: redis.url,
      SARDONYX_EGRESS_ALLOW: models.allow,
      SARDONYX_FINISH_ANSWERS_S: '20',
    }
    const server = await startProcess({ dataDir: dirname(inject('keyringDirectory')), env })
    running.push(server)
    return server
  }
  beforeAll(async () => {
    ;[redis, models] = await Promise.all([startRedis(), startModelServer()])
    world = await createWorld({ egressAllow: models.allow })
    alice = await world.signIn('alice')
    slow = (await offer(await world.signIn('carol'), models, ['slow']))('slow')
  }, 60_000)
  afterAll(async () => {
    await Promise.all(running.map((server) => server.end('SIGKILL')))
    await world?.close()
    await Promise.all([models?.close(), redis?.remove()])
  })

  const call = async <T>(server: ServerProcess, path: string, body?: object): Promise<T> => {
    const headers = { authorization: `Bearer ${alice.token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
    const reply = await fetch(`${server.address}${path}`, { method: 'POST', headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    return (await reply.json()) as T
  }
  const begin = async (server: ServerProcess): Promise<Asked> => {
    const { id } = await call<{ id: string }>(server, '/api/chats', { model: slow })
    const body = { text: QUESTION, parentId: null, idempotencyKey: crypto.randomUUID() }
    return asked(await call<Exchange>(server, `/api/chats/${id}/messages`, body))
  }
  const read = (server: ServerProcess, answer: Asked, after?: string) =>
    openStream(server.address, alice.token, answer.path, { lastEventId: after })
  const half = (stream: LiveStream) => expect.poll(() => shown(stream.events), PATIENT).toBe(FIRST_HALF)
  const kept = (answer: Asked) => messageOf(alice, answer)

  test('the one that writes is killed: everybody has what was kept, and the answer goes on at the other', async () => {
    const [a, b] = await Promise.all([start(), start()])
    const answer = await begin(a)
    const [here, there] = await Promise.all([read(a, answer), read(b, answer)])
    await Promise.all([half(here), half(there)])
    await expect.poll(async () => textOf(await kept(answer)), PATIENT).toBe(FIRST_HALF)
    await a.end('SIGKILL')
    await here.ended.catch(() => undefined)
    const moved = await read(b, answer, here.events.at(-1)!.id)
    await Promise.all([there.ended, moved.ended])
    const message = await kept(answer)
    expect([message.status, textOf(message)]).toEqual(['interrupted', FIRST_HALF])
    for (const { events } of [there, moved]) expect(doneOf(events)).toEqual(message)
    expect([shown(there.events), shown(here.events) + shown(moved.events)]).toEqual([FIRST_HALF, FIRST_HALF])
    models.release()
    models.script({ text: 'and so on.' })
    await call(b, `${answer.path}/continue`)
    const rest = await read(b, answer, moved.events.at(-1)!.id)
    await rest.ended
    expect([shown(rest.events), textOf(await kept(answer))]).toEqual(['and so on.', `${FIRST_HALF}and so on.`])
    await b.end('SIGTERM')
  }, 90_000)

  test('the one that writes is told to stop: its readers are handed over at once, and the answer is completed', async () => {
    const [a, b] = await Promise.all([start(), start()])
    const answer = await begin(a)
    const [here, there] = await Promise.all([read(a, answer), read(b, answer)])
    await Promise.all([half(here), half(there)])
    const ended = a.end('SIGTERM')
    await here.ended
    expect(here.events.some(({ event }) => event === 'done')).toBe(false)
    const moved = await read(b, answer, here.events.findLast(({ id }) => id !== '')!.id)
    // Who asks it now is sent away; nobody else gets through to it any more.
    expect(
      await fetch(`${a.address}/livez`).then(
        ({ status }) => status,
        () => 503,
      ),
    ).toBe(503)
    models.release()
    await Promise.all([moved.ended, there.ended])
    expect(await ended).toBe(0)
    const message = await kept(answer)
    expect([message.status, textOf(message)]).toEqual(['complete', QUESTION])
    for (const stream of [moved, there]) expect(doneOf(stream.events)).toEqual(message)
    expect([shown(here.events) + shown(moved.events), shown(there.events)]).toEqual([QUESTION, QUESTION])
    await b.end('SIGTERM')
  }, 90_000)
})
