/** Answers of OpenAI-compatible servers, good and bad, over real HTTP through the egress guard. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { TestResult } from '#contract/models.ts'
import { Failure } from '#server/kernel/failure.ts'
import { createEgress, type Egress } from '#server/providers/egress.ts'
import { openModel } from '#server/providers/model-server.ts'
import { explainProviderFailure } from '#server/providers/provider-failure.ts'
import { streamAnswer } from '#server/providers/stream-answer.ts'
import { testServer } from '#server/providers/test-server.ts'
import { type ModelServer, startModelServer, UNICODE } from '#tests/support/model-server.ts'

const KEY = 'sk-right-0123456789abcdef'
const QUESTION = 'What grows in the Sahara in spring, and where?'
let server: ModelServer
let egress: Egress
let deadPort: number
const consoles = (['log', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method))
const warnings = vi.spyOn(process, 'emitWarning')

beforeAll(async () => {
  const placeholder = createServer().listen(0, '127.0.0.1')
  await once(placeholder, 'listening')
  deadPort = (placeholder.address() as AddressInfo).port
  placeholder.close()
})
beforeEach(async () => {
  server = await startModelServer({ key: KEY })
  egress = createEgress({ allow: [server.allow, `127.0.0.1:${deadPort}`], forbid: [] })
})
afterEach(async () => {
  await server.close()
  await egress.close()
})
afterAll(() => {
  for (const spy of [...consoles, warnings]) expect(spy).not.toHaveBeenCalled()
})

interface Asked {
  readonly model: string
  readonly apiKey?: string
  readonly baseUrl?: string
  readonly signal?: AbortSignal
  readonly onText?: (delta: string) => void
  readonly firstTokenTimeoutMs?: number
  readonly totalTimeoutMs?: number
}

/** Asks, and tells what was streamed together with how it ended. */
async function ask({ model, apiKey = KEY, baseUrl = server.url, ...given }: Asked) {
  const deltas: string[] = []
  const outcome = await streamAnswer({
    model: openModel({ kind: 'openai_compatible', baseUrl, apiKey, model, egress }),
    messages: [{ role: 'user', text: QUESTION }],
    signal: new AbortController().signal,
    onText: (delta) => deltas.push(delta),
    onCitation: () => undefined,
    firstTokenTimeoutMs: 5_000,
    totalTimeoutMs: 10_000,
    ...given,
  }).then(
    (answered) => ({ answered, error: undefined }),
    (error: unknown) => ({ answered: undefined, error }),
  )
  return { text: deltas.join(''), deltas, ...outcome, explained: explainProviderFailure(outcome.error) }
}

describe('an answer', () => {
  test('streams in pieces, whole and in order, and says what it used', async () => {
    const { text, deltas, answered } = await ask({ model: 'echo' })
    expect(text).toBe(QUESTION)
    expect(deltas.length).toBeGreaterThan(5)
    expect(answered).toEqual({ finish: 'complete', usage: { inputTokens: 7, outputTokens: 11 } })
  })

  test('carries the key, the conversation and the instructions, and no length limit or tools', async () => {
    const model = openModel({ kind: 'openai_compatible', baseUrl: `${server.url}/`, apiKey: KEY, model: 'echo', egress })
    const messages = [
      { role: 'user', text: 'one' },
      { role: 'assistant', text: '' },
      { role: 'assistant', text: 'two' },
      { role: 'user', text: 'three' },
    ] as const
    const ignore = () => undefined
    const signal = new AbortController().signal
    await streamAnswer({
      model,
      messages,
      system: 'Be brief.',
      signal,
      onText: ignore,
      onCitation: ignore,
      firstTokenTimeoutMs: 5_000,
      totalTimeoutMs: 5_000,
    })
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(server.requests[0]?.body).toEqual({
      model: 'echo',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'three' },
      ],
    })
  })

  test('keeps characters whole whatever the network splits', async () => {
    expect(await ask({ model: 'unicode' })).toMatchObject({ text: UNICODE, answered: { finish: 'complete' } })
  })

  test('may be long, or stop at the length the model may write', async () => {
    const { text, answered } = await ask({ model: 'long' })
    expect(text.length).toBeGreaterThan(300_000)
    expect(answered?.finish).toBe('complete')
    expect((await ask({ model: 'out-of-tokens' })).answered?.finish).toBe('length')
  })

  test('holds what the model says, not what it thinks', async () => {
    expect(await ask({ model: 'reasoning' })).toMatchObject({ text: QUESTION, answered: { finish: 'complete' } })
  })

  test('may be the model declining in its own words', async () => {
    expect(await ask({ model: 'declines' })).toMatchObject({ text: 'I cannot help with that.', answered: { finish: 'complete' } })
  })

  test('needs no key where the server wants none', async () => {
    const open = await startModelServer()
    const guard = createEgress({ allow: [open.allow], forbid: [] })
    const model = openModel({ kind: 'openai_compatible', baseUrl: open.url, apiKey: null, model: 'echo', egress: guard })
    const ignore = () => undefined
    await streamAnswer({
      model,
      messages: [{ role: 'user', text: 'x' }],
      signal: new AbortController().signal,
      onText: ignore,
      onCitation: ignore,
      firstTokenTimeoutMs: 5_000,
      totalTimeoutMs: 5_000,
    })
    expect(open.requests[0]?.headers.authorization).toBeUndefined()
    await guard.close()
    await open.close()
  })
})

