/** Model providers: an administrator adds, tests, changes and removes them; people ask their models; their keys go to their own address alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import type { Model, Provider, TestResult } from '#contract/models.ts'
import { begin, doneOf, follow, messagesOf, textOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const KEY = 'sk-canary-0123456789abcdef'

let world: World
let models: ModelServer
let elsewhere: ModelServer
let alice: SignedIn
let carol: SignedIn
let mallory: SignedIn

beforeAll(async () => {
  models = await startModelServer({ key: KEY })
  elsewhere = await startModelServer()
  world = await createWorld({ egressAllow: `${models.allow},${elsewhere.allow}` })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  mallory = await world.signIn('mallory')
})
afterAll(async () => {
  await world.close()
  await models.close()
  await elsewhere.close()
})

let provider: Provider
beforeEach(async () => {
  provider = await add()
})

async function add(changes: object = {}): Promise<Provider> {
  const made = await carol.call<Provider>('POST', '/api/providers', {
    name: 'Our server',
    baseUrl: models.url,
    apiKey: KEY,
    models: ['echo', 'unicode'],
    ...changes,
  })
  expect(made.status).toBe(201)
  return made.body
}

const change = (changes: object): Promise<Answer<Provider>> => carol.call('PATCH', `/api/providers/${provider.id}`, changes)
const tryOut = (body: object): Promise<Answer<TestResult>> => carol.call('POST', '/api/providers/test', body)
const modelsFor = async (person: SignedIn) => (await person.call<{ items: Model[] }>('GET', '/api/models')).body.items
const listed = async () => (await carol.call<{ items: Provider[] }>('GET', '/api/providers')).body.items

/** Asks a model and answers how it ended. */
const ask = async (model: string) => doneOf(await follow(alice, await begin(alice, { model, text: 'one two' })))
const keysSeenBy = (server: ModelServer) => server.requests.map(({ headers }) => headers.authorization)

describe('a provider', () => {
  test('is offered to everyone of the organisation, by name and by where its text goes', async () => {
    expect(provider).toMatchObject({ name: 'Our server', baseUrl: models.url, hasKey: true, models: ['echo', 'unicode'] })
    const offered = (await modelsFor(alice)).filter(({ id }) => id.startsWith(provider.id))
    expect(offered).toEqual([
      { id: `${provider.id}:echo`, name: 'echo', provider: 'Our server, beside this server', runsHere: false, builtIn: false },
      { id: `${provider.id}:unicode`, name: 'unicode', provider: 'Our server, beside this server', runsHere: false, builtIn: false },
    ])
    expect((await modelsFor(alice)).at(-1)).toMatchObject({ id: 'librarian', builtIn: true, runsHere: true })
    expect((await modelsFor(mallory)).map(({ id }) => id)).toEqual(['librarian'])
  })

  test('answers with its model and its key', async () => {
    const answer = await ask(`${provider.id}:echo`)
    expect([answer.status, textOf(answer), answer.modelName]).toEqual(['complete', 'one two', 'echo'])
    const call = models.requests.at(-1)
    expect([call?.headers.authorization, call?.body.model]).toEqual([`Bearer ${KEY}`, 'echo'])
    expect(call?.headers.cookie).toBeUndefined()
  })

  test('may have models whose names hold colons and slashes', async () => {
    await change({ models: ['meta/llama-3:70b', 'echo'] })
    expect((await modelsFor(alice)).map(({ id }) => id)).toContain(`${provider.id}:meta/llama-3:70b`)
    await ask(`${provider.id}:meta/llama-3:70b`)
    expect(models.requests.at(-1)?.body.model).toBe('meta/llama-3:70b')
  })

  test('changes name, models and key, each by itself', async () => {
    expect((await change({ name: 'Renamed' })).body).toEqual({ ...provider, name: 'Renamed' })
    expect((await change({ models: ['echo'] })).body).toEqual({ ...provider, name: 'Renamed', models: ['echo'] })
    expect((await ask(`${provider.id}:echo`)).status).toBe('complete')
    expect((await change({ apiKey: 'sk-wrong-0123456789' })).body.hasKey).toBe(true)
    expect((await ask(`${provider.id}:echo`)).status).toBe('failed')
    expect((await change({ apiKey: null })).body.hasKey).toBe(false)
    expect((await change({ apiKey: KEY })).body.hasKey).toBe(true)
    expect((await ask(`${provider.id}:echo`)).status).toBe('complete')
    expect((await listed()).find(({ id }) => id === provider.id)).toMatchObject({ name: 'Renamed', models: ['echo'], hasKey: true })
  })

  test('that is removed is offered no more; its answers stay, and a new question fails in a sentence', async () => {
    const id = `${provider.id}:echo`
    const before = await begin(alice, { model: id, text: 'kept' })
    await follow(alice, before)
    expect((await carol.call('DELETE', `/api/providers/${provider.id}`)).status).toBe(204)
    expect((await modelsFor(alice)).map((model) => model.id)).not.toContain(id)
    expect((await messagesOf(alice, before.chatId)).map(textOf)).toEqual(['kept', 'kept'])
    const again = await alice.call('POST', `/api/chats/${before.chatId}/generations`, { questionId: before.questionId })
    expect([again.status, codeOf(again)]).toEqual([404, 'model.not_found'])
    expect(
      (await alice.call('POST', `/api/chats/${before.chatId}/generations`, { questionId: before.questionId, model: 'librarian' })).status,
    ).toBe(202)
    const gone = await carol.call('DELETE', `/api/providers/${provider.id}`)
    expect([gone.status, codeOf(gone)]).toEqual([404, 'provider.not_found'])
    const { rows } = await world.sql(
      `select from t_${carol.me.organisation.id.replaceAll('-', '')}.model_provider_key where provider_id = $1`,
      [provider.id],
    )
    expect(rows).toEqual([])
  })
})

