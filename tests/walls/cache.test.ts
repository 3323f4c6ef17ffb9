/**
 * The cache, alone: no application filter, and the superuser's connections. What somebody who can write to the cache plants in it is not
 * believed; and it holds nothing that anybody typed.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Chat } from '#contract/chats.ts'
import type { TenantId, UserId } from '#contract/ids.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { InProcessStore, TenantCache } from '#server/isolation/cache.ts'
import type { Database } from '#server/isolation/database.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { type AskedChat, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { SECRET, secretChat, serverOver, withoutRowSecurity } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

let world: World
let database: Database
let server: Awaited<ReturnType<typeof serverOver>>
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let mallory: SignedIn
let secret: AskedChat

beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
  server = await serverOver(world, database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  mallory = await world.signIn('mallory')
  secret = await secretChat(alice)
})
afterAll(async () => {
  await server.close()
  await database.close()
  await world.close()
})

const keyOf = ({ token, me }: SignedIn, tenantId: string = me.organisation.id) =>
  `t:${tenantId}:auth:session:${tokenHash(token).toString('hex')}`

const KEY = /^t:[0-9a-f-]{36}:(auth:session:[0-9a-f]{64}|session:[0-9a-f-]{36}:[0-9a-f-]{36}|page:[0-9a-f-]{36}:chats:[a-z]+:[0-9a-f]{8})$/
const pageKeyOf = ({ me }: SignedIn) =>
  world.cache.keys().find((key) => key.startsWith(`t:${me.organisation.id}:page:${me.user.id}:chats:chats:`))!

/** The entry that the server itself keeps for a person. */
async function entryOf(person: SignedIn): Promise<Record<string, unknown>> {
  await person.call('GET', '/api/me')
  return JSON.parse((await world.cache.get(keyOf(person)))!)
}
const plant = (person: SignedIn, entry: unknown) =>
  world.cache.set(keyOf(person), typeof entry === 'string' ? entry : JSON.stringify(entry), 3_600)

afterEach(() => world.cache.delete(keyOf(bob)))

test('every key begins with its tenant, and is of a login, of the use of a chat, or of a page that is sealed; none holds a token or a word that somebody typed', async () => {
  await Promise.all([alice, bob, carol, mallory].map((person) => person.call('GET', '/api/chats')))
  await alice.call('POST', `/api/chats/${secret.chatId}/use`)
  const keys = world.cache.keys()
  expect(keys.length).toBeGreaterThanOrEqual(4)
  for (const key of keys) expect(key).toMatch(KEY)
  expect(keys).toEqual(
    expect.arrayContaining([pageKeyOf(alice), `t:${alice.me.organisation.id}:session:${secret.chatId}:${alice.me.user.id}`]),
  )
  const kept = JSON.stringify(await Promise.all(keys.map((key) => world.cache.get(key)))) + keys.join()
  for (const person of [alice, bob, carol, mallory]) {
    expect(keys).toContain(keyOf(person))
    for (const typed of [person.token, person.me.user.email, person.me.user.name]) expect(kept).not.toContain(typed)
  }
  for (const typed of [SECRET.title, SECRET.question, 'Initech']) expect(kept).not.toContain(typed)
})

describe('an entry planted under the token of Bob', () => {
  const me = async () => (await server.as(bob)<Me>('GET', '/api/me')).body

  test.each<[string, () => Promise<unknown> | unknown]>([
    ["is Alice's", () => entryOf(alice)],
    ["is Alice's with the session of Bob", async () => ({ ...(await entryOf(alice)), session_id: bob.me.session.id })],
    ["is Bob's with the session of Alice", async () => ({ ...(await entryOf(bob)), session_id: alice.me.session.id })],
    ['is of the other organisation', () => entryOf(mallory)],
    ["is Bob's in the other organisation", async () => ({ ...(await entryOf(bob)), tenant_id: mallory.me.organisation.id })],
    ['has more in it', async () => ({ ...(await entryOf(bob)), content: 'x' })],
    ['has less in it', async () => ({ user_id: bob.me.user.id, tenant_id: bob.me.organisation.id })],
    ['has expired', async () => ({ ...(await entryOf(bob)), expires_at: '2001-01-01T00:00:00.000Z' })],
    ['is null', () => null],
    ['is a list', () => []],
    ['is a text', () => '"admin"'],
    ['is not JSON', () => '{"user_id": '],
    ['is empty', () => ''],
  ])('that %s is a miss: Bob stays Bob, and is not locked out', async (_, entry) => {
    await plant(bob, await entry())
    expect((await me()).user).toMatchObject({ id: bob.me.user.id, role: 'user' })
    expect(await entryOf(bob)).toMatchObject({ user_id: bob.me.user.id, tenant_id: bob.me.organisation.id, role: 'user' })
  })

  test('that makes Bob an administrator makes none', async () => {
    const body = { name: 'Eve', email: 'eve@acme.test', role: 'admin' }
    for (const attempt of [
      () => server.as(bob)('POST', '/api/members', body),
      () => server.as(bob)('GET', '/api/providers'),
      () => server.as(bob)('POST', `/api/members/${alice.me.user.id}/invitation`),
    ]) {
      await plant(bob, { ...(await entryOf(bob)), role: 'admin' })
      expect((await attempt()).status).toBe(403)
    }
    await plant(bob, { ...(await entryOf(bob)), role: 'admin' })
    expect((await me()).user.role).toBe('user')
    expect((await server.as(carol)('POST', '/api/members', body)).status).toBe(201)
  })

  test('that widens the scopes of Bob shows nothing foreign: row security finds the scopes itself', async () => {
    const scopes = [bob.me.personalScopeId, alice.me.personalScopeId]
    const path = `/api/chats/${secret.chatId}`
    await plant(bob, { ...(await entryOf(bob)), read_scopes: scopes, write_scopes: scopes })
    expect((await bob.call('GET', path)).status).toBe(404)
    expect((await bob.call('PATCH', path, { description: 'Mine now' })).status).toBe(404)
    expect((await bob.call('GET', `${path}/messages`)).status).toBe(404)
    // Without row security and without the filter it is there to be seen.
    expect((await server.as(bob)<Chat>('GET', path)).body.description).toBe(SECRET.title)
  })

  test('that narrows them hides for a moment and breaks nothing', async () => {
    await plant(bob, { ...(await entryOf(bob)), read_scopes: [], write_scopes: [] })
    expect((await bob.call('GET', '/api/chats')).status).toBe(200)
  })

  test('is read and believed where it is true: the planting reaches the place where it counts', async () => {
    await plant(bob, { ...(await entryOf(bob)), abilities: ['read'] })
    expect(codeOf(await bob.call('GET', '/api/me/sessions'))).toBe('token.not_enough')
  })
})

