/** Going on with an answer at a vendor whose models take its beginning, and at one of its models that does not. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { continueAnswer } from '#server/providers/continue-answer.ts'
import { createEgress, type Egress } from '#server/providers/egress.ts'
import { openModel } from '#server/providers/model-server.ts'
import { VENDORS } from '#server/providers/vendors.ts'
import { type Behaviour, type ModelServer, startModelServer } from '#tests/support/model-server.ts'

const KEY = 'sk-right-0123456789abcdef'
const QUESTION = { role: 'user', text: 'What grows in the Sahara?' } as const
const BEGUN = 'In spring, after rain, there are '
const { takesBeginning } = VENDORS.anthropic

let server: ModelServer
let egress: Egress
beforeAll(async () => {
  server = await startModelServer({ key: KEY })
  egress = createEgress({ allow: [server.allow], forbid: [] })
})
afterAll(async () => {
  await server.close()
  await egress.close()
})

async function goOn(...behaviours: Behaviour[]) {
  const before = server.requests.length
  server.script(...behaviours)
  const pieces: string[] = []
  const request = {
    model: openModel({ kind: 'anthropic', baseUrl: server.urls.anthropic, apiKey: KEY, model: 'echo', egress }),
    messages: [QUESTION],
    signal: new AbortController().signal,
    onText: (delta: string) => pieces.push(delta),
    onCitation: () => undefined,
    firstTokenTimeoutMs: 5_000,
    totalTimeoutMs: 10_000,
  }
  const error = await continueAnswer(request, { text: BEGUN, isTaken: takesBeginning }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const sent = server.requests.slice(before).map(({ body }) => body.messages!.map(({ role, content }) => [role, JSON.stringify(content)]))
  return { text: pieces.join(''), error, sent }
}

const isBegun = ['assistant', expect.stringContaining('"In spring, after rain, there are"')]

test('its beginning comes last, without the space that the vendor refuses, and the answer goes on behind the space that is kept', async () => {
  const { text, error, sent } = await goOn({ text: ' acacias and date palms.' })
  expect(error).toBeUndefined()
  expect(BEGUN + text).toBe('In spring, after rain, there are acacias and date palms.')
  expect(sent).toEqual([[['user', expect.anything()], isBegun]])
})

test('a model that refuses a beginning is asked to repeat its last words, which are not said twice', async () => {
  const refusal = { status: 400, code: 'invalid_request_error', message: 'This model does not support assistant message prefill.' }
  const { text, error, sent } = await goOn(refusal, { text: `${BEGUN}acacias.` })
  expect(error).toBeUndefined()
  expect(BEGUN + text).toBe('In spring, after rain, there are acacias.')
  expect(sent.length).toBe(2)
  expect(sent[1]).toEqual([['user', expect.anything()], isBegun, ['user', expect.stringContaining('Your last message broke off.')]])
})

test('any other refusal is the end of it: it is not asked again', async () => {
  const { text, error, sent } = await goOn({ status: 401, message: 'invalid x-api-key' })
  expect([text, error]).toEqual(['', expect.objectContaining({ code: 401 })])
  expect(sent.length).toBe(1)
})
