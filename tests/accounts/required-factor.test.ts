/** Where an organisation requires a second factor, who has none can set one up and do nothing else, from the moment at which it does. */
import type { AddressInfo } from 'node:net'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FactorAdded, Factors, SecondFactorRule } from '#contract/factors.ts'
import { ENDPOINTS } from '#contract/index.ts'
import type { LoginRules } from '#contract/sessions.ts'
import { removeAllFactors } from '#server/auth/factors/factors.ts'
import { Doors } from '#server/isolation/doors.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { Authenticator } from '#tests/support/authenticator.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { exampleOf, makeThings, urlOf } from '#tests/support/examples.ts'
import { type App, appOf, give, type Options, passkeyOf, signInWithPassword, ticketOf } from '#tests/support/factors.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { startModelServer } from '#tests/support/model-server.ts'
import { chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let acme: string
let carol: SignedIn
let app: App
let origin: string

beforeAll(async () => {
  world = await createWorld()
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
  carol = await world.signIn('carol')
  acme = schemaName(carol.me.organisation.id)
  app = await appOf(carol)
})
afterAll(() => world.close())
beforeEach(async () => {
  for (const table of ['passkey', 'authenticator_app', 'recovery_code', 'sign_in_ticket'])
    await world.sql(`delete from ${acme}.${table} where user_id <> $1`, [carol.me.user.id])
  await demand('optional')
})

const demand = async (secondFactor: SecondFactorRule, by = carol) =>
  by.call<LoginRules>('PATCH', '/api/login-policy', { preset: 'everyday', secondFactor })
const as = (token: string) => ({
  call: <T = unknown>(method: string, path: string, body?: unknown) =>
    world.call<T>(method, path, { body, headers: { authorization: `Bearer ${token}` } }),
})
const isWhole = async (person: Pick<SignedIn, 'call'>) => (await person.call('GET', '/api/chats')).status === 200
const needsFactor = async (person: Pick<SignedIn, 'call'>) => {
  const answer = await person.call('GET', '/api/chats')
  expect([answer.status, codeOf(answer)]).toEqual([403, 'auth.factor_needed'])
}

describe('from the moment at which it is required', () => {
  test('logins of those who have none are good for setting one up alone, and their API tokens end', async () => {
    const [alice, bob] = [await world.signIn('alice'), await world.signIn('bob')]
    await passkeyOf(bob)
    const tokenOf = async (person: SignedIn) =>
      (await person.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Mine', abilities: ['chat'], days: 1 })).body.token
    const [hers, his] = [await tokenOf(alice), await tokenOf(bob)]
    expect([await isWhole(alice), await isWhole(as(hers)), await isWhole(as(his))]).toEqual([true, true, true])
    expect((await demand('everyone')).body.secondFactor).toBe('everyone')
    await needsFactor(alice)
    expect((await as(hers).call('GET', '/api/chats')).status).toBe(401)
    expect([await isWhole(bob), await isWhole(as(his)), await isWhole(carol)]).toEqual([true, true, true])
    expect((await alice.call<Factors>('GET', '/api/me/factors')).body.required).toBe(true)
  })

  test('the database gives such a login nothing, whatever any cache says', async () => {
    const alice = await world.signIn('alice')
    await chatOf(alice, { description: 'Mine', question: 'Hello?' })
    await demand('everyone')
    const { rows } = await world.sql<{ role: string; read_scopes: string[]; write_scopes: string[]; is_restricted: boolean }>(
      `select role, read_scopes, write_scopes, is_restricted from ${acme}.auth_token t,
         lateral ${acme}.enter(t.hash, false) where t.session_id = $1`,
      [alice.me.session.id],
    )
    expect(rows).toEqual([{ role: 'user', read_scopes: [], write_scopes: [], is_restricted: true }])
    await needsFactor(alice)
  })

  test('of administrators alone, others are left alone', async () => {
    const alice = await world.signIn('alice')
    await demand('admins')
    expect(await isWhole(alice)).toBe(true)
    await world.sql(`update ${acme}."user" set role = 'admin' where id = $1`, [alice.me.user.id])
    const asAdmin = await world.signIn('alice')
    await needsFactor(asAdmin)
    expect(codeOf(await asAdmin.call('GET', '/api/sessions'))).toBe('auth.factor_needed')
    await world.sql(`update ${acme}."user" set role = 'user' where id = $1`, [alice.me.user.id])
    expect(await isWhole(await world.signIn('alice'))).toBe(true)
  })

  test('by an administrator who has one; one who has none would shut themselves out', async () => {
    await world.sql(`update ${acme}."user" set role = 'admin' where email = 'bob@acme.test'`)
    const bob = await world.signIn('bob')
    const refused = await demand('admins', bob)
    expect([refused.status, codeOf(refused)]).toEqual([409, 'factor.own_first'])
    expect((await bob.call<LoginRules>('GET', '/api/login-policy')).body.secondFactor).toBe('optional')
    await passkeyOf(bob)
    expect((await demand('admins', bob)).status).toBe(200)
    await world.sql(`update ${acme}."user" set role = 'user' where email = 'bob@acme.test'`)
  })

  test('the rule stays when times alone are changed', async () => {
    await demand('everyone')
    const changed = await carol.call<LoginRules>('PATCH', '/api/login-policy', { preset: 'strict' })
    expect(changed.body).toMatchObject({ preset: 'strict', secondFactor: 'everyone' })
  })

  describe('a login that a password alone began', () => {
    const half = async () => {
      await demand('everyone')
      const signedIn = async () => as(((await signInWithPassword(world, 'alice')).body as unknown as { token: string }).token)
      return { hers: await signedIn(), thiefs: await signedIn() }
    }

    test('is not made whole by the password once a factor is being added', async () => {
      const { hers, thiefs } = await half()
      const { secret } = (await hers.call<{ secret: string }>('POST', '/api/me/authenticator-app')).body
      const release = await hold(world, `lock table ${acme}.recovery_code in share mode`)
      const confirmed = hers.call<FactorAdded>('POST', '/api/me/authenticator-app/confirm', {
        code: TOTP.generate({ secret: Secret.fromBase32(secret) }),
      })
      await waiting(world, 1)
      const proving = thiefs.call('POST', '/api/session/prove', { password: PASSWORD })
      await waiting(world, 2)
      await release()
      expect(await isWhole(as((await confirmed).body.token!))).toBe(true)
      expect(codeOf(await proving)).toBe('auth.code_needed')
      await needsFactor(thiefs)
    })

    test('changes nothing about the factors that were added since, and is whole by a proof with one', async () => {
      const { hers, thiefs } = await half()
      const device = new Authenticator()
      const { token } = (await passkeyOf({ ...carol, call: hers.call }, device)).added
      const { passkeys } = (await as(token!).call<Factors>('GET', '/api/me/factors')).body
      const { options } = (await thiefs.call<Options>('POST', '/api/me/passkeys/begin')).body
      const own = { name: 'Mine', passkey: new Authenticator().create(options) }
      for (const answer of [
        await thiefs.call('POST', '/api/me/passkeys', own),
        await thiefs.call('POST', '/api/me/recovery-codes'),
        await thiefs.call('DELETE', `/api/me/passkeys/${passkeys[0]!.id}`),
      ])
        expect([answer.status, codeOf(answer)]).toEqual([401, 'auth.proof_needed'])
      await needsFactor(thiefs)
      const asked = (await thiefs.call<Options>('POST', '/api/session/prove/begin')).body.options
      const proven = await thiefs.call<{ token: string }>('POST', '/api/session/prove', { passkey: device.get(asked) })
      expect((await as(proven.body.token).call('POST', '/api/me/recovery-codes')).status).toBe(201)
    })
  })

  test('open pages are told: their streams end, and following anew says why', async () => {
    const alice = await world.signIn('alice')
    const { body } = await fetch(`${origin}/api/events`, { headers: { authorization: `Bearer ${alice.token}` } })
    await demand('everyone')
    expect(await new Response(body).text()).not.toContain('event: ended')
    expect(codeOf(await alice.call('GET', '/api/events'))).toBe('auth.factor_needed')
  }, 20_000)
})

test('a restricted login reaches the endpoints that lead out of it and no other', async () => {
  const models = await startModelServer({ key: 'k' })
  const own = await createWorld({ egressAllow: models.allow })
  const [alice, admin] = [await own.signIn('alice'), await own.signIn('carol')]
  const things = await makeThings({ ...own, alice, carol: admin, models, again: await own.signIn('alice') })
  await appOf(admin)
  expect((await demand('everyone', admin)).status).toBe(200)
  const login = (await signInWithPassword(own, 'alice')).body as unknown as { token: string; me: SignedIn['me'] }
  expect(login.me.session.restricted).toBe(true)
  const headers = { authorization: `Bearer ${login.token}` }
  const before = (await own.sql(`select count(*) from ${schemaName(alice.me.organisation.id)}.chat_message`)).rows
  const open: string[] = []
  for (const endpoint of ENDPOINTS.filter(({ access }) => access !== 'anyone')) {
    if (endpoint.id === 'auth.sign_out') continue
    const request = exampleOf(endpoint, things)
    const answer = await own.call(endpoint.method, urlOf(endpoint, request), { body: request.body, headers })
    if (codeOf(answer) === 'auth.factor_needed') expect([answer.status, endpoint.whileRestricted]).toEqual([403, false])
    else open.push(endpoint.id)
    if (codeOf(answer) !== 'auth.factor_needed') expect(answer.text).not.toMatch(/canary-(title|question|answer|draft|key|token|provider)/)
  }
  expect(open.sort()).toEqual(
    ENDPOINTS.filter(({ whileRestricted, id }) => whileRestricted && id !== 'auth.sign_out')
      .map(({ id }) => id)
      .sort(),
  )
  expect(open.sort()).toEqual([
    'auth.refresh',
    'authenticator_app.begin',
    'authenticator_app.confirm',
    'authenticator_app.remove',
    'factors.get',
    'me.get',
    'passkeys.add',
    'passkeys.begin',
    'passkeys.remove',
    'passkeys.rename',
    'recovery.own',
    'recovery.stop',
    'recovery_codes.make',
    'session.extend',
    'session.get',
    'session.prove',
    'session.prove_begin',
  ])
  expect((await own.sql(`select count(*) from ${schemaName(alice.me.organisation.id)}.chat_message`)).rows).toEqual(before)
  await own.close()
  await models.close()
}, 60_000)

describe('once it is set up', () => {
  test.each(['an app', 'a passkey'])('with %s, the login is whole, under a new token alone', async (what) => {
    await demand('everyone')
    const alice = await world.signIn('alice')
    await needsFactor(alice)
    let added: FactorAdded
    if (what === 'a passkey') added = (await passkeyOf(alice)).added
    else {
      const begun = await alice.call<{ secret: string }>('POST', '/api/me/authenticator-app')
      const { Secret, TOTP } = await import('otpauth')
      const code = TOTP.generate({ secret: Secret.fromBase32(begun.body.secret) })
      added = (await alice.call<FactorAdded>('POST', '/api/me/authenticator-app/confirm', { code })).body
    }
    expect([added.recoveryCodes?.length, typeof added.token]).toEqual([10, 'string'])
    expect((await alice.call('GET', '/api/me')).status).toBe(401)
    const whole = as(added.token!)
    expect(await isWhole(whole)).toBe(true)
    expect((await whole.call<SignedIn['me']>('GET', '/api/me')).body.session).toMatchObject({ id: alice.me.session.id, restricted: false })
  })

  test('another login that was restricted becomes whole by a proof with the factor, and not without', async () => {
    await demand('everyone')
    const [here, there] = [await world.signIn('alice'), await world.signIn('alice')]
    const hers = await appOf(here).catch(() => undefined)
    expect(hers).toBeDefined()
    await needsFactor(there)
    expect(codeOf(await there.call('POST', '/api/session/prove', { password: PASSWORD }))).toBe('auth.code_needed')
    await needsFactor(there)
    const proven = await there.call<{ token: string }>('POST', '/api/session/prove', { password: PASSWORD, code: hers!.code() })
    expect(proven.status).toBe(200)
    expect(await isWhole(as(proven.body.token))).toBe(true)
    expect((await there.call('GET', '/api/me')).status).toBe(401)
  })

  test('the last one is not removed while it is required', async () => {
    expect(codeOf(await carol.call('DELETE', '/api/me/authenticator-app'))).not.toBe('factor.required')
    app = await appOf(carol)
    await demand('admins')
    const refused = await carol.call('DELETE', '/api/me/authenticator-app')
    expect([refused.status, codeOf(refused)]).toEqual([409, 'factor.required'])
    const ticket = await ticketOf(world, 'carol')
    expect((await give(world, ticket, { code: app.code() })).status).toBe(200)
  })

  test('of two that are removed at once one stays', async () => {
    await demand('everyone')
    const { token } = (await passkeyOf(await world.signIn('alice'))).added
    const whole = as(token!)
    await passkeyOf({ ...carol, call: whole.call })
    const { passkeys } = (await whole.call<Factors>('GET', '/api/me/factors')).body
    const removed = await Promise.all(passkeys.map(({ id }) => whole.call('DELETE', `/api/me/passkeys/${id}`)))
    expect(removed.map(({ status }) => status).sort()).toEqual([204, 409])
    expect((await whole.call<Factors>('GET', '/api/me/factors')).body.passkeys).toHaveLength(1)
  })

  test('of twenty first ones at once each is added, and one of them comes with recovery codes', async () => {
    const bob = await world.signIn('bob')
    const added = await Promise.all(Array.from({ length: 20 }, () => passkeyOf(bob)))
    const withCodes = added.flatMap(({ added: { recoveryCodes } }) => (recoveryCodes ? [recoveryCodes] : []))
    expect(withCodes).toHaveLength(1)
    const more = await bob.call('POST', '/api/me/passkeys/begin')
    expect([more.status, codeOf(more)]).toEqual([409, 'factor.too_many'])
    const ticket = await ticketOf(world, 'bob')
    expect((await give(world, ticket, { recoveryCode: withCodes[0]![0] })).status).toBe(200)
  })

  test('all that somebody has can be taken away at once, and they set it up anew', async () => {
    await demand('everyone')
    const alice = await world.signIn('alice')
    const { token } = (await passkeyOf(alice)).added
    expect(await isWhole(as(token!))).toBe(true)
    const waiting = await ticketOf(world, 'alice')
    await new Doors(world.database).open(alice.me.organisation.id, (tx) => removeAllFactors(tx, alice.me.user.id))
    expect(codeOf(await give(world, waiting, { code: '123456' }))).toBe('auth.ticket_invalid')
    await needsFactor(await world.signIn('alice'))
  })
})
