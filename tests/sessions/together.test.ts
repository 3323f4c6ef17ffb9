/** Ends, proofs and changes at the same moment: each has its effect or is refused, none waits in a circle, and nothing slips through between them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLogin } from '#server/auth/login.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { hold, waiting, waitingSince } from '#tests/support/locks.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let schema: string
let aheadMs = 0
beforeAll(async () => {
  world = await createWorld({ pool: { app: 8, worker: 2, auth: 8 }, clock: { now: () => Date.now() + aheadMs } })
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(() => world.sql(`update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where revoked_at is null`))

const login = ({ me }: SignedIn) => `select from ${schema}.auth_session where id = '${me.session.id}' for update`
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort()

/**
 * Two deeds are held up at two rows, at the second for a shorter time; so each has locked what it comes to first before either goes on. Where
 * both come to the same first nobody moves, and it is not waited for long.
 */
async function inEachOthersWay(rows: readonly [string, string], deeds: readonly (() => Promise<Answer>)[]): Promise<number[]> {
  const [first, second] = [await hold(world, rows[0]), await hold(world, rows[1])]
  const answers = Promise.all(deeds.map((deed) => deed()))
  await waiting(world, 2)
  const since = new Date()
  await second()
  for (let tries = 0; tries < 20 && (await waitingSince(world, since)) === 0; tries++) await sleep(25)
  await first()
  return statuses(await answers)
}
const logins = ([one, other]: readonly SignedIn[]) => [login(one!), login(other!)] as const

test.each(['end-others', 'not-me'])('of two devices that end each other by %s at once one does, and the other is out', async (way) => {
  const both = [await world.signIn('alice'), await world.signIn('alice')]
  const deeds = both.map((one) => () => one.call('POST', `/api/me/sessions/${way}`))
  expect(await inEachOthersWay(logins(both), deeds)).toEqual([200, 401])
})

test('of two administrators who end all other logins at once one does, and the other is out', async () => {
  const both = [await world.signIn('carol'), await world.signIn('carol')]
  const { body } = await both[0]!.call<{ sessions: number }>('GET', '/api/sessions/count')
  const deeds = both.map((one) => () => one.call('POST', '/api/sessions/end', { filter: {}, expected: body.sessions }))
  expect(await inEachOthersWay(logins(both), deeds)).toEqual([200, 401])
})

test('an API token that another device is just making goes along when “this wasn’t me” is said', async () => {
  const [person, other] = [await world.signIn('alice'), await world.signIn('alice')]
  const letGo = await hold(world, `select from ${schema}."user" where id = '${person.me.user.id}' for update`)
  const making = other.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
  await waiting(world, 1)
  const ending = person.call('POST', '/api/me/sessions/not-me')
  await waiting(world, 2)
  await letGo()
  const [made, ended] = [await making, await ending]
  expect([made.status, ended.body]).toEqual([201, { ended: 2 }])
  const used = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${made.body.token}` } })
  expect(used.status).toBe(401)
})

test('somebody who is just signing in when they are suspended has no login left when they are reinstated', async () => {
  const { me } = await world.signIn('bob')
  const { ending } = await createLogin({ database: world.database, keyring: world.installation.keyring, log: world.log })
  const letGo = await hold(world, `lock table ${schema}.auth_token in exclusive mode`)
  const signingIn = world.call('POST', '/api/auth/sign-in', { body: { email: me.user.email, password: PASSWORD, organisation: 'acme' } })
  await waiting(world, 1)
  const of = { chosen: { userId: me.user.id }, end: { reason: 'suspended', by: { kind: 'operator' } } } as const
  const suspending = ending.endAs(me.organisation.id, of, async (tx) => {
    await tx.change(tx.db.updateTable('user').set({ status: 'suspended' }).where('id', '=', me.user.id))
  })
  await waiting(world, 2)
  await letGo()
  // Whether it is answered before the suspension is committed, or after, is up to them.
  expect([200, 401]).toContain((await signingIn).status)
  expect(await suspending).toBe(2)
  const { rows } = await world.sql(`select from ${schema}.auth_session where revoked_at is null`)
  expect(rows).toEqual([])
  await world.sql(`update ${schema}."user" set status = 'active'`)
})

test('changes of one’s preferences on two devices at once take turns', async () => {
  const both = [await world.signIn('alice'), await world.signIn('alice')]
  const letGo = await hold(world, `select from ${schema}."user" where id = '${both[0]!.me.user.id}' for share`)
  const changes = [{ theme: 'dark' }, { model: 'librarian' }]
  const answers = Promise.all(both.map((one, i) => one.call('PATCH', '/api/me/preferences', changes[i])))
  await waiting(world, 2)
  await letGo()
  expect(statuses(await answers)).toEqual([200, 200])
  const { body } = await both[0]!.call('GET', '/api/me')
  expect(body).toMatchObject({ user: { preferences: { theme: 'dark', model: 'librarian' } } })
})

describe('a token and its successor', () => {
  /** A login with an old token, and the successor of it, which nobody has used. */
  async function replaced() {
    aheadMs = 0
    const { token, me } = await world.signIn('bob')
    aheadMs = 16 * 60_000
    const as = (bearer: string) => (method: string, path: string, body?: object) =>
      world.call<{ token: string }>(method, path, { body, headers: { authorization: `Bearer ${bearer}` } })
    return { token, me, as, refresh: async () => (await as(token)('POST', '/api/auth/refresh')).body.token }
  }
  const row = (token: string) => `select from ${schema}.auth_token where hash = '\\x${tokenHash(token).toString('hex')}' for update`
  const proof = { password: PASSWORD }

  test('of which one is proven while the other is first used', async () => {
    const { token, as, refresh } = await replaced()
    const successor = await refresh()
    const prove = () => as(token)('POST', '/api/session/prove', proof)
    const use = () => as(successor)('GET', '/api/me')
    expect(await inEachOthersWay([row(successor), row(token)], [prove, use])).toEqual([200, 200])
  })

  test('that are both proven at once', async () => {
    const { token, as, refresh } = await replaced()
    const both = [token, await refresh()] as const
    const prove = both.map((one) => () => as(one)('POST', '/api/session/prove', proof))
    expect(await inEachOthersWay([row(both[1]), row(both[0])], prove)).toEqual([200, 200])
  })

  test('of a login that ends while it is asked for is refused as every token of it', async () => {
    const { token, me, as } = await replaced()
    const letGo = await hold(world, `select from ${schema}.auth_session_seen where session_id = '${me.session.id}' for update`)
    const refreshing = as(token)('POST', '/api/auth/refresh')
    await waiting(world, 1)
    expect((await as(token)('POST', '/api/auth/sign-out')).status).toBe(204)
    await letGo()
    expect(codeOf(await refreshing)).toBe('auth.required')
  })

  test('that was given while a proof had already begun does not outlive what was proven', async () => {
    const { token, me, as, refresh } = await replaced()
    const letGo = await hold(world, `select from ${schema}."user" where id = '${me.user.id}' for update`)
    const proving = as(token)('POST', '/api/session/prove', proof)
    await waiting(world, 1)
    const successor = await refresh()
    await letGo()
    const { token: proven } = (await proving).body
    const use = async (one: string) => (await as(one)('GET', '/api/me')).status
    expect([await use(proven), await use(successor)]).toEqual([200, 200])
    await world.sql(`update ${schema}.auth_token set retires_at = now() where retires_at is not null`)
    expect(await use(proven)).toBe(200)
  })
})
