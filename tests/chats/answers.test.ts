/** Answers: what is streamed, kept and shown is the same text, whoever reads, leaves, stops it, or takes their rights away meanwhile. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '#contract/chats.ts'
import {
  type Asked,
  ask,
  asked,
  begin,
  doneOf,
  type Exchange,
  follow,
  messageOf,
  messagesOf,
  offer,
  openStream,
  schemaOf,
  shown,
  textOf,
} from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer, UNICODE } from '#tests/support/model-server.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const QUESTION = 'one two three four five six seven eight'
const FIRST_HALF = 'one two three four '

const FAILING = [
  'wrong-key',
  'no-credit',
  'payment-required',
  'not-permitted',
  'rate-limited',
  'overloaded',
  'too-long',
  'refused',
  'empty',
  'not-json',
  'broken',
  'redirect',
  'no-such-model',
]
/** With what has come before the end. */
const BREAKING = { cut: FIRST_HALF, 'silent-end': FIRST_HALF, malformed: FIRST_HALF, 'mid-error': FIRST_HALF, filtered: QUESTION }
const ANSWERING = ['echo', 'unicode', 'reasoning', 'declines', 'out-of-tokens', 'long']

let world: World
let models: ModelServer
let alice: SignedIn
let bob: SignedIn
let model: (name: string) => string
let schema: string
let baseUrl: string

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  model = await offer(await world.signIn('carol'), models, [...FAILING, ...Object.keys(BREAKING), ...ANSWERING, 'slow', 'hang'])
  schema = await schemaOf(world, 'acme')
  baseUrl = await world.server.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await world.close()
  await models.close()
})

/** Asks the slow model and waits until half of its answer is there. */
async function half(person: SignedIn): Promise<Asked & { request: ModelServer['requests'][number] }> {
  const before = models.requests.length
  const answer = await begin(person, { model: model('slow'), text: QUESTION })
  const stream = await openStream(baseUrl, person.token, answer.path)
  await expect.poll(() => shown(stream.events)).toBe(FIRST_HALF)
  stream.close()
  return { ...answer, request: models.requests[before]! }
}

describe('what was streamed is what was kept', () => {
  test.each(ANSWERING)('%s', async (name) => {
    const answer = await begin(alice, { model: model(name), text: QUESTION })
    const events = await follow(alice, answer)
    const done = doneOf(events)
    expect(done.status).toBe('complete')
    expect(shown(events)).toBe(textOf(done))
    expect(await messageOf(alice, answer)).toEqual(done)
    if (name === 'echo') expect(textOf(done)).toBe(QUESTION)
    if (name === 'unicode') expect(textOf(done)).toBe(UNICODE)
  })

  test('it names the model that wrote it', async () => {
    const answer = await begin(alice, { model: model('echo'), text: 'hi' })
    expect(doneOf(await follow(alice, answer))).toMatchObject({ model: model('echo'), modelName: 'echo', messageType: 'assistant' })
  })

  test('a model gets the conversation that leads to the question, and no other branch', async () => {
    const first = await begin(alice, { model: model('echo'), text: 'the root' })
    await follow(alice, first)
    await follow(alice, await ask(alice, first.chatId, { text: 'the other branch', parentId: first.answerId }))
    await follow(alice, await ask(alice, first.chatId, { text: 'this branch', parentId: first.answerId }))
    const said = models.requests.at(-1)?.body.messages?.map(({ role, content }) => `${role}: ${content}`)
    expect(said).toEqual(['user: the root', 'assistant: the root', 'user: this branch'])
  })

  test('of a long conversation a model gets what fits, beginning with a question', async () => {
    const first = await begin(alice, { model: model('echo'), text: 'x'.repeat(90_000) })
    await follow(alice, first)
    await follow(alice, await ask(alice, first.chatId, { text: 'y'.repeat(30_000), parentId: first.answerId }))
    expect(models.requests.at(-1)?.body.messages?.map(({ role, content }) => `${role} ${String(content)[0]}`)).toEqual(['user y'])
  })
})

