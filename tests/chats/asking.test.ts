/** Asking: a question is taken once, belongs to its branch, and is kept as it was typed, or refused with a reason and not kept at all. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import type { Problem } from '#contract/errors.ts'
import { ask, asked, begin, follow, messagesOf, offer, send, textOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let models: ModelServer
let alice: SignedIn
let echo: string

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  echo = (await offer(await world.signIn('carol'), models, ['echo']))('echo')
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const newChat = async () => (await alice.call<Chat>('POST', '/api/chats', { model: echo })).body.id

test('the same key twice is one question with one answer', async () => {
  const chatId = await newChat()
  const question = { text: 'once', parentId: null, idempotencyKey: crypto.randomUUID() }
  const calls = models.requests.length
  const first = await send(alice, chatId, question)
  await follow(alice, asked(first.body))
  const second = await send(alice, chatId, question)
  expect(second.status).toBe(202)
  expect(asked(second.body)).toEqual(asked(first.body))
  expect(second.body.answer.status).toBe('complete')
  expect(await messagesOf(alice, chatId)).toHaveLength(2)
  expect(models.requests.length - calls).toBe(1)
})

test('ten at once under one key are one question', async () => {
  const chatId = await newChat()
  const question = { text: 'once', parentId: null, idempotencyKey: crypto.randomUUID() }
  const calls = models.requests.length
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(alice, chatId, question)))
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202))
  expect(new Set(answers.map(({ body }) => asked(body).path)).size).toBe(1)
  await follow(alice, asked(answers[0]!.body))
  expect(await messagesOf(alice, chatId)).toHaveLength(2)
  expect(models.requests.length - calls).toBe(1)
})

test('another question under a key that was used is refused', async () => {
  const chatId = await newChat()
  const question = { text: 'first', parentId: null, idempotencyKey: crypto.randomUUID() }
  const first = asked((await send(alice, chatId, question)).body)
  for (const other of [
    { ...question, text: 'second' },
    { ...question, parentId: first.answerId },
  ]) {
    const refused = await send(alice, chatId, other)
    expect([refused.status, codeOf(refused)]).toEqual([409, 'message.conflict'])
  }
  expect((await send(alice, await newChat(), { ...question, text: 'second' })).status).toBe(202)
  expect(await messagesOf(alice, chatId)).toHaveLength(2)
})

test('questions on different branches at the same time are all taken and all answered', async () => {
  const root = await begin(alice, { model: echo, text: 'root' })
  await follow(alice, root)
  const texts = Array.from({ length: 12 }, (_, i) => `branch ${i}`)
  const branches = await Promise.all(
    texts.map((text, i) => ask(alice, root.chatId, { text, parentId: i % 3 === 0 ? null : root.answerId })),
  )
  await Promise.all(branches.map((branch) => follow(alice, branch)))
  const messages = await messagesOf(alice, root.chatId)
  expect(messages).toHaveLength(2 + 24)
  for (const [i, branch] of branches.entries()) {
    const answer = messages.find(({ id }) => id === branch.answerId)!
    expect([answer.status, answer.parentId, textOf(answer)]).toEqual(['complete', branch.questionId, texts[i]])
  }
})

test('a parent must be a message of this chat', async () => {
  const other = await begin(alice, { model: echo, text: 'elsewhere' })
  const chatId = await newChat()
  for (const parentId of [other.questionId, other.answerId, crypto.randomUUID()]) {
    const refused = await send(alice, chatId, { text: 'lost', parentId })
    expect([refused.status, codeOf(refused)]).toEqual([404, 'message.not_found'])
  }
  expect(await messagesOf(alice, chatId)).toEqual([])
})

test.each([
  ['exactly 100,000 characters', 'é'.repeat(100_000)],
  ['line breaks and tabs', 'a\r\n\tb\n\n'],
  ['spaces around it', '  kept  '],
  ['many alphabets', 'naïve 日本語 \u{1f469}\u200d\u{1f680} \u202e‮ ﷽ \u{1d518}'],
  ['markup', '<script>alert(1)</script> **x** [y](javascript:z)'],
  ['quotes and backslashes', `'"\\ \\u0000 $1 %s {} '; drop table chat_message; --`],
])('a question is kept as it was typed: %s', async (_, text) => {
  const answer = await begin(alice, { model: echo, text })
  await follow(alice, answer)
  const [question, kept] = await messagesOf(alice, answer.chatId)
  expect(textOf(question!)).toBe(text)
  expect([kept!.status, textOf(kept!)]).toEqual(['complete', text])
})

test.each([
  ['100,001 characters', 'x'.repeat(100_001), 'must be at most 100000 characters'],
  ['nothing', '', 'must not be empty'],
  ['only spaces', ' \n\t ', 'must not be empty'],
  ['nothing but control characters', '\u0000\u001b', 'must not be empty'],
])('a question is refused with the reason: %s', async (_, text, message) => {
  const chatId = await newChat()
  const refused = await send(alice, chatId, { text, parentId: null })
  expect([refused.status, codeOf(refused)]).toEqual([400, 'request.invalid'])
  expect((refused.body as unknown as Problem).errors).toEqual([{ path: 'text', message }])
  expect(await messagesOf(alice, chatId)).toEqual([])
})

test('control characters, as in a log that was pasted, are left out of a question', async () => {
  const answer = await begin(alice, { model: echo, text: '\u001b[31mfailed\u001b[0m\u0000\r\n\tat line 3\f' })
  await follow(alice, answer)
  expect(textOf((await messagesOf(alice, answer.chatId))[0]!)).toBe('[31mfailed[0m\r\n\tat line 3')
})

test('one person has sixteen answers written at once, and is told to wait for the next; others are not held up', async () => {
  const slow = (await offer(await world.signIn('carol'), models, ['slow']))('slow')
  const open = async (person: SignedIn) => {
    const { id } = (await person.call<Chat>('POST', '/api/chats', { model: slow })).body
    return send(person, id, { text: 'at length', parentId: null, idempotencyKey: crypto.randomUUID() })
  }
  for (let i = 0; i < 16; i++) expect((await open(alice)).status).toBe(202)
  const refused = await open(alice)
  expect(refused.status).toBe(429)
  expect(codeOf(refused)).toBe('generation.too_many')
  expect(refused.headers['retry-after']).toBe('5')
  expect((await open(await world.signIn('bob'))).status).toBe(202)
  await models.reached(17)
  models.release()
  await expect.poll(async () => (await open(alice)).status).toBe(202)
  models.release()
})
