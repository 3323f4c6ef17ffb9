/** The list of chats and what one can do with a chat: pages lose and repeat nothing, titles are kept, what is deleted is gone until restored. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { begin, follow, schemaOf, send } from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())

type Page = { items: Chat[]; next: string | null }

async function create(person: SignedIn, body: object = {}): Promise<Chat> {
  const made = await person.call<Chat>('POST', '/api/chats', body)
  expect(made.status).toBe(201)
  return made.body
}

async function pageOf(person: SignedIn, limit: number, cursor: string | null): Promise<Page> {
  const page = await person.call<Page>('GET', `/api/chats?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`)
  expect(page.status).toBe(200)
  return page.body
}

/** Every page, one after the other; `between` runs before each further one. */
async function allPages(person: SignedIn, limit: number, between: () => Promise<unknown> = async () => undefined): Promise<Chat[]> {
  const chats: Chat[] = []
  let cursor: string | null = null
  do {
    const page: Page = await pageOf(person, limit, cursor)
    expect(page.items.length).toBeLessThanOrEqual(limit)
    chats.push(...page.items)
    cursor = page.next
    if (cursor !== null) await between()
  } while (cursor !== null)
  return chats
}

const ids = (chats: readonly Chat[]) => chats.map(({ id }) => id)

test('the pages together are the whole list, whatever their size and however many chats share a time', async () => {
  for (let i = 0; i < 23; i++) await create(bob, { description: `Chat ${i}` })
  await world.sql(
    `update ${schema}.chat_session set time_updated = date_trunc('hour', now()) + (get_byte(uuid_send(id), 15) % 3) * interval '1 ms' where user_id = $1`,
    [bob.me.user.id],
  )
  const { rows } = await world.sql<{ id: string }>(
    `select id from ${schema}.chat_session where user_id = $1 order by time_updated desc, id desc`,
    [bob.me.user.id],
  )
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (limit) => {
    expect(ids(await allPages(bob, limit))).toEqual(rows.map(({ id }) => id))
  })
  await fc.assert(property, { numRuns: 12, examples: [[1], [23], [22]] })
})

test('chats that move to the top between two pages are neither shown twice nor push others out', async () => {
  const all = ids(await allPages(bob, 100))
  const moving = [all[1], all[12], all[20]]
  const seen = ids(
    await allPages(bob, 5, async () => {
      for (const id of moving) await follow(bob, await askIn(id!))
    }),
  )
  expect(new Set(seen).size).toBe(seen.length)
  const still = all.filter((id) => !moving.includes(id))
  expect(seen.filter((id) => still.includes(id))).toEqual(still)
})

async function askIn(chatId: string) {
  const { answer, question } = (await send(bob, chatId, { text: 'hello', parentId: null })).body
  return { chatId: answer.chatId, questionId: question.id, answerId: answer.id, path: `/api/chats/${chatId}/generations/${answer.id}` }
}

test('the chat that was asked in last is the first', async () => {
  const one = await create(alice)
  await create(alice)
  await send(alice, one.id, { text: 'hello', parentId: null })
  expect((await pageOf(alice, 1, null)).items[0]?.id).toBe(one.id)
})

test('a chat begins without a name, and is named by its first question until somebody names it', async () => {
  const chat = await create(alice)
  expect(chat).toMatchObject({ description: 'New chat', named: false, model: 'librarian', scope: { kind: 'personal' }, deletedAt: null })
  const first = await send(alice, chat.id, { text: '  What\n grows   in the Sahara? ', parentId: null })
  expect(first.body.chat).toMatchObject({ description: 'What grows in the Sahara?', named: false })
  const renamed = await alice.call<Chat>('PATCH', `/api/chats/${chat.id}`, { description: '  Deserts ' })
  expect(renamed.body).toMatchObject({ description: 'Deserts', named: true })
  const second = await send(alice, chat.id, { text: 'And in the Gobi?', parentId: null })
  expect(second.body.chat.description).toBe('Deserts')
})

test.each([
  ['a long question is cut at a word', `${'word '.repeat(30)}end`, /^(word ){11}word…$/],
  ['one long word is cut', 'x'.repeat(200), /^x{60}…$/],
  ['a character is not cut in two', `${'x'.repeat(59)}\u{1f469}rest`, /^x{59}…$/],
  ['any language', 'Что растёт в пустыне? 沙漠里长什么？', /^Что растёт в пустыне\?$/],
])('a title from a question: %s', async (_, text, title) => {
  const chat = await create(alice)
  expect((await send(alice, chat.id, { text, parentId: null })).body.chat.description).toMatch(title)
})

