/** Links of letters: for the mailbox that is their person's now, for nobody to make worthless, and over with what they rest on. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LETTERS_ALLOWED } from '#server/auth/limits.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { appOf, give, passkeyOf, ticketOf } from '#tests/support/factors.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const OTHER = 'another horse battery staple'
const NEW = 'bob.new@acme.test'
const email: string = PEOPLE.bob.email

let world: World
let bob: SignedIn
let schema: string
beforeEach(async () => {
  world = await createWorld({ failuresAllowed: LETTERS_ALLOWED })
  schema = await schemaOf(world, 'acme')
  bob = await world.signIn('bob')
})
afterEach(() => world.close())

/** From a network of its own, unless one is named. */
let networks = 0
async function from(path: string, body: object, ip = `2001:db8:0:${(++networks).toString(16)}::1`) {
  const reply = await world.server.app.inject({ method: 'POST', url: path, remoteAddress: ip, payload: body })
  return { status: reply.statusCode, body: reply.body === '' ? {} : reply.json() }
}
const signIn = (password: string) => from('/api/auth/sign-in', { email, password, organisation: 'acme', deliver: 'token' })
const ask = (to = email) => from('/api/auth/reset', { email: to, organisation: 'acme' })
const finish = async (token: string) => (await from('/api/auth/reset/finish', { token, password: OTHER, deliver: 'token' })).status
const isGood = async (token: string) => (await from('/api/auth/password-rules', { token, kind: 'reset' })).status === 200
const resets = async (to = email) => (await world.mail.to(to)).filter(({ text }) => /\/reset#/.test(text))
const arrived = (count: number, to = email) => expect.poll(async () => (await resets(to)).length, { timeout: 15_000 }).toBe(count)
const askAddress = async (who: SignedIn, address = NEW) => {
  expect((await who.call('POST', '/api/me/address', { email: address })).status).toBe(202)
  return (await world.mail.last(address)).token
}
const confirm = (who: SignedIn, token: string) => who.call('POST', '/api/me/address/confirm', { token })
/** Several links, good at once. */
async function several(count = 3): Promise<string[]> {
  for (let i = 0; i < count; i++) await ask()
  await arrived(count)
  return (await resets()).map(({ token }) => token)
}

describe('a mailbox that was left gets no link that is good', () => {
  test('of somebody who asks while the address changes', async () => {
    const token = await askAddress(bob)
    const release = await hold(world, `lock table ${schema}.recovery in share mode`)
    const confirming = confirm(bob, token)
    await waiting(world, 1)
    await ask()
    await waiting(world, 2)
    await release()
    expect((await confirming).status).toBe(200)
    await arrived(1, NEW)
    expect(await resets()).toEqual([])
    expect(await finish((await resets(NEW))[0]!.token)).toBe(200)
  })

  test('of a password that is closed while the address changes', async () => {
    await world.sql(`update ${schema}.credential set failures = 99 where user_id = $1`, [bob.me.user.id])
    const token = await askAddress(bob)
    const release = await hold(world, `select from ${schema}.credential where user_id = '${bob.me.user.id}' for update`)
    const failing = signIn('wrong horse battery staple')
    await waiting(world, 1)
    expect((await confirm(bob, token)).status).toBe(200)
    await release()
    expect((await failing).status).toBe(401)
    await arrived(1, NEW)
    expect(await resets()).toEqual([])
    expect(await finish((await resets(NEW))[0]!.token)).toBe(200)
  })

  test('and one that is there already is good no more, however the address came to be another', async () => {
    const [token = ''] = await several(1)
    expect(await isGood(token)).toBe(true)
    await world.sql(`update ${schema}."user" set email = $2 where id = $1`, [bob.me.user.id, NEW])
    expect([await isGood(token), await finish(token)]).toEqual([false, 404])
    await world.sql(`update ${schema}."user" set email = $2 where id = $1`, [bob.me.user.id, email])
    expect(await finish(token)).toBe(200)
  })

  test('asking, failing and changing at once never wait in a circle', async () => {
    for (let round = 0; round < 5; round++) {
      const who = await world.signIn('bob')
      const address = `bob${round}@acme.test`
      await world.sql(`delete from ${schema}.link`)
      await world.sql(`update ${schema}.credential set failures = 98, closed_at = null where user_id = $1`, [who.me.user.id])
      const token = await askAddress(who, address)
      const answers = await Promise.all([
        ask(),
        signIn('wrong'),
        confirm(who, token),
        signIn('wrong'),
        ask(),
        who.call('POST', '/api/me/sessions/not-me'),
      ])
      expect(answers.filter(({ status }) => status >= 500)).toEqual([])
      await world.sql(`update ${schema}.credential set failures = 0, closed_at = null where user_id = $1`, [who.me.user.id])
      await world.sql(`update ${schema}."user" set email = $2 where id = $1`, [who.me.user.id, email])
    }
  })
})

describe('nobody makes a link worthless that somebody was sent', () => {
  test('closing the password and using up the letters leave every one of them good', async () => {
    await world.sql(`update ${schema}.credential set failures = 99 where user_id = $1`, [bob.me.user.id])
    await signIn('wrong horse battery staple')
    await arrived(1)
    expect((await signIn(PASSWORD)).status).toBe(401)
    for (let i = 0; i < 30; i++) expect((await ask()).status).toBe(204)
    expect((await ask()).body).toMatchObject({ code: 'auth.too_many_attempts' })
    // Thirty in all: the one that closing sent is among them.
    await arrived(30)
    const tokens = (await resets()).map(({ token }) => token)
    for (const token of tokens) expect(await isGood(token)).toBe(true)
    expect(await finish(tokens[0]!)).toBe(200)
    for (const token of tokens) expect(await isGood(token)).toBe(false)
  })

  test('while thirty are good no further letter goes out, and the thirty stay good', async () => {
    await several(30)
    await world.sql('delete from control.attempt')
    await ask()
    await world.sql(`update ${schema}.link set expires_at = now() where token_hash = (select token_hash from ${schema}.link limit 1)`)
    await ask()
    await arrived(31)
    expect((await world.sql(`select from ${schema}.link where expires_at > now()`)).rowCount).toBe(30)
  })

  test('the wait for letters does not grow', async () => {
    const askHere = () => from('/api/auth/reset', { email, organisation: 'acme' }, '198.51.100.7')
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) expect((await askHere()).status).toBe(204)
      expect((await askHere()).status).toBe(429)
      await world.sql('update control.attempt set window_ends = now()')
    }
    expect((await world.sql('select from control.attempt where fills > 0')).rowCount).toBe(0)
  })
})

