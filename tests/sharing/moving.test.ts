/**
 * A chat that is shared and taken back, again and again, while its owner's request is let in: each time the database lets them into other
 * scopes than the server knew. The request is done as often as it takes, and what it does is done once.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { InProcessStore } from '#server/isolation/cache.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { connect } from '#server/ops/installation.ts'
import { messagesOf, send, textOf } from '#tests/support/conversation.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { serverOver } from '../walls/attack.ts'
import { chatFor, share, takeBack } from './stage.ts'

/** As often is a request let in at most: the last time without comparing. */
const ATTEMPTS = 8

let world: World
let database: World['database']
let other: Awaited<ReturnType<typeof serverOver>>
let alice: SignedIn
let bob: SignedIn
let there: Pick<SignedIn, 'call'>
let chat: AskedChat
/** How often it still moves, and how often anything was let in since. */
let moves = 0
let letIn = 0

const isShared = async () => (await chatFor(alice, chat.chatId)).body.people > 1
async function move(): Promise<void> {
  letIn += 1
  if (moves-- <= 0) return
  const { status } = (await isShared()) ? await takeBack(alice, chat.chatId) : await share(alice, chat.chatId, [bob])
  expect(status).toBeLessThan(300)
}

beforeAll(async () => {
  world = await createWorld()
  database = connect(world.installation, world.log, { app: 2, worker: 1, auth: 2 })
  const connected = database.connected.bind(database)
  database.connected = async (role, work) => {
    if (role === 'app') await move()
    return connected(role, work)
  }
  database.fly = async (role, steps) => {
    // One that is alone asks who somebody is.
    if (role === 'app' && steps.length > 1) await move()
    return connected(role, (connection) => connection.fly(steps))
  }
  other = await serverOver({ ...world, cache: new InProcessStore(systemClock) }, database)
  ;[alice, bob] = [await world.signIn('alice'), await world.signIn('bob')]
  there = { call: other.as(alice) }
})
afterAll(async () => {
  await other?.close()
  await database?.close()
  await world?.close()
})
beforeEach(async () => {
  chat = await chatOf(alice, { description: 'Walrus plan', question: 'Where does the walrus sleep?' })
  await there.call('GET', '/api/me')
})
afterEach(() => {
  moves = 0
})

const question = ({ answerId } = chat) => ({ text: 'And what does it eat?', parentId: answerId, idempotencyKey: crypto.randomUUID() })
const timesAsked = async (text: string, { chatId } = chat) =>
  (await messagesOf(alice, chatId)).filter((message) => textOf(message) === text).length
/** So that the last of all moves leads to a scope of which the server cannot know. */
const begun = async (moving: number) => {
  if (moving % 2 === 0) await share(alice, chat.chatId, [bob])
  await there.call('GET', '/api/me')
  ;[moves, letIn] = [moving, 0]
}

test.each([0, 1, 2, ATTEMPTS - 1])('one that moves %i times meanwhile is found, and asked in once', async (times) => {
  await begun(times)
  expect((await chatFor(there, chat.chatId)).status).toBe(200)
  expect(letIn).toBeGreaterThan(times)
  await begun(times)
  const asked = question()
  expect([(await send(there, chat.chatId, asked)).status, letIn]).toEqual([202, times + 1])
  expect(await timesAsked(asked.text)).toBe(1)
})

test('one that moves at each attempt is not said to be gone: the request is refused for now, and nothing is done', async () => {
  await begun(ATTEMPTS)
  const read = await chatFor(there, chat.chatId)
  expect([read.status, codeOf(read), letIn]).toEqual([503, 'server.unavailable', ATTEMPTS])
  await begun(ATTEMPTS)
  const asked = question()
  const sent = await send(there, chat.chatId, asked)
  expect([sent.status, codeOf(sent), letIn]).toEqual([503, 'server.unavailable', ATTEMPTS])
  expect(await timesAsked(asked.text)).toBe(0)
  expect([(await send(there, chat.chatId, asked)).status, await timesAsked(asked.text)]).toEqual([202, 1])
})

test('one that stays where it is is read and asked in, once, however often another moves', async () => {
  const still = await chatOf(alice, { description: 'Seal plan', question: 'Where does the seal sleep?' })
  await begun(3 * ATTEMPTS)
  expect((await chatFor(there, still.chatId)).status).toBe(200)
  await begun(3 * ATTEMPTS)
  const asked = question(still)
  expect([(await send(there, still.chatId, asked)).status, letIn]).toEqual([202, ATTEMPTS])
  expect(await timesAsked(asked.text, still)).toBe(1)
})
