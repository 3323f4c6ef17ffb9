/** Somebody whose longest chat is ten thousand messages deep is erased like anybody else: each message would otherwise take the next along. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { schemaOf } from '#tests/support/conversation.ts'
import { chatOf, createWorld, type World } from '#tests/support/world.ts'

const DEEP = 10_000

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

test('a chat of ten thousand messages in one line goes with its person', async () => {
  const schema = await schemaOf(world, 'acme')
  const alice = await world.signIn('alice')
  const { chatId, answerId } = await chatOf(alice, { description: 'The whole year', question: 'What happened?' })
  // Which words they are is no matter: nothing is opened.
  await world.sql(
    `insert into ${schema}.chat_message (chat_session_id, id, scope_id, user_id, parent_id, message_type, message, depth)
     select m.chat_session_id, md5('deep' || n)::uuid, m.scope_id, m.user_id, case n when 2 then m.id else md5('deep' || n - 1)::uuid end, 'user', m.message, n
       from ${schema}.chat_message m, generate_series(2, $3::int - 1) n where m.chat_session_id = $1 and m.id = $2`,
    [chatId, answerId, DEEP],
  )
  expect((await world.sql(`select from ${schema}.chat_message where chat_session_id = $1`, [chatId])).rowCount).toBe(DEEP)
  expect((await alice.call('POST', '/api/me/deletion', { email: 'alice@acme.test' })).status).toBe(200)
  await world.sql(`update ${schema}.erasure set due_at = now() - interval '1 minute'`)
  await world.queue.strike('erasure_round')
  await world.queue.work()
  const { rows } = await world.sql(`select done_at is not null as is_done, counts from ${schema}.erasure`)
  expect(rows).toMatchObject([{ is_done: true, counts: { chat_message: DEEP } }])
}, 120_000)
