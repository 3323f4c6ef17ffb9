/** A model server's name that takes long to resolve holds nobody up: not the database's connections, and not the end of a login. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Provider } from '#contract/models.ts'
import { codeOf, createWorld, type World } from '#tests/support/world.ts'

const names = vi.hoisted(() => ({ asked: Promise.withResolvers<void>(), answered: Promise.withResolvers<never>() }))
vi.mock('node:dns/promises', () => ({
  lookup: () => {
    names.asked.resolve()
    return names.answered.promise
  },
}))

let world: World
beforeAll(async () => {
  world = await createWorld({ pool: { app: 1, worker: 1, auth: 2 } })
})
afterAll(() => world.close())

test('while an address is looked up, others are answered, and the login that asked can be ended', async () => {
  const [mallory, alice] = [await world.signIn('mallory'), await world.signIn('alice')]
  const given = { name: 'Ours', baseUrl: 'https://1.1.1.1/v1', apiKey: null, models: ['one'] }
  const made = await mallory.call<Provider>('POST', '/api/providers', given)
  const changing = mallory.call('PATCH', `/api/providers/${made.body.id}`, { baseUrl: 'https://slow.test/v1' })
  await names.asked.promise
  expect((await alice.call('GET', '/api/chats')).status).toBe(200)
  expect((await mallory.call('POST', '/api/auth/sign-out')).status).toBe(204)
  names.answered.reject(new Error('no such name'))
  expect(codeOf(await changing)).toBe('provider.address_refused')
})