describe('the key', () => {
  test('is in no reply to anyone, whatever is asked', async () => {
    await ask(`${provider.id}:echo`)
    const replies = [
      await carol.call('GET', '/api/providers'),
      await change({ name: 'Again' }),
      await change({ apiKey: KEY }),
      await tryOut({ providerId: provider.id, baseUrl: models.url, model: 'echo' }),
      await tryOut({ providerId: provider.id, baseUrl: models.url, apiKey: `${KEY}x` }),
      await tryOut({ baseUrl: models.url, apiKey: KEY }),
      await alice.call('GET', '/api/models'),
    ]
    for (const reply of replies) expect(reply.text + JSON.stringify(reply.headers)).not.toContain(KEY)
    expect(world.log.lines.join()).not.toContain(KEY)
  })

  test('has to be given again, or cleared, with a new address', async () => {
    const refused = await change({ baseUrl: elsewhere.url })
    expect([refused.status, codeOf(refused)]).toEqual([400, 'provider.key_needed'])
    expect((await listed()).find(({ id }) => id === provider.id)).toEqual(provider)
    expect((await change({ baseUrl: models.url })).status).toBe(200)
    expect((await change({ baseUrl: elsewhere.url, apiKey: null })).body).toMatchObject({ baseUrl: elsewhere.url, hasKey: false })
    expect((await ask(`${provider.id}:echo`)).status).toBe('complete')
    expect((await change({ baseUrl: models.url, apiKey: KEY })).body).toMatchObject({ baseUrl: models.url, hasKey: true })
    expect(keysSeenBy(elsewhere).join()).not.toContain(KEY)
  })

  test('that is stored is sent to the stored address only, also on a test', async () => {
    const calls = elsewhere.requests.length
    for (const baseUrl of [elsewhere.url, `${models.url}/`, models.url.replace('127.0.0.1', 'localhost'), `${models.url}?x=1`])
      await tryOut({ providerId: provider.id, baseUrl })
    expect(elsewhere.requests.length).toBeGreaterThan(calls)
    expect(keysSeenBy(elsewhere).join()).not.toContain(KEY)
    expect((await tryOut({ providerId: provider.id, baseUrl: models.url })).body.ok).toBe(true)
  })

  test('of another organisation is neither used nor known', async () => {
    const calls = models.requests.length
    const foreign = await mallory.call('POST', '/api/providers/test', { providerId: provider.id, baseUrl: models.url })
    expect([foreign.status, codeOf(foreign)]).toEqual([404, 'provider.not_found'])
    expect(models.requests).toHaveLength(calls)
  })
})

