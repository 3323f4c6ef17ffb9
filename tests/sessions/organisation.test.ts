/** The logins of an organisation: seen and ended by its administrators, by a filter and after a count; and the rules by which they last. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AnySession, type LoginPolicy, PRESETS } from '#contract/sessions.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let carol: SignedIn
let alice: SignedIn
let bob: SignedIn
let trent: SignedIn
let schema: string
beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.sql(`update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where revoked_at is null`)
  carol = await world.signIn('carol')
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  trent = await world.signIn('trent')
})

const list = async (query: string) => (await carol.call<{ items: AnySession[]; next: string | null }>('GET', `/api/sessions?${query}`)).body
const count = async (query: string) => (await carol.call<{ sessions: number; people: number }>('GET', `/api/sessions/count?${query}`)).body
const isIn = async (person: SignedIn) => (await person.call('GET', '/api/me')).status === 200
const prove = (person: SignedIn, minutesAgo: number) =>
  world.sql(`update ${schema}.auth_token set proven_at = now() - make_interval(mins => $2) where session_id = $1`, [
    person.me.session.id,
    minutesAgo,
  ])

describe('an administrator', () => {
  test('sees the logins of their organisation, and of no other', async () => {
    const { items } = await list('limit=100')
    expect(items.map(({ user }) => user.name).sort()).toEqual(['Alice Moreau', 'Bob Okafor', 'Carol Lindqvist'])
    expect(items.filter(({ isThis }) => isThis).map(({ id }) => id)).toEqual([carol.me.session.id])
    expect(JSON.stringify(items)).not.toContain('globex')
  })

  test('sees API tokens without the names that people gave them', async () => {
    await alice.call('POST', '/api/me/tokens', { name: 'My secret plan', abilities: ['read'], days: 1 })
    const { items } = await list('kind=api')
    expect(items).toHaveLength(1)
    expect(JSON.stringify(items)).not.toContain('secret plan')
  })

  test.each<[string, () => Promise<string> | string, string[]]>([
    ['person', () => `userId=${alice.me.user.id}`, ['alice']],
    ['kind', () => 'kind=api', []],
    ['device', () => 'device=UNKNOWN', ['alice', 'bob', 'carol']],
    ['device, with what means something in patterns', () => 'device=%25', []],
    ['remembered', () => 'remembered=true', []],
    ['not remembered', () => 'remembered=false', ['alice', 'bob', 'carol']],
    [
      'signed in before',
      async () => {
        await world.sql(`update ${schema}.auth_session set time_created = now() - interval '2 hours' where id = $1`, [bob.me.session.id])
        return `signedInBefore=${new Date(Date.now() - 3_600_000).toISOString()}`
      },
      ['bob'],
    ],
    [
      'last seen before',
      async () => {
        await world.sql(`update ${schema}.auth_session_seen set seen_at = now() - interval '2 hours' where session_id = $1`, [
          bob.me.session.id,
        ])
        return `seenBefore=${new Date(Date.now() - 3_600_000).toISOString()}`
      },
      ['bob'],
    ],
  ])('filters by %s, and counts what the list shows', async (_, query, names) => {
    const asked = await query()
    const { items } = await list(asked)
    expect(items.map(({ user }) => user.email.split('@')[0]).sort()).toEqual(names)
    const others = items.filter(({ isThis }) => !isThis)
    expect(await count(asked)).toEqual({ sessions: others.length, people: new Set(others.map(({ user }) => user.id)).size })
  })

  test('ends what they counted, never their own login, and each person is told', async () => {
    const { sessions } = await count('')
    const end = await carol.call('POST', '/api/sessions/end', { filter: {}, expected: sessions })
    expect(end.body).toEqual({ ended: 2 })
    expect(await Promise.all([alice, bob, carol, trent].map(isIn))).toEqual([false, false, true, true])
    const again = await world.signIn('alice')
    const { body } = await again.call<{ items: { byUser: { name: string } }[] }>('GET', '/api/me/security-events?about=notices')
    expect(body.items[0]).toMatchObject({
      kind: 'session_ended',
      reason: 'administrator',
      byUser: { name: 'Carol Lindqvist' },
      unread: true,
    })
  })

  test('ends nothing when the number has changed meanwhile, and is told the new one', async () => {
    const { sessions } = await count('')
    await world.signIn('alice')
    const end = await carol.call<{ detail: string }>('POST', '/api/sessions/end', { filter: {}, expected: sessions })
    expect([codeOf(end), end.body.detail]).toEqual(['session.count_changed', 'It is 3 now, and was 2 when it was confirmed.'])
    expect(await Promise.all([alice, bob].map(isIn))).toEqual([true, true])
  })

  test('ends one by its id', async () => {
    const one = { filter: { sessionId: alice.me.session.id }, expected: 1 }
    expect((await carol.call('POST', '/api/sessions/end', one)).body).toEqual({ ended: 1 })
    expect(await Promise.all([alice, bob].map(isIn))).toEqual([false, true])
  })

  test('has to have proven a short while ago who they are', async () => {
    await prove(carol, 31)
    for (const [method, path, body] of [
      ['POST', '/api/sessions/end', { filter: {}, expected: 2 }],
      ['PATCH', '/api/login-policy', { preset: 'strict' }],
      ['POST', '/api/members', { name: 'Dave Novak', email: 'dave@acme.test' }],
    ] as const)
      expect(codeOf(await carol.call(method, path, body))).toBe('auth.proof_needed')
    expect((await carol.call('GET', '/api/sessions')).status).toBe(200)
    expect(await isIn(alice)).toBe(true)
  })

  test('of another organisation ends nothing here, with any id', async () => {
    const mallory = await world.signIn('mallory')
    for (const filter of [{ sessionId: alice.me.session.id }, { userId: alice.me.user.id }]) {
      expect(codeOf(await mallory.call('POST', '/api/sessions/end', { filter, expected: 1 }))).toBe('session.count_changed')
      expect((await mallory.call('POST', '/api/sessions/end', { filter, expected: 0 })).body).toEqual({ ended: 0 })
    }
    expect(await isIn(alice)).toBe(true)
  })
})

describe('the rules', () => {
  const set = (policy: object) => carol.call<LoginPolicy>('PATCH', '/api/login-policy', policy)
  const daysOf = async (person: SignedIn) => {
    const { body } = await person.call<{ now: string; endsAt: string; idleEndsAt: string }>('GET', '/api/session')
    const days = (end: string) => Math.round(((Date.parse(end) - Date.parse(body.now)) / 86_400_000) * 24) / 24
    return { ends: days(body.endsAt), idle: days(body.idleEndsAt) }
  }

  test('are known to everybody, and changed by administrators only', async () => {
    expect((await bob.call<LoginPolicy>('GET', '/api/login-policy')).body).toEqual({ ...PRESETS.everyday, secondFactor: 'optional' })
    expect(codeOf(await bob.call('PATCH', '/api/login-policy', { preset: 'strict' }))).toBe('auth.not_allowed')
  })

  test('when made stricter shorten the logins that there are, and forbid longer ones', async () => {
    expect(await daysOf(alice)).toEqual({ ends: 7, idle: 1 })
    expect((await set({ preset: 'strict' })).body).toMatchObject({ preset: 'strict', idleLimitS: 3_600, remember: false })
    expect(await daysOf(alice)).toEqual({ ends: 1, idle: 1 / 24 })
    const body = { email: 'bob@acme.test', password: 'correct horse battery staple', organisation: 'acme', remember: true }
    const asked = await world.call<{ me: { session: { remembered: boolean } } }>('POST', '/api/auth/sign-in', { body })
    expect(asked.body.me.session.remembered).toBe(false)
    await set({ preset: 'everyday' })
    expect(await daysOf(alice)).toEqual({ ends: 1, idle: 1 / 24 })
    expect(await daysOf(await world.signIn('alice'))).toEqual({ ends: 7, idle: 1 })
  })

  test('end the logins that are over by them, whose people learn that it was the rules', async () => {
    await world.sql(`update ${schema}.auth_session_seen set seen_at = now() - interval '2 hours' where session_id in ($1, $2)`, [
      alice.me.session.id,
      carol.me.session.id,
    ])
    await set({ preset: 'strict' })
    expect(await Promise.all([alice, bob, carol, trent].map(isIn))).toEqual([false, true, true, true])
    const why = await world.call('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${alice.token}` } })
    expect(why.body).toMatchObject({ reason: 'policy' })
    const again = await world.signIn('alice')
    const { body } = await again.call<{ items: object[] }>('GET', '/api/me/security-events?about=ends')
    expect(body.items[0]).toMatchObject({ reason: 'policy', byUser: { name: 'Carol Lindqvist' }, sessionId: alice.me.session.id })
    await set({ preset: 'everyday' })
  })

  test('leave a login that was over before them as it was', async () => {
    await world.sql(`update ${schema}.auth_session_seen set seen_at = now() - interval '25 hours' where session_id = $1`, [
      alice.me.session.id,
    ])
    const why = async () =>
      (await world.call('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${alice.token}` } })).body as object
    const before = await why()
    expect(before).toMatchObject({ reason: 'idle' })
    await set({ preset: 'strict' })
    expect(await why()).toEqual(before)
    await set({ preset: 'everyday' })
  })

  const OWN = {
    preset: 'own',
    idleLimitS: 7_200,
    absoluteLimitS: 36_000,
    remember: true,
    rememberIdleLimitS: 86_400,
    rememberAbsoluteLimitS: 172_800,
    proofGoodForS: 300,
    leastPasswordLength: 20,
  }

  test('may be an organisation’s own, within bounds', async () => {
    expect((await set(OWN)).body).toEqual({ ...OWN, secondFactor: 'optional' })
    for (const wrong of [
      { ...OWN, idleLimitS: 60 },
      { ...OWN, absoluteLimitS: 91 * 86_400 },
      { ...OWN, idleLimitS: 36_001 },
      { ...OWN, rememberIdleLimitS: 172_801 },
      { ...OWN, proofGoodForS: 1 },
      { ...OWN, leastPasswordLength: 11 },
      { ...OWN, leastPasswordLength: 65 },
      { ...OWN, preset: 'strict' },
      { preset: 'own' },
    ])
      expect(codeOf(await set(wrong))).toBe('request.invalid')
    await set({ preset: 'everyday' })
  })

  test('of one organisation are not those of another', async () => {
    await set({ preset: 'strict' })
    expect((await trent.call<LoginPolicy>('GET', '/api/login-policy')).body.preset).toBe('everyday')
    await set({ preset: 'everyday' })
  })
})
