/** What a person thinks of an answer: theirs alone, sealed, changed and taken back as they like. */
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messagesOf, schemaOf } from '#tests/support/conversation.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const NOTE = 'canary-note-51c8'
let world: World
let alice: SignedIn
let schema: string
let chat: AskedChat
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  schema = await schemaOf(world, 'acme')
  chat = await chatOf(alice, { description: 'Judged', question: 'Who can read my chats?' })
})
afterAll(() => world.close())

const at = (messageId: string = chat.answerId) => `/api/chats/${chat.chatId}/messages/${messageId}/feedback`
const said = async () => (await messagesOf(alice, chat.chatId)).map(({ feedback }) => feedback)

test('is kept with the answer, changed, and taken back', async () => {
  expect(await said()).toEqual([null, null])
  const given = { rating: 'down', note: NOTE }
  expect((await alice.call('POST', at(), given)).body).toEqual(given)
  expect(await said()).toEqual([null, given])
  expect((await alice.call('POST', at(), { rating: 'up' })).body).toEqual({ rating: 'up', note: null })
  expect(await said()).toEqual([null, { rating: 'up', note: null }])
  expect((await alice.call('DELETE', at())).status).toBe(204)
  expect((await alice.call('DELETE', at())).status).toBe(204)
  expect(await said()).toEqual([null, null])
})

test('two devices that say something at once leave one of both', async () => {
  await Promise.all(['up', 'down', 'up', 'down'].map((rating) => alice.call('POST', at(), { rating })))
  expect((await world.sql(`select from ${schema}.message_feedback`)).rowCount).toBe(1)
  expect(['up', 'down']).toContain((await said())[1]?.rating)
})

test('is sealed, and in the export of its person', async () => {
  await alice.call('POST', at(), { rating: 'down', note: NOTE })
  const { rows } = await world.sql<{ feedback: Buffer }>(`select feedback from ${schema}.message_feedback`)
  expect(rows[0]!.feedback.toString('latin1')).not.toMatch(/canary|down/)
  const made = await alice.call<{ id: string }>('POST', '/api/me/exports')
  await world.queue.work()
  const archive = await alice.call('POST', `/api/me/exports/${made.body.id}/archive`)
  const text = Object.values(unzipSync(archive.bytes!))
    .map((data) => strFromU8(data))
    .join('\n')
  expect(text).toContain(NOTE)
})

test('of a question, of no answer, and of anything but a thumb there is none', async () => {
  for (const id of [chat.questionId, crypto.randomUUID()]) {
    const refused = await alice.call('POST', at(id), { rating: 'up' })
    expect([refused.status, codeOf(refused)]).toEqual([404, 'message.not_found'])
  }
  for (const body of [{}, { rating: 'sideways' }, { rating: 'up', note: 'x'.repeat(2_001) }, { rating: 'up', by: 'bob' }])
    expect((await alice.call('POST', at(), body)).status).toBe(400)
})

test('nobody else says anything of it, takes it back, or sees it', async () => {
  await alice.call('POST', at(), { rating: 'down', note: NOTE })
  for (const name of ['bob', 'carol', 'mallory'] as const) {
    const person = await world.signIn(name)
    const own = await chatOf(person, { description: 'Mine', question: 'hello' })
    for (const path of [at(), `/api/chats/${own.chatId}/messages/${chat.answerId}/feedback`]) {
      const answers = [await person.call('POST', path, { rating: 'up' }), await person.call('DELETE', path)]
      expect([name, ...answers.map(({ status }) => status)]).toEqual([name, 404, 404])
      for (const { text } of answers) expect(text).not.toContain(NOTE)
    }
    expect((await person.call('POST', `/api/chats/${own.chatId}/messages/${own.answerId}/feedback`, { rating: 'up' })).status).toBe(200)
  }
  expect((await said())[1]).toEqual({ rating: 'down', note: NOTE })
})