describe('a test', () => {
  test('tells what the server offers, and how quickly it answered', async () => {
    const { body } = await tryOut({ baseUrl: models.url, apiKey: KEY, model: 'echo' })
    expect(body.ok).toBe(true)
    expect(body.models).toContain('echo')
    expect(body.latencyMs).toBeGreaterThanOrEqual(0)
    expect(body.sentence).toMatch(/\.$/)
  })

  test.each([
    ['a wrong key', { apiKey: 'sk-other-0123456789' }, /key/],
    ['a model that is not there', { apiKey: KEY, model: 'no-such-model' }, /model/],
    ['a model that fails', { apiKey: KEY, model: 'broken' }, /./],
  ])('says in words what is wrong: %s', async (_, changes, words) => {
    const { status, body } = await tryOut({ baseUrl: models.url, ...changes })
    expect([status, body.ok]).toEqual([200, false])
    expect(body.sentence).toMatch(words)
    expect(body.sentence).not.toMatch(/Error:|ECONN|\bat \//)
  })

  test('changes nothing', async () => {
    const before = await listed()
    await tryOut({ providerId: provider.id, baseUrl: models.url, apiKey: 'sk-other-0123456789' })
    expect(await listed()).toEqual(before)
    expect((await ask(`${provider.id}:echo`)).status).toBe('complete')
  })
})

describe('addresses', () => {
  const REFUSED = [
    'http://127.0.0.1:1/v1',
    'http://localhost:5432/v1',
    'http://169.254.169.254/latest',
    'https://10.0.0.1/v1',
    'https://[::1]/v1',
    'https://[::ffff:127.0.0.1]/v1',
    'http://models.test/v1',
    'https://user:secret@models.test/v1',
    'https://0x7f000001/v1',
    'https://no-such-name.invalid/v1',
  ]

  test.each(REFUSED)('%s is refused when adding, changing and testing, with what the operator could do', async (baseUrl) => {
    for (const refused of [
      await carol.call<Problem>('POST', '/api/providers', { name: 'Inside', baseUrl, models: ['x'] }),
      await carol.call<Problem>('PATCH', `/api/providers/${provider.id}`, { baseUrl, apiKey: null }),
      await carol.call<Problem>('POST', '/api/providers/test', { baseUrl }),
    ]) {
      expect([refused.status, codeOf(refused)]).toEqual([400, 'provider.address_refused'])
      expect(refused.body.detail).toMatch(/^(This server may not call|No public server of the name|The address holds a name or password)/)
      expect(refused.body.next).toMatch(/SARDONYX_EGRESS_ALLOW|own field/)
      expect(refused.text).not.toContain('secret')
    }
    expect((await listed()).find(({ id }) => id === provider.id)).toEqual(provider)
  })

  test.each(['file:///etc/passwd', 'ftp://models.test', 'javascript:alert(1)', 'models.test', '', '//models.test/v1', 'http://'])(
    '%j is no address of a model server',
    async (baseUrl) => {
      const refused = await carol.call<Problem>('POST', '/api/providers', { name: 'X', baseUrl, models: ['x'] })
      expect([refused.status, codeOf(refused)]).toEqual([400, 'request.invalid'])
      expect(refused.body.errors?.map(({ path }) => path)).toEqual(['baseUrl'])
    },
  )
})

test('the database holds neither key nor name nor address as they were typed', async () => {
  await add({ name: 'canary-name-77', models: ['canary-model-77'] })
  const schema = `t_${carol.me.organisation.id.replaceAll('-', '')}`
  const rows = await world.sql<{ text: string }>(
    `select encode(config, 'escape') as text from ${schema}.model_provider
      union all select encode(sealed, 'escape') from ${schema}.model_provider_key`,
  )
  const text = rows.rows.map((row) => row.text).join()
  for (const typed of [KEY, 'canary-name-77', 'canary-model-77', models.url]) expect(text).not.toContain(typed)
})
