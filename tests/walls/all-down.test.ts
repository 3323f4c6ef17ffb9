/**
 * All walls down at once: the same attacks that fail in this folder's other files succeed, and Bob reads in clear what Alice typed. A
 * suite that could not see a leak would prove nothing.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Chat, Message } from '#contract/chats.ts'
import type { Database } from '#server/isolation/database.ts'
import { type AskedChat, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { attacksOn, SECRET, secretChat, serverOver, withoutRowSecurity } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))
// What its readers may do to a chat that they see is no wall, and asks the same scopes.
vi.mock('#server/features/chats/policy.ts', () => ({ mayChange: () => true, mayShare: () => true }))

let world: World
let database: Database
let alice: SignedIn
let bob: SignedIn
let secret: AskedChat

beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  secret = await secretChat(alice)
})
afterAll(async () => {
  await database.close()
  await world.close()
})

test('Bob reads, changes, continues, deletes and restores the chat of Alice', async () => {
  const server = await serverOver(world, database)
  const call = server.as(bob)
  expect((await call<Chat>('GET', `/api/chats/${secret.chatId}`)).body.description).toBe(SECRET.title)
  const { body } = await call<{ items: Message[] }>('GET', `/api/chats/${secret.chatId}/messages`)
  expect(body.items.at(-1)!.parts).toEqual([{ type: 'text', text: SECRET.question }])
  for (const attack of attacksOn(secret)) {
    const { status } = await attack.run(call)
    // Nobody continues an answer that is complete, and Bob is told so as Alice would be.
    expect([attack.name, status < 300 || (attack.name === 'continues its answer' && status === 409)]).toEqual([attack.name, true])
  }
  expect((await alice.call<Chat>('GET', `/api/chats/${secret.chatId}`)).body.description).toBe('Mine now')
  await server.close()
})
