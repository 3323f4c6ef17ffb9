/** Signing in with a second factor: codes, recovery codes and passkeys are each good once, for the sign-in and the person they are of. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { type App, appOf, give, type Options, passkeyOf, signInWithPassword, ticketOf } from '#tests/support/factors.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let acme: string
let nowMs = Date.now()

beforeAll(async () => {
  world = await createWorld({ clock: { now: () => nowMs } })
  acme = schemaName((await world.signIn('alice')).me.organisation.id)
})
afterAll(() => world.close())

const idOf = (person: Person) => `(select id from ${acme}."user" where email = '${PEOPLE[person].email}')`
const forget = async () => {
  for (const table of ['passkey', 'authenticator_app', 'recovery_code', 'sign_in_ticket', 'challenge', 'security_event'])
    await world.sql(`delete from ${acme}.${table}`)
  await world.sql(`update ${acme}.credential set failures = 0, factor_failures = 0, closed_at = null`)
  await world.sql('delete from control.attempt')
}
const kinds = async (person: Person) =>
  (
    await world.sql<{ kind: string; notice: boolean }>(
      `select kind, notice from ${acme}.security_event where user_id = ${idOf(person)} order by id`,
    )
  ).rows

describe('a code of an authenticator app', () => {
  let app: App
  beforeEach(async () => {
    await forget()
    nowMs = Date.now()
    app = await appOf(await world.signIn('alice'), () => nowMs)
  })

  test('is asked for after the password, and finishes the sign-in', async () => {
    const { body } = await signInWithPassword(world, 'alice')
    expect(body).toMatchObject({ state: 'second_factor', factors: { code: true, passkey: false, recoveryCode: true } })
    expect(body).not.toHaveProperty('token')
    const done = await give<{ token: string }>(world, body.ticket, { code: app.code() })
    expect([done.status, (done.body as { state?: string }).state]).toEqual([200, 'signed_in'])
    const me = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${done.body.token}` } })
    expect(me.status).toBe(200)
    const { rows } = await world.sql<{ methods: string[] }>(`select methods from ${acme}.auth_session order by id desc limit 1`)
    expect(rows[0]!.methods).toEqual(['password', 'totp'])
  })

  test('is good with a space in its middle, one step early and one step late, and not two', async () => {
    const spaced = app.code().replace(/^(...)/, '$1 ')
    expect((await give(world, await ticketOf(world, 'alice'), { code: spaced })).status).toBe(200)
    expect((await give(world, await ticketOf(world, 'alice'), { code: app.code(1) })).status).toBe(200)
    const late = app.code(1)
    nowMs += 90_000
    expect(codeOf(await give(world, await ticketOf(world, 'alice'), { code: late }))).toBe('auth.wrong_code')
    expect(codeOf(await give(world, await ticketOf(world, 'alice'), { code: app.code(2) }))).toBe('auth.wrong_code')
    expect((await give(world, await ticketOf(world, 'alice'), { code: app.code(-1) })).status).toBe(200)
  })

  test('is good once, and so is every one before it', async () => {
    const code = app.code()
    expect((await give(world, await ticketOf(world, 'alice'), { code })).status).toBe(200)
    const ticket = await ticketOf(world, 'alice')
    expect(codeOf(await give(world, ticket, { code }))).toBe('auth.wrong_code')
    expect(codeOf(await give(world, ticket, { code: app.code(-1) }))).toBe('auth.wrong_code')
    expect((await give(world, ticket, { code: app.code(1) })).status).toBe(200)
  })

  test('is good once of twenty at a time, with one ticket or with twenty', async () => {
    const ticket = await ticketOf(world, 'alice')
    const same = await Promise.all(Array.from({ length: 20 }, () => give(world, ticket, { code: app.code() })))
    expect(same.filter(({ status }) => status === 200)).toHaveLength(1)
    nowMs += 60_000
    const tickets = await Promise.all(Array.from({ length: 20 }, () => ticketOf(world, 'alice')))
    const each = await Promise.all(tickets.map((one) => give(world, one, { code: app.code() })))
    expect(each.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('of Bob does not finish a sign-in of Alice, nor hers one of his', async () => {
    const bobs = await appOf(await world.signIn('bob'), () => nowMs)
    expect(codeOf(await give(world, await ticketOf(world, 'alice'), { code: bobs.code() }))).toBe('auth.wrong_code')
    expect(codeOf(await give(world, await ticketOf(world, 'bob'), { recoveryCode: app.recoveryCodes[0] }))).toBe('auth.wrong_recovery_code')
    expect((await give(world, await ticketOf(world, 'alice'), { code: app.code() })).status).toBe(200)
    expect((await give(world, await ticketOf(world, 'bob'), { code: bobs.code() })).status).toBe(200)
  })

  test('is kept by the database in no readable form, and neither is a recovery code', async () => {
    const { rows } = await world.sql<{ all: string }>(
      `select (select string_agg(t::text, ' ') from ${acme}.authenticator_app t) || (select string_agg(t::text, ' ') from ${acme}.recovery_code t) as all`,
    )
    for (const secret of [app.secret, ...app.recoveryCodes, ...app.recoveryCodes.map((code) => code.replaceAll('-', ''))]) {
      expect(rows[0]!.all).not.toContain(secret)
      expect(rows[0]!.all).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })
})

describe('a recovery code', () => {
  let app: App
  beforeEach(async () => {
    await forget()
    nowMs = Date.now()
    app = await appOf(await world.signIn('alice'), () => nowMs)
  })

  test('comes ten at a time, all different, and is good once, however it is typed', async () => {
    expect(new Set(app.recoveryCodes).size).toBe(10)
    for (const code of app.recoveryCodes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/)
    const typed = app.recoveryCodes[3]!.toLowerCase().replaceAll('-', ' ')
    expect((await give(world, await ticketOf(world, 'alice'), { recoveryCode: typed })).status).toBe(200)
    expect(codeOf(await give(world, await ticketOf(world, 'alice'), { recoveryCode: typed }))).toBe('auth.wrong_recovery_code')
    expect(await kinds('alice')).toContainEqual({ kind: 'recovery_code_used', notice: true })
  })

  test('is good once of twenty at a time', async () => {
    const tickets = await Promise.all(Array.from({ length: 20 }, () => ticketOf(world, 'alice')))
    const all = await Promise.all(tickets.map((ticket) => give(world, ticket, { recoveryCode: app.recoveryCodes[0] })))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('is good no more once new ones were made; how many are left is said', async () => {
    const ticket = await ticketOf(world, 'alice')
    const { token } = (await give<{ token: string }>(world, ticket, { recoveryCode: app.recoveryCodes[0] })).body
    const headers = { authorization: `Bearer ${token}` }
    const left = async () => (await world.call<{ recoveryCodesLeft: number }>('GET', '/api/me/factors', { headers })).body.recoveryCodesLeft
    expect(await left()).toBe(9)
    const made = await world.call<{ recoveryCodes: string[] }>('POST', '/api/me/recovery-codes', { headers })
    expect([made.status, made.body.recoveryCodes.length, await left()]).toEqual([201, 10, 10])
    expect(codeOf(await give(world, await ticketOf(world, 'alice'), { recoveryCode: app.recoveryCodes[1] }))).toBe(
      'auth.wrong_recovery_code',
    )
    expect((await give(world, await ticketOf(world, 'alice'), { recoveryCode: made.body.recoveryCodes[1] })).status).toBe(200)
  })
})

describe('a ticket', () => {
  let app: App
  beforeEach(async () => {
    await forget()
    nowMs = Date.now()
    app = await appOf(await world.signIn('alice'), () => nowMs)
  })
  const refused = async (ticket: string) => expect(codeOf(await give(world, ticket, { code: app.code() }))).toBe('auth.ticket_invalid')

  test('is good once, and for ten minutes', async () => {
    const ticket = await ticketOf(world, 'alice')
    expect((await give(world, ticket, { code: app.code() })).status).toBe(200)
    expect(codeOf(await give(world, ticket, { code: app.code(1) }))).toBe('auth.ticket_invalid')
    const late = await ticketOf(world, 'alice')
    await world.sql(`update ${acme}.sign_in_ticket set expires_at = expires_at - interval '10 minutes'`)
    expect(codeOf(await give(world, late, { code: app.code(1) }))).toBe('auth.ticket_invalid')
    expect((await give(world, await ticketOf(world, 'alice'), { code: app.code(1) })).status).toBe(200)
  })

  test('is over after ten wrong codes, also with the right one, and its person is told', async () => {
    const ticket = await ticketOf(world, 'alice')
    for (let i = 0; i < 10; i++) expect(codeOf(await give(world, ticket, { code: '000000' }))).toBe('auth.wrong_code')
    await refused(ticket)
    expect(await kinds('alice')).toContainEqual({ kind: 'second_factor_failed', notice: true })
    expect((await give(world, await ticketOf(world, 'alice'), { code: app.code() })).status).toBe(200)
  })

  test('is nothing once the password has changed, or its person is suspended', async () => {
    const before = await ticketOf(world, 'alice')
    await world.sql(`update ${acme}.credential set time_changed = now() where user_id = ${idOf('alice')}`)
    await refused(before)
    const suspended = await ticketOf(world, 'alice')
    await world.sql(`update ${acme}."user" set status = 'suspended' where id = ${idOf('alice')}`)
    await refused(suspended)
    await world.sql(`update ${acme}."user" set status = 'active' where id = ${idOf('alice')}`)
    expect((await give(world, await ticketOf(world, 'alice'), { code: app.code() })).status).toBe(200)
  })

  test('opens nothing by itself, in another organisation, or as a token', async () => {
    const ticket = await ticketOf(world, 'alice')
    const mallory = await world.signIn('mallory')
    await refused(ticket.replace(/^[^.]+/, mallory.me.organisation.id))
    await refused('nothing')
    expect((await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${ticket}` } })).status).toBe(401)
    expect((await give(world, ticket, { code: app.code() })).status).toBe(200)
  })
})

describe('wrong second factors after the right password', () => {
  let app: App
  let alice: SignedIn
  beforeEach(async () => {
    await forget()
    nowMs = Date.now()
    alice = await world.signIn('alice')
    app = await appOf(alice, () => nowMs)
  })
  const email = PEOPLE.alice.email
  const wrong = (ticket: string) => give(world, ticket, { code: '000000' })
  const password = (given: string) =>
    world.call('POST', '/api/auth/sign-in', { body: { email, password: given, organisation: 'acme', deliver: 'token' } })
  const counted = async () =>
    (
      await world.sql<{ failures: number; factor_failures: number; is_closed: boolean }>(
        `select failures, factor_failures, closed_at is not null as is_closed from ${acme}.credential where user_id = ${idOf('alice')}`,
      )
    ).rows[0]
  const lettersOn = async (subject: string) => (await world.mail.to(email)).filter((letter) => letter.subject.startsWith(subject)).length

  test('count with wrong passwords, and are forgotten by a sign-in that is complete, not by the password alone', async () => {
    await password('not the password at all')
    await wrong(await ticketOf(world, 'alice'))
    const ticket = await ticketOf(world, 'alice')
    await wrong(ticket)
    expect(await counted()).toEqual({ failures: 3, factor_failures: 2, is_closed: false })
    expect((await give(world, ticket, { code: app.code() })).status).toBe(200)
    expect(await counted()).toEqual({ failures: 0, factor_failures: 0, is_closed: false })
  })

  test('count when one proves again who one is, and a proof that is complete forgets them', async () => {
    const prove = (code: string) => alice.call('POST', '/api/session/prove', { password: PASSWORD, code })
    expect(codeOf(await prove('000000'))).toBe('auth.wrong_code')
    expect(codeOf(await prove('000000'))).toBe('auth.wrong_code')
    expect(await counted()).toEqual({ failures: 2, factor_failures: 2, is_closed: false })
    expect((await prove(app.code())).status).toBe(200)
    expect(await counted()).toEqual({ failures: 0, factor_failures: 0, is_closed: false })
  })

  test('bring one letter and one notice at the tenth in a row, over however many tickets', async () => {
    const subject = 'Somebody seems to know'
    const before = await lettersOn(subject)
    for (let i = 0; i < 3; i++) {
      const ticket = await ticketOf(world, 'alice')
      for (let j = 0; j < 3; j++) await wrong(ticket)
    }
    expect([(await kinds('alice')).some(({ kind }) => kind === 'second_factor_failed'), await lettersOn(subject)]).toEqual([false, before])
    for (let i = 0; i < 12; i++) await wrong(await ticketOf(world, 'alice'))
    await expect.poll(() => lettersOn(subject)).toBe(before + 1)
    expect((await kinds('alice')).filter(({ kind }) => kind === 'second_factor_failed')).toHaveLength(1)
    expect(await counted()).toEqual({ failures: 21, factor_failures: 21, is_closed: false })
  })

  test('close the password at the hundredth, with the sign-ins that were begun by it; a reset opens it', async () => {
    const [one, other] = [await ticketOf(world, 'alice'), await ticketOf(world, 'alice')]
    await world.sql(`update ${acme}.credential set failures = 99, factor_failures = 99 where user_id = ${idOf('alice')}`)
    expect(codeOf(await wrong(one))).toBe('auth.wrong_code')
    expect(await counted()).toMatchObject({ failures: 100, is_closed: true })
    expect(codeOf(await give(world, other, { code: app.code() }))).toBe('auth.ticket_invalid')
    expect((await password(PASSWORD)).status).toBe(401)
    expect(await kinds('alice')).toContainEqual({ kind: 'password_closed', notice: true })
    await expect.poll(() => lettersOn('Somebody is guessing')).toBe(1)
    const { token } = await world.mail.last(email)
    const body = { token, password: 'another horse battery staple', deliver: 'token' }
    const reset = await world.call<{ ticket: string }>('POST', '/api/auth/reset/finish', { body })
    // Whoever reads her mail is not given another hundred by it.
    expect(await counted()).toEqual({ failures: 100, factor_failures: 100, is_closed: false })
    expect((await give(world, reset.body.ticket, { code: app.code() })).status).toBe(200)
    expect(await counted()).toEqual({ failures: 0, factor_failures: 0, is_closed: false })
    const hash = `(select password_hash from ${acme}.credential where user_id = ${idOf('bob')})`
    await world.sql(`update ${acme}.credential set password_hash = ${hash} where user_id = ${idOf('alice')}`)
  })
})

test('wrong codes count for the account, whatever the ticket', async () => {
  await forget()
  const counted = await createWorld({ failuresAllowed: { perAccount: 3, perAddress: 100 } })
  const app = await appOf(await counted.signIn('alice'))
  for (let i = 0; i < 3; i++)
    expect(codeOf(await give(counted, await ticketOf(counted, 'alice'), { code: '000000' }))).toBe('auth.wrong_code')
  const more = await give(counted, await ticketOf(counted, 'alice'), { code: app.code() })
  expect(codeOf(more)).toBe('auth.too_many_attempts')
  await counted.close()
})

test('a reset of the password asks for the second factor all the same, and ends the sign-ins under way', async () => {
  await forget()
  nowMs = Date.now()
  const app = await appOf(await world.signIn('alice'), () => nowMs)
  const before = await ticketOf(world, 'alice')
  await world.call('POST', '/api/auth/reset', { body: { email: PEOPLE.alice.email, organisation: 'acme' } })
  await expect.poll(async () => (await world.mail.to(PEOPLE.alice.email)).at(-1)?.token).toBeTruthy()
  const { token } = await world.mail.last(PEOPLE.alice.email)
  const body = { token, password: 'correct horse battery staple', deliver: 'token' }
  const reset = await world.call<{ state: string; ticket: string }>('POST', '/api/auth/reset/finish', { body })
  expect([reset.status, reset.body.state]).toEqual([200, 'second_factor'])
  expect(codeOf(await give(world, before, { code: app.code() }))).toBe('auth.ticket_invalid')
  expect((await give(world, reset.body.ticket, { code: app.code() })).status).toBe(200)
})

describe('a proof', () => {
  let alice: SignedIn
  let app: App
  beforeEach(async () => {
    await forget()
    nowMs = Date.now()
    alice = await world.signIn('alice')
    app = await appOf(alice, () => nowMs)
  })
  const prove = (body: object) => alice.call('POST', '/api/session/prove', body)
  const password = 'correct horse battery staple'

  test('takes the password and a code, or a recovery code, or a passkey alone; the password alone is not enough', async () => {
    expect(codeOf(await prove({ password }))).toBe('auth.code_needed')
    expect(codeOf(await prove({ password: 'wrong', code: app.code() }))).toBe('auth.wrong_password')
    expect(codeOf(await prove({ password, code: '000000' }))).toBe('auth.wrong_code')
    expect((await prove({ password, code: app.code() })).status).toBe(200)
    expect((await prove({ password, recoveryCode: app.recoveryCodes[0] })).status).toBe(200)
    const { device } = await passkeyOf(alice)
    const { options } = (await alice.call<Options>('POST', '/api/session/prove/begin')).body
    expect((await prove({ passkey: device.get(options) })).status).toBe(200)
  })

  test('is still the password alone for who has nothing else', async () => {
    const bob = await world.signIn('bob')
    expect((await bob.call('POST', '/api/session/prove', { password })).status).toBe(200)
    expect(codeOf(await bob.call('POST', '/api/session/prove', { password, code: app.code() }))).toBe('auth.wrong_code')
  })
})
