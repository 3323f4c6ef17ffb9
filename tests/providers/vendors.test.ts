/** Every kind of provider, over real HTTP in its own protocol: what is sent where, and that each way to fail is a sentence. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ProviderKind, VENDOR_ADDRESS } from '#contract/models.ts'
import { createEgress, type Egress } from '#server/providers/egress.ts'
import { openModel } from '#server/providers/model-server.ts'
import { explainProviderFailure } from '#server/providers/provider-failure.ts'
import { streamAnswer } from '#server/providers/stream-answer.ts'
import { testServer } from '#server/providers/test-server.ts'
import { type ModelServer, startModelServer, UNICODE } from '#tests/support/model-server.ts'

const KEY = 'super+secret+key+without+a+known+form'
const QUESTION = 'What grows in the Sahara in spring, and where?'
const KEY_HEADER = {
  openai: ['authorization', `Bearer ${KEY}`],
  anthropic: ['x-api-key', KEY],
  google: ['x-goog-api-key', KEY],
  openai_compatible: ['authorization', `Bearer ${KEY}`],
} as const satisfies Record<ProviderKind, readonly [string, string]>
const ENVIRONMENT = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY']

let server: ModelServer
let egress: Egress
const aroundTheGuard = vi.spyOn(globalThis, 'fetch')
afterAll(() => expect(aroundTheGuard).not.toHaveBeenCalled())
beforeEach(async () => {
  server = await startModelServer({ key: KEY })
  egress = createEgress({ allow: [server.allow], forbid: [] })
  for (const name of ENVIRONMENT) process.env[name] = 'the-key-of-the-operator'
})
afterEach(async () => {
  for (const name of ENVIRONMENT) delete process.env[name]
  await server.close()
  await egress.close()
})

interface Asked {
  readonly kind: ProviderKind
  readonly model: string
  readonly apiKey?: string | null
  readonly baseUrl?: string
  readonly firstTokenTimeoutMs?: number
  readonly totalTimeoutMs?: number
}

/** Asks, and tells what was streamed together with how it ended. */
async function ask({ kind, model, apiKey = KEY, baseUrl = server.urls[kind], ...given }: Asked) {
  let text = ''
  const outcome = await streamAnswer({
    model: openModel({ kind, baseUrl, apiKey, model, egress }),
    messages: [
      { role: 'user', text: 'one' },
      { role: 'assistant', text: ' \n' },
      { role: 'user', text: 'two' },
      { role: 'assistant', text: 'three' },
      { role: 'user', text: QUESTION },
    ],
    system: 'Be brief.',
    signal: new AbortController().signal,
    onText: (delta) => (text += delta),
    onCitation: () => undefined,
    firstTokenTimeoutMs: 5_000,
    totalTimeoutMs: 10_000,
    ...given,
  }).then(
    (answered) => ({ answered, error: undefined }),
    (error: unknown) => ({ answered: undefined, error }),
  )
  return { text, ...outcome, explained: explainProviderFailure(outcome.error) }
}