describe('a broken answer rejects, with what came before it kept', () => {
  test.each(['cut', 'silent-end', 'malformed', 'mid-error'])('%s', async (model) => {
    const { text, answered, explained } = await ask({ model })
    expect(answered).toBeUndefined()
    expect(text).not.toBe('')
    expect(QUESTION.startsWith(text)).toBe(true)
    expect(explained.retry).toBe(true)
    expect(server.requests.length).toBe(1)
  })

  test('its sentence says what happened', async () => {
    expect((await ask({ model: 'cut' })).explained.sentence).toMatch(/connection .* broke/)
    expect((await ask({ model: 'silent-end' })).explained.sentence).toMatch(/connection .* broke/)
    expect((await ask({ model: 'malformed' })).explained.sentence).toMatch(/not an answer/)
    expect((await ask({ model: 'mid-error' })).explained.sentence).toContain('“The model ran out of memory.”')
  })

  test('nothing, a page of HTML, or an answer taken away by a filter is no answer', async () => {
    expect((await ask({ model: 'empty' })).explained.sentence).toMatch(/answered with nothing/)
    expect(await ask({ model: 'not-json' })).toMatchObject({ text: '', answered: undefined })
    expect(await ask({ model: 'filtered' })).toMatchObject({ text: QUESTION, answered: undefined, explained: { retry: false } })
  })
})

test('an answer without end is ended, so that nobody has to read it all at once', async () => {
  const pieces: string[] = []
  const answer = streamAnswer({
    model: openModel({ kind: 'openai_compatible', baseUrl: server.url, apiKey: KEY, model: 'echo', egress }),
    messages: [{ role: 'user', text: `${'a'.repeat(19_999)} `.repeat(30) }],
    signal: new AbortController().signal,
    onText: (text) => pieces.push(text),
    onCitation: () => undefined,
    firstTokenTimeoutMs: 5_000,
    totalTimeoutMs: 10_000,
  })
  await expect(answer).rejects.toMatchObject({ kind: 'too_large' })
  expect(pieces.join('').length).toBe(500_000)
})

