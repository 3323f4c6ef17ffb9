/** The stream itself: readers who take nothing are dropped and hurt nobody, silence is filled, and what is behind the wall stays there. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { sendEvents } from '#server/http/events.ts'
import {
  type Asked,
  begin,
  doneOf,
  eventsIn,
  follow,
  messageOf,
  offer,
  openStream,
  shown,
  textOf,
  wholeIn,
} from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let models: ModelServer
let alice: SignedIn
let model: (name: string) => string
let baseUrl: string
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow, streamTimes: { heartbeatMs: 50, takenWithinMs: 300 } })
  alice = await world.signIn('alice')
  model = await offer(await world.signIn('carol'), models, ['flood', 'hang', 'echo', 'slow'])
  baseUrl = await world.server.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await world.close()
  await models.close()
})

/** Asks for the stream of an answer, and reads nothing of it yet. */
async function openUnread({ path }: Asked): Promise<IncomingMessage> {
  const [reply] = await once(get(`${baseUrl}${path}/events`, { headers: { authorization: `Bearer ${alice.token}` } }), 'response')
  return (reply as IncomingMessage).pause()
}

test('readers who read nothing keep no answer waiting, and when they read they have all of it', async () => {
  const answer = await begin(alice, { model: model('flood'), text: 'much' })
  const reader = await openStream(baseUrl, alice.token, answer.path)
  const unread = await Promise.all(Array.from({ length: 5 }, () => openUnread(answer)))
  await expect.poll(() => shown(reader.events)).toBe('Now: ')
  models.release()
  await reader.ended
  const whole = textOf(await messageOf(alice, answer))
  expect(shown(reader.events)).toBe(whole)
  for (const reply of unread) {
    const got = await text(reply).catch(() => '')
    const events = eventsIn(got.slice(0, wholeIn(got)))
    expect(shown(events) + shown(await follow(alice, answer, events.at(-1)?.id))).toBe(whole)
  }
})

test('a reader who takes nothing is dropped, and nothing is put aside for them meanwhile', async () => {
  let made = 0
  let isReturned = false
  const endless = async function* () {
    try {
      for (;;) yield { id: String(++made), event: 'delta', data: { text: 'x'.repeat(100_000) } }
    } finally {
      isReturned = true
    }
  }
  const app = fastify()
  const handedOver = new AbortController().signal
  const times = { heartbeatMs: 10, takenWithinMs: 300 }
  const shapes = { delta: z.object({ text: z.string() }) }
  app.get('/', (_request, reply) => sendEvents(reply, { events: endless(), shapes, times, handedOver, log: quietLog }))
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect({ host: '127.0.0.1', port: Number(port) }).on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  socket.pause()
  await expect.poll(() => isReturned, { timeout: 15_000 }).toBe(true)
  // What the sockets of both sides hold, and one more.
  expect(made).toBeLessThan(200)
  await expect.poll(() => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)))).toBe(0)
  socket.destroy()
  await app.close()
})

test('while nothing comes, a reader is told that the stream goes on', async () => {
  const answer = await begin(alice, { model: model('hang'), text: 'wait' })
  const reply = await fetch(`${baseUrl}${answer.path}/events`, { headers: { authorization: `Bearer ${alice.token}` } })
  const reader = reply.body!.pipeThrough(new TextDecoderStream()).getReader()
  let heard = ''
  while (heard.split(': still here').length < 4) heard += (await reader.read()).value ?? ''
  models.release()
  for (let read = await reader.read(); !read.done; read = await reader.read()) heard += read.value
  expect(heard).toContain('event: done')
})

test('answers on different branches of one chat are written at once, and each is its own', async () => {
  const first = await begin(alice, { model: model('echo'), text: 'root' })
  await follow(alice, first)
  const ask = async (text: string): Promise<Asked> => {
    const body = { text, parentId: first.answerId, model: model('slow'), idempotencyKey: crypto.randomUUID() }
    const sent = await alice.call<{ answer: { id: Asked['answerId'] }; question: { id: Asked['questionId'] } }>(
      'POST',
      `/api/chats/${first.chatId}/messages`,
      body,
    )
    const { answer, question } = sent.body
    return {
      chatId: first.chatId,
      answerId: answer.id,
      questionId: question.id,
      path: `/api/chats/${first.chatId}/generations/${answer.id}`,
    }
  }
  const texts = ['the left branch here', 'the right branch there', 'a third branch elsewhere']
  const branches = await Promise.all(texts.map(ask))
  const streams = await Promise.all(branches.map((branch) => openStream(baseUrl, alice.token, branch.path)))
  await expect.poll(() => streams.every(({ events }) => events.length > 0)).toBe(true)
  models.release()
  await Promise.all(streams.map(({ ended }) => ended))
  expect(streams.map(({ events }) => [shown(events), textOf(doneOf(events))])).toEqual(texts.map((text) => [text, text]))
})

test('more than sixteen answers at once are refused in a sentence, and the question is not kept', async () => {
  const asked = await Promise.all(Array.from({ length: 16 }, () => begin(alice, { model: model('hang'), text: 'wait' })))
  const chat = await alice.call<{ id: string }>('POST', '/api/chats', { model: model('hang') })
  const body = { text: 'one more', parentId: null, idempotencyKey: crypto.randomUUID() }
  const refused = await alice.call<{ code: string }>('POST', `/api/chats/${chat.body.id}/messages`, body)
  expect([refused.status, refused.body.code]).toEqual([429, 'generation.too_many'])
  const bob = await world.signIn('bob')
  await follow(bob, await begin(bob, { model: model('echo'), text: 'not mine' }))
  models.release()
  await Promise.all(asked.map((answer) => follow(alice, answer)))
  expect((await alice.call('POST', `/api/chats/${chat.body.id}/messages`, { ...body, model: model('echo') })).status).toBe(202)
})
