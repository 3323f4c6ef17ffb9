/** What is shown before the server has answered, and put back where it refuses: never over what it said meanwhile. */
import { beforeEach, expect, test, vi } from 'vitest'
import { Chat, type Message } from '#contract/chats.ts'
import { queryClient } from '#web/kernel/session.ts'
import { chooseModel } from './chat-actions.ts'
import { NO_MESSAGES, withExchange } from './data/branch.ts'
import { chatQuery, putChat } from './data/chat-list.ts'
import { knownMessage, messagesQuery, putMessages } from './data/messages.ts'
import { say } from './feedback.tsx'

vi.mock('virtual:wire', async () => {
  const { ENDPOINTS } = await import('#contract/index.ts')
  return { WIRE: Object.fromEntries(ENDPOINTS.map(({ id, method, path }) => [id, [method, path]])) }
})

/** What the server is asked, in order; each waits for its answer. */
let asked: PromiseWithResolvers<Response>[] = []
const chat = Chat.parse({
  id: crypto.randomUUID(),
  description: 'Old',
  named: true,
  scope: { id: crypto.randomUUID(), kind: 'personal' },
  owner: null,
  people: 1,
  mayWrite: true,
  model: 'one',
  answering: false,
  pinned: false,
  archived: false,
  deletedAt: null,
  temporaryUntil: null,
  forkedFrom: null,
  timeCreated: '2026-01-01T00:00:00Z',
  timeUpdated: '2026-01-01T00:00:00Z',
})
const answer = { id: 'a', chatId: chat.id, parentId: 'q', depth: 1, feedback: null, status: 'streaming' } as unknown as Message
const kept = () => queryClient.getQueryData(chatQuery(chat.id).queryKey)!
const refuse = (at: number) =>
  asked[at]!.resolve(
    new Response(JSON.stringify({ status: 409, detail: 'No.', next: '' }), {
      status: 409,
      headers: { 'content-type': 'application/problem+json' },
    }),
  )
const take = (at: number, reply: unknown) => asked[at]!.resolve(Response.json(reply))

beforeEach(() => {
  asked = []
  vi.stubGlobal('fetch', () => {
    asked.push(Promise.withResolvers())
    return asked.at(-1)!.promise
  })
  queryClient.clear()
  putChat(chat)
  const versions = { index: 0, count: 1, previousId: null, nextId: null }
  const question = { ...answer, id: 'q', parentId: null, depth: 0 }
  const exchange = { question: { ...question, versions }, answer: { ...answer, versions } } as unknown as Parameters<typeof withExchange>[1]
  queryClient.setQueryData(messagesQuery(chat.id).queryKey, withExchange(NO_MESSAGES, exchange))
})

test('a model that is refused gives way to the one before, and nothing else of the chat does', async () => {
  const chosen = chooseModel(chat, 'two')
  expect(kept().model).toBe('two')
  putChat({ ...kept(), description: 'New' })
  refuse(0)
  await chosen
  expect(kept()).toEqual({ ...chat, description: 'New' })
})

test('one that another device has chosen meanwhile stays', async () => {
  const chosen = chooseModel(chat, 'two')
  putChat({ ...chat, model: 'three' })
  refuse(0)
  await chosen
  expect(kept().model).toBe('three')
})

test.each([
  { first: 'refused', second: 'refused', shows: 'one' },
  { first: 'taken', second: 'refused', shows: 'two' },
  { first: 'refused', second: 'taken', shows: 'three' },
  { first: 'taken', second: 'taken', shows: 'three' },
])('of two that are chosen at once, the first $first and the second $second, $shows is shown, whichever is answered first', async (how) => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    putChat(chat)
    asked = []
    const first = chooseModel(chat, 'two')
    const both = [first, chooseModel(kept(), 'three')]
    for (const at of order) {
      if ([how.first, how.second][at] === 'refused') refuse(at)
      else take(at, { ...chat, model: ['two', 'three'][at] })
      await both[at]
    }
    expect([order, kept().model]).toEqual([order, how.shows])
  }
})

test('feedback that is refused is as it was, and what was written of the answer meanwhile stays', async () => {
  const said = say(answer, { rating: 'up', note: null })
  expect(knownMessage(chat.id, 'a')?.feedback?.rating).toBe('up')
  putMessages(chat.id, [{ ...knownMessage(chat.id, 'a')!, status: 'complete' }])
  refuse(0)
  expect(await said).toBe(false)
  expect(knownMessage(chat.id, 'a')).toMatchObject({ feedback: null, status: 'complete' })
})

test('feedback that was given on another device meanwhile stays', async () => {
  const said = say(answer, { rating: 'up', note: null })
  putMessages(chat.id, [{ ...answer, feedback: { rating: 'down', note: 'No.' } }])
  refuse(0)
  expect(await said).toBe(false)
  expect(knownMessage(chat.id, 'a')?.feedback).toEqual({ rating: 'down', note: 'No.' })
})