describe('a refusal is a sentence with the reason of the provider', () => {
  const cases = [
    ['no-credit', /no credit left.*“You exceeded your current quota/, false],
    ['payment-required', /no credit left/, false],
    ['not-permitted', /does not permit.*“Your project has no access/, false],
    ['rate-limited', /takes no more questions for the moment/, true],
    ['overloaded', /overloaded/, true],
    ['too-long', /too long for this model/, false],
    ['refused', /declined this question/, false],
    ['no-such-model', /does not know this model.*“The model `no-such-model` does not exist/, false],
    ['broken', /error of its own\.$/, true],
    ['redirect', /redirects/, false],
  ] as const
  // A retry of the SDK waits for two seconds where the server names no time.
  test.each(cases)('%s', { timeout: 15_000 }, async (model, sentence, retry) => {
    const { text, answered, explained } = await ask({ model })
    expect({ text, answered, retry: explained.retry }).toEqual({ text: '', answered: undefined, retry })
    expect(explained.sentence).toMatch(sentence)
  })

  test('a wrong key is named, and no key is repeated, not even by a server that quotes it', async () => {
    const apiKey = 'super+secret+key+without+a+known+form'
    const { explained } = await ask({ model: 'echo', apiKey })
    expect(explained.sentence).toMatch(/does not accept the key.*“Incorrect API key provided: …\.”/)
    expect(explained.sentence).not.toContain(apiKey)
    server.script({ status: 400, message: `Key ${KEY} is odd.` })
    const quoted = await ask({ model: 'echo' })
    expect(quoted.explained.sentence).toContain('“Key … is odd.”')
    expect(JSON.stringify(quoted.error)).not.toContain(KEY)
  })

  test('what is thrown may be logged: it holds neither the question nor the reply', async () => {
    for (const model of ['cut', 'silent-end', 'malformed', 'mid-error', 'filtered', 'not-json', 'broken', 'refused']) {
      const { error } = await ask({ model })
      expect(error).toBeInstanceOf(Error)
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/Sahara|memory|nginx|safety|choices/)
    }
    server.script({ status: 400, message: `You asked “${QUESTION}”` })
    const quoting = await ask({ model: 'echo' })
    expect(quoting.explained.sentence).toContain(QUESTION)
    expect(inspect(quoting.error, { depth: 20, showHidden: true })).not.toContain('Sahara')
    expect((quoting.error as Error).message).toBe('The call to the model provider failed (400).')
  })

  test('a server that is down is named by the code of the system, for the log', { timeout: 15_000 }, async () => {
    const { error, explained } = await ask({ model: 'echo', baseUrl: `http://127.0.0.1:${deadPort}/v1` })
    expect((error as Error).message).toBe('The call to the model provider failed (ECONNREFUSED).')
    expect(explained).toMatchObject({ retry: true, sentence: expect.stringMatching(/^No answer came/) })
  })

  test('a reason is one short line without control characters', async () => {
    server.script({ status: 400, message: `a\u0000\u001b[31m\n\n${'x'.repeat(5_000)}\u202e` })
    const { sentence } = (await ask({ model: 'echo' })).explained
    expect(sentence).toMatch(/“a \[31m x+…”$/)
    expect(sentence.length).toBeLessThan(400)
  })

  test('a passing trouble before the first word is tried once more, unseen', async () => {
    server.script({ status: 503, message: 'busy', headers: { 'retry-after-ms': '5' } })
    expect(await ask({ model: 'echo' })).toMatchObject({ text: QUESTION, answered: { finish: 'complete' } })
    expect(server.requests.length).toBe(2)
  })

  test('an address that may not be called is refused before anything is sent', async () => {
    const { error, explained } = await ask({ model: 'echo', baseUrl: 'https://169.254.169.254/v1' })
    expect(error).toBeInstanceOf(Failure)
    expect(explained).toMatchObject({ retry: false, sentence: expect.stringContaining('may not call') })
  })
})

describe('time and patience', () => {
  test('a model that does not begin in time', async () => {
    const { error, explained } = await ask({ model: 'hang', firstTokenTimeoutMs: 80 })
    expect((error as { kind?: string }).kind).toBe('slow_start')
    expect(explained).toMatchObject({ retry: true, sentence: expect.stringContaining('did not begin') })
    await vi.waitFor(() => expect(server.requests[0]?.hungUp).toBe(true))
  })

  test('a model that begins and does not end', async () => {
    const { text, error } = await ask({ model: 'slow', firstTokenTimeoutMs: 80, totalTimeoutMs: 300 })
    expect((error as { kind?: string }).kind).toBe('too_slow')
    expect(QUESTION.startsWith(text) && text !== '').toBe(true)
    await vi.waitFor(() => expect(server.requests[0]?.hungUp).toBe(true))
  })

  test('stopping rejects with the reason given, and the provider is hung up on', async () => {
    const stop = new AbortController()
    const reason = new Error('by the person')
    const { text, error } = await ask({ model: 'slow', signal: stop.signal, onText: () => stop.abort(reason) })
    expect(error).toBe(reason)
    expect(text).toBe('')
    await vi.waitFor(() => expect(server.requests[0]?.hungUp).toBe(true))
  })

  test('a signal that fired before the call sends nothing', async () => {
    const reason = new Error('too late')
    expect((await ask({ model: 'echo', signal: AbortSignal.abort(reason) })).error).toBe(reason)
    expect(server.requests).toEqual([])
  })

  test('a reader that throws ends the call with what it threw', async () => {
    const broken = new Error('disk full')
    const throwing = () => {
      throw broken
    }
    expect((await ask({ model: 'slow', onText: throwing })).error).toBe(broken)
    await vi.waitFor(() => expect(server.requests[0]?.hungUp).toBe(true))
  })
})

