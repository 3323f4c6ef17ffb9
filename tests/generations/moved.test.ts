/** A chat that moves to another scope between the question and the first look of whoever writes the answer. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, doneOf, follow, messageOf, offer, schemaOf, textOf } from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { share } from '../sharing/stage.ts'

let world: World
let models: ModelServer
let alice: SignedIn
let bob: SignedIn
beforeAll(async () => {
  models = await startModelServer()
  // One connection of the worker, so that a job waits for another.
  world = await createWorld({ egressAllow: models.allow, pool: { app: 8, worker: 1, auth: 4 } })
  ;[alice, bob] = [await world.signIn('alice'), await world.signIn('bob')]
})
afterAll(async () => {
  await world.close()
  await models.close()
})

test('a continuation goes on where its chat is by then, once, and its job ends', async () => {
  const named = await offer(await world.signIn('carol'), models, ['slow', 'cut'])
  const schema = await schemaOf(world, 'acme')
  const other = await begin(alice, { model: named('slow'), text: 'one two three four' })
  await models.reached(1)
  const answer = await begin(alice, { model: named('cut'), text: 'one two three four five six' })
  expect(doneOf(await follow(alice, answer)).status).toBe('failed')
  models.script({ text: 'and the rest.' })
  // A checkpoint of the other answer waits, and with it the worker's only connection.
  const release = await hold(world, `select from ${schema}.chat_message where id = '${other.answerId}' for update`)
  await waiting(world, 1)
  const calls = models.requests.length
  const continued = alice.call('POST', `${answer.path}/continue`)
  await share(alice, answer.chatId, [bob])
  await release()
  expect((await continued).status).toBe(202)
  await models.reached(calls + 1)
  await expect.poll(async () => (await messageOf(alice, answer)).status).toBe('complete')
  expect(textOf(await messageOf(bob, answer))).toMatch(/^one two three .*and the rest\.$/)
  const { rows } = await world.sql<{ state: string }>(`select state from ${schema}.job where message_id = $1`, [answer.answerId])
  expect(rows.map(({ state }) => state)).toEqual(['ended', 'ended'])
  models.release()
  await follow(alice, other)
}, 60_000)