test('renaming does not move a chat', async () => {
  const carol = await world.signIn('carol')
  for (let i = 0; i < 3; i++) await create(carol)
  const before = ids((await pageOf(carol, 100, null)).items)
  await carol.call('PATCH', `/api/chats/${before.at(-1)}`, { description: 'Renamed' })
  expect(ids((await pageOf(carol, 100, null)).items)).toEqual(before)
})

test('a deleted chat does not exist until it is restored, whole', async () => {
  const answer = await begin(alice, { model: 'librarian', text: 'hello' })
  await follow(alice, answer)
  const path = `/api/chats/${answer.chatId}`
  const before = (await alice.call('GET', `${path}/messages`)).body
  expect((await alice.call('DELETE', path)).status).toBe(204)
  expect(ids(await allPages(alice, 100))).not.toContain(answer.chatId)
  for (const refused of [
    await alice.call('GET', path),
    await alice.call('PATCH', path, { description: 'Back' }),
    await alice.call('DELETE', path),
    await alice.call('GET', `${path}/messages`),
    await alice.call('GET', `${answer.path}/events`),
    await alice.call('POST', `${answer.path}/stop`),
    await alice.call('POST', `${path}/generations`, { questionId: answer.questionId }),
    await send(alice, answer.chatId, { text: 'still there?', parentId: null }),
  ])
    expect([refused.status, codeOf(refused)]).toEqual([404, 'chat.not_found'])

  const restored = await alice.call<Chat>('POST', `${path}/restore`)
  expect([restored.status, restored.body.deletedAt]).toEqual([200, null])
  expect((await alice.call('GET', `${path}/messages`)).body).toEqual(before)
  expect((await alice.call('GET', path)).body).toEqual(restored.body)
})

test('restoring a chat that was not deleted changes nothing', async () => {
  const chat = await create(alice)
  expect((await alice.call('POST', `/api/chats/${chat.id}/restore`)).body).toEqual(chat)
})

test('a model that is not on offer is refused, when beginning and when changing', async () => {
  const chat = await create(alice)
  for (const model of ['gpt-99', crypto.randomUUID(), `${crypto.randomUUID()}:echo`, 'librarian:x']) {
    for (const refused of [
      await alice.call('POST', '/api/chats', { model }),
      await alice.call('PATCH', `/api/chats/${chat.id}`, { model, description: 'Not this either' }),
      await send(alice, chat.id, { text: 'hello', parentId: null, model }),
    ])
      expect([refused.status, codeOf(refused)]).toEqual([404, 'model.not_found'])
  }
  expect((await alice.call('GET', `/api/chats/${chat.id}`)).body).toEqual(chat)
  expect((await alice.call<Page>('GET', `/api/chats/${chat.id}/messages`)).body.items).toEqual([])
})

test('an id in capitals is the same chat', async () => {
  const chat = await create(alice, { description: 'Same' })
  expect((await alice.call<Chat>('GET', `/api/chats/${chat.id.toUpperCase()}`)).body.id).toBe(chat.id)
})

test('a chat that is begun again under the same key, at once or later, is the same one; another person’s is their own', async () => {
  const idempotencyKey = crypto.randomUUID()
  const letGo = await hold(world, `lock table ${schema}.chat_session in share mode`)
  const both = [1, 2].map(() => create(alice, { description: 'Once', idempotencyKey }))
  await waiting(world, 2)
  await letGo()
  const begun = await Promise.all(both)
  expect(new Set([...begun, await create(alice, { idempotencyKey })].map(({ id }) => id)).size).toBe(1)
  expect((await allPages(alice, 100)).filter(({ description }) => description === 'Once').length).toBe(1)
  expect((await create(bob, { idempotencyKey })).id).not.toBe(begun[0]!.id)
  expect((await create(alice, { description: 'Once' })).id).not.toBe(begun[0]!.id)
})

test('a key under which a chat was forked begins none', async () => {
  const { chatId, answerId, ...answer } = await begin(alice, { model: 'librarian', text: 'Where is the warehouse?' })
  await follow(alice, { chatId, answerId, ...answer })
  const idempotencyKey = crypto.randomUUID()
  expect((await alice.call('POST', `/api/chats/${chatId}/forks`, { messageId: answerId, idempotencyKey })).status).toBe(201)
  expect(codeOf(await alice.call('POST', '/api/chats', { idempotencyKey }))).toBe('message.conflict')
})
