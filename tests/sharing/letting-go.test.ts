/** What is left of a shared chat: nothing of its scope once it is erased, and nothing of theirs with whoever reads it no more. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { chatFor, share, takeBack } from './stage.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let schema: string
let chat: AskedChat
let scopeId: string
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  schema = schemaName(alice.me.organisation.id)
})
afterAll(() => world.close())
beforeEach(async () => {
  chat = await chatOf(alice, { description: 'Budget', question: 'What is left?' })
  expect((await share(alice, chat.chatId, [bob, carol])).status).toBe(204)
  scopeId = (await chatFor(alice, chat.chatId)).body.scope.id
})

/** In which tables something stands that holds this. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await world.sql<{ name: string }>(`select tablename as name from pg_tables where schemaname = '${schema}' order by 1`)
  const found = await Promise.all(
    rows.map(async ({ name }) => {
      const held = await world.sql(`select from ${schema}."${name}" t where to_jsonb(t)::text like $1 limit 1`, [`%${text}%`])
      return held.rowCount ? [name] : []
    }),
  )
  return found.flat()
}

test.each<[string, (chatId: string) => Promise<unknown>]>([
  ['alone', (chatId) => alice.call('POST', `/api/chats/${chatId}/erase`)],
  ['with others', (chatId) => alice.call('POST', '/api/chats/bulk', { act: 'erase', chatIds: [chatId] })],
  ['with all of the trash', () => alice.call('POST', '/api/chats/trash/empty')],
])('erased %s, a shared chat takes its scope along at once: its key, who could read it, and what happened in it', async (_, erase) => {
  expect(await tablesWith(scopeId)).toEqual(expect.arrayContaining(['chat_session', 'happening', 'scope', 'scope_key', 'scope_member']))
  await alice.call('DELETE', `/api/chats/${chat.chatId}`)
  expect(await tablesWith(scopeId)).toContain('scope_key')
  await erase(chat.chatId)
  expect(await tablesWith(scopeId)).toEqual([])
})

test.each<[string, () => Promise<{ status: number }>]>([
  ['it is taken back from', () => takeBack(alice, chat.chatId, bob)],
  ['leaves', () => takeBack(bob, chat.chatId, bob)],
])('whoever %s keeps neither a draft nor a branch of it, and those who stay keep theirs', async (_, act) => {
  const theirs = async () => {
    const { rows } = await world.sql<{ user_id: string; kind: string }>(
      `select user_id, 'draft' as kind from ${schema}.draft where place like $1 || '%'
       union all select user_id, 'branch' from ${schema}.branch where chat_session_id = $1::uuid
       union all select user_id, 'choice' from ${schema}.branch_choice where chat_session_id = $1::uuid`,
      [chat.chatId],
    )
    return (person: SignedIn) => [...new Set(rows.filter(({ user_id }) => user_id === person.me.user.id).map(({ kind }) => kind))].sort()
  }
  await alice.call('POST', `/api/chats/${chat.chatId}/messages`, {
    text: 'Or otherwise?',
    parentId: null,
    idempotencyKey: crypto.randomUUID(),
  })
  for (const person of [alice, bob, carol]) {
    for (const place of [chat.chatId, `${chat.chatId}.edit`])
      expect((await person.call('PATCH', `/api/drafts/${place}`, { text: 'begun' })).status).toBe(200)
    const shown = await person.call('POST', `/api/chats/${chat.chatId}/branch`, { messageId: chat.answerId })
    expect(shown.status).toBe(200)
  }
  const all = ['branch', 'choice', 'draft']
  expect([alice, bob, carol].map(await theirs())).toEqual([all, all, all])
  expect((await act()).status).toBe(204)
  expect([alice, bob, carol].map(await theirs())).toEqual([all, [], all])
})
