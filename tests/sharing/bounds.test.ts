/** How much can be shared: what one person can be made to reach, how long a chat is, and how often it can be taken back. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import type { ScopeId } from '#contract/ids.ts'
import { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { ask, doneOf, follow } from '#tests/support/conversation.ts'
import { chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, raw } from '#tests/walls/attack.ts'
import { chatFor, listFor, readersFor, share, takeBack, textsFor } from './stage.ts'

let world: World
let units: UnitsOfWork
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  units = new UnitsOfWork(world.database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  schema = schemaName(alice.me.organisation.id)
})
afterAll(() => world.close())

/** Scopes of chats of one person that others read, with keys and without their chats. */
async function plant(owner: SignedIn, readers: readonly string[], count: number): Promise<ScopeId[]> {
  const keys = new ScopeKeys(world.installation.keyring)
  const ids = Array.from({ length: count }, () => crypto.randomUUID() as ScopeId)
  const wrapped = await Promise.all(ids.map((id) => keys.newScopeKey(owner.me.organisation.id, id)))
  await world.sql(`insert into ${schema}.scope (id, kind, owner_id) select unnest($1::uuid[]), 'chat', $2`, [ids, owner.me.user.id])
  await world.sql(
    `insert into ${schema}.scope_key (scope_id, version, wrapped) select id, 1, w from unnest($1::uuid[], $2::bytea[]) as t (id, w)`,
    [ids, wrapped],
  )
  await world.sql(
    `insert into ${schema}.scope_member (scope_id, user_id, role) select s, p, 'viewer' from unnest($1::uuid[]) s, unnest($2::uuid[]) p`,
    [ids, readers],
  )
  return ids
}
const unplant = () =>
  world.sql(
    `delete from ${schema}.scope s where kind = 'chat' and not exists (select from ${schema}.chat_session c where c.scope_id = s.id)`,
  )
const plain = (owner: SignedIn, text: string) => chatOf(owner, { description: text, question: text })

describe('what others can make one person reach', () => {
  test('is two hundred chats of one owner, who is told so; somebody else can still share with them', async () => {
    await plant(alice, [bob.me.user.id], 199)
    const [last, more] = [await plain(alice, 'The last'), await plain(alice, 'One more')]
    expect((await share(alice, last.chatId, [bob])).status).toBe(204)
    expect(codeOf(await share(alice, more.chatId, [bob]))).toBe('sharing.too_many_with_one')
    expect((await chatFor(alice, more.chatId)).body.scope.kind).toBe('personal')
    expect((await share(alice, more.chatId, [carol])).status).toBe(204)
    // In a chat that is shared already, too.
    expect(codeOf(await share(alice, more.chatId, [bob]))).toBe('sharing.too_many_with_one')
    const hers = await plain(carol, 'Of Carol')
    expect((await share(carol, hers.chatId, [bob])).status).toBe(204)
    expect((await takeBack(alice, last.chatId)).status).toBe(204)
    expect((await share(alice, more.chatId, [bob])).status).toBe(204)
    for (const [owner, { chatId }] of [
      [alice, more],
      [carol, hers],
    ] as const)
      await takeBack(owner, chatId)
    await unplant()
  })

  test('is five hundred in all; at that bound they find, ask and leave as ever', async () => {
    const shared = await plain(alice, 'The walrus sleeps on the northern pier.')
    expect((await share(alice, shared.chatId, [bob])).status).toBe(204)
    await plant(carol, [bob.me.user.id], 499)
    const more = await plain(alice, 'One more')
    const refused = await share(alice, more.chatId, [bob])
    expect([refused.status, codeOf(refused)]).toEqual([409, 'sharing.not_now'])
    expect((refused.body as Problem).detail).not.toMatch(/\d|Bob/)
    const found = await bob.call<{ items: { id: string }[] }>(
      'GET',
      '/api/chats/find?words=walrus northern pier where does it sleep at night',
    )
    expect(found.body.items.map(({ id }) => id)).toEqual([shared.chatId])
    const { body } = await bob.call<{ id: typeof shared.chatId }>('POST', '/api/chats', { model: 'librarian' })
    const asked = await ask(bob, body.id, { text: 'Where does the walrus sleep?', parentId: null })
    expect(JSON.stringify(doneOf(await follow(bob, asked)))).toContain('northern pier')
    const left = await bob.call('POST', '/api/chats/leave', { chatIds: [shared.chatId, more.chatId, body.id, crypto.randomUUID()] })
    expect([left.status, left.body]).toEqual([200, { left: [shared.chatId] }])
    expect([await listFor(bob), (await chatFor(bob, body.id)).status]).toEqual([[], 200])
    expect((await share(alice, more.chatId, [bob])).status).toBe(204)
    await takeBack(alice, more.chatId)
    await unplant()
  })

  test('does not count what was taken back, though its scope is still there', async () => {
    const planted = await plant(alice, [bob.me.user.id], 200)
    const { chatId } = await plain(alice, 'Counted')
    expect(codeOf(await share(alice, chatId, [bob]))).toBe('sharing.too_many_with_one')
    await world.sql(`update ${schema}.scope set left_at = now() where id = any($1)`, [planted])
    expect((await share(alice, chatId, [bob])).status).toBe(204)
    await takeBack(alice, chatId)
  })
})