describe.each(ProviderKind.options)('%s', { timeout: 15_000 }, (kind) => {
  test('streams the answer whole and in order, and counts its tokens', async () => {
    expect(await ask({ kind, model: 'echo' })).toMatchObject({
      text: QUESTION,
      answered: { finish: 'complete', usage: { inputTokens: 7, outputTokens: 11 } },
    })
    expect((await ask({ kind, model: 'unicode' })).text).toBe(UNICODE)
    expect((await ask({ kind, model: 'out-of-tokens' })).answered?.finish).toBe('length')
  })

  test('holds what the model says, not what it thinks', async () => {
    expect(await ask({ kind, model: 'reasoning' })).toMatchObject({ text: QUESTION, answered: { finish: 'complete' } })
    expect(await ask({ kind, model: 'declines' })).toMatchObject({ text: 'I cannot help with that.', answered: { finish: 'complete' } })
  })

  test('gets the key in its own header and nowhere else', async () => {
    await ask({ kind, model: 'echo' })
    await testServer({ kind, baseUrl: server.urls[kind], apiKey: KEY, egress, now: () => 0 })
    const [header, value] = KEY_HEADER[kind]
    expect(server.requests.length).toBe(2)
    for (const { path, headers, body } of server.requests) {
      expect(headers[header]).toBe(value)
      expect(JSON.stringify([path, { ...headers, [header]: '' }, body])).not.toMatch(/super|operator/)
    }
  })

  test('gets no key where there is none, least of all from the environment of the server', async () => {
    expect((await ask({ kind, model: 'echo', apiKey: null })).explained.sentence).toMatch(/does not accept the key/)
    for (const header of ['authorization', 'x-api-key', 'x-goog-api-key']) expect(server.requests[0]?.headers[header]).toBeUndefined()
    expect(JSON.stringify(server.requests)).not.toContain('operator')
  })

  const refusals = [
    ['no-credit', /no credit left.*“.+”/, false],
    ['payment-required', /no credit left.*“.+”/, false],
    ['not-permitted', /does not permit.*“.+permission|no access/, false],
    ['rate-limited', /takes no more questions for the moment.*“.+”/, true],
    ['overloaded', /overloaded.*“.+”/i, true],
    ['too-long', /too long for this model\..*“.+”/, false],
    ['refused', /declined this question.*“.+”/, false],
    ['timed-out', /took too long.*“.+”/, true],
    ['no-such-model', /does not know this model.*no-such-model/, false],
    ['broken', /error of its own\.$/, true],
    ['redirect', /redirects/, false],
    ['filtered', /content filter of the model provider/, false],
    ['empty', /answered with nothing/, true],
  ] as const
  test.each(refusals)('%s is a sentence with the reason of the vendor', async (model, sentence, retry) => {
    const { answered, error, explained } = await ask({ kind, model })
    expect(answered).toBeUndefined()
    expect(explained.sentence).toMatch(sentence)
    expect(explained.retry).toBe(retry)
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/Sahara|super/)
  })

  test('a wrong key is named, and not repeated', async () => {
    const apiKey = 'another+key+without+a+known+form'
    const { explained } = await ask({ kind, model: 'echo', apiKey })
    expect(explained).toMatchObject({ retry: false, sentence: expect.stringMatching(/does not accept the key.*“.+: …\.”/) })
    expect(explained.sentence).not.toContain('another')
  })

  test.each([
    ['cut', /connection to the model broke/],
    ['silent-end', /connection to the model broke/],
    ['malformed', /not an answer/],
    ['mid-error', /“The model ran out of memory\.”/],
  ])('an answer that ends in “%s” is not taken for a whole one, and keeps what came', async (model, sentence) => {
    const { text, answered, explained } = await ask({ kind, model })
    expect(answered).toBeUndefined()
    expect(text).not.toBe('')
    expect(QUESTION.startsWith(text)).toBe(true)
    expect(explained).toMatchObject({ retry: true, sentence: expect.stringMatching(sentence) })
  })

  test('an error in the place of the first word, or a page of HTML, is no answer', async () => {
    expect((await ask({ kind, model: 'early-error' })).explained.sentence).toContain('“The model ran out of memory.”')
    const page = await ask({ kind, model: 'not-json' })
    expect(page).toMatchObject({ text: '', answered: undefined })
    expect(page.explained.sentence).toMatch(/not an answer. Its address may be wrong/)
  })

  test('slow to begin, slow to end, or down: each is said', async () => {
    expect((await ask({ kind, model: 'hang', firstTokenTimeoutMs: 60 })).explained.sentence).toMatch(/did not begin/)
    expect((await ask({ kind, model: 'slow', totalTimeoutMs: 200 })).explained.sentence).toMatch(/took too long/)
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    const guard = createEgress({ allow: [`127.0.0.1:${port}`], forbid: [] })
    const result = await testServer({
      kind,
      baseUrl: `http://127.0.0.1:${port}/v1`,
      apiKey: KEY,
      model: 'echo',
      egress: guard,
      now: () => 0,
    })
    expect(result).toMatchObject({ ok: false, models: [], sentence: expect.stringMatching(/^No answer came/) })
    await guard.close()
  })

  test('is tested by its own list of models, and by a question to the model that is named', async () => {
    const run = (given: { model?: string; apiKey?: string }) =>
      testServer({ kind, baseUrl: `${server.urls[kind]}/`, apiKey: KEY, egress, now: () => 0, ...given })
    const listed = await run({})
    expect(listed).toMatchObject({ ok: true, sentence: `The server answers and offers ${listed.models.length} models.` })
    expect(listed.models).toContain('echo')
    expect(listed.models).not.toContain('embedding-001')
    expect(await run({ model: 'echo' })).toMatchObject({ ok: true, sentence: '“echo” answers.' })
    expect(await run({ model: 'no-such-model' })).toMatchObject({ ok: false, sentence: expect.stringMatching(/does not know this model/) })
    expect(await run({ apiKey: 'wrong' })).toMatchObject({
      ok: false,
      sentence: expect.stringMatching(/does not accept the key/),
      models: [],
    })
  })
})

test('Google says within the stream that it refuses the question', async () => {
  const { answered, explained } = await ask({ kind: 'google', model: 'blocked' })
  expect(answered).toBeUndefined()
  expect(explained).toMatchObject({ retry: false, sentence: expect.stringMatching(/content filter/) })
})

test('OpenAI is asked to count tokens, and its lenient likeness is not', async () => {
  await ask({ kind: 'openai', model: 'echo' })
  await ask({ kind: 'openai_compatible', model: 'echo' })
  expect(server.requests.map(({ body }) => 'stream_options' in body)).toEqual([true, false])
})

test('each vendor has a public address that may be called, and another server has none', async () => {
  const guard = createEgress({ allow: [], forbid: [], lookup: async () => [{ address: '93.184.216.34', family: 4 }] })
  for (const address of Object.values(VENDOR_ADDRESS)) await guard.check(address)
  expect(Object.keys(VENDOR_ADDRESS).sort()).toEqual(['anthropic', 'google', 'openai'])
  await guard.close()
})
