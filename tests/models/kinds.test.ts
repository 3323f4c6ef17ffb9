/** Providers of every kind, through the API: what may be left out, which key goes where, and a conversation with each vendor. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import { addProvider, type Model, type Provider, ProviderKind, type TestResult, testProvider, VENDOR_ADDRESS } from '#contract/models.ts'
import { ask, begin, doneOf, follow, textOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const KEY = 'sk-canary-0123456789abcdef'
let world: World
let models: ModelServer
let alice: SignedIn
let carol: SignedIn

beforeAll(async () => {
  models = await startModelServer({ key: KEY })
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const add = (given: object): Promise<Answer<Provider>> =>
  carol.call('POST', '/api/providers', { name: 'Given', models: ['echo'], ...given })
const tryOut = (given: object): Promise<Answer<TestResult>> => carol.call('POST', '/api/providers/test', given)

describe.each(ProviderKind.options)('%s', (kind) => {
  test('is added, tested, asked twice and changed without becoming another kind', async () => {
    const { status, body: provider } = await add({ kind, baseUrl: models.urls[kind], apiKey: KEY, models: ['echo', 'overloaded'] })
    expect(status).toBe(201)
    expect(provider).toMatchObject({ kind, baseUrl: models.urls[kind], hasKey: true })
    expect((await tryOut({ providerId: provider.id, kind, baseUrl: provider.baseUrl, model: 'echo' })).body.sentence).toBe(
      '“echo” answers.',
    )

    const first = await begin(alice, { model: `${provider.id}:echo`, text: 'one two' })
    const answered = doneOf(await follow(alice, first))
    expect(answered).toMatchObject({ status: 'complete' })
    expect(textOf(answered)).toBe('one two')
    const second = await ask(alice, first.chatId, { text: 'three', parentId: first.answerId })
    expect(textOf(doneOf(await follow(alice, second)))).toBe('three')

    const renamed = await carol.call<Provider>('PATCH', `/api/providers/${provider.id}`, { name: 'Renamed', models: ['echo'] })
    expect(renamed.body).toMatchObject({ name: 'Renamed', kind, baseUrl: provider.baseUrl, hasKey: true })
    const seen = await alice.call<{ items: Model[] }>('GET', '/api/models')
    expect(seen.body.items.filter(({ id }) => id.startsWith(provider.id)).map(({ name }) => name)).toEqual(['echo'])
  })
})

test('a vendor needs no address; its own is filled in as the request is read', () => {
  for (const [kind, baseUrl] of Object.entries(VENDOR_ADDRESS)) {
    expect(addProvider.body.parse({ kind, name: 'Vendor', models: ['m'] })).toMatchObject({ kind, baseUrl })
    expect(testProvider.body.parse({ kind })).toMatchObject({ kind, baseUrl })
    expect(testProvider.body.parse({ kind, baseUrl: 'https://gateway.example/v1' }).baseUrl).toBe('https://gateway.example/v1')
  }
})

test('another server needs one, and is what a client means that knows no kinds', async () => {
  for (const given of [{}, { kind: 'openai_compatible' }]) {
    for (const answer of [await add(given), await tryOut(given)]) {
      expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid'])
      expect((answer.body as unknown as Problem).errors).toEqual([{ path: 'baseUrl', message: 'must be given for a server of this kind' }])
    }
  }
  expect((await add({ baseUrl: models.url })).body.kind).toBe('openai_compatible')
  expect((await add({ kind: 'bard', baseUrl: models.url })).status).toBe(400)
})

test('the stored key is sent in the header of its own kind only', async () => {
  const { body: provider } = await add({ kind: 'anthropic', baseUrl: models.urls.anthropic, apiKey: KEY })
  const before = models.requests.length
  const other = await tryOut({ providerId: provider.id, kind: 'openai', baseUrl: provider.baseUrl })
  expect(other.body).toMatchObject({ ok: false, sentence: expect.stringMatching(/does not accept the key/) })
  expect(JSON.stringify(models.requests.slice(before))).not.toContain(KEY)
})
