/**
 * Identity, alone: the server under attack has no application filter, and its every connection is the superuser's. Who somebody is comes
 * from their token and from nothing else that they send.
 */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Me, Member } from '#contract/accounts.ts'
import type { Chat } from '#contract/chats.ts'
import type { Problem } from '#contract/errors.ts'
import { Tokens, tokenHash } from '#server/auth/token.ts'
import type { Database } from '#server/isolation/database.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { type Answer, type AskedChat, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { attacksOn, secretChat, serverOver, withoutRowSecurity } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

let world: World
let database: Database
let server: Awaited<ReturnType<typeof serverOver>>
let alice: SignedIn
let bob: SignedIn
let mallory: SignedIn
let secret: AskedChat

beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
  server = await serverOver(world, database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  mallory = await world.signIn('mallory')
  secret = await secretChat(alice)
})
afterAll(async () => {
  await server.close()
  await database.close()
  await world.close()
})

const decode = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const withToken = (token: string) => server.as({ token } as SignedIn)
const claimsOf = (person: SignedIn) => decode(person.token.split('.')[1]!)

/** A token of these parts with a signature that this server would make, so that only what is said in it can be wrong. */
async function signed(header: unknown, claims: unknown, key?: Buffer, algorithm = 'sha256'): Promise<string> {
  const text = `${encode(header)}.${encode(claims)}`
  const signing = key ?? (await world.installation.keyring.signingKey()).key
  return `${text}.${createHmac(algorithm, signing).update(text).digest('base64url')}`
}

/** Everything of a reply that could tell one refusal from another. */
const tellable = (answer: Answer) => ({
  status: answer.status,
  body: { ...(answer.body as Problem), requestId: '' },
  headers: { ...answer.headers, 'x-request-id': '', date: '', 'content-length': '' },
})

