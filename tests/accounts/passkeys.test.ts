/** Passkeys: added, named and removed by their person, good for signing in and for proving who one is, and refused in every way they can be wrong. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Factors } from '#contract/factors.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { Authenticator, type Wrong } from '#tests/support/authenticator.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { appOf, give, type Options, passkeyOf, ticketOf } from '#tests/support/factors.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let acme: string
let alice: SignedIn
let bob: SignedIn
let mallory: SignedIn

beforeAll(async () => {
  world = await createWorld()
  bob = await world.signIn('bob')
  mallory = await world.signIn('mallory')
  acme = schemaName(bob.me.organisation.id)
})
afterAll(() => world.close())
beforeEach(async () => {
  for (const schema of [acme, schemaName(mallory.me.organisation.id)])
    for (const table of ['passkey', 'authenticator_app', 'recovery_code', 'security_event'])
      await world.sql(`delete from ${schema}.${table}`)
  alice = await world.signIn('alice')
})

const begin = async (organisation = 'acme') =>
  (await world.call<Options>('POST', '/api/auth/passkey/begin', { body: { organisation } })).body.options
const signIn = (passkey: unknown, organisation = 'acme') =>
  world.call<{ state: string; token: string; me: { user: { email: string } } }>('POST', '/api/auth/passkey', {
    body: { passkey, organisation, deliver: 'token' },
  })
const factorsOf = async (person: SignedIn) => (await person.call<Factors>('GET', '/api/me/factors')).body
const add = async (person: SignedIn, device: Authenticator, wrong: Wrong = {}) => {
  const { options } = (await person.call<Options>('POST', '/api/me/passkeys/begin')).body
  return person.call('POST', '/api/me/passkeys', { name: 'Phone', passkey: device.create(options, wrong) })
}
const refused = (answer: Answer) => expect([answer.status, codeOf(answer)]).toEqual([403, 'passkey.refused'])
const kindsOf = async (person: Person) =>
  (
    await world.sql<{ kind: string }>(
      `select kind from ${acme}.security_event where notice and user_id = (select id from ${acme}."user" where email = $1) order by id`,
      [PEOPLE[person].email],
    )
  ).rows.map(({ kind }) => kind)

test('one is added, with recovery codes the first time, named anew, listed to its person alone, and removed', async () => {
  const { added } = await passkeyOf(alice)
  expect(added.recoveryCodes).toHaveLength(10)
  expect((await passkeyOf(alice)).added.recoveryCodes).toBeNull()
  const { passkeys } = await factorsOf(alice)
  expect(passkeys.map(({ name, usedAt }) => ({ name, usedAt }))).toEqual([
    { name: 'A phone', usedAt: null },
    { name: 'A phone', usedAt: null },
  ])
  expect((await factorsOf(bob)).passkeys).toEqual([])
  const path = `/api/me/passkeys/${passkeys[0]!.id}`
  expect(codeOf(await bob.call('PATCH', path, { name: 'Mine' }))).toBe('passkey.not_found')
  expect(codeOf(await bob.call('DELETE', path))).toBe('passkey.not_found')
  expect((await alice.call('PATCH', path, { name: 'Blue key' })).status).toBe(204)
  expect((await factorsOf(alice)).passkeys[0]!.name).toBe('Blue key')
  expect((await alice.call('DELETE', path)).status).toBe(204)
  expect((await factorsOf(alice)).passkeys).toHaveLength(1)
  expect(await kindsOf('alice')).toEqual(['passkey_added', 'passkey_added', 'passkey_removed'])
  const letters = await world.mail.to('alice@acme.test')
  expect(letters.slice(-3).map(({ subject }) => subject)).toEqual([
    'A passkey was added (acme, Sardonyx)',
    'A passkey was added (acme, Sardonyx)',
    'A passkey was removed (acme, Sardonyx)',
  ])
  const { rows } = await world.sql<{ all: string }>(`select string_agg(t::text, ' ') as all from ${acme}.passkey t`)
  expect(rows[0]!.all).not.toContain(Buffer.from('A phone').toString('hex'))
})

test('signs in alone, as both factors, and is removed once it is gone', async () => {
  const { device } = await passkeyOf(alice)
  const done = await signIn(device.get(await begin()))
  expect([done.status, done.body.state, done.body.me.user.email]).toEqual([200, 'signed_in', 'alice@acme.test'])
  const { rows } = await world.sql(`select methods, restricted from ${acme}.auth_session order by id desc limit 1`)
  expect(rows).toEqual([{ methods: ['passkey'], restricted: false }])
  const { passkeys } = await factorsOf(alice)
  expect(passkeys[0]!.usedAt).not.toBeNull()
  expect((await alice.call('DELETE', `/api/me/passkeys/${passkeys[0]!.id}`)).status).toBe(204)
  refused(await signIn(device.get(await begin())))
})

test('is the second factor after a password', async () => {
  const { device } = await passkeyOf(alice)
  const ticket = await ticketOf(world, 'alice')
  const { options } = (await world.call<Options>('POST', '/api/auth/second-factor/begin', { body: { ticket } })).body
  expect(options.allowCredentials).toEqual([expect.objectContaining({ id: device.id.toString('base64url') })])
  expect((await give<{ state: string }>(world, ticket, { passkey: device.get(options) })).body.state).toBe('signed_in')
})

describe('a response is refused', () => {
  const wrong: readonly (readonly [string, Wrong])[] = [
    ['of a page at another origin', { origin: 'http://localhost:4701' }],
    ['of a page that only looks like this one', { origin: 'https://localhost.evil.test' }],
    ['for another RP ID', { rpId: 'evil.test' }],
    ['of a device that did not ask who is there', { isVerified: false }],
    ['of another ceremony', { type: 'webauthn.payment' }],
    ['to a challenge that never was', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ]
  test.each(wrong)('%s: to sign in, to add one', async (_, how) => {
    const { device } = await passkeyOf(alice)
    refused(await signIn(device.get(await begin(), how)))
    refused(await add(alice, new Authenticator(), how))
    expect((await signIn(device.get(await begin()))).status).toBe(200)
    expect((await add(alice, new Authenticator())).status).toBe(201)
  })

  test('that says it is somebody else’s', async () => {
    const { device } = await passkeyOf(alice)
    refused(await signIn(device.get(await begin(), { userHandle: Buffer.alloc(16, 7).toString('base64url') })))
    expect((await signIn(device.get(await begin()))).status).toBe(200)
  })

  test('signed by another device under the same name', async () => {
    const { device } = await passkeyOf(alice)
    const other = new Authenticator()
    const forged = {
      ...other.get(await begin(), { userHandle: device.get(await begin()).response.userHandle }),
      id: device.id.toString('base64url'),
      rawId: device.id.toString('base64url'),
    }
    refused(await signIn(forged))
    expect((await signIn(device.get(await begin()))).status).toBe(200)
  })

  test('whose count goes back, or stays: its person is told that there may be a copy', async () => {
    const { device } = await passkeyOf(alice)
    expect((await signIn(device.get(await begin()))).status).toBe(200)
    const { counter } = device
    refused(await signIn(device.get(await begin(), { counter })))
    refused(await signIn(device.get(await begin(), { counter: 1 })))
    expect(await kindsOf('alice')).toEqual(['passkey_added', 'passkey_refused', 'passkey_refused'])
    expect((await signIn(device.get(await begin()))).status).toBe(200)
    const still = await passkeyOf(bob, new Authenticator({ counts: false }))
    for (let i = 0; i < 2; i++) expect((await signIn(still.device.get(await begin()))).status).toBe(200)
  })

  test('that was used before, by anybody, and of twenty at a time one is good', async () => {
    const { device } = await passkeyOf(alice)
    const options = await begin()
    const response = device.get(options)
    const all = await Promise.all(Array.from({ length: 20 }, () => signIn(response)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    refused(await signIn(response))
    refused(await signIn(device.get(options)))
  })

  test('to a challenge that was refused once, or is five minutes old', async () => {
    const { device } = await passkeyOf(alice)
    const options = await begin()
    refused(await signIn(device.get(options, { isVerified: false })))
    refused(await signIn(device.get(options)))
    const late = await begin()
    await world.sql(`update ${acme}.challenge set expires_at = expires_at - interval '5 minutes'`)
    refused(await signIn(device.get(late)))
    expect((await signIn(device.get(await begin()))).status).toBe(200)
  })
})

describe('an answer is refused, and used up,', () => {
  test('while its person is suspended: it is as bad afterwards, and looks like every other refusal', async () => {
    const { device } = await passkeyOf(alice)
    const carol = await world.signIn('carol')
    const [early, late] = [device.get(await begin()), device.get(await begin())]
    expect((await carol.call('POST', `/api/members/${alice.me.user.id}/suspend`)).status).toBe(200)
    const suspended = await signIn(early)
    refused(suspended)
    const nobody = await signIn(device.get({ challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } as Options['options']))
    const bytes = ({ text }: Answer) => text.replace(/[0-9a-f-]{36}/g, '')
    expect(bytes(suspended)).toBe(bytes(nobody))
    await carol.call('POST', `/api/members/${alice.me.user.id}/reinstate`)
    refused(await signIn(early))
    expect((await signIn(late)).status).toBe(200)
  })

  test('when the challenge in it is no text', async () => {
    const { device } = await passkeyOf(alice)
    const passkey = device.get(await begin())
    for (const challenge of [{ toString: 1 }, ['AAAA'], 1, null]) {
      const clientDataJSON = Buffer.from(JSON.stringify({ challenge })).toString('base64url')
      refused(await signIn({ ...passkey, response: { ...passkey.response, clientDataJSON } }))
    }
    expect((await signIn(passkey)).status).toBe(200)
  })
})

describe('a challenge is good for what it was made for', () => {
  test('not for another purpose', async () => {
    const { device } = await passkeyOf(alice)
    const ticket = await ticketOf(world, 'alice')
    const made = {
      signIn: begin,
      secondFactor: async () => (await world.call<Options>('POST', '/api/auth/second-factor/begin', { body: { ticket } })).body.options,
      prove: async () => (await alice.call<Options>('POST', '/api/session/prove/begin')).body.options,
      add: async () => (await alice.call<Options>('POST', '/api/me/passkeys/begin')).body.options,
    }
    const used = {
      signIn: (options: Options['options']) => signIn(device.get(options)),
      secondFactor: (options: Options['options']) => give(world, ticket, { passkey: device.get(options) }),
      prove: (options: Options['options']) => alice.call('POST', '/api/session/prove', { passkey: device.get(options) }),
      add: (options: Options['options']) =>
        alice.call('POST', '/api/me/passkeys', {
          name: 'Another',
          passkey: new Authenticator().create({ ...options, user: { id: Buffer.from('me').toString('base64url') } }),
        }),
    }
    const kinds = ['signIn', 'secondFactor', 'prove', 'add'] as const
    for (const maker of kinds) for (const user of kinds.filter((one) => one !== maker)) refused(await used[user](await made[maker]()))
    for (const kind of ['prove', 'signIn', 'secondFactor', 'add'] as const)
      expect(`${kind} ${(await used[kind](await made[kind]())).status}`).toMatch(/ 20[01]$/)
  })

  test('not for another person, another login of the same person, another ticket, or another organisation', async () => {
    const mine = await passkeyOf(alice)
    const bobs = await passkeyOf(bob)
    const mallorys = await passkeyOf(mallory)
    const again = (await signIn(mine.device.get(await begin()))).body.token
    const other = { authorization: `Bearer ${again}` }
    const prove = async () => (await alice.call<Options>('POST', '/api/session/prove/begin')).body.options
    refused(await bob.call('POST', '/api/session/prove', { passkey: bobs.device.get(await prove()) }))
    refused(await alice.call('POST', '/api/session/prove', { passkey: bobs.device.get(await prove()) }))
    refused(await world.call('POST', '/api/session/prove', { body: { passkey: mine.device.get(await prove()) }, headers: other }))
    const adding = (await alice.call<Options>('POST', '/api/me/passkeys/begin')).body.options
    const made = { name: 'Mine now', passkey: new Authenticator().create(adding) }
    refused(await bob.call('POST', '/api/me/passkeys', made))
    refused(await world.call('POST', '/api/me/passkeys', { body: made, headers: other }))
    const [first, second] = [await ticketOf(world, 'alice'), await ticketOf(world, 'alice')]
    const { options } = (await world.call<Options>('POST', '/api/auth/second-factor/begin', { body: { ticket: first } })).body
    refused(await give(world, second, { passkey: mine.device.get(options) }))
    const bobsTicket = await ticketOf(world, 'bob')
    const ofBob = (await world.call<Options>('POST', '/api/auth/second-factor/begin', { body: { ticket: bobsTicket } })).body.options
    refused(await give(world, bobsTicket, { passkey: mine.device.get(ofBob) }))
    refused(await signIn(mallorys.device.get(await begin('acme')), 'globex'))
    refused(await signIn(mallorys.device.get(await begin('globex')), 'acme'))
    refused(await signIn(mine.device.get(await begin('nobody')), 'nobody'))
    expect((await signIn(mallorys.device.get(await begin('globex')), 'globex')).body.me.user.email).toBe('mallory@globex.test')
    expect((await alice.call('POST', '/api/session/prove', { passkey: mine.device.get(await prove()) })).status).toBe(200)
    expect(
      (
        await give(world, first, {
          passkey: mine.device.get(
            (
              await world.call<Options>('POST', '/api/auth/second-factor/begin', { body: { ticket: first } })
            ).body.options,
          ),
        })
      ).status,
    ).toBe(200)
  })

  test('one device is added once, whoever tries', async () => {
    const { device } = await passkeyOf(alice)
    refused(await add(bob, device))
    refused(await add(alice, device))
    expect((await signIn(device.get(await begin()))).body.me.user.email).toBe('alice@acme.test')
  })
})

describe('removing', () => {
  test('the last factor takes the recovery codes along; a password asks for no code any more', async () => {
    await passkeyOf(alice)
    const app = await appOf(alice)
    const { passkeys } = await factorsOf(alice)
    expect((await alice.call('DELETE', `/api/me/passkeys/${passkeys[0]!.id}`)).status).toBe(204)
    expect((await factorsOf(alice)).recoveryCodesLeft).toBe(10)
    expect((await alice.call('DELETE', '/api/me/authenticator-app')).status).toBe(204)
    expect(await factorsOf(alice)).toMatchObject({ authenticatorApp: null, recoveryCodesLeft: 0 })
    expect(codeOf(await alice.call('DELETE', '/api/me/authenticator-app'))).toBe('authenticator_app.not_found')
    expect(codeOf(await alice.call('POST', '/api/me/recovery-codes'))).toBe('factor.none')
    expect(codeOf(await alice.call('POST', '/api/session/prove', { password: PASSWORD, code: app.code() }))).toBe('auth.wrong_code')
    expect((await alice.call('POST', '/api/session/prove', { password: PASSWORD })).status).toBe(200)
  })

  test('the last one is refused while the password is too short to stand alone', async () => {
    await passkeyOf(alice)
    const { passkeys } = await factorsOf(alice)
    const isGoodFor = (length: number) =>
      world.sql(`update ${acme}.credential set long_enough_for = $1 where user_id = $2`, [length, alice.me.user.id])
    await isGoodFor(8)
    const refusal = await alice.call('DELETE', `/api/me/passkeys/${passkeys[0]!.id}`)
    expect([refusal.status, codeOf(refusal)]).toEqual([409, 'password.longer_first'])
    const app = await appOf(alice)
    expect((await alice.call('DELETE', `/api/me/passkeys/${passkeys[0]!.id}`)).status).toBe(204)
    expect(codeOf(await alice.call('DELETE', '/api/me/authenticator-app'))).toBe('password.longer_first')
    await isGoodFor(12)
    expect((await alice.call('DELETE', '/api/me/authenticator-app')).status).toBe(204)
    expect(app.recoveryCodes).toEqual([])
  })

  test('the last passkey of somebody without a password is refused, unless the provider of today knows them', async () => {
    await passkeyOf(alice)
    await world.sql(`delete from ${acme}.credential where user_id = $1`, [alice.me.user.id])
    const { passkeys, password } = await factorsOf(alice)
    expect(password).toBe(false)
    const remove = () => alice.call('DELETE', `/api/me/passkeys/${passkeys[0]!.id}`)
    expect(codeOf(await remove())).toBe('password.longer_first')
    await world.sql(
      `insert into ${acme}.sign_in_provider (id, config, secret, is_on, revision)
      values ($1, '', '', true, gen_random_uuid())`,
      [alice.me.organisation.id],
    )
    const link = `insert into ${acme}.identity (id, user_id, issuer, subject, used_at) values (gen_random_uuid(), $1, 'https://one.test', 'alice', $2)`
    await world.sql(link, [alice.me.user.id, new Date(Date.now() - 60_000)])
    expect(codeOf(await remove()), 'of a provider that was changed since').toBe('password.longer_first')
    await world.sql(`update ${acme}.identity set used_at = now() where user_id = $1`, [alice.me.user.id])
    expect((await remove()).status).toBe(204)
  })
})
