/** Sharing, wall by wall: what the database lets a role do that is made to do anything at all, and what a key opens that one had before. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ChatId, ScopeId } from '#contract/ids.ts'
import { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { messagesOf, send } from '#tests/support/conversation.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, raw, refusalOf, withoutRowSecurity } from '#tests/walls/attack.ts'
import { chatFor, readersFor, share, takeBack } from './stage.ts'

const DENIED = '42501'
let world: World
let units: UnitsOfWork
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let schema: string
let chat: AskedChat
let scopeId: string

beforeAll(async () => {
  world = await createWorld()
  units = new UnitsOfWork(world.database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  schema = schemaName(alice.me.organisation.id)
})
afterAll(() => world.close())
beforeEach(async () => {
  chat = await chatOf(alice, { description: 'Harbour', question: 'Who is the harbour master of Visby?' })
  const { quoted } = (await readersFor(alice, chat.chatId)).body
  await share(
    alice,
    chat.chatId,
    [bob],
    quoted.map(({ chatId }) => chatId),
  )
  scopeId = (await chatFor(alice, chat.chatId)).body.scope.id
})

const state = async () =>
  JSON.stringify(
    await Promise.all(
      ['scope', 'scope_member', 'chat_session', 'chat_message', 'message_search'].map(
        async (table) => (await world.sql(`select to_jsonb(t) - 'lexemes' as row from ${schema}.${table} t order by 1`)).rows,
      ),
    ),
  )
/** Runs SQL as the role of request handling, in a unit of the person's that writes. */
const asPerson = (person: SignedIn, sql: string) => units.write(actorOf(person), (tx) => tx.all(raw(sql)))

describe('row security, alone: raw SQL of', () => {
  test.each([
    [
      'a reader who moves the scope',
      () => `update ${schema}.chat_session set scope_id = '${bob.me.personalScopeId}' where id = '${chat.chatId}'`,
    ],
    [
      'the owner who moves the scope',
      () => `update ${schema}.chat_session set scope_id = '${alice.me.personalScopeId}' where id = '${chat.chatId}'`,
    ],
    ['the owner who moves a message', () => `update ${schema}.chat_message set scope_id = '${alice.me.personalScopeId}'`],
    [
      'somebody who lets themself in',
      () => `insert into ${schema}.scope_member values ('${alice.me.personalScopeId}', '${bob.me.user.id}', 'viewer')`,
    ],
    ['a reader who makes themself an owner', () => `update ${schema}.scope_member set role = 'owner'`],
    ['a reader who throws another out', () => `delete from ${schema}.scope_member where scope_id = '${scopeId}'`],
    [
      'somebody who makes a scope',
      () => `insert into ${schema}.scope (id, kind, owner_id) values (gen_random_uuid(), 'chat', '${bob.me.user.id}')`,
    ],
    ['somebody who lets people in', () => `select ${schema}.let_in('${scopeId}', array['${bob.me.user.id}'::uuid])`],
    [
      'a reader who writes into the chat',
      () => `insert into ${schema}.chat_message (id, chat_session_id, scope_id, user_id, message_type, message)
       values (gen_random_uuid(), '${chat.chatId}', '${scopeId}', '${bob.me.user.id}', 'user', '')`,
    ],
  ])('%s is refused', async (_, sql) => {
    const before = await state()
    for (const person of [alice, bob, carol]) expect(await refusalOf(asPerson(person, sql()))).toBe(DENIED)
    expect(await state()).toBe(before)
  })

  test('those who call the functions for chats that are not theirs, or for scopes that are not: nothing happens', async () => {
    const before = await state()
    const elsewhere = crypto.randomUUID()
    const calls = [
      `select ${schema}.move_chat('${chat.chatId}', '${scopeId}', '${elsewhere}', '', '', '', '{}', '{}')`,
      `select ${schema}.move_chat('${chat.chatId}', '${scopeId}', '${bob.me.personalScopeId}', null, '', '', '{}', '{}')`,
      `select ${schema}.add_readers('${chat.chatId}', '${scopeId}', array['${carol.me.user.id}'::uuid])`,
      `select ${schema}.index_messages('${chat.chatId}', '${scopeId}', array['${chat.questionId}'::uuid], array[''])`,
      `select ${schema}.index_messages('${chat.chatId}', '${bob.me.personalScopeId}', array['${chat.questionId}'::uuid], array[null])`,
      `select ${schema}.leave_chats(array['${chat.chatId}'::uuid], array['${alice.me.personalScopeId}'::uuid])`,
      `select ${schema}.drop_left_scopes()`,
    ]
    for (const sql of calls) await asPerson(carol, sql)
    for (const sql of calls) await asPerson(bob, sql)
    expect(await state()).toBe(before)
  })

  test('the owner who moves a chat into the scope of somebody else is refused', async () => {
    const before = await state()
    for (const to of [bob.me.personalScopeId, carol.me.personalScopeId])
      expect(
        await refusalOf(asPerson(alice, `select ${schema}.move_chat('${chat.chatId}', '${scopeId}', '${to}', '', '', '', '{}', '{}')`)),
      ).toMatch(/^(42501|23505|23514)$/)
    expect(await state()).toBe(before)
  })

  test('whoever it was taken back from sees nothing, in any table, also while what they had is still theirs', async () => {
    const readable = `select (select count(*) from ${schema}.chat_session where id = '${chat.chatId}')
      + (select count(*) from ${schema}.chat_message where chat_session_id = '${chat.chatId}') as n`
    const seen = async () => Number((await units.read(actorOf(bob), (tx) => tx.all(raw<{ n: string }>(readable))))[0]!.n)
    expect(await seen()).toBeGreaterThan(1)
    await takeBack(alice, chat.chatId)
    expect(await seen()).toBe(0)
    // As it is for a moment, and would stay if the server died then: the scope is there, and left.
    await world.sql(`insert into ${schema}.scope (id, kind, owner_id, left_at) values ('${scopeId}', 'chat', '${alice.me.user.id}', now())`)
    await world.sql(`insert into ${schema}.scope_member values ('${scopeId}', '${bob.me.user.id}', 'viewer')`)
    expect(await seen()).toBe(0)
  })
})

