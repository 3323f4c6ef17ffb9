/** Shared chats when somebody leaves: the owner's go with them, the keys first; a reader takes nothing along and leaves nothing behind. */
import { strFromU8, unzipSync } from 'fflate'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Export } from '#contract/leaving.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { chatFor, listFor, readersFor, share, takeBack } from './stage.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let schema: string
let hers: AskedChat
let his: AskedChat
beforeEach(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  schema = schemaName(alice.me.organisation.id)
  hers = await chatOf(alice, { description: 'Of Alice', question: 'Where does the heron nest?' })
  his = await chatOf(bob, { description: 'Of Bob', question: 'Where does the otter sleep?' })
  expect((await share(alice, hers.chatId, [bob, carol])).status).toBe(204)
  expect((await share(bob, his.chatId, [alice])).status).toBe(204)
})
afterEach(() => world.close())

const scopeOf = async (person: SignedIn, { chatId }: AskedChat) => (await chatFor(person, chatId)).body.scope.id

async function erase(person: SignedIn): Promise<void> {
  await person.call('POST', '/api/me/deletion', { email: person.me.user.email })
  await world.sql(`update ${schema}.erasure set due_at = now() - interval '1 minute'`)
  await world.queue.strike('erasure_round')
  await world.queue.work()
}

/** Every row of every table of the organisation that holds this. */
async function rowsWith(text: string): Promise<string[]> {
  const tables = await world.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = '${schema}'`,
  )
  const found = await Promise.all(
    tables.rows.map(({ name }) => world.sql<{ row: string }>(`select '${name} ' || to_jsonb(t)::text as row from ${name} t`)),
  )
  return found.flatMap(({ rows }) => rows.map(({ row }) => row)).filter((row) => row.includes(text))
}

test('an owner who is erased takes what they shared along, with the key of its scope; what others share stays whole', async () => {
  const scope = await scopeOf(alice, hers)
  const otters = await scopeOf(bob, his)
  await erase(alice)
  for (const person of [bob, carol]) {
    expect(codeOf(await chatFor(person, hers.chatId))).toBe('chat.not_found')
    expect(await listFor(person)).toEqual([])
  }
  for (const id of [scope, hers.chatId]) expect(await rowsWith(id)).toEqual([])
  const own = (await chatFor(bob, his.chatId)).body
  expect([own.description, own.people, own.scope.id]).toEqual(['Of Bob', 1, otters])
  expect((await bob.call('GET', `/api/chats/${his.chatId}/messages`)).text).toContain('otter')
  expect((await takeBack(bob, his.chatId)).status).toBe(204)
  expect((await chatFor(bob, his.chatId)).body.scope.kind).toBe('personal')
})

test('the key of a shared chat goes in the first step of the erasure, before any row', async () => {
  const scope = await scopeOf(alice, hers)
  await alice.call('POST', '/api/me/deletion', { email: alice.me.user.email })
  await world.sql(`update ${schema}.erasure set due_at = now() - interval '1 minute'`)
  // What comes after the key fails.
  await world.sql(`create function ${schema}.halt() returns trigger language plpgsql as $$ begin raise 'halt'; end $$`)
  await world.sql(`create trigger halt before delete on ${schema}.chat_message for each row execute function ${schema}.halt()`)
  await world.queue.strike('erasure_round')
  await world.queue.work().catch(() => undefined)
  expect((await world.sql(`select from ${schema}.scope_key where scope_id = any($1)`, [[scope, alice.me.personalScopeId]])).rows).toEqual(
    [],
  )
  expect((await world.sql(`select from ${schema}.chat_message where chat_session_id = $1`, [hers.chatId])).rows.length).toBeGreaterThan(0)
})

test('a reader who is erased leaves no trace in what they read, and it goes on', async () => {
  await erase(bob)
  const { people } = (await readersFor(alice, hers.chatId)).body
  expect(people.map(({ name }) => name)).toEqual(['Alice Moreau', 'Carol Lindqvist'])
  expect((await alice.call('GET', `/api/chats/${hers.chatId}/messages`)).text).toContain('heron')
  expect(await listFor(alice)).toEqual([])
})

test('a reader who is suspended reads nothing, and reads again once they are reinstated', async () => {
  await carol.call('POST', `/api/members/${bob.me.user.id}/suspend`)
  expect((await chatFor(bob, hers.chatId)).status).toBe(401)
  expect((await chatFor(alice, hers.chatId)).body.people).toBe(3)
  await carol.call('POST', `/api/members/${bob.me.user.id}/reinstate`)
  expect((await chatFor(await world.signIn('bob'), hers.chatId)).status).toBe(200)
})

test('an export holds what one shares, and nothing of what others share', async () => {
  const begun = await alice.call<Export>('POST', '/api/me/exports')
  await world.queue.work()
  const reply = await alice.call('POST', `/api/me/exports/${begun.body.id}/archive`)
  const files = Object.values(unzipSync(reply.bytes!)).map((bytes) => strFromU8(bytes))
  expect(files.some((text) => text.includes('heron'))).toBe(true)
  expect(files.some((text) => text.includes('otter'))).toBe(false)
})
