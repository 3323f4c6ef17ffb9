/**
 * Identity, alone: the server under attack has no application filter, and its every connection is the superuser's. Who somebody is comes
 * from their token and from nothing else that they send.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Me, Member } from '#contract/accounts.ts'
import type { Chat } from '#contract/chats.ts'
import type { Database } from '#server/isolation/database.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { encode, forge, partsOf, putOnRecord, tellable } from '#tests/support/forged-tokens.ts'
import { type AskedChat, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { attacksOn, secretChat, serverOver, withoutRowSecurity } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

let world: World
let database: Database
let server: Awaited<ReturnType<typeof serverOver>>
let alice: SignedIn
let bob: SignedIn
let mallory: SignedIn
let secret: AskedChat
let signed: Awaited<ReturnType<typeof forge>>

beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
  server = await serverOver(world, database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  mallory = await world.signIn('mallory')
  secret = await secretChat(alice)
  signed = await forge(world.installation.keyring)
})
afterAll(async () => {
  await server.close()
  await database.close()
  await world.close()
})

const withToken = (token: string) => server.as({ token } as SignedIn)

describe('a forged token', () => {
  const header = () => partsOf(bob.token).header
  const claims = () => partsOf(bob.token).claims
  const parts = () => bob.token.split('.') as [string, string, string]
  const asAlice = () => ({ ...claims(), sub: alice.me.user.id, sid: alice.me.session.id })
  const forgeries: Record<string, () => string> = {
    nothing: () => '',
    'not a token': () => 'token',
    'claims of Alice without a signature': () => `${encode({ ...header(), alg: 'none' })}.${encode(asAlice())}.`,
    'claims of Alice under the signature of Bob': () => `${parts()[0]}.${encode(asAlice())}.${parts()[2]}`,
    'claims of Alice under another key': () => signed(header(), asAlice(), Buffer.alloc(32, 1)),
    'claims of Alice, well signed': () => signed(header(), asAlice()),
    'the other organisation, well signed': () => signed(header(), { ...claims(), tid: mallory.me.organisation.id }),
    'an organisation that never was, well signed': () => signed(header(), { ...claims(), tid: crypto.randomUUID() }),
    'an organisation that is no id, well signed': () => signed(header(), { ...claims(), tid: `x"; drop schema control; --` }),
    'more than is known, well signed': () => signed(header(), { ...claims(), role: 'admin' }),
  }

  test.each(Object.keys(forgeries))('%s is refused, in the same words as any other', async (name) => {
    const forged = forgeries[name]!()
    const usual = tellable(await withToken('token')('GET', '/api/me'))
    expect(usual).toMatchObject({ status: 401, body: { code: 'auth.required' } })
    expect(tellable(await withToken(forged)('GET', '/api/me'))).toEqual(usual)
    expect(tellable(await withToken(forged)('GET', '/api/members'))).toEqual(usual)
    expect((await withToken(forged)('GET', `/api/chats/${secret.chatId}`)).text).not.toContain(secret.chatId)
  })

  test('is refused as a cookie, too, and a good cookie does not mend a bad header', async () => {
    const name = `sardonyx-${await world.installation.keyring.instanceName()}`
    const forged = signed(header(), asAlice())
    const get = (headers: Record<string, string>) => world.call<Me>('GET', '/api/me', { headers })
    expect((await get({ cookie: `${name}=${forged}` })).status).toBe(401)
    expect((await get({ cookie: `${name}=${bob.token}` })).body.user.id).toBe(bob.me.user.id)
    expect((await get({ cookie: `${name}=${bob.token}`, authorization: `Bearer ${forged}` })).status).toBe(401)
    expect((await get({ cookie: `${name}=${bob.token}`, authorization: 'Basic Ym9iOmJvYg==' })).status).toBe(401)
  })
})

describe('the record and the signature each hold without the other', () => {
  const claiming = (changes: object, key?: Buffer) =>
    signed(partsOf(alice.token).header, { ...partsOf(alice.token).claims, ...changes }, key)

  test('well signed but not on record; on record but not well signed; and both, which is let in', async () => {
    const jti = 'A'.repeat(22)
    const unrecorded = claiming({ jti })
    const unsigned = claiming({ jti }, Buffer.alloc(32, 1))
    await putOnRecord(world, alice, [unsigned])
    for (const token of [unrecorded, unsigned]) {
      const answer = await withToken(token)('GET', '/api/me')
      expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.required'])
    }
    await putOnRecord(world, alice, [unrecorded])
    expect((await withToken(unrecorded)<Me>('GET', '/api/me')).body.user.id).toBe(alice.me.user.id)
  })

  test('a token on record says who it is for: the claims of another are refused', async () => {
    const token = claiming({ sub: bob.me.user.id, sid: bob.me.session.id })
    await putOnRecord(world, alice, [token])
    expect((await withToken(token)('GET', '/api/me')).status).toBe(401)
  })
})

describe('ids that a caller sends along', () => {
  test.each([
    { 'x-user-id': 'alice' },
    { 'x-tenant-id': 'globex' },
    { 'x-forwarded-user': 'alice' },
    { 'x-sardonyx-role': 'admin' },
    { host: 'globex.example' },
    { 'x-forwarded-host': 'globex.example' },
  ])('in the header %o change nothing', async (names) => {
    const ids: Record<string, string> = { alice: alice.me.user.id, globex: mallory.me.organisation.id }
    const headers = Object.fromEntries(Object.entries(names).map(([name, value]) => [name, ids[value] ?? value]))
    const me = (await server.as(bob)<Me>('GET', '/api/me', undefined, headers)).body
    expect(me.user).toMatchObject({ id: bob.me.user.id, role: 'user' })
    expect(me.organisation.id).toBe(bob.me.organisation.id)
    expect((await server.as(bob)<{ items: Chat[] }>('GET', '/api/chats', undefined, headers)).body.items).toEqual([])
  })

  test.each(['userId', 'user_id', 'tenantId', 'tid', 'sub', 'scope', 'role', 'organisation'])(
    'as %s in query or body are refused',
    async (name) => {
      const value = name === 'role' ? 'admin' : alice.me.user.id
      const call = server.as(bob)
      const refused = await Promise.all([
        call('GET', `/api/me?${name}=${value}`),
        call('GET', `/api/chats?${name}=${value}`),
        call('POST', '/api/chats', { description: 'Lunch', [name]: value }),
        call('PATCH', '/api/me/preferences', { theme: 'dark', [name]: value }),
        call('POST', '/api/auth/sign-out', { [name]: value }),
      ])
      expect(refused.map((answer) => codeOf(answer))).toEqual(refused.map(() => 'request.invalid'))
    },
  )

  test('and addresses with a tenant or a user in them are none', async () => {
    for (const path of [`/api/t/globex/chats`, `/api/users/${alice.me.user.id}/chats`, `/api/organisations/${mallory.me.organisation.id}`])
      expect((await server.as(bob)('GET', path)).status).toBe(404)
  })

  test('a new chat is in the scope of whoever made it', async () => {
    const { body } = await server.as(bob)<Chat>('POST', '/api/chats', { description: 'Lunch' })
    expect(body.scope.id).toBe(bob.me.personalScopeId)
    await server.as(bob)('DELETE', `/api/chats/${body.id}`)
  })

  test("a cursor of Alice's leads Bob nowhere", async () => {
    await secretChat(alice)
    const { body } = await alice.call<{ next: string }>('GET', '/api/chats?limit=1')
    const path = `/api/chats?limit=1&cursor=${body.next}`
    expect((await alice.call('GET', path)).status).toBe(200)
    expect(codeOf(await server.as(bob)('GET', path))).toBe('cursor.invalid')
  })
})

describe('a token of the other organisation', () => {
  test('reaches no chat of this one, though nothing but identity is in the way', async () => {
    for (const attack of attacksOn(secret)) expect([attack.name, (await attack.run(server.as(mallory))).status]).toEqual([attack.name, 404])
    const { body } = await server.as(mallory)<{ items: Member[] }>('GET', '/api/members')
    expect(body.items.map(({ email }) => email).filter((email) => !email.endsWith('@globex.test'))).toEqual([])
    expect(codeOf(await server.as(mallory)('POST', `/api/members/${alice.me.user.id}/invitation`))).toBe('member.not_found')
  })

  test('not blind: Bob, of the same organisation, reaches it', async () => {
    expect((await server.as(bob)<Chat>('GET', `/api/chats/${secret.chatId}`)).body.id).toBe(secret.chatId)
  })

  test('is not got with the address and password of an account elsewhere', async () => {
    const body = { email: 'alice@acme.test', password: PASSWORD, organisation: 'globex', deliver: 'token' }
    expect(codeOf(await world.call('POST', '/api/auth/sign-in', { body }))).toBe('auth.wrong_credentials')
    expect(codeOf(await world.call('POST', '/api/auth/sign-in', { body: { ...body, organisation: undefined } }))).toBe(
      'auth.organisation_needed',
    )
  })
})
