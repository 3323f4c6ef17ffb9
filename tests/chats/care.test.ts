/** Pinning, archiving and doing one thing to many chats: each list has what belongs in it, and of others' chats there are none. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MOST_AT_ONCE } from '#contract/bounds.ts'
import { type BulkAct, MOST_PINNED } from '#contract/care.ts'
import type { Chat, ChatList } from '#contract/chats.ts'
import type { ChatId } from '#contract/ids.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { share } from '../sharing/stage.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let mallory: SignedIn
let carol: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  ;[alice, bob, carol, mallory] = [
    await world.signIn('alice'),
    await world.signIn('bob'),
    await world.signIn('carol'),
    await world.signIn('mallory'),
  ]
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())

type Page = { items: Chat[]; next: string | null }
type Many = { done: ChatId[]; failed: { chatId: ChatId; code: string; detail: string; next: string }[] }

const create = async (person: SignedIn, body: object = {}) => (await person.call<Chat>('POST', '/api/chats', body)).body
const change = (person: SignedIn, id: string, body: object) => person.call<Chat>('PATCH', `/api/chats/${id}`, body)
const many = (person: SignedIn, act: BulkAct, chatIds: readonly string[]) => person.call<Many>('POST', '/api/chats/bulk', { act, chatIds })

async function listed(person: SignedIn, list: ChatList): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { body: Page } = await person.call<Page>('GET', `/api/chats?in=${list}&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
    ids.push(...page.body.items.map(({ id }) => id))
    cursor = page.body.next
  }
  return ids
}

test('a chat is in exactly the lists that its state says, page by page', async () => {
  const made: Chat[] = []
  for (let i = 0; i < 12; i++) made.push(await create(alice, { description: `Chat ${i}` }))
  const ids = made.map(({ id }) => id).toReversed()
  const [pinned, archived, deleted] = [ids.slice(0, 4), ids.slice(4, 8), ids.slice(8)]
  expect((await many(alice, 'pin', pinned)).body).toEqual({ done: pinned, failed: [] })
  expect((await many(alice, 'archive', archived)).body).toEqual({ done: archived, failed: [] })
  expect((await many(alice, 'delete', deleted)).body).toEqual({ done: deleted, failed: [] })
  expect(await listed(alice, 'chats')).toEqual(pinned)
  expect(await listed(alice, 'pinned')).toEqual(pinned)
  expect(await listed(alice, 'archive')).toEqual(archived)
  expect((await listed(alice, 'trash')).toSorted()).toEqual(deleted.toSorted())
  await many(alice, 'unarchive', archived)
  await many(alice, 'restore', deleted)
  expect(await listed(alice, 'chats')).toEqual(ids)
  await many(alice, 'delete', ids)
})

test('pinning takes a chat out of the archive, archiving unpins it, and neither moves it', async () => {
  const chat = await create(alice)
  expect((await change(alice, chat.id, { pinned: true })).body).toMatchObject({ pinned: true, archived: false })
  expect((await change(alice, chat.id, { archived: true })).body).toMatchObject({ pinned: false, archived: true })
  expect((await change(alice, chat.id, { pinned: true })).body).toMatchObject({
    pinned: true,
    archived: false,
    timeUpdated: chat.timeUpdated,
  })
  expect((await change(alice, chat.id, { pinned: false })).body).toEqual(chat)
})

test('an archived chat is read and asked in as before', async () => {
  const { chatId, answerId } = await chatOf(alice, { description: 'Put away', question: 'hello' })
  await change(alice, chatId, { archived: true })
  expect((await alice.call<Chat>('GET', `/api/chats/${chatId}`)).body.archived).toBe(true)
  const asked = { text: 'still there?', parentId: answerId, idempotencyKey: crypto.randomUUID() }
  expect((await alice.call('POST', `/api/chats/${chatId}/messages`, asked)).status).toBe(202)
})

describe('many at once', () => {
  test('each thing done twice is as done once', async () => {
    const ids = [(await create(bob)).id, (await create(bob)).id]
    for (const act of ['pin', 'unpin', 'archive', 'unarchive', 'delete', 'restore'] as const) {
      await many(bob, act, ids)
      const once = await world.sql(`select to_jsonb(c) as row from ${schema}.chat_session c where id = any($1) order by id`, [ids])
      expect([act, (await many(bob, act, [...ids, ...ids])).body]).toEqual([act, { done: ids, failed: [] }])
      const twice = await world.sql(`select to_jsonb(c) as row from ${schema}.chat_session c where id = any($1) order by id`, [ids])
      expect([act, twice.rows]).toEqual([act, once.rows])
    }
  })

  test('foreign chats among own ones are answered exactly as absent ones, and stay as they are', async () => {
    const foreign = [await create(alice, { description: 'Mine' }), await create(mallory, { description: 'Mine' })]
    const trashed = await create(alice, { description: 'Thrown away' })
    await alice.call('DELETE', `/api/chats/${trashed.id}`)
    const others = [...foreign, trashed].map(({ id }) => id)
    for (const act of ['pin', 'unpin', 'archive', 'unarchive', 'delete', 'restore', 'erase'] as const) {
      const own = await create(bob)
      if (act === 'erase') await many(bob, 'delete', [own.id])
      const answer = await many(bob, act, [own.id, ...others, crypto.randomUUID()])
      expect([act, answer.status, answer.body.done]).toEqual([act, 200, [own.id]])
      const said = answer.body.failed.map(({ chatId: _, ...rest }) => rest)
      expect(said).toHaveLength(4)
      expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1)
      expect(said[0]).toMatchObject({ code: 'chat.not_found' })
    }
    for (const { id } of foreign) {
      const owner = id === foreign[0]?.id ? alice : mallory
      expect((await owner.call<Chat>('GET', `/api/chats/${id}`)).body).toEqual(foreign.find((one) => one.id === id))
    }
    expect((await alice.call('POST', `/api/chats/${trashed.id}/restore`)).status).toBe(200)
  })

  test('more than fit are refused as a whole, with a sentence', async () => {
    const chat = await create(bob)
    const ids = [chat.id, ...Array.from({ length: MOST_AT_ONCE }, () => crypto.randomUUID())]
    const refused = await many(bob, 'delete', ids)
    expect([refused.status, codeOf(refused)]).toEqual([400, 'chat.too_many_at_once'])
    expect(refused.text).toContain(String(MOST_AT_ONCE))
    expect((await bob.call('GET', `/api/chats/${chat.id}`)).status).toBe(200)
    expect((await many(bob, 'pin', ids.slice(0, MOST_AT_ONCE))).body.done).toEqual([chat.id])
    await many(bob, 'unpin', [chat.id])
  })

  test('as many are pinned as one may have pinned, and of the others it is said', async () => {
    const ids: string[] = []
    for (let i = 0; i <= MOST_PINNED; i++) ids.push((await create(carol)).id)
    const answer = (await many(carol, 'pin', ids)).body
    expect(answer.done).toEqual(ids.slice(0, MOST_PINNED))
    expect(answer.failed).toMatchObject([{ chatId: ids.at(-1), code: 'chat.too_many_pinned' }])
    const refused = await change(carol, ids.at(-1)!, { pinned: true })
    expect([refused.status, codeOf(refused)]).toEqual([409, 'chat.too_many_pinned'])
    expect((await many(carol, 'pin', ids.slice(0, MOST_PINNED))).body.failed).toEqual([])
    await many(carol, 'unpin', ids.slice(0, 1))
    expect((await change(carol, ids.at(-1)!, { pinned: true })).body.pinned).toBe(true)
  })
})

test('a chat is found by its title wherever it is, also one that is shared, by those who can read it', async () => {
  const { id } = await create(alice, { description: 'A week on Gotland' })
  const found = async (person: SignedIn) => {
    const { body } = await person.call<Page>('GET', '/api/chats/find?words=gotland')
    return body.items.map((chat) => chat.id)
  }
  expect([await found(alice), await found(bob)]).toEqual([[id], []])
  await share(alice, id, [bob])
  for (const act of ['archive', 'unarchive'] as const) {
    await many(alice, act, [id])
    expect([await found(alice), await found(bob), await found(carol), await found(mallory)]).toEqual([[id], [id], [], []])
  }
  await many(alice, 'delete', [id])
  expect([await found(alice), await found(bob)]).toEqual([[id], []])
})

test('every list comes out of an index in its order, not out of a sort, where there are many chats', async () => {
  await world.sql(
    `insert into ${schema}.chat_session (id, user_id, scope_id, description, model, wrapped_key, pinned, archived, deleted_at, time_updated)
     select gen_random_uuid(), person, person, '', 'librarian', '', n % 24 = 0, n % 3 = 1, case when n % 3 = 2 then now() - n * interval '1 s' end, now() - n * interval '1 s'
       from generate_series(1, 20000) n, lateral (select ($1::uuid[])[1 + n / 7 % 3] as person) whose`,
    [[alice, bob, carol].map(({ me }) => me.user.id)],
  )
  await world.sql(`analyze ${schema}.chat_session`)
  const where = {
    chats: 'deleted_at is null and not archived',
    pinned: 'pinned and deleted_at is null and not archived',
    archive: 'archived and deleted_at is null',
    trash: 'deleted_at is not null',
  }
  for (const [list, condition] of Object.entries(where)) {
    const time = list === 'trash' ? 'deleted_at' : 'time_updated'
    const { rows } = await world.sql<{ 'QUERY PLAN': string }>(
      `explain select id from ${schema}.chat_session where user_id = '${bob.me.user.id}' and temporary_until is null and ${condition}
        and (${time}, id) < (now() - interval '1 h', '00000000-0000-7000-8000-000000000000') order by ${time} desc, id desc limit 51`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(`${list}: ${plan}`).toMatch(/Index (Only )?Scan/)
    // Those of the same moment may be sorted among themselves.
    expect(`${list}: ${plan}`).not.toMatch(/-> {2}Sort|Seq Scan/)
  }
})
