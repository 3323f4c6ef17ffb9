/** The trash: restored whole, or erased for good with all that hung on it; by hand, or by the clean-up after thirty days. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { CleanUp } from '#server/ops/clean-up.ts'
import { ask, begin, offer, openStream, schemaOf } from '#tests/support/conversation.ts'
import { hold } from '#tests/support/locks.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let models: ModelServer
let model: (name: string) => string
let people: Record<'alice' | 'bob' | 'carol' | 'mallory', SignedIn>
let schema: string
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  people = {
    alice: await world.signIn('alice'),
    bob: await world.signIn('bob'),
    carol: await world.signIn('carol'),
    mallory: await world.signIn('mallory'),
  }
  model = await offer(people.carol, models, ['echo', 'slow'])
  schema = await schemaOf(world, 'acme')
})
afterAll(async () => {
  await world.close()
  await models.close()
})

/** Every row of the organisation that names one of the ids, by table. */
async function rowsOf(ids: readonly string[]): Promise<Record<string, number>> {
  const { rows } = await world.sql<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = '${schema}'::regnamespace and relkind = 'r'`,
  )
  const found: Record<string, number> = {}
  for (const { name } of rows) {
    const counted = await world.sql<{ n: number }>(
      `select count(*)::int as n from ${schema}.${name} t where to_jsonb(t)::text similar to '%(' || $1 || ')%'`,
      [ids.join('|')],
    )
    // What happened is told to devices by ids, for a short while: that it was erased is told as well.
    if (counted.rows[0]!.n > 0 && !PASSING.includes(name)) found[name] = counted.rows[0]!.n
  }
  return found
}
const PASSING = ['happening']

/** A chat of Alice's with everything that can hang on one. */
async function full() {
  const { alice } = people
  const chat = await chatOf(alice, { description: 'Payroll', question: 'What is the payroll of October?', model: model('echo') })
  await ask(alice, chat.chatId, { text: 'And of November?', parentId: chat.answerId, model: 'librarian' })
  await alice.call('POST', `/api/chats/${chat.chatId}/messages/${chat.answerId}/feedback`, { rating: 'down', note: 'Wrong month' })
  await alice.call('PATCH', `/api/drafts/${chat.chatId}`, { text: 'And then' })
  await alice.call('PATCH', `/api/drafts/${chat.chatId}.edit`, { text: 'And before', parentId: null })
  return chat
}

describe('a chat with all that hangs on it', () => {
  let chat: Awaited<ReturnType<typeof full>>
  let everything: () => Promise<unknown>
  beforeEach(async () => {
    chat = await full()
    everything = async () =>
      (await world.sql(`select (select count(*) from ${schema}.message_search) as words, (select count(*) from ${schema}.draft) as drafts`))
        .rows
  })

  const ids = () => [chat.chatId, chat.questionId, chat.answerId]
  const gone = async () => expect(await rowsOf(ids())).toEqual({})

  test('has rows in all these tables, and loses them all when it is erased, and nothing else goes', async () => {
    const other = await full()
    await people.alice.call('DELETE', `/api/chats/${chat.chatId}`)
    const before = await rowsOf([other.chatId, other.questionId, other.answerId])
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining(['chat_session', 'chat_message', 'message_search', 'message_feedback', 'job', 'draft']),
    )
    expect(Object.keys(await rowsOf(ids())).sort()).toEqual(Object.keys(before).sort())
    expect((await people.alice.call('POST', `/api/chats/${chat.chatId}/erase`)).status).toBe(204)
    await gone()
    expect(await rowsOf([other.chatId, other.questionId, other.answerId])).toEqual(before)
    const again = await people.alice.call('POST', `/api/chats/${chat.chatId}/erase`)
    expect([again.status, codeOf(again)]).toEqual([404, 'chat.not_found'])
    expect((await people.alice.call('POST', `/api/chats/${chat.chatId}/restore`)).status).toBe(404)
  })

  test('goes by the clean-up once it has been in the trash for thirty days, and not before', async () => {
    await people.alice.call('DELETE', `/api/chats/${chat.chatId}`)
    const cleanUp = new CleanUp(world.database, world.log)
    const clean = async () => cleanUp.run(await cleanUp.begin(people.alice.me.organisation.id))
    await world.sql(`update ${schema}.chat_session set deleted_at = now() - interval '29 days 23 hours' where id = $1`, [chat.chatId])
    await clean()
    expect((await people.alice.call<Chat>('POST', `/api/chats/${chat.chatId}/restore`)).body).toMatchObject({
      description: 'Payroll',
      deletedAt: null,
    })
    await people.alice.call('DELETE', `/api/chats/${chat.chatId}`)
    await world.sql(`update ${schema}.chat_session set deleted_at = now() - interval '30 days 1 minute' where id = $1`, [chat.chatId])
    expect(await clean()).toMatchObject({ chat_session: 1 })
    await gone()
  })

  test('is left whole by a clean-up that comes while it is restored', async () => {
    await people.alice.call('DELETE', `/api/chats/${chat.chatId}`)
    await world.sql(`update ${schema}.chat_session set deleted_at = now() - interval '30 days 1 minute' where id = $1`, [chat.chatId])
    const before = await rowsOf(ids())
    const restored = await hold(world, `update ${schema}.chat_session set deleted_at = null where id = '${chat.chatId}'`)
    const cleanUp = new CleanUp(world.database, world.log)
    await cleanUp.run(await cleanUp.begin(people.alice.me.organisation.id))
    await restored()
    expect(await rowsOf(ids())).toEqual(before)
  })

  test('is erased out of the trash only, and by nobody else', async () => {
    const before = await everything()
    const refused = await people.alice.call('POST', `/api/chats/${chat.chatId}/erase`)
    expect([refused.status, codeOf(refused)]).toEqual([409, 'chat.not_in_trash'])
    const many = await people.alice.call<{ failed: object[] }>('POST', '/api/chats/bulk', { act: 'erase', chatIds: [chat.chatId] })
    expect(many.body.failed).toMatchObject([{ chatId: chat.chatId, code: 'chat.not_in_trash' }])
    await people.alice.call('DELETE', `/api/chats/${chat.chatId}`)
    for (const name of ['bob', 'carol', 'mallory'] as const) {
      const answers = [
        await people[name].call('POST', `/api/chats/${chat.chatId}/erase`),
        await people[name].call('POST', `/api/chats/${chat.chatId}/restore`),
      ]
      expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual(Array(2).fill([404, 'chat.not_found']))
      expect((await people[name].call('POST', '/api/chats/trash/empty')).body).toEqual({ erased: 0, more: false })
    }
    expect((await people.alice.call<Chat>('POST', `/api/chats/${chat.chatId}/restore`)).status).toBe(200)
    expect(await everything()).toEqual(before)
  })
})

test('the trash lists by when chats were deleted, and is emptied in steps of which each says whether there is more', async () => {
  const { bob } = people
  await world.sql(
    `insert into ${schema}.chat_session (id, user_id, scope_id, description, model, wrapped_key, deleted_at)
     select gen_random_uuid(), $1, $1, '', 'librarian', '', now() - n * interval '1 minute' from generate_series(1, 250) n`,
    [bob.me.user.id],
  )
  const kept = await chatOf(bob, { description: 'Kept', question: 'hello' })
  const step = async () => (await bob.call('POST', '/api/chats/trash/empty')).body
  expect(await step()).toEqual({ erased: 200, more: true })
  expect(await step()).toEqual({ erased: 50, more: false })
  expect(await step()).toEqual({ erased: 0, more: false })
  expect((await bob.call('GET', `/api/chats/${kept.chatId}`)).status).toBe(200)
})

describe('an answer that is being written', () => {
  afterEach(() => models.release())

  test('ends when its chat is erased, and leaves nothing', async () => {
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    const { alice } = people
    const answer = await begin(alice, { model: model('slow'), text: 'one two three four' })
    const address = world.server.app.server.address() as { port: number }
    const stream = await openStream(`http://127.0.0.1:${address.port}`, alice.token, answer.path)
    await expect.poll(() => stream.events.length, { timeout: 20_000 }).toBeGreaterThan(0)
    const call = models.requests.at(-1)!
    await alice.call('DELETE', `/api/chats/${answer.chatId}`)
    expect((await alice.call('POST', `/api/chats/${answer.chatId}/erase`)).status).toBe(204)
    await expect.poll(() => call.hungUp, { timeout: 20_000 }).toBe(true)
    await stream.ended
    expect(await rowsOf([answer.chatId, answer.questionId, answer.answerId])).toEqual({})
  })
})
