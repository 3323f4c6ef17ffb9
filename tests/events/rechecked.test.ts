/** What a change costs those who watch answers: only what it concerns is looked up anew. */
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { begin, offer, openStream, shown } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { hears } from './stage.ts'

let world: World
let models: ModelServer
let alice: SignedIn
let slow: string
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  alice = await world.signIn('alice')
  slow = (await offer(await world.signIn('carol'), models, ['slow']))('slow')
})
afterAll(async () => {
  await world.close()
  await models.close()
})

test('a chat that is deleted and restored again and again has no answer of another chat looked up anew', async () => {
  const asked = await begin(alice, { model: slow, text: 'one two three four' })
  const { body: other } = await alice.call<Chat>('POST', '/api/chats', {})
  const origin = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
  const stream = await openStream(origin, alice.token, '/api', { watch: `${asked.chatId}.${asked.answerId}.0-0` })
  await expect.poll(() => shown(stream.events)).toBe('one two ')
  const flown = vi.spyOn(world.database, 'fly')
  for (let i = 0; i < 20; i++) {
    const told = stream.events.length
    await alice.call('DELETE', `/api/chats/${other.id}`)
    await expect.poll(() => stream.events.length).toBeGreaterThan(told)
    await alice.call('POST', `/api/chats/${other.id}/restore`)
  }
  await hears(stream, other.id, 'chat.restored')
  const looks = flown.mock.calls.filter(([role, steps]) => role === 'app' && JSON.stringify(steps).includes(asked.answerId))
  flown.mockRestore()
  // Besides it is looked up every five seconds.
  expect(looks.length).toBeLessThan(10)
  await alice.call('DELETE', `/api/chats/${asked.chatId}`)
  await expect.poll(() => stream.events.at(-1)?.event).toBe('lost')
  models.release()
  stream.close()
})
