/**
 * Whom people see, where the organisation says “only those with whom they share something”: decided by row security, so also with the
 * application filter down, and in every list, search, cursor and text.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Member } from '#contract/accounts.ts'
import type { SecurityEvent } from '#contract/security.ts'
import { enterStatement } from '#server/isolation/unit-of-work.ts'
import { PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf } from '#tests/walls/attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('#tests/walls/no-filter.ts'))

let world: World
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
})
afterAll(() => world.close())
beforeEach(async () => {
  await show('shared')
})

const show = async (shows: string) => expect((await carol.call('PATCH', '/api/directory', { shows })).status).toBe(200)
const seen = async (who: SignedIn, query = '') =>
  (await who.call<{ items: Member[] }>('GET', `/api/members?limit=100${query}`)).body.items.map(({ name }) => name)
/** What the database shows behind somebody's `enter`, to a statement with no filter at all. */
const rowsOf = async (who: SignedIn) => {
  const { tenantId, tokenHash } = actorOf(who)
  const enter = enterStatement(tenantId, tokenHash, false)
  const outcomes = await world.database.fly('app', [enter, { text: `select name from ${schema}."user" order by name`, values: [] }])
  return outcomes[1]!.rows.map(({ name }) => name)
}
const { alice: A, bob: B, carol: C } = PEOPLE

test('an ordinary person sees themself and the administrators; these see all', async () => {
  expect([await seen(alice), await seen(bob), await seen(carol)]).toEqual([
    [A.name, C.name],
    [B.name, C.name],
    [A.name, B.name, C.name],
  ])
  expect([await rowsOf(alice), await rowsOf(carol)]).toEqual([
    [A.name, C.name],
    [A.name, B.name, C.name],
  ])
  await show('everyone')
  expect([await seen(alice), await rowsOf(alice)]).toEqual([
    [A.name, B.name, C.name],
    [A.name, B.name, C.name],
  ])
})

test('who shares a scope is seen from that moment, and no longer than that', async () => {
  const scope = crypto.randomUUID()
  await world.sql(`insert into ${schema}.scope (id, kind) values ($1, 'project')`, [scope])
  for (const { me } of [alice, bob])
    await world.sql(`insert into ${schema}.scope_member (scope_id, user_id, role) values ($1, $2, 'viewer')`, [scope, me.user.id])
  expect([await seen(alice), await seen(bob)]).toEqual([
    [A.name, B.name, C.name],
    [A.name, B.name, C.name],
  ])
  await world.sql(`delete from ${schema}.scope_member where scope_id = $1 and user_id = $2`, [scope, bob.me.user.id])
  expect([await seen(alice), await seen(bob)]).toEqual([
    [A.name, C.name],
    [B.name, C.name],
  ])
})

describe('who is not seen', () => {
  test('is not found by name, address or cursor either', async () => {
    for (const query of ['&query=okafor', `&query=${encodeURIComponent(B.email)}`, '&status=joined'])
      expect(await seen(alice, query)).not.toContain(B.name)
    await show('everyone')
    const { next } = (await alice.call<{ next: string }>('GET', '/api/members?limit=1')).body
    await show('shared')
    const page = await alice.call<{ items: Member[] }>('GET', `/api/members?limit=100&cursor=${next}`)
    expect(page.body.items.map(({ name }) => name)).toEqual([C.name])
  })

  test('is not told of by what is refused: asking for their address, or adding them', async () => {
    const [taken, free] = [
      await alice.call('POST', '/api/me/address', { email: B.email }),
      await bob.call('POST', '/api/me/address', { email: 'free@acme.test' }),
    ]
    expect([taken.status, taken.body]).toEqual([free.status, free.body])
    const add = (email: string) => alice.call('POST', '/api/members', { name: 'Somebody', email })
    expect([codeOf(await add(B.email)), codeOf(await add('free@acme.test'))]).toEqual(['auth.not_allowed', 'auth.not_allowed'])
    for (const id of [bob.me.user.id, crypto.randomUUID()])
      expect(codeOf(await alice.call('GET', `/api/members/${id}`))).toBe('auth.not_allowed')
  })

  test('is not named in one’s log when they are no administrator any more', async () => {
    await carol.call('GET', `/api/sessions?limit=100`)
    const log = async () => (await alice.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events')).body.items
    const looked = async () => (await log()).find(({ kind }) => kind === 'sessions_viewed')
    expect((await looked())?.byUser?.name).toBe(C.name)
    await world.sql(`update ${schema}."user" set role = 'user' where name = $1`, [C.name])
    expect([(await looked())?.by, (await looked())?.byUser]).toEqual(['administrator', null])
    await world.sql(`update ${schema}."user" set role = 'admin' where name = $1`, [C.name])
  })
})

test('only an administrator with a fresh proof changes it, and the organisation’s own', async () => {
  expect(codeOf(await alice.call('PATCH', '/api/directory', { shows: 'everyone' }))).toBe('auth.not_allowed')
  const mallory = await world.signIn('mallory')
  expect((await mallory.call('PATCH', '/api/directory', { shows: 'everyone' })).status).toBe(200)
  expect((await alice.call('GET', '/api/directory')).body).toEqual({ shows: 'shared' })
})

test('a change of it, and of whom a second factor is required, is told to every administrator: a notice to the others', async () => {
  await world.sql(`update ${schema}."user" set role = 'admin' where id = $1`, [bob.me.user.id])
  const log = async (who: SignedIn) => {
    const { items } = (await who.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events')).body
    return items
      .filter(({ kind }) => /^(policy|second_factor_rule|directory)_changed$/.test(kind))
      .map(({ kind, by, unread }) => [kind, by, unread])
  }
  await world.sql(`delete from ${schema}.security_event`)
  await show('everyone')
  await show('everyone')
  expect(await log(carol)).toEqual([['directory_changed', 'self', false]])
  expect(await log(bob)).toEqual([['directory_changed', 'administrator', true]])
  await world.sql(`update ${schema}.login_policy set second_factor = 'everyone'`)
  expect((await carol.call('PATCH', '/api/login-policy', { preset: 'everyday', secondFactor: 'optional' })).status).toBe(200)
  expect((await carol.call('PATCH', '/api/login-policy', { preset: 'strict' })).status).toBe(200)
  const kinds = ['policy_changed', 'second_factor_rule_changed', 'directory_changed']
  expect(await log(carol)).toEqual(kinds.map((kind) => [kind, 'self', false]))
  expect(await log(bob)).toEqual(kinds.map((kind) => [kind, 'administrator', true]))
  expect(await log(alice)).toEqual([])
  await world.sql(`update ${schema}."user" set role = 'user' where id = $1`, [bob.me.user.id])
  await world.sql(`update ${schema}.login_policy set preset = 'everyday'`)
})