describe('all of them are over once', () => {
  const carol = () => world.signIn('carol')
  test.each<[string, () => Promise<{ status: number }>]>([
    ['the password is changed', () => bob.call('POST', '/api/me/password', { current: PASSWORD, next: OTHER })],
    ['their person says that it was not them', () => bob.call('POST', '/api/me/sessions/not-me')],
    ['the address is another', async () => confirm(bob, await askAddress(bob))],
    [
      'their person is suspended, and after it was taken back',
      async () => {
        await (await carol()).call('POST', `/api/members/${bob.me.user.id}/suspend`)
        return (await carol()).call('POST', `/api/members/${bob.me.user.id}/reinstate`)
      },
    ],
  ])('%s', async (_, happens) => {
    const tokens = await several()
    expect(await Promise.all(tokens.map(isGood))).toEqual([true, true, true])
    expect((await happens()).status).toBeLessThan(300)
    for (const token of tokens) expect(await finish(token)).toBe(404)
  })
})

test('a sign-in that waits for its second factor is over once its person is suspended, and after that was taken back', async () => {
  const app = await appOf(bob)
  const ticket = await ticketOf(world, 'bob')
  const carol = await world.signIn('carol')
  for (const act of ['suspend', 'reinstate']) await carol.call('POST', `/api/members/${bob.me.user.id}/${act}`)
  expect(codeOf(await give(world, ticket, { code: app.code() }))).toBe('auth.ticket_invalid')
  expect((await give(world, await ticketOf(world, 'bob'), { code: app.code() })).status).toBe(200)
})