describe('readers', () => {
  test('a reader who resumes gets exactly the rest, from every position', async () => {
    const answer = await half(alice)
    const stream = await openStream(baseUrl, alice.token, answer.path)
    await expect.poll(() => shown(stream.events)).toBe(FIRST_HALF)
    models.release()
    await stream.ended
    const whole = shown(stream.events)
    expect(whole).toBe(QUESTION)
    let seen = ''
    for (const event of stream.events) {
      seen += event.data.text ?? ''
      expect(seen + shown(await follow(alice, answer, event.id))).toBe(whole)
    }
    for (let length = 0; length <= whole.length; length++)
      expect(whole.slice(0, length) + shown(await follow(alice, answer, `${length}-0`))).toBe(whole)
  })

  test.each(['', 'x', '-1', '1e3-0', '3', '3-0-0', '٣-0'])('a Last-Event-ID that is not ours (%j) begins at the start', async (id) => {
    const answer = await begin(alice, { model: model('echo'), text: 'from the start' })
    await follow(alice, answer)
    expect(shown(await follow(alice, answer, encodeURI(id)))).toBe('from the start')
  })

  test('a Last-Event-ID behind the end takes back what there is not, and gives the end', async () => {
    const answer = await begin(alice, { model: model('echo'), text: 'short' })
    await follow(alice, answer)
    const [rewind, done] = await follow(alice, answer, '999999999-9999')
    expect([rewind?.event, rewind?.data, done?.event]).toEqual(['rewind', { text: 5, citations: 0 }, 'done'])
    expect((await follow(alice, answer, '5-0')).map(({ event }) => event)).toEqual(['done'])
  })

  test('two readers see the same, and one that leaves ends nothing', async () => {
    const answer = await half(alice)
    const device = await world.signIn('alice')
    const one = await openStream(baseUrl, alice.token, answer.path)
    const two = await openStream(baseUrl, device.token, answer.path)
    const leaving = await openStream(baseUrl, alice.token, answer.path)
    await expect.poll(() => shown(leaving.events)).toBe(FIRST_HALF)
    leaving.close()
    models.release()
    await Promise.all([one.ended, two.ended])
    expect([shown(one.events), shown(two.events)]).toEqual([QUESTION, QUESTION])
    expect((await messageOf(alice, answer)).status).toBe('complete')
  })

  test('an answer that nobody reads is kept', async () => {
    const answer = await begin(alice, { model: model('echo'), text: 'alone' })
    await expect.poll(async () => (await messageOf(alice, answer)).status).toBe('complete')
    expect(textOf(await messageOf(alice, answer))).toBe('alone')
  })

  test('the head of the stream comes before the model has said anything', async () => {
    const calls = models.requests.length
    const answer = await begin(alice, { model: model('hang'), text: 'wait' })
    await expect.poll(() => models.requests.length).toBeGreaterThan(calls)
    const stream = await Promise.race([openStream(baseUrl, alice.token, answer.path), pause(3_000)])
    expect(stream?.status).toBe(200)
    expect(stream?.events).toEqual([])
    models.release()
    await stream?.ended
    expect(shown(stream?.events ?? [])).toBe('wait')
  })

  test('text kept so far is in the list while the answer is written', async () => {
    const answer = await half(alice)
    await expect.poll(async () => textOf(await messageOf(alice, answer))).toBe(FIRST_HALF)
    expect((await messageOf(alice, answer)).status).toBe('streaming')
    expect((await alice.call<{ answering: boolean }>('GET', `/api/chats/${answer.chatId}`)).body.answering).toBe(true)
    models.release()
    await follow(alice, answer)
    expect((await alice.call<{ answering: boolean }>('GET', `/api/chats/${answer.chatId}`)).body.answering).toBe(false)
  })
})

