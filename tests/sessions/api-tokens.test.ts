/** API tokens: good for what they say and no more, held by the same walls, shown once, and gone with a word. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENDPOINTS } from '#contract/index.ts'
import type { ApiToken } from '#contract/security.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { ENDLESS, exampleOf, makeThings, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

type Ability = 'read' | 'chat' | 'admin'
let world: World
let models: ModelServer
let alice: SignedIn
let carol: SignedIn
let things: Things

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  things = await makeThings({ ...world, alice, carol, models, again: await world.signIn('alice') })
})
afterAll(async () => {
  await world.close()
  await models.close()
})

async function tokenOf(person: SignedIn, ...abilities: Ability[]) {
  const made = await person.call<{ token: string; apiToken: ApiToken }>('POST', '/api/me/tokens', {
    name: 'Nightly report',
    abilities,
    days: 7,
  })
  expect(made.status).toBe(201)
  const { token, apiToken } = made.body
  const call: SignedIn['call'] = (method, path, body, headers) =>
    world.call(method, path, { body, headers: { ...headers, authorization: `Bearer ${token}` } })
  return { token, apiToken, call }
}

describe('each endpoint takes the tokens that it declares, and no others', () => {
  for (const endpoint of ENDPOINTS.filter(({ access, id }) => access !== 'anyone' && !ENDLESS.includes(id))) {
    test(endpoint.id, async () => {
      const owner = endpoint.access === 'admin' ? carol : alice
      for (const ability of ['read', 'chat', 'admin'] as const) {
        const { call } = await tokenOf(owner, ability)
        const request = exampleOf(endpoint, things)
        const answer = await call(endpoint.method, urlOf(endpoint, request), request.body)
        const isTaken = endpoint.token?.includes(ability) ?? false
        if (isTaken) expect([ability, answer.status]).not.toEqual([ability, 401])
        expect([ability, codeOf(answer) === 'token.not_enough']).toEqual([ability, !isTaken])
        await owner.call('DELETE', `/api/me/tokens/${(await newest(owner)).id}`)
      }
    })
  }

  const newest = async (person: SignedIn) => (await person.call<{ items: ApiToken[] }>('GET', '/api/me/tokens')).body.items[0]!
})

describe('the database holds a token to its abilities, whatever the application lets through', () => {
  test('one that only reads writes nothing, one for administration sees no chat, one for chats is no administrator', async () => {
    const schema = await schemaOf(world, 'acme')
    const enter = async (token: string, forWrite: boolean) => {
      const [outcome] = await world.database.fly('app', [
        {
          text: `select role, read_scopes, write_scopes, manage_scopes from ${schema}.enter($1, $2)`,
          values: [tokenHash(token), forWrite],
        },
      ])
      return outcome!.rows[0]
    }
    const own = [carol.me.personalScopeId]
    const [read, chat, admin] = [await tokenOf(carol, 'read'), await tokenOf(carol, 'chat'), await tokenOf(carol, 'admin')]
    expect(await enter(read.token, false)).toEqual({ role: 'user', read_scopes: own, write_scopes: [], manage_scopes: [] })
    expect(await enter(chat.token, true)).toEqual({ role: 'user', read_scopes: own, write_scopes: own, manage_scopes: [] })
    expect(await enter(admin.token, true)).toEqual({ role: 'admin', read_scopes: [], write_scopes: [], manage_scopes: [] })
    await expect(enter(read.token, true)).rejects.toMatchObject({ code: 'token.not_enough' })
    const ofAlice = await tokenOf(alice, 'admin')
    expect(await enter(ofAlice.token, false)).toMatchObject({ role: 'user' })
  })

  test('a token never has the proof that some acts need', async () => {
    const { call } = await tokenOf(carol, 'admin')
    const made = await call<{ id: string }>('POST', '/api/providers', { name: 'Third', baseUrl: models.url, models: ['echo'] })
    const moved = await call('PATCH', `/api/providers/${made.body.id}`, { baseUrl: 'https://elsewhere.test/v1', apiKey: 'new' })
    expect(codeOf(moved)).toBe('auth.proof_needed')
  })
})

describe('a token', () => {
  test('is shown once; what is kept is its beginning, its hash, and its name sealed', async () => {
    const { token, apiToken } = await tokenOf(alice, 'chat')
    expect(token).toMatch(/^sdx_[\w-]{43}_[0-9a-f]{32}$/)
    expect(token.startsWith(apiToken.prefix)).toBe(true)
    expect(apiToken.prefix.length).toBeLessThan(12)
    const list = await alice.call<{ items: ApiToken[] }>('GET', '/api/me/tokens')
    expect(list.body.items[0]).toEqual(apiToken)
    expect(list.text).not.toContain(token)
    const schema = await schemaOf(world, 'acme')
    for (const table of ['auth_token', 'auth_session', 'api_token', 'security_event']) {
      const { rows } = await world.sql<{ text: string }>(`select to_jsonb(t)::text as text from ${schema}.${table} t`)
      expect(rows.map(({ text }) => text).join()).not.toContain(token.slice(10, 40))
      expect(rows.map(({ text }) => text).join()).not.toContain('Nightly report')
    }
  })

  test('works in the Authorization header, is noted when used, and is nothing in a cookie', async () => {
    const { token, call, apiToken } = await tokenOf(alice, 'chat')
    expect(apiToken.usedAt).toBeNull()
    expect((await call('POST', '/api/chats', { description: 'By a program' })).status).toBe(201)
    const used = async () => (await alice.call<{ items: ApiToken[] }>('GET', '/api/me/tokens')).body.items[0]
    await expect.poll(async () => (await used())?.usedFrom).toBe('127.0.0.1')
    const cookie = `sardonyx-${await world.installation.keyring.instanceName()}=${token}`
    expect((await world.call('GET', '/api/me', { headers: { cookie } })).status).toBe(401)
  })

  test('is revoked by its owner alone, at once', async () => {
    const { call, apiToken } = await tokenOf(alice, 'read')
    const bob = await world.signIn('bob')
    const mallory = await world.signIn('mallory')
    for (const stranger of [bob, carol, mallory])
      expect(codeOf(await stranger.call('DELETE', `/api/me/tokens/${apiToken.id}`))).toBe('token.not_found')
    // Devices and tokens are two lists: neither ends what the other shows.
    expect(codeOf(await alice.call('DELETE', `/api/me/sessions/${apiToken.id}`))).toBe('session.not_found')
    expect((await call('GET', '/api/chats')).status).toBe(200)
    expect((await alice.call('DELETE', `/api/me/tokens/${apiToken.id}`)).status).toBe(204)
    expect(codeOf(await call('GET', '/api/chats'))).toBe('auth.required')
  })

  test('ends with its time, and rests with its account', async () => {
    const schema = await schemaOf(world, 'acme')
    const [one, two] = [await tokenOf(alice, 'read'), await tokenOf(alice, 'read')]
    await world.sql(`update ${schema}.auth_session set expires_at = now() where id = $1`, [one.apiToken.id])
    expect(codeOf(await one.call('GET', '/api/chats'))).toBe('auth.required')
    await world.sql(`update ${schema}."user" set status = 'suspended' where id = $1`, [alice.me.user.id])
    expect(codeOf(await two.call('GET', '/api/chats'))).toBe('auth.required')
    await world.sql(`update ${schema}."user" set status = 'active' where id = $1`, [alice.me.user.id])
  })

  test.each([
    [{ name: '', abilities: ['read'], days: 1 }],
    [{ name: 'x', abilities: [], days: 1 }],
    [{ name: 'x', abilities: ['read', 'read'], days: 1 }],
    [{ name: 'x', abilities: ['everything'], days: 1 }],
    [{ name: 'x', abilities: ['read'], days: 0 }],
    [{ name: 'x', abilities: ['read'], days: 366 }],
    [{ name: 'x', abilities: ['read'], days: 1.5 }],
  ])('is not made of %o', async (body) => {
    expect(codeOf(await alice.call('POST', '/api/me/tokens', body))).toBe('request.invalid')
  })

  test('of which a person has a hundred at most', async () => {
    const trent = await world.signIn('trent')
    const make = () => trent.call('POST', '/api/me/tokens', { name: 'One more', abilities: ['read'], days: 1 })
    for (let i = 0; i < 100; i++) expect((await make()).status).toBe(201)
    expect(codeOf(await make())).toBe('token.too_many')
  })
})