test('the application filter, alone: an actor who still has the scope reaches nothing that has left it', async () => {
  const database = withoutRowSecurity(world)
  const stale = actorOf(bob, { readScopes: [bob.me.personalScopeId, scopeId] })
  const chats = () => new UnitsOfWork(database).read(stale, (tx) => tx.all(tx.db.selectFrom('chat_session').select('id')))
  expect((await chats()).map(({ id }) => id)).toContain(chat.chatId)
  await takeBack(alice, chat.chatId)
  expect((await chats()).map(({ id }) => id)).not.toContain(chat.chatId)
  await database.close()
})

describe('keys', () => {
  const rowOf = async () => {
    const { rows } = await world.sql<{ wrapped_key: Buffer; scope_id: ScopeId }>(
      `select wrapped_key, scope_id from ${schema}.chat_session where id = $1`,
      [chat.chatId],
    )
    return rows[0]!
  }
  /** Opens the newest question with the keys of a row of the chat, as somebody would who had kept it. */
  async function opens(keys: ScopeKeys, row: { wrapped_key: Buffer; scope_id: ScopeId }): Promise<string> {
    const newest = (await messagesOf(alice, chat.chatId)).findLast(({ messageType }) => messageType === 'user')!
    const { rows } = await world.sql<{ message: Buffer }>(`select message from ${schema}.chat_message where id = $1`, [newest.id])
    return units.read(actorOf(alice), async (tx) => {
      const of = { id: chat.chatId as ChatId, scopeId: row.scope_id, wrappedKey: row.wrapped_key }
      return (await keys.ofChat(tx, of, 'chat_message')).open(rows[0]!.message, newest.id, 'message')
    })
  }

  test('the one of a scope that a chat has left opens nothing that is written afterwards', async () => {
    const keys = new ScopeKeys(world.installation.keyring)
    const before = await rowOf()
    // It is kept, as on a server, or by whoever read its memory.
    await units.read(actorOf(alice, { readScopes: [scopeId] }), (tx) => keys.ofScope(tx, scopeId as ScopeId, 'chat_session'))
    expect(await opens(keys, before)).toContain('Visby')
    await takeBack(alice, chat.chatId)
    expect(await opens(keys, before)).toContain('Visby')
    await send(alice, chat.chatId, { text: 'And of Slite?', parentId: null })
    await expect(opens(keys, before)).rejects.toThrow()
    const now = await rowOf()
    expect(now.wrapped_key.length).toBe(before.wrapped_key.length * 2)
    await expect(opens(keys, { ...now, scope_id: before.scope_id })).rejects.toThrow()
    expect(await opens(keys, now)).toContain('Slite')
  })

  test('of a scope are gone with it', async () => {
    await takeBack(alice, chat.chatId)
    for (const [table, column] of [
      ['scope_key', 'scope_id'],
      ['scope_member', 'scope_id'],
      ['scope', 'id'],
    ])
      expect((await world.sql(`select from ${schema}.${table} where ${column} = $1`, [scopeId])).rows).toEqual([])
  })
})

test('an API token shares nothing and takes nothing back, whatever it may else', async () => {
  const made = await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'All', abilities: ['read', 'chat'], days: 1 })
  const call: SignedIn['call'] = (method, path, body) =>
    world.call(method, path, { body, headers: { authorization: `Bearer ${made.body.token}` } })
  expect((await chatFor({ call }, chat.chatId)).status).toBe(200)
  for (const answer of [
    await share({ call }, chat.chatId, [carol]),
    await takeBack({ call }, chat.chatId),
    await takeBack({ call }, chat.chatId, bob),
  ])
    expect([answer.status, codeOf(answer)]).toEqual([403, 'token.not_enough'])
})