describe('a forged token', () => {
  const header = () => decode(bob.token.split('.')[0]!)
  const parts = () => bob.token.split('.') as [string, string, string]
  const asAlice = () => ({ ...claimsOf(bob), sub: alice.me.user.id, sid: alice.me.session.id })
  const forgeries: Record<string, () => string | Promise<string>> = {
    nothing: () => '',
    'not a token': () => 'token',
    'no algorithm, no signature': () => `${encode({ alg: 'none', typ: header().typ })}.${encode(asAlice())}.`,
    'no algorithm, its own signature': () => signed({ ...header(), alg: 'none' }, asAlice()),
    'another algorithm': () => signed({ ...header(), alg: 'HS512' }, claimsOf(bob), undefined, 'sha512'),
    'another key, named': () => signed({ ...header(), kid: '../../../dev/null' }, claimsOf(bob), Buffer.alloc(0)),
    'another key, with the right name': () => signed(header(), asAlice(), Buffer.alloc(32, 1)),
    'a key that it brings along': () => signed({ ...header(), jwk: { kty: 'oct', k: 'AQ' } }, asAlice(), Buffer.of(1)),
    'another type': () => signed({ ...header(), typ: 'JWT' }, claimsOf(bob)),
    'a header in another order': () => signed({ typ: header().typ, kid: header().kid, alg: header().alg }, claimsOf(bob)),
    'claims of Alice under the signature of Bob': () => `${parts()[0]}.${encode(asAlice())}.${parts()[2]}`,
    'claims of Alice, well signed': () => signed(header(), asAlice()),
    'the other organisation, well signed': () => signed(header(), { ...claimsOf(bob), tid: mallory.me.organisation.id }),
    'an organisation that never was, well signed': () => signed(header(), { ...claimsOf(bob), tid: crypto.randomUUID() }),
    'an organisation that is no id, well signed': () => signed(header(), { ...claimsOf(bob), tid: `x"; drop schema control; --` }),
    'more than is known, well signed': () => signed(header(), { ...claimsOf(bob), role: 'admin' }),
    'less than is needed, well signed': () => signed(header(), { sub: bob.me.user.id }),
    'no claims, well signed': () => signed(header(), 'null'),
    'claims that are no JSON, well signed': () => signed(header(), '{'),
    'another issuer, well signed': () => signed(header(), { ...claimsOf(bob), iss: 'sardonyx:other' }),
    'another audience, well signed': () => signed(header(), { ...claimsOf(bob), aud: 'other' }),
    'one that has expired, well signed': () => signed(header(), { ...claimsOf(bob), exp: 1 }),
    'one that never expires, well signed': () => signed(header(), { ...claimsOf(bob), exp: 99_999_999_999 }),
    'a part more': () => `${bob.token}.${parts()[2]}`,
    'a part less': () => `${parts()[0]}.${parts()[1]}`,
    'a signature cut short': () => bob.token.slice(0, -4),
    'a signature with padding': () => `${bob.token}=`,
    'a signature with other last bits': () => `${bob.token.slice(0, -1)}${bob.token.endsWith('A') ? 'B' : 'A'}`,
    'the other alphabet': () => signed(header(), claimsOf(bob), Buffer.alloc(32, 1)).then((token) => `${token}+/`),
    'a space inside': () => bob.token.replace('.', ' .'),
    'a space before': () => ` ${bob.token}`,
    'a line break': () => bob.token.replace('.', '.%0a'),
    'upper case': () => bob.token.toUpperCase(),
    'very long': () => `${bob.token}${'A'.repeat(5_000)}`,
    twice: () => `${bob.token}, ${bob.token}`,
  }

  test.each(Object.keys(forgeries))('%s is refused, in the same words as any other', async (name) => {
    const forged = await forgeries[name]!()
    const usual = tellable(await withToken('token')('GET', '/api/me'))
    expect(usual).toMatchObject({ status: 401, body: { code: 'auth.required' } })
    expect(tellable(await withToken(forged)('GET', '/api/me'))).toEqual(usual)
    expect(tellable(await withToken(forged)('GET', '/api/members'))).toEqual(usual)
    expect((await withToken(forged)('GET', `/api/chats/${secret.chatId}`)).text).not.toContain(secret.chatId)
  })

  test('is refused as a cookie, too, and a good cookie does not mend a bad header', async () => {
    const name = `sardonyx-${await world.installation.keyring.instanceName()}`
    const forged = await signed(header(), asAlice())
    const get = (headers: Record<string, string>) => world.call<Me>('GET', '/api/me', { headers })
    expect((await get({ cookie: `${name}=${forged}` })).status).toBe(401)
    expect((await get({ cookie: `${name}=${bob.token}` })).body.user.id).toBe(bob.me.user.id)
    expect((await get({ cookie: `${name}=${bob.token}`, authorization: `Bearer ${forged}` })).status).toBe(401)
    expect((await get({ cookie: `${name}=${bob.token}`, authorization: 'Basic Ym9iOmJvYg==' })).status).toBe(401)
  })
})

describe('the record and the signature each hold without the other', () => {
  const record = (token: string) =>
    world.sql(`insert into ${schemaName(alice.me.organisation.id)}.auth_token (hash, session_id) values ($1, $2)`, [
      tokenHash(token),
      alice.me.session.id,
    ])
  const issued = async (key?: Buffer) => {
    const { keyring } = world.installation
    const { id, key: real } = await keyring.signingKey()
    const nowMs = Date.now()
    const tokens = new Tokens({ id, key: key ?? real }, await keyring.instanceName())
    return tokens.issue({
      userId: alice.me.user.id,
      tenantId: alice.me.organisation.id,
      sessionId: alice.me.session.id,
      nowMs,
      expiresAtMs: nowMs + 60_000,
    }).token
  }

  test('well signed but not on record; on record but not well signed; and both, which is let in', async () => {
    const unrecorded = await issued()
    const unsigned = await issued(Buffer.alloc(32, 1))
    await record(unsigned)
    for (const token of [unrecorded, unsigned]) {
      const answer = await withToken(token)('GET', '/api/me')
      expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.required'])
    }
    await record(unrecorded)
    expect((await withToken(unrecorded)<Me>('GET', '/api/me')).body.user.id).toBe(alice.me.user.id)
  })

  test('a token on record says who it is for: the claims of another are refused', async () => {
    const { tenantId, userId, sessionId } = { tenantId: bob.me.organisation.id, userId: bob.me.user.id, sessionId: bob.me.session.id }
    const { keyring } = world.installation
    const tokens = new Tokens(await keyring.signingKey(), await keyring.instanceName())
    const { token } = tokens.issue({ tenantId, userId, sessionId, nowMs: Date.now(), expiresAtMs: Date.now() + 60_000 })
    await record(token)
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