test('suspending somebody while they give their second factor never waits in a circle, and leaves no login', async () => {
  const app = await appOf(bob)
  const carol = await world.signIn('carol')
  for (let round = 0; round < 6; round++) {
    const ticket = await ticketOf(world, 'bob')
    await world.sql(`update ${schema}.authenticator_app set last_step = 0`)
    const [given, suspended] = await Promise.all([
      give<{ token: string }>(world, ticket, { code: app.code() }),
      carol.call('POST', `/api/members/${bob.me.user.id}/suspend`),
    ])
    expect([given.status < 500, suspended.status]).toEqual([true, 200])
    const authorization = `Bearer ${given.body.token}`
    expect((await world.call('GET', '/api/me', { headers: { authorization } })).status).toBe(401)
    expect((await carol.call('POST', `/api/members/${bob.me.user.id}/reinstate`)).status).toBe(204)
    expect((await give(world, ticket, { code: app.code() })).status).toBe(401)
  }
})

test('who brings what cannot be guessed counts for their network alone: a neighbour who brings nonsense keeps nobody out', async () => {
  const { device } = await passkeyOf(await world.signIn('alice'))
  const at = (path: string, body: object) => from(path, body, '203.0.113.9')
  const passkey = async (isHers: boolean) => {
    const { options } = (await at('/api/auth/passkey/begin', { organisation: 'acme' })).body
    const challenge = isHers ? options.challenge : 'bm9uc2Vuc2U'
    return (await at('/api/auth/passkey', { passkey: device.get({ ...options, challenge }), organisation: 'acme', deliver: 'token' }))
      .status
  }
  const nonsense = [
    () => passkey(false),
    async () => (await at('/api/auth/reset/finish', { token: 'x', password: OTHER })).status,
    async () => (await at('/api/auth/password-rules', { token: 'x', kind: 'recovery' })).status,
    async () => (await at('/api/invitations/accept', { token: 'x', password: OTHER })).status,
    async () => (await at('/api/recovery/use', { token: 'x', password: OTHER })).status,
    async () => (await at('/api/auth/second-factor', { ticket: 'x', code: '000000' })).status,
  ]
  for (let i = 0; i < 20; i++) expect(await nonsense[i % 6]!()).toBeOneOf([401, 403, 404])
  for (const bring of nonsense) expect(await bring()).toBe(429)
  const { rows } = await world.sql<{ fills: number }>('select count, fills from control.attempt')
  expect(rows).toEqual([{ count: LETTERS_ALLOWED.perAddress, fills: 0 }])
  await world.sql('update control.attempt set count = count - 2')
  expect([await passkey(true), await passkey(true), await passkey(true)]).toEqual([200, 200, 200])
})

describe('a change of address that somebody else asked for is over once', () => {
  test('its person says that it was not them', async () => {
    const token = await askAddress(bob)
    const again = await world.signIn('bob')
    expect((await again.call('POST', '/api/me/sessions/not-me')).status).toBe(200)
    expect(codeOf(await confirm(again, token))).toBe('address.invalid')
  })

  test('the password is another, by a change or by a link', async () => {
    const token = await askAddress(bob)
    const changed = await bob.call<{ token: string }>('POST', '/api/me/password', { current: PASSWORD, next: OTHER })
    const authorization = `Bearer ${changed.body.token}`
    expect((await world.call('POST', '/api/me/address/confirm', { body: { token }, headers: { authorization } })).status).toBe(404)
  })
})
