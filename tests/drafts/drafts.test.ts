/** Drafts: kept on the server for their writer alone, the same wherever they sign in, until they are sent, forgotten, or a hundred others are newer. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Draft } from '#contract/drafts.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { share, takeBack } from '#tests/sharing/stage.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, superuser, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let chat: AskedChat
let schema: string
let ticks = 0

beforeAll(async () => {
  // No two moments are the same, so that the order of drafts is certain.
  world = await createWorld({ clock: { now: () => Date.now() + ticks++ } })
  alice = await world.signIn('alice')
  schema = schemaName(alice.me.organisation.id)
  chat = await chatOf(alice, { description: 'Warehouse', question: 'Where is the warehouse?' })
})
beforeEach(() => world.sql(`delete from ${schema}.draft`))
afterAll(() => world.close())

const keep = (person: SignedIn, place: string, text: string, more: object = {}) =>
  person.call<Pick<Draft, 'timeUpdated'>>('PATCH', `/api/drafts/${place}`, { text, ...more })
const draftsOf = async (person: SignedIn) => (await person.call<{ items: Draft[] }>('GET', '/api/drafts')).body.items
const textsOf = async (person: SignedIn) => (await draftsOf(person)).map(({ text }) => text)

test('a draft is there at the next sign-in, after the end of the one that wrote it', async () => {
  const laptop = await world.signIn('alice')
  const { timeUpdated } = (await keep(laptop, chat.chatId, 'And where exactly')).body
  await laptop.call('POST', '/api/auth/sign-out')
  expect((await laptop.call('GET', '/api/drafts')).status).toBe(401)
  const phone = await world.signIn('alice')
  expect(await draftsOf(phone)).toEqual([{ place: chat.chatId, text: 'And where exactly', parentId: null, timeUpdated }])
})

test('each place has its own: a chat, an earlier question of it, and the chat that is yet to begin', async () => {
  await keep(alice, alice.me.user.id, 'a new chat')
  await keep(alice, chat.chatId, 'the next question')
  await keep(alice, `${chat.chatId}.edit`, 'the first question, differently')
  await keep(alice, `${crypto.randomUUID()}.edit`, 'a later one', { parentId: chat.answerId })
  const kept = (await draftsOf(alice)).map(({ text, parentId }) => [text, parentId])
  expect(kept).toEqual([
    ['a later one', chat.answerId],
    ['the first question, differently', null],
    ['the next question', null],
    ['a new chat', null],
  ])
})

test('what is written last stays, and is known by another time', async () => {
  const first = await keep(alice, chat.chatId, 'one', { parentId: chat.answerId })
  const second = await keep(await world.signIn('alice'), chat.chatId.toUpperCase(), 'two')
  expect(second.body.timeUpdated).not.toBe(first.body.timeUpdated)
  expect(await draftsOf(alice)).toEqual([{ place: chat.chatId, text: 'two', parentId: null, ...second.body }])
})

test('many at once, at a place that is empty, are all taken and leave one', async () => {
  const texts = Array.from({ length: 12 }, (_, i) => `version ${i}`)
  const statuses = (await Promise.all(texts.map((text) => keep(alice, chat.chatId, text)))).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(await textsOf(alice)).toEqual([expect.stringMatching(/^version \d+$/)])
})

test('forgetting removes the one of the place, and is no failure where there is none', async () => {
  await keep(alice, chat.chatId, 'one')
  await keep(alice, `${chat.chatId}.edit`, 'another')
  for (const _ of ['there', 'gone']) expect((await alice.call('DELETE', `/api/drafts/${chat.chatId}`)).status).toBe(204)
  expect(await textsOf(alice)).toEqual(['another'])
})

test('the draft of a chat that was deleted is there when the chat is restored', async () => {
  await keep(alice, chat.chatId, 'not lost')
  await alice.call('DELETE', `/api/chats/${chat.chatId}`)
  await alice.call('POST', `/api/chats/${chat.chatId}/restore`)
  expect(await textsOf(alice)).toEqual(['not lost'])
})

describe('nobody else', () => {
  test.each(['bob', 'carol', 'mallory'] as const)('sees, changes or forgets it by its place: %s', async (name) => {
    const person = await world.signIn(name)
    await keep(alice, chat.chatId, 'mine alone')
    expect(await draftsOf(person)).toEqual([])
    // Not refused, so that it says nothing about the chat: it is a draft of their own.
    expect((await keep(person, chat.chatId, 'theirs')).status).toBe(200)
    expect([await textsOf(person), await textsOf(alice)]).toEqual([['theirs'], ['mine alone']])
    expect((await person.call('DELETE', `/api/drafts/${chat.chatId}`)).status).toBe(204)
    expect([await textsOf(person), await textsOf(alice)]).toEqual([[], ['mine alone']])
  })

  test('is told more of a chat of hers than of one that never was', async () => {
    const bob = await world.signIn('bob')
    const tried = async (id: string) => {
      const answers = [await keep(bob, id, 'x'), await bob.call('DELETE', `/api/drafts/${id}`), await keep(bob, id, '')]
      return answers.map(({ status, headers }) => [status, Object.keys(headers)])
    }
    expect(await tried(chat.chatId)).toEqual(await tried(crypto.randomUUID()))
  })
})

test('a draft is gone with its writer’s own chat; that of another’s chat says nothing of it', async () => {
  const bob = await world.signIn('bob')
  const { chatId } = await chatOf(alice, { description: 'Quay', question: 'Where is the quay?' })
  await keep(alice, chatId, 'mine')
  await keep(bob, chatId, 'watching')
  await keep(bob, `${chatId}.edit`, 'watching closely')
  // Nor of its being shared with somebody else.
  const carol = await world.signIn('carol')
  for (const { status } of [await share(alice, chatId, [carol]), await takeBack(alice, chatId)]) expect(status).toBe(204)
  await alice.call('DELETE', `/api/chats/${chatId}`)
  expect((await alice.call('POST', `/api/chats/${chatId}/erase`)).status).toBe(204)
  expect([await textsOf(alice), await textsOf(bob)]).toEqual([[], ['watching closely', 'watching']])
})

describe('bounds', () => {
  test('a draft is as long as a question may be, and not longer', async () => {
    expect((await keep(alice, chat.chatId, 'x'.repeat(100_000))).status).toBe(200)
    const refused = await keep(alice, chat.chatId, 'x'.repeat(100_001))
    expect([refused.status, codeOf(refused)]).toEqual([400, 'request.invalid'])
    expect((await textsOf(alice)).map(({ length }) => length)).toEqual([100_000])
  })

  test.each(['', ' \n\t ', '\u0007'])('nothing to see is no draft: %j', async (text) => {
    await keep(alice, chat.chatId, 'something')
    expect((await keep(alice, chat.chatId, text)).status).toBe(400)
    expect(await textsOf(alice)).toEqual(['something'])
  })

  test.each(['new', 'x', `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`, '.edit'])('a place is an id: not %s', async (place) => {
    expect((await keep(alice, place, 'text')).status).toBe(400)
    expect((await keep(alice, `${chat.chatId}.${place}`, 'text')).status).toBe(400)
  })

  test('of more than a hundred the oldest go, everyone else’s stay', async () => {
    const bob = await world.signIn('bob')
    await keep(bob, chat.chatId, 'of Bob')
    const places = Array.from({ length: 103 }, () => crypto.randomUUID())
    for (const [i, place] of places.slice(0, 100).entries()) await keep(alice, place, `draft ${i}`)
    // Taken up again, it is no longer among the oldest, and is none more.
    await keep(alice, places[0]!, 'draft 0 again')
    expect(await textsOf(alice)).toHaveLength(100)
    for (const place of places.slice(100)) await keep(alice, place, `at ${place}`)
    const texts = await textsOf(alice)
    expect(texts).toHaveLength(100)
    expect(texts).toContain('draft 0 again')
    for (const gone of ['draft 1', 'draft 2', 'draft 3']) expect(texts).not.toContain(gone)
    expect(texts).toContain('draft 4')
    expect(await textsOf(bob)).toEqual(['of Bob'])
    expect((await world.sql(`select from ${schema}.draft`)).rowCount).toBe(101)
  })

  test('of more than a megabyte the oldest go, also when one that was there has grown', async () => {
    const places = Array.from({ length: 4 }, () => crypto.randomUUID())
    const long = '漢'.repeat(100_000)
    for (const place of places.slice(1)) await keep(alice, place, long)
    await keep(alice, places[0]!, 'short')
    expect(await textsOf(alice)).toHaveLength(4)
    await keep(alice, places[0]!, long)
    expect((await draftsOf(alice)).map(({ place }) => place)).toEqual([places[0], places[3], places[2]])
  })

  test('one that is kept does not wait for an old one that another device holds', async () => {
    const places = Array.from({ length: 101 }, () => crypto.randomUUID())
    for (const place of places.slice(0, 100)) await keep(alice, place, 'draft')
    await superuser(world.url, async (client) => {
      await client.query(`begin; select from ${schema}.draft where place = '${places[0]}' for update`)
      expect((await keep(alice, places[100]!, 'one more')).status).toBe(200)
    })
    await keep(alice, places[100]!, 'one more, longer')
    expect(await textsOf(alice)).toHaveLength(100)
  })
})

describe('in the database', () => {
  test('the text is sealed, otherwise each time', async () => {
    const text = 'nobody may read this'
    const stored = async () => {
      await keep(alice, chat.chatId, text)
      return (await world.sql<{ text: Buffer }>(`select text from ${schema}.draft`)).rows[0]!.text
    }
    const [one, two] = [await stored(), await stored()]
    expect(one.equals(two)).toBe(false)
    for (const sealed of [one, two]) expect(sealed.includes(Buffer.from('nobody'))).toBe(false)
    expect(await textsOf(alice)).toEqual([text])
  })

  test.each([
    ['in a scope that is not its writer’s own', `scope_id = (select id from {schema}.scope where id <> user_id limit 1)`],
    ['at a place that holds a text', `place = 'what somebody typed'`],
  ])('a draft %s is refused, whoever writes it', async (_, change) => {
    await keep(alice, chat.chatId, 'x')
    const attempt = world.sql(`update ${schema}.draft set ${change.replace('{schema}', schema)}`)
    await expect(attempt).rejects.toMatchObject({ code: '23514' })
  })
})
