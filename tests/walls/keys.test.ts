/**
 * Keys, alone: the server under attack has no application filter and the superuser's connections, and the superuser moves ciphertext
 * about in the rows. Sealed at one place, it opens at no other: the reader gets a failure without content.
 */
import { createDecipheriv } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from '#server/isolation/database.ts'
import { deriveKey, open, type Place, seal } from '#server/isolation/keys/seal.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { type Answer, type AskedChat, chatOf, codeOf, createWorld, type SignedIn, superuser, type World } from '#tests/support/world.ts'
import { SECRET, secretChat, serverOver, withoutRowSecurity } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

let world: World
let database: Database
let bob: SignedIn
let secret: AskedChat
let own: AskedChat
let acme: string
let globex: string
let foreign: AskedChat
let ids: { alice: string; bob: string; trent: string }

beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
  const alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  const trent = await world.signIn('trent')
  ids = { alice: alice.me.personalScopeId, bob: bob.me.personalScopeId, trent: trent.me.personalScopeId }
  acme = schemaName(bob.me.organisation.id)
  globex = schemaName(trent.me.organisation.id)
  secret = await secretChat(alice)
  foreign = await secretChat(trent)
  own = await chatOf(bob, { description: 'Lunch', question: 'Where is lunch?' })
})
afterAll(async () => {
  await database.close()
  await world.close()
})

/** What Bob is shown, by a server that has not unwrapped any key yet. */
async function shownToBob(): Promise<{ chat: Answer; messages: Answer }> {
  const server = await serverOver(world, database)
  const call = server.as(bob)
  const shown = { chat: await call('GET', `/api/chats/${own.chatId}`), messages: await call('GET', `/api/chats/${own.chatId}/messages`) }
  await server.close()
  return shown
}

/** Runs `statements` on the rows, looks, and puts the rows back. */
async function afterMoving(statements: string[]): Promise<{ chat: Answer; messages: Answer }> {
  const kept = ['scope_key', 'chat_session', 'chat_message'] as const
  return superuser(world.url, async (client) => {
    for (const table of kept) await client.query(`create temp table kept_${table} as table ${acme}.${table}`)
    for (const sql of statements) expect((await client.query(sql)).rowCount).toBe(1)
    const shown = await shownToBob()
    await client.query(`update ${acme}.scope_key t set wrapped = k.wrapped from kept_scope_key k where k.scope_id = t.scope_id`)
    await client.query(
      `update ${acme}.chat_session t set description = k.description, wrapped_key = k.wrapped_key from kept_chat_session k where k.id = t.id`,
    )
    await client.query(
      `update ${acme}.chat_message t set message = k.message, model_name = k.model_name from kept_chat_message k where k.id = t.id`,
    )
    return shown
  })
}

const chatKey = (from: string, chat: AskedChat) =>
  `update ${acme}.chat_session set wrapped_key = (select wrapped_key from ${from}.chat_session where id = '${chat.chatId}') where id = '${own.chatId}'`
const title = (from: string, chat: AskedChat) =>
  `update ${acme}.chat_session set description = (select description from ${from}.chat_session where id = '${chat.chatId}') where id = '${own.chatId}'`
const message = (from: string, id: string, column = 'message') =>
  `update ${acme}.chat_message set ${column} = (select message from ${from}.chat_message where id = '${id}') where id = '${own.questionId}'`
const scopeKey = (from: string, scope: string) =>
  `update ${acme}.scope_key set wrapped = (select wrapped from ${from}.scope_key where scope_id = '${scope}') where scope_id = '${ids.bob}'`

const OPENS = 200
const REFUSED = 500

test('where it was sealed, it opens', async () => {
  const { chat, messages } = await shownToBob()
  expect([chat.status, messages.status]).toEqual([OPENS, OPENS])
  expect(chat.text + messages.text).toContain('Where is lunch?')
})

