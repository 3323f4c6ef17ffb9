/** What a thief, a stranger or somebody in a hurry tried against logins, and what comes of it. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Member } from '#contract/accounts.ts'
import type { SecurityEvent } from '#contract/security.ts'
import type { CurrentSession, Session } from '#contract/sessions.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { asRole, refusalOf } from '#tests/walls/attack.ts'

let world: World
let schema: string
beforeAll(async () => {
  world = await createWorld({ pool: { app: 8, worker: 2, auth: 8 } })
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(() => world.sql(`update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where revoked_at is null`))

/** Begins a write as somebody: `enter`, which answers once they are in, or refuses them. */
const write = (client: pg.Client, { token }: SignedIn) =>
  client.query(`begin isolation level read committed; select ${schema}.enter('\\x${tokenHash(token).toString('hex')}', true)`)

test('a login that writes without a pause is ended after the writes under way, and lets no more of them in before', async () => {
  const [person, thief] = [await world.signIn('alice'), await world.signIn('alice')]
  await asRole(world, 'app', (first) =>
    asRole(world, 'app', async (second) => {
      await write(first, thief)
      const ending = person.call('DELETE', `/api/me/sessions/${thief.me.session.id}`)
      await waiting(world, 1)
      const writing = refusalOf(write(second, thief)).finally(() => second.query('rollback'))
      await Promise.race([waiting(world, 2), writing])
      await first.query('commit')
      expect([await writing, (await ending).body]).toEqual(['SX401', { ended: 1 }])
    }),
  )
})

test('of API tokens that are made at once none goes past a person’s hundred', async () => {
  const person = await world.signIn('alice')
  const make = () => person.call('POST', '/api/me/tokens', { name: 'One more', abilities: ['read'], days: 1 })
  for (let i = 0; i < 99; i++) await make()
  const letGo = await hold(world, `lock table ${schema}.api_token in share row exclusive mode`)
  const making = Promise.all([make(), make()])
  await waiting(world, 2)
  await letGo()
  expect((await making).map(({ status }) => status).sort()).toEqual([201, 409])
})

test('somebody who is just signing in while the rules become stricter is bound by the new ones', async () => {
  const carol = await world.signIn('carol')
  const letGo = await hold(world, `lock table ${schema}.auth_token in share row exclusive mode`)
  const body = { email: 'alice@acme.test', password: PASSWORD, organisation: 'acme', remember: true, deliver: 'token' }
  const signingIn = world.call<{ token: string }>('POST', '/api/auth/sign-in', { body })
  await waiting(world, 1)
  const changing = carol.call('PATCH', '/api/login-policy', { preset: 'strict' })
  await Promise.race([waiting(world, 2), changing])
  await letGo()
  const [{ body: begun }] = [await signingIn, await changing]
  const session = await world.call<CurrentSession>('GET', '/api/session', { headers: { authorization: `Bearer ${begun.token}` } })
  const { now, endsAt } = session.body
  expect((Date.parse(endsAt) - Date.parse(now)) / 3_600_000).toBeLessThanOrEqual(24)
  await carol.call('PATCH', '/api/login-policy', { preset: 'everyday' })
})

test('a copy of a cookie that was replaced ends its login as a theft, also for a stranger who signs in with it', async () => {
  const alice = await world.signIn('alice')
  await world.sql(`update ${schema}.auth_token set retires_at = now() where hash = $1`, [tokenHash(alice.token)])
  const instance = await world.installation.keyring.instanceName()
  const headers = { cookie: `sardonyx-${instance}=${alice.token}`, 'sec-fetch-site': 'same-origin' }
  const body = { email: 'mallory@globex.test', password: PASSWORD, organisation: 'globex' }
  expect((await world.call('POST', '/api/auth/sign-in', { body, headers })).status).toBe(200)
  const again = await world.signIn('alice')
  const notices = await again.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events?about=notices')
  expect(notices.body.items).toMatchObject([{ kind: 'theft_suspected', by: 'system', sessionId: alice.me.session.id }])
})

test('an administrator who only counts somebody’s logins, or tries a number for them, has looked as well', async () => {
  const [carol, mallory] = [await world.signIn('carol'), await world.signIn('mallory')]
  for (const name of ['alice', 'bob'] as const) {
    const person = await world.signIn(name)
    const { id } = person.me.user
    if (name === 'alice') await carol.call('GET', `/api/sessions/count?userId=${id}&device=Firefox`)
    else await carol.call('POST', '/api/sessions/end', { filter: { userId: id }, expected: 99 })
    expect((await mallory.call('GET', `/api/sessions/count?userId=${id}`)).body).toEqual({ sessions: 0, people: 0 })
    const log = await person.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events')
    expect(log.body.items.filter(({ kind }) => kind === 'sessions_viewed')).toMatchObject([{ byUser: { id: carol.me.user.id } }])
  }
})

