/**
 * Two devices read an answer at two servers while its writer is killed, its database or its Redis goes away, at any moment; whoever loses
 * their server goes on at the other. At the end everybody has the same text, and it is what is kept; nothing is lost or doubled up to the
 * last checkpoint. SARDONYX_FAULT_ROUNDS says how often each fault is tried.
 */
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Reader, readAnswer } from '#tests/faults/reader.ts'
import { MASTER, PREFIX } from '#tests/support/cast.ts'
import { type Asked, asked, type Exchange, messageOf, offer, textOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'
import { MISSING, startRedis, type TestRedis } from '#tests/support/redis.ts'
import { createWorld, type SignedIn, superuser, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/faults/two-servers.test.ts: ${MISSING}\n`)

const ROUNDS = Number(process.env.SARDONYX_FAULT_ROUNDS ?? 1)
const QUESTION = Array.from({ length: 150 }, (_, i) => `w${i}`).join(' ')
const SPEAK_EVERY_MS = 20
const AWAY_MS = 1_000
const PATIENT = { timeout: 60_000, interval: 100 }

describe.skipIf(MISSING !== undefined)('two servers and two devices', () => {
  let world: World
  let redis: TestRedis
  let models: ModelServer
  let alice: SignedIn
  let steps: string
  let servers: ServerProcess[]
  let speaking: NodeJS.Timeout
  const start = () => {
    const env = {
      DATABASE_URL: world.url,
      SARDONYX_ROLE_PREFIX: PREFIX,
      SARDONYX_MASTER_KEY: MASTER.toString('hex'),
      SARDONYX_REDIS_URL: redis.url,
      SARDONYX_EGRESS_ALLOW: models.allow,
      // Whoever reads tries again at once, and oftener in a minute than one login is allowed to.
      SARDONYX_REQUESTS_PER_LOGIN: '0',
    }
    return startProcess({ dataDir: dirname(inject('keyringDirectory')), env })
  }
  beforeAll(async () => {
    ;[redis, models] = await Promise.all([startRedis(), startModelServer()])
    world = await createWorld({ egressAllow: models.allow })
    alice = await world.signIn('alice')
    steps = (await offer(await world.signIn('carol'), models, ['steps']))('steps')
    servers = await Promise.all([start(), start()])
    speaking = setInterval(() => models.release(), SPEAK_EVERY_MS)
  }, 60_000)
  afterAll(async () => {
    clearInterval(speaking)
    await Promise.all(servers.map((server) => server.end('SIGKILL')))
    await world?.close()
    await Promise.all([models?.close(), redis?.remove()])
  })

  const call = async <T>(server: ServerProcess, path: string, body: object = {}): Promise<{ status: number; body: T }> => {
    const headers = { authorization: `Bearer ${alice.token}`, 'content-type': 'application/json' }
    const reply = await fetch(`${server.address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: reply.status, body: (await reply.json()) as T }
  }
  const begin = async (server: ServerProcess): Promise<Asked> => {
    const chat = await call<{ id: string }>(server, '/api/chats', { model: steps })
    const body = { text: QUESTION, parentId: null, idempotencyKey: crypto.randomUUID() }
    return asked((await call<Exchange>(server, `/api/chats/${chat.body.id}/messages`, body)).body)
  }
  const takeDatabaseAway = async () => {
    const name = new URL(world.url).pathname.slice(1)
    const elsewhere = inject('postgresUrl')
    await superuser(elsewhere, (client) => client.query(`alter database ${name} allow_connections false`))
    for (const endsMs = Date.now() + AWAY_MS; Date.now() < endsMs; await pause(50))
      await superuser(elsewhere, (client) =>
        client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]),
      )
    await superuser(elsewhere, (client) => client.query(`alter database ${name} allow_connections true`))
  }
  const FAULTS: Record<string, { strike(): Promise<void>; endings: readonly string[] }> = {
    'the writer is killed': {
      endings: ['interrupted', 'complete'],
      async strike() {
        await servers[0]!.end('SIGKILL')
        servers = [servers[1]!, await start()]
      },
    },
    'the other server is killed': {
      endings: ['complete'],
      async strike() {
        await servers[1]!.end('SIGKILL')
        servers = [servers[0]!, await start()]
      },
    },
    'the database goes away': { endings: ['complete', 'interrupted'], strike: takeDatabaseAway },
    'Redis is killed': {
      endings: ['complete'],
      async strike() {
        await redis.kill()
        await pause(AWAY_MS)
        await redis.start()
      },
    },
    'Redis is frozen': {
      endings: ['complete'],
      async strike() {
        redis.freeze()
        await pause(AWAY_MS)
        redis.thaw()
      },
    },
  }

  const expectAgreement = async (answer: Asked, readers: readonly Reader[]) => {
    const ends = await Promise.all(readers.map(({ done }) => done))
    const kept = await messageOf(alice, answer)
    for (const [i, { text }] of readers.entries()) expect([text, ends[i]]).toEqual([textOf(kept), kept])
    return kept
  }

  describe.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))('round %i', () => {
    test.each(Object.entries(FAULTS))(
      '%s',
      async (_name, { strike, endings }) => {
        const [a, b] = [servers[0]!, servers[1]!]
        const answer = await begin(a)
        const readers = [a, b, b, a].map((server, i) => {
          const other = server === a ? b : a
          return readAnswer(i < 2 ? [server.address, other.address] : [server.address, b.address, a.address], alice.token, answer.path)
        })
        await expect.poll(() => readers.every(({ text }) => text !== ''), PATIENT).toBe(true)
        await pause(Math.random() * 1_500)
        await strike()
        const kept = await expectAgreement(answer, readers)
        expect(endings).toContain(kept.status)
        expect(QUESTION.startsWith(textOf(kept))).toBe(true)
        if (kept.status === 'complete') expect(textOf(kept)).toBe(QUESTION)
        else {
          const again = await call(servers[0]!, `${answer.path}/continue`)
          // Of one whose writer was gone before its first checkpoint there is nothing to go on from.
          expect(again.status).toBe(textOf(kept) === '' ? 409 : 202)
          if (again.status === 409) return
          const late = servers.map((server) => readAnswer([server.address], alice.token, answer.path))
          const whole = await expectAgreement(answer, late)
          expect(whole.status).toBe('complete')
          expect(textOf(whole).startsWith(textOf(kept))).toBe(true)
        }
      },
      120_000,
    )
  })
})
