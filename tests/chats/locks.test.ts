/** Who locks what of a chat, in which order: the chat and then its messages, so that nobody waits in a circle. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, follow, offer, schemaOf } from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let models: ModelServer
let alice: SignedIn
let schema: string
let hang: string

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  hang = (await offer(await world.signIn('carol'), models, ['hang']))('hang')
  schema = await schemaOf(world, 'acme')
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const circles = async () => {
  const { rows } = await world.sql<{ deadlocks: string }>('select deadlocks from pg_stat_database where datname = current_database()')
  return Number(rows[0]!.deadlocks)
}

test('chats are erased in bulk while an answer in one of them ends, and neither is in the way of the other', async () => {
  const answered = await begin(alice, { model: hang, text: 'Is it there?' })
  const other = await begin(alice, { model: 'librarian', text: 'And there?' })
  await follow(alice, other)
  await models.reached(1)
  const chatIds = [answered.chatId, other.chatId]
  await alice.call('POST', '/api/chats/bulk', { act: 'delete', chatIds })
  // The end of the answer has what it holds, and waits for the words.
  const letGo = await hold(world, `lock table ${schema}.message_search in exclusive mode`)
  models.release()
  await waiting(world, 1)
  const erasing = alice.call('POST', '/api/chats/bulk', { act: 'erase', chatIds })
  await waiting(world, 2)
  await letGo()
  expect((await erasing).body).toEqual({ done: chatIds, failed: [] })
  expect((await alice.call('GET', `/api/chats/${answered.chatId}`)).status).toBe(404)
  expect(await circles()).toBe(0)
})
