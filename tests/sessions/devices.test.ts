/** A person's devices and their security log: seen by that person alone, ended at once, and each end says why. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SecurityEvent } from '#contract/security.ts'
import type { Session } from '#contract/sessions.ts'
import { deviceName } from '#server/auth/device.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
beforeAll(async () => {
  world = await createWorld()
  bob = await world.signIn('bob')
})
afterAll(() => world.close())
beforeEach(async () => {
  const { id } = (await world.signIn('alice')).me.user
  await world.sql(
    `update ${await schemaOf(world, 'acme')}.auth_session set revoked_at = now(), revoked_reason = 'operator'
    where user_id = $1 and revoked_at is null`,
    [id],
  )
  alice = await world.signIn('alice')
})

const devices = async (person: SignedIn) => (await person.call<{ items: Session[] }>('GET', '/api/me/sessions')).body.items
const isIn = async (person: SignedIn) => (await person.call('GET', '/api/me')).status === 200
const whyEnded = async ({ token }: SignedIn) =>
  (await world.call<{ reason: string }>('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${token}` } })).body.reason
const log = async (person: SignedIn, query = '') =>
  (await person.call<{ items: SecurityEvent[] }>('GET', `/api/me/security-events${query}`)).body.items

describe('the list of devices', () => {
  test('holds one’s own logins, the latest first, and says which is this', async () => {
    const phone = await world.signIn('alice')
    const seen = await devices(alice)
    expect(seen.map(({ id, isThis }) => [id, isThis])).toEqual([
      [phone.me.session.id, false],
      [alice.me.session.id, true],
    ])
    expect(seen[0]).toMatchObject({ device: 'Unknown device', methods: ['password'], remembered: false, signedInFrom: '127.0.0.1' })
    expect((await devices(bob)).map(({ id }) => id)).toEqual([bob.me.session.id])
  })

  test('shows an administrator their own only, though the database would show them all', async () => {
    const carol = await world.signIn('carol')
    expect((await devices(carol)).map(({ id }) => id)).toEqual([carol.me.session.id])
  })

  test('comes in pages, whose markers are good for their owner alone', async () => {
    for (let i = 0; i < 3; i++) await world.signIn('alice')
    const first = await alice.call<{ items: Session[]; next: string }>('GET', '/api/me/sessions?limit=2')
    const second = await alice.call<{ items: Session[]; next: null }>('GET', `/api/me/sessions?limit=2&cursor=${first.body.next}`)
    expect([...first.body.items, ...second.body.items]).toHaveLength(4)
    expect(second.body.next).toBeNull()
    expect(codeOf(await bob.call('GET', `/api/me/sessions?cursor=${first.body.next}`))).toBe('cursor.invalid')
  })

  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
      'Safari on Mac',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['curl/8.5.0', 'curl'],
    ['', 'Unknown device'],
    [null, 'Unknown device'],
  ])('%s is called %s', (userAgent, name) => {
    expect(deviceName(userAgent)).toBe(name)
  })

  test('does not look through a header to its end for a name, which could take long', () => {
    expect(deviceName(`${'Version/'.repeat(2_000)} Safari/`)).toBe('Unknown device')
  })
})

describe('an end', () => {
  test('of one device is of that one, at once, and says so there', async () => {
    const phone = await world.signIn('alice')
    expect((await alice.call('DELETE', `/api/me/sessions/${phone.me.session.id}`)).body).toEqual({ ended: 1 })
    expect([await isIn(phone), await isIn(alice)]).toEqual([false, true])
    expect(await whyEnded(phone)).toBe('signed_out_elsewhere')
    expect(codeOf(await alice.call('DELETE', `/api/me/sessions/${phone.me.session.id}`))).toBe('session.not_found')
    expect((await log(alice, '?about=ends'))[0]).toMatchObject({
      kind: 'session_ended',
      by: 'self',
      reason: 'signed_out_elsewhere',
      sessionId: phone.me.session.id,
    })
  })

  test('of all others leaves this one, and API tokens', async () => {
    const others = [await world.signIn('alice'), await world.signIn('alice')]
    const made = await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
    expect((await alice.call('POST', '/api/me/sessions/end-others')).body).toEqual({ ended: 2 })
    expect(await Promise.all([...others, alice, bob].map(isIn))).toEqual([false, false, true, true])
    const byToken = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${made.body.token}` } })
    expect(byToken.status).toBe(200)
  })

  test('because “this wasn’t me” takes API tokens along', async () => {
    const other = await world.signIn('alice')
    const made = await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
    expect((await alice.call<{ ended: number }>('POST', '/api/me/sessions/not-me')).body.ended).toBeGreaterThanOrEqual(2)
    expect([await isIn(other), await isIn(alice), await whyEnded(other)]).toEqual([false, true, 'not_me'])
    const byToken = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${made.body.token}` } })
    expect(codeOf(byToken)).toBe('auth.required')
    expect((await log(alice)).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['not_me', 'session_ended', 'token_revoked']))
  })

  test('of an ended login says why in each case, and nothing to whoever has no token of it', async () => {
    const schema = await schemaOf(world, 'acme')
    const of = async (column: string, value: string, table = 'auth_session') => {
      const person = await world.signIn('alice')
      await world.sql(`update ${schema}.${table} set ${column} = ${value} where ${table === 'auth_session' ? 'id' : 'session_id'} = $1`, [
        person.me.session.id,
      ])
      return whyEnded(person)
    }
    expect(await of('expires_at', `now() - interval '1 s'`)).toBe('expired')
    expect(await of('seen_at', `now() - interval '25 hours'`, 'auth_session_seen')).toBe('idle')
    expect(await whyEnded({ ...alice, token: `${alice.token}x` })).toBe('unknown')
    expect(await whyEnded({ ...alice, token: 'no token' })).toBe('unknown')
    expect((await world.call('POST', '/api/auth/why-ended')).body).toEqual({ reason: 'unknown', at: null })
    expect(await whyEnded(alice)).toBeNull()
    const gone = await world.signIn('alice')
    await gone.call('POST', '/api/auth/sign-out')
    expect(await whyEnded(gone)).toBe('signed_out')
  })
})

test('a login that idled out long before its last day says so, and since when', async () => {
  const schema = await schemaOf(world, 'acme')
  const person = await world.signIn('alice')
  await world.sql(`update ${schema}.auth_session set expires_at = now() - interval '1 day' where id = $1`, [person.me.session.id])
  await world.sql(`update ${schema}.auth_session_seen set seen_at = '2026-01-01T00:00:00Z' where session_id = $1`, [person.me.session.id])
  const why = await world.call('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${person.token}` } })
  expect(why.body).toEqual({ reason: 'idle', at: '2026-01-02T00:00:00.000Z' })
})

test('what ran out is in the log when its person is back, with its own time and reason', async () => {
  const schema = await schemaOf(world, 'acme')
  const gone = [await world.signIn('alice'), await world.signIn('alice')]
  await world.sql(`update ${schema}.auth_session_seen set seen_at = now() - interval '30 hours' where session_id = $1`, [
    gone[0]!.me.session.id,
  ])
  await world.sql(`update ${schema}.auth_session set expires_at = now() - interval '2 hours' where id = $1`, [gone[1]!.me.session.id])
  const back = await world.signIn('alice')
  const ends = (await log(back, '?about=ends')).filter(({ sessionId }) => gone.some(({ me }) => me.session.id === sessionId))
  expect(ends.map(({ kind, by, reason }) => [kind, by, reason]).sort()).toEqual([
    ['session_ended', 'system', 'expired'],
    ['session_ended', 'system', 'idle'],
  ])
  const hoursAgo = Object.fromEntries(ends.map(({ reason, time }) => [reason, Math.round((Date.now() - Date.parse(time)) / 3_600_000)]))
  expect(hoursAgo).toEqual({ idle: 6, expired: 2 })
  expect(await Promise.all(gone.map(whyEnded))).toEqual(['idle', 'expired'])
  const again = (await log(await world.signIn('alice'), '?about=ends')).filter(({ sessionId }) =>
    gone.some(({ me }) => me.session.id === sessionId),
  )
  expect(again).toHaveLength(2)
})

describe('how long it lasts', () => {
  test('is said without counting as activity, and extended by saying that one is there', async () => {
    const schema = await schemaOf(world, 'acme')
    await world.sql(`update ${schema}.auth_session_seen set seen_at = now() - interval '23 hours 59 minutes' where session_id = $1`, [
      alice.me.session.id,
    ])
    const left = async (method: string, path: string) => {
      const { body } = await alice.call<{ now: string; idleEndsAt: string }>(method, path)
      return Math.round((Date.parse(body.idleEndsAt) - Date.parse(body.now)) / 60_000)
    }
    expect([await left('GET', '/api/session'), await left('GET', '/api/session')]).toEqual([1, 1])
    expect(await left('POST', '/api/session/extend')).toBe(24 * 60)
  })

  test('is longer when it was asked for, and its cookie outlives the browser', async () => {
    const body = { email: 'alice@acme.test', password: 'correct horse battery staple', organisation: 'acme', remember: true }
    const answer = await world.call<{ me: { session: { expiresAt: string; remembered: boolean } } }>('POST', '/api/auth/sign-in', { body })
    expect(answer.body.me.session.remembered).toBe(true)
    expect((Date.parse(answer.body.me.session.expiresAt) - Date.now()) / 86_400_000).toBeCloseTo(90, 1)
    expect(String(answer.headers['set-cookie'])).toMatch(/; Expires=/)
  })

  test('signing in again in the same browser ends the login that it had', async () => {
    const body = { email: 'alice@acme.test', password: 'correct horse battery staple', organisation: 'acme' }
    const first = await world.call('POST', '/api/auth/sign-in', { body })
    const [cookie = ''] = String(first.headers['set-cookie']).split(';')
    const second = await world.call('POST', '/api/auth/sign-in', { body, headers: { cookie, 'sec-fetch-site': 'same-origin' } })
    const [anew = ''] = String(second.headers['set-cookie']).split(';')
    expect((await world.call('GET', '/api/me', { headers: { cookie: anew } })).status).toBe(200)
    expect((await world.call('GET', '/api/me', { headers: { cookie } })).status).toBe(401)
    expect(await whyEnded({ ...alice, token: cookie.split('=')[1] ?? '' })).toBe('replaced')
  })
})

test('the security log tells each person what is theirs, and an administrator’s look at their logins once an hour', async () => {
  const carol = await world.signIn('carol')
  for (let i = 0; i < 2; i++) expect((await carol.call('GET', '/api/sessions?limit=100')).status).toBe(200)
  const looks = (await log(alice)).filter(({ kind }) => kind === 'sessions_viewed')
  expect(looks).toHaveLength(1)
  expect(looks[0]).toMatchObject({ by: 'administrator', byUser: { name: 'Carol Lindqvist' } })
  expect((await log(carol)).filter(({ kind }) => kind === 'sessions_viewed')).toEqual([])
  const ids = new Set((await log(alice, '?limit=100')).map(({ id }) => id))
  expect((await log(bob, '?limit=100')).filter(({ id }) => ids.has(id))).toEqual([])
})

describe('an administrator is in the log of whom they look at', () => {
  let carol: SignedIn
  let schema: string
  const looks = async (person: SignedIn) => (await log(person, '?limit=100')).filter(({ kind }) => kind === 'sessions_viewed').length
  beforeEach(async () => {
    carol = await world.signIn('carol')
    schema = await schemaOf(world, 'acme')
    await world.sql(`delete from ${schema}.security_event where kind = 'sessions_viewed'`)
  })

  test('on a person’s page', async () => {
    for (let i = 0; i < 2; i++) expect((await carol.call('GET', `/api/members/${alice.me.user.id}`)).status).toBe(200)
    expect([await looks(alice), await looks(bob)]).toEqual([1, 0])
  })

  test('by counting what is of one person alone, whatever the filter, and by trying to end it', async () => {
    await world.sql(`update ${schema}.auth_session set device = 'Lynx' where id = $1`, [alice.me.session.id])
    const count = async (query: string) => (await carol.call<{ people: number }>('GET', `/api/sessions/count${query}`)).body
    expect((await count('')).people).toBeGreaterThan(1)
    expect([await looks(alice), await looks(bob)]).toEqual([0, 0])
    expect(await count('?device=Lynx')).toEqual({ sessions: 1, people: 1 })
    expect([await looks(alice), await looks(bob)]).toEqual([1, 0])
    await world.sql(`delete from ${schema}.security_event where kind = 'sessions_viewed'`)
    const ended = await carol.call('POST', '/api/sessions/end', { filter: { device: 'Lynx' }, expected: 7 })
    expect(codeOf(ended)).toBe('session.count_changed')
    expect([await looks(alice), await looks(bob)]).toEqual([1, 0])
  })
})