describe('the Test button', () => {
  const run = (given: { model?: string; apiKey?: string | null; baseUrl?: string; timeoutMs?: number } = {}) => {
    let ms = 0
    const now = () => (ms += 21)
    return testServer({ kind: 'openai_compatible', baseUrl: server.url, apiKey: KEY, egress, now, ...given })
  }

  test('lists what the server offers', async () => {
    const result = await run()
    expect(TestResult.parse(result)).toMatchObject({ ok: true, latencyMs: 21 })
    expect(result.models).toContain('echo')
    expect(result.sentence).toBe(`The server answers and offers ${result.models.length} models.`)
  })

  test('asks the model that is named, and hangs up at its first word', async () => {
    expect(await run({ model: 'slow' })).toMatchObject({ ok: true, sentence: '“slow” answers.' })
    await vi.waitFor(() => expect(server.requests[1]?.hungUp).toBe(true))
  })

  test("reports the server's own words", async () => {
    expect(await run({ apiKey: 'no' })).toMatchObject({
      ok: false,
      models: [],
      sentence: expect.stringContaining('does not accept the key'),
    })
    expect(await run({ model: 'nope' })).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('“The model `nope` does not exist.”'),
    })
    expect((await run({ model: 'nope' })).models).toContain('echo')
    expect(await run({ baseUrl: `http://${server.allow}/other` })).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('Unknown address'),
    })
  })

  test('says the same wherever no HTTP answer came', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    const babbling = createServer((socket) => void socket.on('error', () => undefined).end('220 smtp ready\r\n')).listen(0, '127.0.0.1')
    await Promise.all([once(silent, 'listening'), once(babbling, 'listening')])
    const ports = [deadPort, ...[silent, babbling].map((other) => (other.address() as AddressInfo).port)]
    const guard = createEgress({ allow: ports.map((port) => `127.0.0.1:${port}`), forbid: [] })
    const addresses = ports.flatMap((port) => [
      `http://127.0.0.1:${port}/v1`,
      ...(port === deadPort ? [`https://127.0.0.1:${port}/v1`] : []),
    ])
    const results = await Promise.all(
      addresses.map((baseUrl) =>
        testServer({ kind: 'openai_compatible', baseUrl, apiKey: KEY, model: 'echo', egress: guard, now: () => 0, timeoutMs: 200 }),
      ),
    )
    expect(new Set(results.map(({ sentence }) => sentence)).size).toBe(1)
    expect(results[0]).toMatchObject({ ok: false, models: [] })
    await guard.close()
    silent.close()
    babbling.close()
  })

  test('throws only for an address that may not be called', async () => {
    await expect(run({ baseUrl: 'http://127.0.0.1:9/v1' })).rejects.toThrow(Failure)
  })
})

test('whatever was thrown, there is a sentence', () => {
  for (const thrown of [
    undefined,
    null,
    0,
    'text',
    {},
    new Error('secret: hunter2'),
    { message: 'hunter2' },
    new Error('x', { cause: new Error('hunter2') }),
  ]) {
    const { sentence } = explainProviderFailure(thrown)
    expect(sentence).toMatch(/^[A-Z].*\.$/)
    expect(sentence).not.toContain('hunter2')
  }
})