describe('a page planted for Bob', () => {
  type Page = { items: Chat[] }
  const listOf = (person: SignedIn) => server.as(person)<Page>('GET', '/api/chats')
  /** Bob's own page and Alice's, as they are kept. */
  const kept = async () => {
    await bob.call('POST', '/api/chats', { description: 'Of Bob' })
    await Promise.all([listOf(bob), listOf(alice), listOf(mallory)])
    const [his, hers] = await Promise.all([bob, alice].map(async (one) => JSON.parse((await world.cache.get(pageKeyOf(one)))!)))
    return { his, hers }
  }

  test.each<[string, (pages: Awaited<ReturnType<typeof kept>>) => unknown]>([
    ['is Alice’s', ({ hers }) => hers],
    ['is Alice’s, said to be Bob’s', ({ his, hers }) => ({ ...his, sealed: hers.sealed })],
    ['is of another organisation', async () => JSON.parse((await world.cache.get(pageKeyOf(mallory)))!)],
    ['was bent', ({ his }) => ({ ...his, sealed: `${his.sealed.slice(0, -6)}AAAAA=` })],
    ['was cut', ({ his }) => ({ ...his, sealed: his.sealed.slice(0, 80) })],
    ['is in the clear', ({ his }) => ({ ...his, sealed: Buffer.from(`${'0'.repeat(64)}{"items":[],"next":null}`).toString('base64') })],
    ['is no text', ({ his }) => ({ ...his, sealed: { items: [] } })],
    ['is empty', ({ his }) => ({ ...his, sealed: '' })],
    ['is null', () => null],
  ])('that %s is a miss, without row security and without the filter', async (_, page) => {
    const planted = await page(await kept())
    await world.cache.set(pageKeyOf(bob), JSON.stringify(planted), 3_600)
    const shown = await listOf(bob)
    expect(shown.status).toBe(200)
    expect(shown.body.items[0]?.description).toBe('Of Bob')
    expect(shown.text).not.toContain(SECRET.title)
    // The same server shows Alice her own.
    expect((await listOf(alice)).text).toContain(SECRET.title)
  })
})

test('an entry under another tenant, or for a token that is not on record, admits nobody', async () => {
  await world.cache.set(keyOf(bob, mallory.me.organisation.id), JSON.stringify(await entryOf(mallory)), 3_600)
  expect((await bob.call<Me>('GET', '/api/me')).body.organisation.slug).toBe('acme')
  const unknown = { ...bob, token: `${bob.token.slice(0, -6)}AAAAAA` }
  await plant(unknown, await entryOf(bob))
  expect((await server.as(unknown)('GET', '/api/me')).status).toBe(401)
})

describe('a cache of one tenant', () => {
  const acme = '00000000-0000-4000-8000-00000000000a' as TenantId
  const globex = '00000000-0000-4000-8000-00000000000b' as TenantId
  const userId = '00000000-0000-4000-8000-00000000000c' as UserId

  test('neither sees, nor keeps, nor deletes what is another’s under the same name', async () => {
    const store = new InProcessStore(systemClock)
    const [one, two] = [new TenantCache(store, acme), new TenantCache(store, globex)]
    await one.set('auth:session:1', { tenant_id: acme, user_id: userId }, 60)
    expect(await two.get('auth:session:1')).toBeUndefined()
    await two.delete('auth:session:1')
    expect(await one.get('auth:session:1')).toEqual({ tenant_id: acme, user_id: userId })
    await expect(two.set('auth:session:1', { tenant_id: acme, user_id: userId }, 60)).rejects.toThrow('names its own tenant')
    await store.set(`t:${globex}:auth:session:1`, JSON.stringify({ tenant_id: acme, user_id: userId }), 60)
    expect(await two.get('auth:session:1')).toBeUndefined()
  })
})
