/** An export of somebody who shares and takes back while it is written: every chat is in it, whole, wherever it is by then. */
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { addChain } from '#tests/support/long-chat.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { share, takeBack } from '../sharing/stage.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
beforeAll(async () => {
  world = await createWorld()
  ;[alice, bob] = [await world.signIn('alice'), await world.signIn('bob')]
})
afterAll(() => world.close())

test('what moves between two reads is not left out', async () => {
  const ids: string[] = []
  for (let i = 0; i < 4; i++) {
    const chat = (await alice.call<Chat>('POST', '/api/chats', { description: `Chat ${i}` })).body
    // More than one page of messages in one that moves after it was begun.
    await addChain(world, alice, { chatId: chat.id, count: i === 1 ? 250 : 3, text: (n) => `text ${n} of chat ${i}`, from: null })
    ids.push(chat.id)
  }
  await share(alice, ids[3]!, [bob])
  const begun = await alice.call<{ id: string }>('POST', '/api/me/exports')
  // The export has listed its chats and is at the first one's messages when it comes to wait.
  const schema = schemaName(alice.me.organisation.id)
  const release = await hold(world, `lock table ${schema}.message_feedback in access exclusive mode`)
  const written = world.queue.work()
  await waiting(world, 1)
  const moves = Promise.all([share(alice, ids[1]!, [bob]), share(alice, ids[2]!, [bob]), takeBack(alice, ids[3]!)])
  await release()
  expect((await moves).map(({ status }) => status)).toEqual([204, 204, 204])
  await written
  const { bytes } = await alice.call('POST', `/api/me/exports/${begun.body.id}/archive`)
  const files = Object.entries(unzipSync(bytes!)).filter(([name]) => name.startsWith('chats/') && name.endsWith('.json'))
  const chats = files.map(([, data]) => JSON.parse(strFromU8(data)) as { chat: Chat; messages: object[] })
  expect(chats.map(({ chat, messages }) => [chat.description, messages.length]).sort()).toEqual([
    ['Chat 0', 3],
    ['Chat 1', 250],
    ['Chat 2', 3],
    ['Chat 3', 3],
  ])
}, 60_000)
