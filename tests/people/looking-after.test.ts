/** Administrators change roles, suspend and reinstate: logins end at once, the person reads who did it, and an administrator stays. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Member } from '#contract/accounts.ts'
import type { MemberDetails } from '#contract/people.ts'
import type { SecurityEvent } from '#contract/security.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.sql(`update ${schema}."user" set status = 'active', role = case name when $1 then 'admin' else 'user' end`, [
    PEOPLE.carol.name,
  ])
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
})

const at = ({ me }: SignedIn) => `/api/members/${me.user.id}`
const setRole = (who: SignedIn, whose: SignedIn, role: string) => who.call<{ ended: number }>('POST', `${at(whose)}/role`, { role })
const suspend = (who: SignedIn, whose: SignedIn) => who.call<{ ended: number }>('POST', `${at(whose)}/suspend`)
const reinstate = (who: SignedIn, whose: SignedIn) => who.call('POST', `${at(whose)}/reinstate`)
const isIn = async (who: SignedIn) => (await who.call('GET', '/api/me')).status === 200
const whyEnded = async ({ token }: SignedIn) =>
  (await world.call<{ reason: string }>('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${token}` } })).body.reason
const notice = async (who: SignedIn) =>
  (await who.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events?about=notices')).body.items[0]
const refusal = (answer: Answer) => [answer.status, codeOf(answer)]
const administrators = async () =>
  (await world.sql<{ n: number }>(`select count(*)::int as n from ${schema}."user" where role = 'admin' and status = 'active'`)).rows[0]!.n

describe('a role', () => {
  test('is changed by an administrator: logins end, and the log says who, and from what to what', async () => {
    expect((await setRole(carol, alice, 'admin')).body.ended).toBeGreaterThan(0)
    expect([await isIn(alice), await whyEnded(alice), await isIn(bob)]).toEqual([false, 'role_changed', true])
    const again = await world.signIn('alice')
    expect(again.me.user.role).toBe('admin')
    expect(await notice(again)).toMatchObject({
      kind: 'role_changed',
      by: 'administrator',
      byUser: { name: PEOPLE.carol.name },
      roles: { from: 'user', to: 'admin' },
    })
    expect((await setRole(carol, again, 'user')).status).toBe(200)
    expect(await notice(await world.signIn('alice'))).toMatchObject({ roles: { from: 'admin', to: 'user' } })
  })

  test('that somebody has already ends nothing', async () => {
    expect((await setRole(carol, alice, 'user')).body).toEqual({ ended: 0 })
    expect(await isIn(alice)).toBe(true)
  })

  test('of one’s own goes only while another administrator stays', async () => {
    expect(refusal(await setRole(carol, carol, 'user'))).toEqual([409, 'member.last_administrator'])
    expect(await isIn(carol)).toBe(true)
    await setRole(carol, bob, 'admin')
    expect((await setRole(carol, carol, 'user')).status).toBe(200)
    expect([await isIn(carol), await whyEnded(carol)]).toEqual([false, 'role_changed'])
    expect((await world.signIn('carol')).me.user.role).toBe('user')
  })

  test('is no way out for two administrators who demote each other at once, twenty times', async () => {
    for (let round = 0; round < 20; round++) {
      await world.sql(`update ${schema}."user" set role = 'admin' where email = any($1)`, [[PEOPLE.bob.email, PEOPLE.carol.email]])
      const [one, two] = [await world.signIn('bob'), await world.signIn('carol')]
      const answers = await Promise.all([setRole(one, two, 'user'), setRole(two, one, 'user')])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
      expect(await administrators()).toBe(1)
    }
  })
})

describe('a suspension', () => {
  test('ends logins and API tokens, and is taken back without them', async () => {
    const made = await bob.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
    const byToken = () => world.call('GET', '/api/chats', { headers: { authorization: `Bearer ${made.body.token}` } })
    expect((await byToken()).status).toBe(200)
    expect((await suspend(carol, bob)).body.ended).toBeGreaterThanOrEqual(2)
    expect([await isIn(bob), (await byToken()).status, await whyEnded(bob)]).toEqual([false, 401, 'suspended'])
    expect((await suspend(carol, bob)).body).toEqual({ ended: 0 })
    expect((await reinstate(carol, bob)).status).toBe(204)
    expect((await reinstate(carol, bob)).status).toBe(204)
    expect([await isIn(bob), (await byToken()).status]).toEqual([false, 401])
    expect(await notice(await world.signIn('bob'))).toMatchObject({ kind: 'reinstated', by: 'administrator' })
  })

  test('reads to the person, at signing in, as a wrong password does', async () => {
    const signIn = async (email: string, password: string) => {
      const answer = await world.call('POST', '/api/auth/sign-in', { body: { email, password, organisation: 'acme' } })
      return [answer.status, answer.text.replace(/"requestId":"[^"]*"/, '')]
    }
    await suspend(carol, bob)
    const refused = await signIn(PEOPLE.bob.email, PASSWORD)
    expect(refused[0]).toBe(401)
    expect(refused).toEqual(await signIn(PEOPLE.alice.email, 'not the password of anybody'))
    expect(refused).toEqual(await signIn('nobody@acme.test', PASSWORD))
  })

  test('is never of oneself, nor of the last administrator', async () => {
    expect(refusal(await suspend(carol, carol))).toEqual([403, 'member.oneself'])
    await setRole(carol, alice, 'admin')
    const again = await world.signIn('alice')
    expect((await suspend(again, carol)).status).toBe(200)
    expect(refusal(await suspend(again, again))).toEqual([403, 'member.oneself'])
    expect(await isIn(again)).toBe(true)
  })

  test('keeps the person in the list of administrators, marked, and out of everybody else’s', async () => {
    await suspend(carol, bob)
    const list = async (who: SignedIn, query = '') =>
      (await who.call<{ items: Member[] }>('GET', `/api/members?limit=100${query}`)).body.items
    expect((await list(carol)).find(({ id }) => id === bob.me.user.id)).toMatchObject({ suspended: true })
    expect((await list(carol, '&status=suspended')).map(({ id }) => id)).toEqual([bob.me.user.id])
    expect((await list(alice)).map(({ id }) => id)).not.toContain(bob.me.user.id)
    expect(await list(alice, '&status=suspended')).toEqual([])
    expect((await carol.call<MemberDetails>('GET', at(bob))).body).toMatchObject({ member: { suspended: true }, logins: 0 })
  })
})

test('the page of a person says how they sign in, by kinds, and nothing that proves anything', async () => {
  const { body, text } = await carol.call<MemberDetails>('GET', at(alice))
  expect(body).toMatchObject({ member: { email: PEOPLE.alice.email, role: 'user', joined: true }, signsInWith: ['password'] })
  expect(body.latestSignIn).not.toBeNull()
  expect(body.logins).toBeGreaterThan(0)
  expect(text).not.toMatch(/argon|hash|prefix/)
})

describe('nobody else', () => {
  test.each(['bob', 'mallory'] as const)('%s changes or sees anything of Alice’s account', async (person) => {
    const other = await world.signIn(person)
    const expected = person === 'bob' ? [403, 'auth.not_allowed'] : [404, 'member.not_found']
    for (const answer of [
      await other.call('GET', at(alice)),
      await setRole(other, alice, 'admin'),
      await suspend(other, alice),
      await reinstate(other, alice),
    ])
      expect(refusal(answer)).toEqual(expected)
    expect(await isIn(alice)).toBe(true)
  })
})

test('people are found by a part of their name or address, whatever its case, and by where they stand', async () => {
  const find = async (query: string) =>
    (await alice.call<{ items: Member[] }>('GET', `/api/members?${query}`)).body.items.map(({ email }) => email)
  expect(await find('query=OKAF')).toEqual([PEOPLE.bob.email])
  expect(await find('query=lice%40ac')).toEqual([PEOPLE.alice.email])
  expect(await find('query=%25')).toEqual([])
  expect(await find('query=mallory')).toEqual([])
  expect(await find('status=invited')).toEqual([])
  expect(await find('status=joined')).toHaveLength(3)
  const first = (await alice.call<{ next: string }>('GET', '/api/members?limit=1&query=acme')).body.next
  expect((await alice.call('GET', `/api/members?limit=1&query=acme&cursor=${first}`)).status).toBe(200)
  expect(codeOf(await alice.call('GET', `/api/members?limit=1&query=other&cursor=${first}`))).toBe('cursor.invalid')
})
