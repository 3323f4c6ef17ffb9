/**
 * Whoever can write to Redis can say anything to the servers. What they say makes a server look, or tell once more what it has told, but
 * only so often, however often they say it: what it did is counted against the time in which it was said.
 */
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Database, type DatabaseRole } from '#server/isolation/database.ts'
import { followEvents, sentinel } from '#tests/events/stage.ts'
import { type Asked, begin, type LiveStream, openStream, shown } from '#tests/support/conversation.ts'
import { MISSING } from '#tests/support/redis.ts'
import type { SignedIn } from '#tests/support/world.ts'
import { startTwoServers, type TwoServers } from './two-servers.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/cache/forged.test.ts: ${MISSING}\n`)

const TIMES = 3_000
const LONG_WORD = 'x'.repeat(5_000)
/** No transaction of these databases. */
const NEVER = '99999999999'

describe.skipIf(MISSING !== undefined)('what is forged in Redis', () => {
  let all: TwoServers
  let forger: ReturnType<typeof createClient>
  let alice: SignedIn
  let bob: SignedIn
  const streams: LiveStream[] = []
  /** How often either server has gone to the database in a role. People ask a third one, which knows of no Redis. */
  const flights: Record<DatabaseRole, number> = { app: 0, worker: 0, auth: 0 }
  const { connected } = Database.prototype
  beforeAll(async () => {
    Database.prototype.connected = function (role, work) {
      if (this !== all?.world.database) flights[role] += 1
      return connected.call(this, role, work) as ReturnType<typeof work>
    }
    all = await startTwoServers()
    forger = createClient({ url: all.redis.url })
    await forger.connect()
    ;[alice, bob] = [await all.world.signIn('alice'), await all.world.signIn('bob')]
  }, 60_000)
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close()
  })
  afterAll(async () => {
    Database.prototype.connected = connected
    forger?.destroy()
    await all?.close()
  })

  const forge = (message: object) => forger.publish(`t:${alice.me.organisation.id}:events`, JSON.stringify(message))
  /** Says it that often, each time when Redis has taken the one before; answers how long that took. */
  async function forgeOften(message: object): Promise<number> {
    const beganMs = performance.now()
    for (let i = 0; i < TIMES; i++) await forge(message)
    return performance.now() - beganMs
  }
  /** An answer that A writes, of which a reader at B has the first, long word. */
  async function written(): Promise<Asked> {
    const answer = await begin({ ...alice, call: all.a.as(alice) }, { model: all.model('steps'), text: `${LONG_WORD} and more` })
    const stream = await openStream(all.b.baseUrl, alice.token, answer.path)
    streams.push(stream)
    await expect.poll(() => shown(stream.events)).toBe(`${LONG_WORD} `)
    return answer
  }

  test('that something happened where nobody reads, or not as a server says it, has nobody look', async () => {
    const stream = await followEvents(all.b.baseUrl, bob)
    streams.push(stream)
    await sentinel(bob, [stream])
    const scope = bob.me.personalScopeId
    const before = flights.app
    for (const happened of [
      { tx: NEVER, scopes: [alice.me.personalScopeId] },
      { tx: '1', scopes: [scope] },
      { tx: Number(NEVER), scopes: [scope] },
      { tx: `-${NEVER}`, scopes: [scope] },
      { tx: '9'.repeat(21), scopes: [scope] },
      { tx: NEVER, scopes: Array.from({ length: 201 }, () => scope) },
      { tx: NEVER, scopes: [scope], more: true },
    ])
      await forge({ happened })
    await sentinel(bob, [stream])
    expect(flights.app - before).toBe(1)
  })

  test('that something happened has its reader look twenty times at once, and then once in 50 ms', async () => {
    streams.push(await followEvents(all.b.baseUrl, bob))
    const before = flights.app
    const tookMs = await forgeOften({ happened: { tx: NEVER, scopes: [bob.me.personalScopeId] } })
    expect(flights.app - before).toBeLessThanOrEqual(22 + tookMs / 45)
    await expect.poll(() => flights.app - before).toBeGreaterThan(0)
  })

  test('that an answer may be to stop has its writer look five times a second', async () => {
    const answer = await written()
    const before = flights.worker
    const tookMs = await forgeOften({ lookAt: answer.answerId, tenantId: alice.me.organisation.id })
    expect(flights.worker - before).toBeLessThanOrEqual(2 + tookMs / 180)
    await expect.poll(() => flights.worker - before).toBeGreaterThan(0)
  })

  test('that somebody missed something has it told five times a second, and anything at all forty times', async () => {
    const answer = await written()
    const tenantId = alice.me.organisation.id
    const told: number[] = []
    const ear = forger.duplicate()
    await ear.connect()
    await ear.subscribe(`t:${tenantId}:answer:${answer.answerId}`, (piece) => told.push(piece.length))
    const tookMs = await forgeOften({ reads: answer.answerId, tenantId, at: { text: 0, citations: 0, run: 0 } })
    const anew = () => told.filter((length) => length > LONG_WORD.length).length
    expect(anew()).toBeLessThanOrEqual(2 + tookMs / 180)
    expect(told.length).toBeLessThanOrEqual(2 + tookMs / 20)
    await expect.poll(anew).toBeGreaterThan(0)
    ear.destroy()
  })
})