test.each([
  ['fe80::1ff:fe23:4567:890a%eth0', 'fe80::1ff:fe23:4567:890a'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:50123', '192.0.2.7'],
  ['[2001:db8::7]:50123', '2001:db8::7'],
  ['unknown', '::'],
])('somebody whose address is said to be %s signs in, and is seen at %s', async (remoteAddress, seen) => {
  const reply = await world.server.app.inject({
    method: 'POST',
    url: '/api/auth/sign-in',
    remoteAddress,
    payload: { email: 'alice@acme.test', password: PASSWORD, organisation: 'acme', deliver: 'token' },
  })
  expect(reply.statusCode).toBe(200)
  const headers = { authorization: `Bearer ${reply.json<{ token: string }>().token}` }
  const devices = await world.call<{ items: Session[] }>('GET', '/api/me/sessions', { headers })
  expect(devices.body.items.find(({ isThis }) => isThis)).toMatchObject({ signedInFrom: seen, seenFrom: seen })
})

test('proofs whose tokens nobody uses make the next one no dearer', async () => {
  const alice = await world.signIn('alice')
  for (let i = 0; i < 3; i++) expect((await alice.call('POST', '/api/session/prove', { password: PASSWORD })).status).toBe(200)
  const tokens = `from ${schema}.auth_token where session_id = $1 and successor is not null`
  expect((await world.sql(`select hash ${tokens}`, [alice.me.session.id])).rows).toEqual([{ hash: tokenHash(alice.token) }])
})

test('a time before the calendar begins is none to filter by', async () => {
  const carol = await world.signIn('carol')
  expect(codeOf(await carol.call('GET', '/api/sessions/count?signedInBefore=0000-01-01T00:00:00Z'))).toBe('request.invalid')
  expect((await carol.call('GET', '/api/sessions/count?signedInBefore=0001-01-01T00:00:00Z')).status).toBe(200)
})

test('somebody who joins while they are invited again has joined, and neither waits for the other in a circle', async () => {
  const carol = await world.signIn('carol')
  const invited = await carol.call<{ member: Member }>('POST', '/api/members', { name: 'Dave', email: 'dave@acme.test' })
  const letGo = await hold(world, `lock table ${schema}.credential in share row exclusive mode`)
  const body = { token: (await world.mail.last('dave@acme.test')).token, password: PASSWORD }
  const joining = world.call('POST', '/api/invitations/accept', { body })
  await waiting(world, 1)
  const inviting = carol.call('POST', `/api/members/${invited.body.member.id}/invitation`)
  await waiting(world, 2)
  await letGo()
  expect([(await joining).status, codeOf(await inviting)]).toEqual([200, 'member.joined'])
})

test('an end is not taken back, not even by the role that brings it', async () => {
  const alice = await world.signIn('alice')
  await alice.call('POST', '/api/auth/sign-out')
  const back = (set: string) =>
    asRole(
      world,
      'auth',
      async (client) => (await client.query(`update ${schema}.auth_session set ${set} where id = '${alice.me.session.id}'`)).rowCount,
    )
  expect(await back('revoked_at = null, revoked_reason = null')).toBe(0)
  expect(await back(`revoked_reason = 'idle'`)).toBe(0)
})

test('somebody of whom very many logins have run out signs in, and some of them are noted', async () => {
  const { me } = await world.signIn('bob')
  await world.sql(
    `with made as (insert into ${schema}.auth_session (id, user_id, idle_limit_s, expires_at)
       select gen_random_uuid(), $1, 60, now() from generate_series(1, 6000) returning id)
     insert into ${schema}.auth_session_seen (session_id, user_id) select id, $1 from made`,
    [me.user.id],
  )
  const again = await world.signIn('bob')
  const log = await again.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events?about=ends&limit=100')
  expect(log.body.items.map(({ reason }) => reason)).toEqual(Array.from({ length: 100 }, () => 'expired'))
})

test('a request without a host has no origin of its own, and changes nothing by a cookie', async () => {
  const alice = await world.signIn('alice')
  const address = await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  const cookie = `sardonyx-${await world.installation.keyring.instanceName()}=${alice.token}`
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.end(`POST /api/auth/sign-out HTTP/1.0\r\nOrigin: null\r\nCookie: ${cookie}\r\n\r\n`)
  expect(await text(socket)).toContain('request.cross_site')
  expect((await alice.call('GET', '/api/me')).status).toBe(200)
})
