/** A model may cut its text anywhere, also within a character; what is shown and kept is the whole character. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Provider } from '#contract/models.ts'
import { begin, doneOf, follow, messageOf, shown, textOf } from '#tests/support/conversation.ts'
import { createWorld, type World } from '#tests/support/world.ts'

/** An astronaut, cut between the two halves of its first character. */
const PIECES = ['before \ud83d', '\udc69\u200d\ud83d', '\ude80 after']

/** A model server that sends these pieces, one after the other, slowly enough for readers and checkpoints to see each. */
const server = createServer(async (request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const content of PIECES) {
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`)
    await pause(1_100)
  }
  response.end(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`)
})
let world: World
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  world = await createWorld({ egressAllow: `127.0.0.1:${(server.address() as AddressInfo).port}` })
})
afterAll(async () => {
  await world.close()
  server.close()
})

test('an emoji in two pieces is one emoji, streamed, checkpointed and kept', async () => {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const carol = await world.signIn('carol')
  const { body } = await carol.call<Provider>('POST', '/api/providers', { name: 'Halves', baseUrl, models: ['halves'] })
  const alice = await world.signIn('alice')
  const answer = await begin(alice, { model: `${body.id}:halves`, text: 'hello' })
  const events = await follow(alice, answer)
  expect(events.length).toBeGreaterThan(3)
  expect(shown(events)).toBe(PIECES.join(''))
  expect(textOf(doneOf(events))).toBe(PIECES.join(''))
  expect(textOf(await messageOf(alice, answer))).toBe(PIECES.join(''))
})
