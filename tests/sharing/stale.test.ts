/**
 * A server that nobody told of a change: it has its own cache, and in it people's logins as they were. From the commit on it shows, finds and
 * changes what they reach now.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { doneOf, follow, offer, send } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { serverOver } from '../walls/attack.ts'
import { listFor, share, takeBack } from './stage.ts'

let world: World
let models: ModelServer
let other: Awaited<ReturnType<typeof serverOver>>
let alice: SignedIn
let bob: SignedIn
/** The same people, at the server that is told nothing. */
let there: { alice: Pick<SignedIn, 'call'>; bob: Pick<SignedIn, 'call'> }
let chat: AskedChat
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  other = await serverOver({ ...world, cache: new InProcessStore(systemClock) }, world.database)
  ;[alice, bob] = [await world.signIn('alice'), await world.signIn('bob')]
  there = { alice: { call: other.as(alice) }, bob: { call: other.as(bob) } }
  chat = await chatOf(alice, { description: 'Walrus plan', question: 'Where does the walrus sleep?' })
})
afterAll(async () => {
  await other.close()
  await world.close()
  await models.close()
})

/** What Alice, and then Bob, have of the chat there: in the list and by its words. */
async function seen() {
  const find = async (person: Pick<SignedIn, 'call'>) =>
    (await person.call<{ items: Chat[] }>('GET', '/api/chats/find?words=walrus')).body.items.map(({ id }) => id)
  return [await listFor(there.alice, 'chats'), await find(there.alice), await listFor(there.bob), await find(there.bob)]
}
const bulk = async () =>
  (await there.alice.call<{ done: string[] }>('POST', '/api/chats/bulk', { act: 'unarchive', chatIds: [chat.chatId] })).body.done

test('a chat that is shared elsewhere, taken back, and shared again is in the lists of those who can read it, and of nobody else', async () => {
  const [all, nobody] = [
    [[chat.chatId], [chat.chatId], [chat.chatId], [chat.chatId]],
    [[chat.chatId], [chat.chatId], [], []],
  ]
  expect(await seen()).toEqual(nobody)
  for (let round = 0; round < 3; round++) {
    await share(alice, chat.chatId, [bob])
    expect([await bulk(), await seen()]).toEqual([[chat.chatId], all])
    await takeBack(alice, chat.chatId, bob)
    expect([await seen(), await bulk()]).toEqual([nobody, [chat.chatId]])
  }
})

test('what is asked there in the meantime is asked once, and answered', async () => {
  const model = (await offer(await world.signIn('carol'), models, ['echo']))('echo')
  await there.alice.call('GET', `/api/chats/${chat.chatId}`)
  await share(alice, chat.chatId, [bob])
  const sent = await send(there.alice, chat.chatId, { text: 'And what does it eat?', parentId: chat.answerId, model })
  expect(sent.status).toBe(202)
  const { answer } = sent.body
  const path = `/api/chats/${chat.chatId}/generations/${answer.id}`
  expect(doneOf(await follow(alice, { path } as never))).toMatchObject({ id: answer.id, status: 'complete' })
  const { body } = await bob.call<{ items: { id: string }[] }>('GET', `/api/chats/${chat.chatId}/messages`)
  expect(body.items.length).toBe(4)
})