describe('stopping', () => {
  test('a stopped answer keeps its text, whichever device stops it', async () => {
    const answer = await half(alice)
    const reader = await openStream(baseUrl, alice.token, answer.path)
    const device = await world.signIn('alice')
    const stopped = await device.call<Message>('POST', `${answer.path}/stop`)
    expect(stopped.body).toMatchObject({ status: 'stopped', parts: [{ type: 'text', text: FIRST_HALF }] })
    await reader.ended
    expect(doneOf(reader.events)).toEqual(stopped.body)
    expect(await messageOf(alice, answer)).toEqual(stopped.body)
    await expect.poll(() => answer.request.hungUp).toBe(true)
    models.release()
  })

  test('stopping twice, or after the end, changes nothing', async () => {
    const answer = await begin(alice, { model: model('echo'), text: 'done' })
    const done = doneOf(await follow(alice, answer))
    expect((await alice.call('POST', `${answer.path}/stop`)).body).toEqual(done)
    expect((await alice.call('POST', `${answer.path}/stop`)).body).toEqual(done)
  })

  test('an answer stopped before its first word is kept empty', async () => {
    const answer = await begin(alice, { model: model('hang'), text: 'wait' })
    expect((await alice.call('POST', `${answer.path}/stop`)).body).toMatchObject({ status: 'stopped', parts: [] })
    models.release()
  })

  test('a question is not an answer: it is neither followed nor stopped', async () => {
    const answer = await begin(alice, { model: model('echo'), text: 'hi' })
    await follow(alice, answer)
    const path = `/api/chats/${answer.chatId}/generations/${answer.questionId}`
    for (const reply of [await alice.call('GET', `${path}/events`), await alice.call('POST', `${path}/stop`)])
      expect([reply.status, codeOf(reply)]).toEqual([404, 'generation.not_found'])
  })
})

describe('failures of the provider', () => {
  test.each(FAILING)('%s is a sentence, and the question stays', async (name) => {
    const answer = await begin(alice, { model: model(name), text: QUESTION })
    const done = doneOf(await follow(alice, answer))
    expect(done.status).toBe('failed')
    expect(done.parts).toEqual([{ type: 'failure', sentence: expect.stringMatching(/^[A-Z].+[.”]$/), retry: expect.any(Boolean) }])
    const [question, kept] = await messagesOf(alice, answer.chatId)
    expect(textOf(question!)).toBe(QUESTION)
    expect(kept).toEqual(done)
  })

  test.each(Object.entries(BREAKING))('%s keeps what had come', async (name, come) => {
    const answer = await begin(alice, { model: model(name), text: QUESTION })
    const events = await follow(alice, answer)
    const done = doneOf(events)
    expect(done.status).toBe('failed')
    expect(textOf(done)).toBe(come)
    expect(shown(events)).toBe(come)
    expect(done.parts.at(-1)).toMatchObject({ type: 'failure', sentence: expect.stringMatching(/./) })
  })

  test('answering again works, and both answers stay beside each other', async () => {
    const failed = await begin(alice, { model: model('broken'), text: QUESTION })
    await follow(alice, failed)
    const again = await alice.call<Exchange>('POST', `/api/chats/${failed.chatId}/generations`, {
      questionId: failed.questionId,
      model: model('echo'),
    })
    expect(again.status).toBe(202)
    await follow(alice, asked(again.body))
    const messages = await messagesOf(alice, failed.chatId)
    expect(messages.map(({ status, parentId }) => [status, parentId])).toEqual([
      ['complete', null],
      ['failed', failed.questionId],
      ['complete', failed.questionId],
    ])
  })

  test('an answer is not a question to answer again', async () => {
    const answer = await begin(alice, { model: model('echo'), text: 'hi' })
    await follow(alice, answer)
    const again = await alice.call('POST', `/api/chats/${answer.chatId}/generations`, { questionId: answer.answerId })
    expect([again.status, codeOf(again)]).toEqual([404, 'message.not_found'])
  })
})

describe('when the writer is gone', () => {
  const abandon = (answer: Asked, lease: string) =>
    world.sql(`update ${schema}.chat_message set status = 'streaming', lease_until = now() + $1::interval where id = $2`, [
      lease,
      answer.answerId,
    ])

  test('an answer whose lease has run out is interrupted, with its text', async () => {
    const answer = await begin(alice, { model: model('echo'), text: QUESTION })
    await follow(alice, answer)
    await abandon(answer, '-1 second')
    // No lease runs out in the first seconds of a database: nobody could renew it before.
    await expect.poll(async () => (await messageOf(alice, answer)).status, { timeout: 10_000 }).toBe('interrupted')
    const kept = await messageOf(alice, answer)
    expect([kept.status, textOf(kept)]).toEqual(['interrupted', QUESTION])
    expect((await alice.call<{ answering: boolean }>('GET', `/api/chats/${answer.chatId}`)).body.answering).toBe(false)
    const events = await follow(alice, answer)
    expect([shown(events), doneOf(events).status]).toEqual([QUESTION, 'interrupted'])
  })

  test('a reader who waits for it is told when the lease runs out', async () => {
    const answer = await begin(alice, { model: model('echo'), text: QUESTION })
    await follow(alice, answer)
    await abandon(answer, '1 second')
    const events = await follow(alice, answer)
    expect([shown(events), doneOf(events).status]).toEqual([QUESTION, 'interrupted'])
  })
})

