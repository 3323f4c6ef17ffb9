/** An export of somebody who shares and takes back while it is written: every chat is in it, whole, wherever it is by then. */
import { randomBytes } from 'node:crypto'
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
    // The first is too large for one piece of the archive; the second has more than one page of messages.
    const text = (n: number) => (i === 0 ? randomBytes(60_000).toString('base64') : `text ${n} of chat ${i}`)
    await addChain(world, alice, { chatId: chat.id, count: i === 1 ? 250 : 20, text, from: null })
    ids.push(chat.id)
  }
  await share(alice, ids[3]!, [bob])
  const schema = schemaName(alice.me.organisation.id)
  await world.sql(`create function ${schema}.pause() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(7); return new; end $$;
    grant execute on function ${schema}.pause() to public;
    create trigger pause before insert on ${schema}.export_part for each row execute function ${schema}.pause()`)
  const release = await hold(world, 'select pg_advisory_xact_lock(7)')
  const begun = await alice.call<{ id: string }>('POST', '/api/me/exports')
  // It has listed its chats and is in the middle of the first one when its first piece waits to be put down.
  const written = world.queue.work()
  await waiting(world, 1)
  for (const move of [share(alice, ids[1]!, [bob]), share(alice, ids[2]!, [bob]), takeBack(alice, ids[3]!)])
    expect((await move).status).toBe(204)
  await release()
  await written
  const { bytes } = await alice.call('POST', `/api/me/exports/${begun.body.id}/archive`)
  const files = Object.entries(unzipSync(bytes!)).filter(([name]) => name.startsWith('chats/') && name.endsWith('.json'))
  const chats = files.map(([, data]) => JSON.parse(strFromU8(data)) as { chat: Chat; messages: object[] })
  expect(chats.map(({ chat, messages }) => [chat.description, messages.length]).sort()).toEqual([
    ['Chat 0', 20],
    ['Chat 1', 250],
    ['Chat 2', 20],
    ['Chat 3', 20],
  ])
}, 60_000)