describe('moved, it does not open', () => {
  test.each<[string, () => string[], number, number]>([
    ["a message of Alice's into a row of Bob's", () => [message(acme, secret.questionId)], OPENS, REFUSED],
    ["the same with the key of Alice's chat", () => [message(acme, secret.questionId), chatKey(acme, secret)], OPENS, REFUSED],
    [
      "the same with the key of Alice's scope as well",
      () => [message(acme, secret.questionId), chatKey(acme, secret), title(acme, secret), scopeKey(acme, ids.alice)],
      REFUSED,
      REFUSED,
    ],
    ["the title of Alice's chat", () => [title(acme, secret)], REFUSED, REFUSED],
    ["the key of Alice's scope in place of Bob's", () => [scopeKey(acme, ids.alice)], REFUSED, REFUSED],
    ['a message of the same chat into another row', () => [message(acme, own.answerId)], OPENS, REFUSED],
    ['a message into another column of its row', () => [message(acme, own.questionId, 'model_name')], OPENS, REFUSED],
    ["the other organisation's title", () => [title(globex, foreign)], REFUSED, REFUSED],
    [
      "the other organisation's message with every key of its way",
      () => [message(globex, foreign.questionId), chatKey(globex, foreign), title(globex, foreign), scopeKey(globex, ids.trent)],
      REFUSED,
      REFUSED,
    ],
    [
      'a message with one bit turned',
      () => [
        `update ${acme}.chat_message set message = set_bit(message, 8 * (length(message) - 1), 1 - get_bit(message, 8 * (length(message) - 1))) where id = '${own.questionId}'`,
      ],
      OPENS,
      REFUSED,
    ],
    [
      'a message cut short',
      () => [`update ${acme}.chat_message set message = substr(message, 1, 20) where id = '${own.questionId}'`],
      OPENS,
      REFUSED,
    ],
    ['a message with nothing in it', () => [`update ${acme}.chat_message set message = '' where id = '${own.questionId}'`], OPENS, REFUSED],
    [
      'text that was never sealed',
      () => [`update ${acme}.chat_session set description = 'Lunch' where id = '${own.chatId}'`],
      REFUSED,
      REFUSED,
    ],
  ])('%s', async (_, statements, chatStatus, messagesStatus) => {
    const { chat, messages } = await afterMoving(statements())
    expect([chat.status, messages.status]).toEqual([chatStatus, messagesStatus])
    for (const answer of [chat, messages].filter(({ status }) => status === REFUSED)) expect(codeOf(answer)).toBe('server.internal')
    expect(chat.text + messages.text).not.toContain('Initech')
    expect(world.log.lines.join()).not.toContain('Initech')
  })

  test('and put back, it opens again', async () => {
    const { chat, messages } = await shownToBob()
    expect([chat.status, messages.status]).toEqual([OPENS, OPENS])
  })
})

test("a draft opens at its place only, and Alice's nowhere among Bob's", async () => {
  const places = [own.chatId, `${own.chatId}.edit`]
  const server = await serverOver(world, database)
  const call = server.as(bob)
  for (const place of places) await call('PATCH', `/api/drafts/${place}`, { text: `Lunch at ${place}` })
  const textAt = (scope: string, place: string) => `(select text from ${acme}.draft where scope_id = '${scope}' and place = '${place}')`
  for (const text of [textAt(ids.alice, secret.chatId), textAt(ids.bob, places[1]!)]) {
    expect((await call('GET', '/api/drafts')).status).toBe(OPENS)
    await world.sql(`update ${acme}.draft set text = ${text} where scope_id = $1 and place = $2`, [ids.bob, places[0]])
    const moved = await call('GET', '/api/drafts')
    expect([moved.status, codeOf(moved)]).toEqual([REFUSED, 'server.internal'])
    await call('PATCH', `/api/drafts/${places[0]}`, { text: 'Lunch' })
  }
  await server.close()
})

describe('with one key for everything', () => {
  const key = deriveKey(Buffer.alloc(32, 3), 'shared')
  const place: Place = { tenantId: 'acme', owner: 'alice', table: 'chat_message', row: '1', column: 'message' }
  const sealed = seal(key, Buffer.from(SECRET.question), place)

  test('the place alone keeps a value from opening elsewhere, each part of it', () => {
    expect(open(key, sealed, place).toString()).toBe(SECRET.question)
    for (const part of Object.keys(place) as (keyof Place)[]) expect(() => open(key, sealed, { ...place, [part]: 'bob' })).toThrow()
    // Parts cannot be shifted into one another.
    expect(() => open(key, sealed, { ...place, owner: 'alice","chat_message', table: '1' })).toThrow()
  })

  test('without the place it would open anywhere', () => {
    const read = (aad: Buffer | undefined) => {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 })
      if (aad) decipher.setAAD(aad)
      return decipher.update(sealed.subarray(29)).toString()
    }
    // Before the tag is checked, which the product never leaves out, the stream is there to be read.
    expect(read(undefined)).toBe(SECRET.question)
  })

  test('a key of another purpose opens nothing', () => {
    expect(() => open(deriveKey(Buffer.alloc(32, 3), 'other'), sealed, place)).toThrow()
  })
})

test('what is sealed twice is not the same twice, and equal words of two people share no lexeme', async () => {
  const place: Place = { tenantId: '', owner: '', table: '', row: '', column: '' }
  const key = Buffer.alloc(32)
  expect(seal(key, Buffer.from('same'), place)).not.toEqual(seal(key, Buffer.from('same'), place))
  const { rows } = await world.sql<{ scope_id: string; words: string[] }>(
    `select scope_id, tsvector_to_array(lexemes) as words from ${acme}.message_search where message_id = any($1)`,
    [[secret.questionId, own.questionId]],
  )
  const [one, two] = rows
  expect(rows).toHaveLength(2)
  expect(one!.words.filter((word) => two!.words.includes(word))).toEqual([])
})
