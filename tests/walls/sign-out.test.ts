/**
 * Signing out: once its reply is there, no request that begins later succeeds, at any endpoint, on any server, with the cache holding the
 * login as it was, or lost, or anything between. The database is asked by every unit of work, and says no.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { exampleOf, makeThings, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, raw, refusalOf, serverOver } from './attack.ts'

let world: World
let models: ModelServer
let alice: SignedIn
let carol: SignedIn
let things: Things

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  things = await makeThings({ ...world, alice, carol, models, again: await world.signIn('alice') })
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const cacheKey = ({ token, me }: SignedIn) => `t:${me.organisation.id}:auth:session:${tokenHash(token).toString('hex')}`

/** Another login of Carol, who may call everything, used and then signed out; with what the cache held of it while it was good. */
async function signedOut(): Promise<{ gone: SignedIn; stale: string }> {
  const gone = await world.signIn('carol')
  expect((await gone.call('GET', '/api/me')).status).toBe(200)
  const stale = (await world.cache.get(cacheKey(gone)))!
  expect(stale).toContain('"role":"admin"')
  expect((await gone.call('POST', '/api/auth/sign-out')).status).toBe(204)
  return { gone, stale }
}

describe('after signing out', () => {
  let gone: SignedIn
  let stale: string
  beforeAll(async () => {
    ;({ gone, stale } = await signedOut())
  })

  const endpoints = ENDPOINTS.filter(({ access }) => access !== 'anyone')

  test.each(endpoints.map(({ id }) => id))('%s is refused, whatever the cache says', async (id) => {
    const endpoint = endpoints.find((one) => one.id === id)!
    const request = exampleOf(endpoint, things)
    const call = () => gone.call(endpoint.method, urlOf(endpoint, request), request.body)
    for (const entry of [undefined, stale, stale.replace(/"expires_at":"[^"]+"/, '"expires_at":"2100-01-01T00:00:00.000Z"')]) {
      if (entry !== undefined) await world.cache.set(cacheKey(gone), entry, 3_600)
      const answer = await call()
      expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.required'])
    }
  })

  test('a refused entry is dropped, and the other logins of the same person go on', async () => {
    await world.cache.set(cacheKey(gone), stale, 3_600)
    await gone.call('GET', '/api/chats')
    expect(await world.cache.get(cacheKey(gone))).toBeUndefined()
    expect((await carol.call('GET', '/api/me')).status).toBe(200)
  })

  test('another server, whose cache nobody told, refuses as well', async () => {
    const cache = new InProcessStore(systemClock)
    const elsewhere = await serverOver({ ...world, cache }, world.database)
    const here = await world.signIn('bob')
    expect((await elsewhere.as(here)('GET', '/api/chats')).status).toBe(200)
    await here.call('POST', '/api/auth/sign-out')
    expect(cache.keys()).toContain(cacheKey(here))
    expect((await elsewhere.as(here)('GET', '/api/chats')).status).toBe(401)
    expect((await elsewhere.as(here)('POST', '/api/chats', { description: 'Late' })).status).toBe(401)
    await elsewhere.close()
  })
})

test('of requests racing with a sign-out none that began after its reply succeeds', async () => {
  const runner = await world.signIn('bob')
  const { body } = await runner.call<Chat>('POST', '/api/chats', { description: 'Race' })
  const stale = async () => world.cache.set(cacheKey(runner), entry, 3_600)
  await runner.call('GET', '/api/me')
  const entry = (await world.cache.get(cacheKey(runner)))!
  const requests = [
    () => runner.call('GET', '/api/chats'),
    () => runner.call('PATCH', `/api/chats/${body.id}`, { description: 'Still here' }),
    () => runner.call('POST', '/api/chats', { description: 'One more' }),
    () => runner.call('GET', '/api/handbook'),
  ]
  let isOut = false
  const seen = { before: 0, after: 0 }
  const late: number[] = []
  const racers = requests.map(async (request) => {
    while (seen.after < 40) {
      const beganAfter = isOut
      // So that the cache is no help: it says all is well.
      await stale()
      const { status } = await request()
      if (beganAfter) late.push(status)
      if (beganAfter) seen.after++
      else if (status < 300) seen.before++
    }
  })
  await pause(100)
  expect((await runner.call('POST', '/api/auth/sign-out')).status).toBe(204)
  isOut = true
  await Promise.all(racers)
  expect(seen.before).toBeGreaterThan(0)
  expect(new Set(late)).toEqual(new Set([401]))
})

test('a sign-out waits for the write that is under way, and the next unit is refused', async () => {
  const units = new UnitsOfWork(world.database)
  const writer = await world.signIn('bob')
  const actor = actorOf(writer)
  const order: string[] = []
  const entered = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const write = units
    .write(actor, async (tx) => {
      await tx.all(raw('select 1'))
      entered.resolve()
      await go.promise
      order.push('written')
    })
    .then(() => order.push('committed'))
  await entered.promise
  const out = writer.call('POST', '/api/auth/sign-out').then(() => order.push('out'))
  await pause(100)
  go.resolve()
  await Promise.all([write, out])
  expect(order).toEqual(['written', 'committed', 'out'])
  expect(await refusalOf(units.read(actor, (tx) => tx.all(raw('select 1'))))).toBe('auth.required')
  expect(await refusalOf(units.write(actor, (tx) => tx.all(raw('select 1'))))).toBe('auth.required')
})