describe('rights that end meanwhile', () => {
  test('the stream of a login that signs out ends at once; the answer is kept all the same', async () => {
    const leaving = await world.signIn('alice')
    const answer = await half(leaving)
    const stream = await openStream(baseUrl, leaving.token, answer.path)
    await expect.poll(() => shown(stream.events)).toBe(FIRST_HALF)
    await leaving.call('POST', '/api/auth/sign-out')
    const ended = await Promise.race([stream.ended.then(() => 'ended'), pause(3_000)])
    expect(ended).toBe('ended')
    expect(stream.events.some(({ event }) => event === 'done')).toBe(false)
    models.release()
    await expect.poll(async () => (await messageOf(alice, answer)).status).toBe('complete')
    expect(textOf(await messageOf(alice, answer))).toBe(QUESTION)
  })

  test('once a person is suspended, nothing more of theirs is written, and the model is hung up on', async () => {
    const answer = await half(bob)
    const row = () =>
      world.sql<{ message: Buffer; status: string }>(`select message, status from ${schema}.chat_message where id = $1`, [answer.answerId])
    await expect.poll(async () => textOf(await messageOf(bob, answer))).toBe(FIRST_HALF)
    await world.sql(`update ${schema}."user" set status = 'suspended' where id = $1`, [bob.me.user.id])
    const before = (await row()).rows
    await expect.poll(() => answer.request.hungUp).toBe(true)
    models.release()
    await pause(300)
    expect((await row()).rows).toEqual(before)
    expect((await bob.call('GET', `${answer.path}/events`)).status).toBe(401)
    await world.sql(`update ${schema}."user" set status = 'active' where id = $1`, [bob.me.user.id])
  })

  test('an answer goes on when its chat is deleted, and is there when the chat is restored', async () => {
    const answer = await half(alice)
    await alice.call('DELETE', `/api/chats/${answer.chatId}`)
    expect((await alice.call('GET', `${answer.path}/events`)).status).toBe(404)
    models.release()
    const status = async () =>
      (await world.sql(`select status from ${schema}.chat_message where id = $1`, [answer.answerId])).rows[0]?.status
    await expect.poll(status).toBe('complete')
    await alice.call('POST', `/api/chats/${answer.chatId}/restore`)
    const kept = await messageOf(alice, answer)
    expect([kept.status, textOf(kept)]).toEqual(['complete', QUESTION])
  })
})

test('a server that goes down leaves no answer running, also of questions that come in meanwhile', async () => {
  const own = await createWorld({ egressAllow: models.allow })
  const address = await own.server.app.listen({ port: 0, host: '127.0.0.1' })
  const person = await own.signIn('alice')
  const slow = (await offer(await own.signIn('carol'), models, ['slow']))('slow')
  const { chatId } = await begin(person, { model: slow, text: QUESTION })
  const headers = { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' }
  const taken = await Promise.all([
    ...Array.from({ length: 30 }, async (_, i) => {
      await pause(i)
      const body = JSON.stringify({ text: QUESTION, parentId: null, idempotencyKey: crypto.randomUUID() })
      return fetch(`${address}/api/chats/${chatId}/messages`, { method: 'POST', headers, body }).then(
        ({ status }) => status,
        () => 'not listening any more',
      )
    }),
    pause(10).then(() => own.server.close()),
  ])
  expect(taken).toContain(202)
  const { rows } = await own.sql<{ status: string }>(
    `select distinct status from ${await schemaOf(own, 'acme')}.chat_message where message_type = 'assistant'`,
  )
  expect(rows).toEqual([{ status: 'interrupted' }])
  models.release()
  await own.close()
})
