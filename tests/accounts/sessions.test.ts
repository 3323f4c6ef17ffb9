/** Login sessions end when they should, at once and for everything. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { schemaOf } from '#tests/support/conversation.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(async () => {
  alice = await world.signIn('alice')
})

/** Tries what each kind of unit of work does: a read, a write, its own units, and a door. */
async function statusesOf(person: SignedIn): Promise<number[]> {
  const answers = [
    await person.call('GET', '/api/chats'),
    await person.call('POST', '/api/chats', {}),
    await person.call('GET', '/api/handbook'),
    await person.call('POST', '/api/session/extend'),
  ]
  return answers.map(({ status }) => status)
}
const IN = [200, 201, 200, 200]
const OUT = [401, 401, 401, 401]

const ofSession = (table: string, column: string, value: string) =>
  world.sql(`update ${schema}.${table} set ${column} = ${value} where ${table === 'auth_session' ? 'id' : 'session_id'} = $1`, [
    alice.me.session.id,
  ])

describe('a session ends', () => {
  test('after a day without activity, and trying does not bring it back', async () => {
    expect(await statusesOf(alice)).toEqual(IN)
    await ofSession('auth_session_seen', 'seen_at', `now() - interval '24 hours 1 second'`)
    expect(await statusesOf(alice)).toEqual(OUT)
    expect(await statusesOf(alice)).toEqual(OUT)
  })

  test('not before: activity within the day keeps it', async () => {
    await ofSession('auth_session_seen', 'seen_at', `now() - interval '23 hours 59 minutes'`)
    expect(await statusesOf(alice)).toEqual(IN)
    const seen = () =>
      world.sql<{ fresh: boolean }>(
        `select seen_at > now() - interval '1 minute' as fresh from ${schema}.auth_session_seen where session_id = $1`,
        [alice.me.session.id],
      )
    await expect.poll(async () => (await seen()).rows[0]?.fresh).toBe(true)
  })

  test('after a week in any case', async () => {
    const lastsMs = Date.parse(alice.me.session.expiresAt) - Date.now()
    expect(lastsMs / 86_400_000).toBeCloseTo(7, 2)
    expect(await statusesOf(alice)).toEqual(IN)
    await ofSession('auth_session', 'expires_at', `now() - interval '1 second'`)
    expect(await statusesOf(alice)).toEqual(OUT)
  })

  test('when it is revoked', async () => {
    expect(await statusesOf(alice)).toEqual(IN)
    await ofSession('auth_session', 'revoked_reason', `'operator', revoked_at = now()`)
    expect(await statusesOf(alice)).toEqual(OUT)
  })

  test('when its person is suspended, and goes on when they are not any more', async () => {
    expect(await statusesOf(alice)).toEqual(IN)
    await world.sql(`update ${schema}."user" set status = 'suspended' where id = $1`, [alice.me.user.id])
    expect(await statusesOf(alice)).toEqual(OUT)
    await world.sql(`update ${schema}."user" set status = 'active' where id = $1`, [alice.me.user.id])
    expect(await statusesOf(alice)).toEqual(IN)
  })

  test('when the organisation is frozen, which nobody can sign in to either; other organisations go on', async () => {
    const trent = await world.signIn('trent')
    expect(await statusesOf(alice)).toEqual(IN)
    await world.sql(`update ${schema}.tenant_state set status = 'frozen'`)
    expect(await statusesOf(alice)).toEqual(OUT)
    await expect(world.signIn('bob')).rejects.toThrow('could not sign in')
    expect(await statusesOf(trent)).toEqual(IN)
    await world.sql(`update ${schema}.tenant_state set status = 'active'`)
    expect(await statusesOf(alice)).toEqual(IN)
  })
})

test('an administrator who is one no more may do no more, from the next request on', async () => {
  const carol = await world.signIn('carol')
  expect((await carol.call('GET', '/api/providers')).status).toBe(200)
  await world.sql(`update ${schema}."user" set role = 'user' where id = $1`, [carol.me.user.id])
  for (const refused of [
    await carol.call('GET', '/api/providers'),
    await carol.call('POST', '/api/members', { name: 'Dave', email: 'dave@acme.test' }),
    await carol.call('POST', '/api/providers/test', { baseUrl: 'https://models.test/v1' }),
  ])
    expect([refused.status, codeOf(refused)]).toEqual([403, 'auth.not_allowed'])
  await world.sql(`update ${schema}."user" set role = 'admin' where id = $1`, [carol.me.user.id])
})