test('fifty people read a chat, and the database lets in no more', async () => {
  const people = Array.from({ length: 51 }, () => crypto.randomUUID())
  await world.sql(
    `insert into ${schema}."user" (id, email, name, role, time_joined) select id, id || '@acme.test', 'Reader', 'user', now() from unnest($1::uuid[]) id`,
    [people],
  )
  await world.sql(`insert into ${schema}.scope (id, kind) select unnest($1::uuid[]), 'personal'`, [people])
  const { chatId } = await plain(alice, 'For many')
  const add = (userIds: readonly string[]) => alice.call('POST', `/api/chats/${chatId}/readers`, { userIds, quoted: [] })
  expect((await add(people.slice(0, 50))).status).toBe(204)
  expect(codeOf(await add(people.slice(50)))).toBe('sharing.too_many')
  expect((await readersFor(alice, chatId)).body.people).toHaveLength(51)
  expect((await takeBack(alice, chatId)).status).toBe(204)
})

describe('the database, alone', () => {
  /** What was moved with no keys nobody can open. */
  afterEach(() => world.sql(`delete from ${schema}.chat_session where wrapped_key = ''`))

  const move = (chatId: string, to: string, people: readonly SignedIn[]) =>
    units.write(actorOf(alice), (tx) =>
      tx.all(
        raw(`select ${schema}.move_chat('${chatId}', '${alice.me.personalScopeId}', '${to}', '', '', '',
          array[${people.map(({ me }) => `'${me.user.id}'`).join()}]::uuid[], '{}')`),
      ),
    )
  const members = async (scopeId: string) =>
    (await world.sql<{ user_id: string }>(`select user_id from ${schema}.scope_member where scope_id = $1`, [scopeId])).rows.map(
      ({ user_id }) => user_id,
    )

  test('lets nobody in whom the directory does not show to whoever shares', async () => {
    const [hidden, shown] = [await plain(alice, 'Hidden'), await plain(alice, 'Shown')]
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
    await carol.call('PATCH', '/api/directory', { shows: 'shared' })
    await move(hidden.chatId, first, [bob, carol])
    expect(new Set(await members(first))).toEqual(new Set([alice.me.user.id, carol.me.user.id]))
    await carol.call('PATCH', '/api/directory', { shows: 'everyone' })
    await move(shown.chatId, second, [bob])
    expect(new Set(await members(second))).toEqual(new Set([alice.me.user.id, bob.me.user.id]))
    await carol.call('PATCH', '/api/directory', { shows: 'shared' })
    const seen = async () => (await units.read(actorOf(alice), (tx) => tx.all(raw(`select id from ${schema}."user"`)))).map(({ id }) => id)
    expect(await seen()).toContain(bob.me.user.id)
    // As it is between a taking back and the end of the scope.
    await world.sql(`update ${schema}.scope set left_at = now() where id = $1`, [second])
    expect(await seen()).not.toContain(bob.me.user.id)
    await carol.call('PATCH', '/api/directory', { shows: 'everyone' })
  })

  test('shares no temporary chat', async () => {
    const { body } = await alice.call<{ id: string }>('POST', '/api/chats', { temporaryHours: 1 })
    const to = crypto.randomUUID()
    await move(body.id, to, [bob])
    expect(await members(to)).toEqual([])
    await world.sql(`update ${schema}.chat_session set temporary_until = null where id = $1`, [body.id])
    await move(body.id, to, [bob])
    expect(await members(to)).toHaveLength(2)
  })
})

test('a reader leaves while something else of theirs is being written', async () => {
  const { chatId } = await plain(alice, 'Left meanwhile')
  await share(alice, chatId, [bob])
  const left = await units.write(actorOf(bob), async (tx) => {
    await tx.all(raw('select 1'))
    return bob.call('POST', '/api/chats/leave', { chatIds: [chatId] })
  })
  expect([left.status, left.body]).toEqual([200, { left: [chatId] }])
  await takeBack(alice, chatId)
})

test('two changes of one person at once wait for no scope that was left', async () => {
  const [left] = await plant(alice, [alice.me.user.id], 1)
  await world.sql(`update ${schema}.scope set left_at = now() where id = $1`, [left])
  await units.write(actorOf(alice), async (tx) => {
    await tx.all(raw('select 1'))
    return units.write(actorOf(alice), (other) => other.all(raw(`select ${schema}.drop_left_scopes() as n`)))
  })
  expect((await world.sql(`select from ${schema}.scope where id = $1`, [left])).rows).toEqual([])
})

describe('a chat', () => {
  test('of 32 MB is not shared; one that grew so long afterwards is taken back', async () => {
    const long = await plain(alice, 'Too long')
    const text = `update ${schema}.chat_message set message = message || decode(repeat('00', $2), 'hex') where id = $1`
    await world.sql(text, [long.questionId, 33 << 20])
    expect(codeOf(await share(alice, long.chatId, [bob]))).toBe('sharing.too_long')
    expect(await listFor(bob)).toEqual([])
    await world.sql(`update ${schema}.chat_message set message = substr(message, 1, octet_length(message) - $2) where id = $1`, [
      long.questionId,
      33 << 20,
    ])
    expect((await share(alice, long.chatId, [bob])).status).toBe(204)
    await takeBack(alice, long.chatId)
  })

  test('has a new key each time it is taken back; after forty it is shared with nobody else, and taken back still', async () => {
    const { chatId } = await plain(alice, 'Back and forth')
    const key = async () =>
      (await world.sql<{ k: Buffer }>(`select wrapped_key as k from ${schema}.chat_session where id = $1`, [chatId])).rows[0]!.k
    const size = (await key()).length
    for (let times = 1; times < 39; times++) {
      await share(alice, chatId, [bob])
      await takeBack(alice, chatId)
    }
    expect((await key()).length).toBe(39 * size)
    expect((await share(alice, chatId, [bob, carol])).status).toBe(204)
    for (const [i, reader] of [bob, carol].entries()) {
      const before = await key()
      expect((await takeBack(alice, chatId, reader)).status).toBe(204)
      expect((await key()).length).toBe((40 + i) * size)
      expect(await key()).not.toEqual(before)
      expect(codeOf(await share(alice, chatId, [bob]))).toBe('sharing.too_often')
    }
    expect(await textsFor(alice, chatId)).toContain('Back and forth')
  })
})
