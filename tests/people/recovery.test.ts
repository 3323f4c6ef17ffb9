/**
 * Recovering an account: whoever begins it never holds what lets somebody in. Removing second factors needs two administrators; a link is
 * good once, late for nobody, and only as long as all that it rests on stands.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Recovery } from '#contract/people.ts'
import type { SecurityEvent } from '#contract/security.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { appOf } from '#tests/support/factors.ts'
import { type Answer, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const NEW_PASSWORD = 'another horse battery staple'

let world: World
let alice: SignedIn
/** Two administrators: Carol begins, Dana decides. */
let carol: SignedIn
let dana: SignedIn
let schema: string
const people: Record<'alice' | 'dana', string> = { alice: PEOPLE.alice.email, dana: 'dana@acme.test' }

beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
  const first = await world.signIn('carol')
  await first.call('POST', '/api/members', { name: 'Dana Weiss', email: people.dana, role: 'admin' })
  await accept('/api/invitations/accept', (await world.mail.last(people.dana)).token)
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.sql(`delete from ${schema}.recovery`)
  await world.sql(`delete from ${schema}.link`)
  await world.sql(`update ${schema}."user" set status = 'active', email = $1 where name = $2`, [people.alice, PEOPLE.alice.name])
  await world.sql(`update ${schema}."user" set role = 'admin', status = 'active' where email = any($1)`, [
    [people.dana, PEOPLE.carol.email],
  ])
  await world.sql(
    `update ${schema}.credential set password_hash = (select password_hash from ${schema}.credential c join ${schema}."user" u on u.id = c.user_id where u.email = $1)`,
    [PEOPLE.bob.email],
  )
  alice = await world.signIn('alice')
  carol = await world.signIn('carol')
  dana = await signInAs(people.dana)
})

function as(token: string, me: SignedIn['me']): SignedIn {
  return { me, token, call: (method, path, body) => world.call(method, path, { body, headers: { authorization: `Bearer ${token}` } }) }
}
async function signInAs(email: string, password = PASSWORD): Promise<SignedIn> {
  const { body } = await world.call<SignedIn>('POST', '/api/auth/sign-in', {
    body: { email, password, organisation: 'acme', deliver: 'token' },
  })
  return as(body.token, body.me)
}
const accept = (path: string, token: string, password = PASSWORD) =>
  world.call<{ token: string; me: SignedIn['me'] }>('POST', path, { body: { token, password, deliver: 'token' } })
const use = (token: string, password = NEW_PASSWORD) => accept('/api/recovery/use', token, password)

type Started = { recovery: Recovery; sent: boolean; mail: string }
const start = (who: SignedIn, lost: Recovery['lost'], whose = alice) =>
  who.call<Started>('POST', `/api/members/${whose.me.user.id}/recovery`, { lost })
const decide = (who: SignedIn, id: string, approve = true) =>
  who.call<{ sent: boolean }>('POST', `/api/recoveries/${id}/decide`, { approve })
const stop = (who: SignedIn) => who.call('POST', '/api/me/recovery/stop')
const own = async (who: SignedIn) => (await who.call<{ recovery: { state: string } | null }>('GET', '/api/me/recovery')).body.recovery
const open = async (who: SignedIn) => (await who.call<{ items: Recovery[] }>('GET', '/api/recoveries')).body.items
const letters = (to = people.alice) => world.mail.to(to)
const link = async () => (await world.mail.last(people.alice)).token
const isIn = async (who: SignedIn) => (await who.call('GET', '/api/me')).status === 200
const notices = async (who: SignedIn) =>
  (await who.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events?about=notices')).body.items.map(({ kind }) => kind)
const refusal = (answer: Answer) => [answer.status, codeOf(answer)]
const INVALID = [404, 'recovery.invalid']

/** Asks and approves; answers the token that only Alice's mailbox got. */
async function approved(): Promise<string> {
  const { recovery } = (await start(carol, 'password_and_factors')).body
  expect((await decide(dana, recovery.id)).body).toMatchObject({ sent: true })
  return link()
}

describe('a lost password', () => {
  test('is recovered by a link that only the person gets; it ends all logins, and the new password is theirs', async () => {
    const started = await start(carol, 'password')
    expect(started.status).toBe(201)
    expect(started.body).toMatchObject({ sent: true, mail: 'folder', recovery: { lost: 'password', state: 'approved' } })
    const token = await link()
    expect(started.text).not.toContain(token.split('.')[1])
    expect(JSON.stringify([await open(carol), (await carol.call('GET', `/api/members/${alice.me.user.id}`)).body])).not.toContain(token)
    const used = await use(token)
    expect([used.status, used.body.me.user.email]).toEqual([200, people.alice])
    expect(await isIn(alice)).toBe(false)
    const why = await world.call('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${alice.token}` } })
    expect(why.body).toMatchObject({ reason: 'recovered' })
    await expect(world.signIn('alice')).rejects.toThrow()
    expect(await isIn(await signInAs(people.alice, NEW_PASSWORD))).toBe(true)
    expect(await open(carol)).toEqual([])
  })

  test('tells the person, in the log and by letter, and leaves what they have until the link is used', async () => {
    const before = (await letters()).length
    await start(carol, 'password')
    expect(await notices(alice)).toContain('recovery_begun')
    expect((await letters()).length).toBe(before + 1)
    expect(await isIn(alice)).toBe(true)
    expect((await world.signIn('alice')).me.user.email).toBe(people.alice)
  })

  test('is not recovered by a weak password; the link stays good', async () => {
    await start(carol, 'password')
    const token = await link()
    expect(refusal(await use(token, 'aaaaaaaaaaaaaaaa'))).toEqual([400, 'password.weak'])
    expect((await use(token)).status).toBe(200)
  })
})

describe('a link', () => {
  test('is used by exactly one of twenty at once', async () => {
    const token = await approved()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => use(token, `horse number ${i} battery staple`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(404)])
    expect(refusal(await use(token))).toEqual(INVALID)
  })

  test('is good for nobody when it is late', async () => {
    const token = await approved()
    await world.sql(`update ${schema}.link set expires_at = now() - interval '1 second' where kind = 'recovery'`)
    expect(refusal(await use(token))).toEqual(INVALID)
    expect(await isIn(alice)).toBe(true)
  })

  test('is good for its own purpose and organisation only', async () => {
    const token = await approved()
    const secret = token.split('.')[1]
    const mallory = await world.signIn('mallory')
    for (const other of [`${mallory.me.organisation.id}.${secret}`, `${crypto.randomUUID()}.${secret}`, secret ?? '', `${token}x`, ''])
      expect(refusal(await use(other))).toEqual(INVALID)
    expect((await accept('/api/invitations/accept', token)).status).toBe(404)
    expect((await use(token)).status).toBe(200)
  })

  test.each([
    ['its person stops it', () => stop(alice)],
    ['an administrator ends it', async () => decide(carol, (await open(carol))[0]!.id, false)],
    ['who approved it is demoted', () => carol.call('POST', `/api/members/${dana.me.user.id}/role`, { role: 'user' })],
    ['who approved it is suspended', () => carol.call('POST', `/api/members/${dana.me.user.id}/suspend`)],
    ['who asked for it is demoted', () => dana.call('POST', `/api/members/${carol.me.user.id}/role`, { role: 'user' })],
    [
      'its person is suspended and reinstated',
      async () => {
        await carol.call('POST', `/api/members/${alice.me.user.id}/suspend`)
        return carol.call('POST', `/api/members/${alice.me.user.id}/reinstate`)
      },
    ],
    [
      'its person has another address',
      async () => {
        await alice.call('POST', '/api/me/address', { email: 'alice@moreau.test' })
        return alice.call('POST', '/api/me/address/confirm', { token: (await world.mail.last('alice@moreau.test')).token })
      },
    ],
  ] as const)('is good no more once %s', async (_, happens) => {
    const token = await approved()
    expect((await happens()).status).toBeLessThan(300)
    expect(refusal(await use(token))).toEqual(INVALID)
    const { rows } = await world.sql(`select state from ${schema}.recovery where state in ('asked', 'approved')`)
    expect(rows).toEqual([])
  })
})

describe('a lost second factor', () => {
  test('needs another administrator: the link goes out when they approve, not before', async () => {
    const [before, others] = [(await letters()).length, (await letters(people.dana)).length]
    const { body } = await start(carol, 'password_and_factors')
    expect(body).toMatchObject({ sent: true, recovery: { state: 'asked', mayApprove: false, begunBy: { name: PEOPLE.carol.name } } })
    const told = (await letters())[before]!
    expect(told.text).toContain('asked to recover your account')
    expect([told.token, told.link]).toEqual(['', expect.stringContaining('/account/recovery')])
    expect(await notices(alice)).toContain('recovery_begun')
    expect(await notices(dana)).toContain('recovery_asked')
    expect((await letters(people.dana)).length).toBe(others + 1)
    expect((await open(dana))[0]).toMatchObject({ id: body.recovery.id, mayApprove: true, member: { email: people.alice } })
    const decided = await decide(dana, body.recovery.id)
    const token = await link()
    expect(decided.text).not.toContain(token.split('.')[1])
    expect(await notices(alice)).toContain('recovery_approved')
    expect(await notices(carol)).toContain('request_approved')
    expect(await notices(dana)).not.toContain('request_approved')
    expect((await use(token)).status).toBe(200)
  })

  test('is answered to who asked: when another declines it, and when its person stops it', async () => {
    const asked = async () => (await start(carol, 'password_and_factors')).body.recovery
    const before = await notices(carol)
    expect((await decide(carol, (await asked()).id, false)).status).toBe(200)
    expect(await notices(carol)).toEqual(before)
    expect((await decide(dana, (await asked()).id, false)).status).toBe(200)
    expect(await notices(carol)).toContain('request_declined')
    await asked()
    expect((await stop(alice)).status).toBeLessThan(300)
    expect(await notices(carol)).toContain('request_stopped')
  })

  test('is not approved by who asked, by whose it is, by an ordinary person, or from another organisation', async () => {
    await world.sql(`update ${schema}."user" set role = 'admin' where email = $1`, [people.alice])
    const admin = await signInAs(people.alice)
    const { recovery } = (await start(carol, 'password_and_factors')).body
    expect(refusal(await decide(carol, recovery.id))).toEqual([403, 'recovery.not_yours'])
    expect(refusal(await decide(admin, recovery.id))).toEqual([403, 'recovery.not_yours'])
    expect(refusal(await decide(await world.signIn('bob'), recovery.id))).toEqual([403, 'auth.not_allowed'])
    expect(refusal(await decide(await world.signIn('mallory'), recovery.id))).toEqual([404, 'recovery.not_found'])
    await world.sql(`update ${schema}."user" set role = 'user' where email = $1`, [people.alice])
    expect(await own(alice)).toMatchObject({ state: 'asked' })
    expect((await decide(dana, recovery.id)).status).toBe(200)
  })

  test('is approved by nobody who was an administrator, and by nobody after three days', async () => {
    const { recovery } = (await start(carol, 'password_and_factors')).body
    await carol.call('POST', `/api/members/${dana.me.user.id}/role`, { role: 'user' })
    expect((await decide(dana, recovery.id)).status).toBe(401)
    expect(refusal(await decide(await signInAs(people.dana), recovery.id))).toEqual([403, 'auth.not_allowed'])
    await world.sql(`update ${schema}."user" set role = 'admin' where email = $1`, [people.dana])
    const again = await signInAs(people.dana)
    expect((Date.parse(recovery.expiresAt) - Date.now()) / 86_400_000).toBeCloseTo(3, 2)
    await world.sql(`update ${schema}.recovery set expires_at = now() - interval '1 second'`)
    expect(refusal(await decide(again, recovery.id))).toEqual([404, 'recovery.not_found'])
    const anew = (await start(carol, 'password_and_factors')).body.recovery
    expect((await decide(again, anew.id)).status).toBe(200)
  })

  test('is decided once: by the first of two, of twenty, and not after it was declined', async () => {
    const { recovery } = (await start(carol, 'password_and_factors')).body
    const before = (await letters()).length
    const answers = await Promise.all(Array.from({ length: 20 }, () => decide(dana, recovery.id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(404)])
    expect((await letters()).length).toBe(before + 1)
    await decide(dana, recovery.id, false)
    expect(refusal(await decide(dana, recovery.id))).toEqual([404, 'recovery.not_found'])
    const declined = (await start(carol, 'password_and_factors')).body.recovery
    expect((await decide(dana, declined.id, false)).body).toMatchObject({ sent: false })
    expect(refusal(await decide(dana, declined.id))).toEqual([404, 'recovery.not_found'])
  })

  test('begins once: a second is refused while one is under way, also of twenty at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => start(i % 2 ? carol : dana, 'password_and_factors')))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)])
    expect(refusal(await start(carol, 'password'))).toEqual([409, 'recovery.open'])
  })

  test('is stopped by its person from any login, and they see that it is there', async () => {
    await start(carol, 'password_and_factors')
    const elsewhere = await world.signIn('alice')
    expect(await own(elsewhere)).toMatchObject({ state: 'asked' })
    expect((await stop(elsewhere)).status).toBe(204)
    expect([await own(alice), await open(carol)]).toEqual([null, []])
    expect((await stop(elsewhere)).status).toBe(204)
  })
})

test('a lost password leaves an authenticator app in force; a lost second factor takes it away, with links to the provider, once the link is used', async () => {
  const state = async (token: string) =>
    (await world.call<{ state: string }>('POST', '/api/recovery/use', { body: { token, password: NEW_PASSWORD } })).body.state
  const kinds = async () => (await carol.call<{ signsInWith: string[] }>('GET', `/api/members/${alice.me.user.id}`)).body.signsInWith
  await appOf(alice)
  const linked = `insert into ${schema}.identity (id, user_id, issuer, subject) values (gen_random_uuid(), $1, 'https://keys.test', 'thief')`
  await world.sql(linked, [alice.me.user.id])
  await start(carol, 'password')
  expect([await state(await link()), await kinds()]).toEqual(['second_factor', ['password', 'app', 'provider']])
  const token = await approved()
  expect(await kinds()).toEqual(['password', 'app', 'provider'])
  // Enough beside a second factor, and it will stand alone.
  const rules = await world.call('POST', '/api/auth/password-rules', { body: { kind: 'recovery', token } })
  expect(rules.body).toMatchObject({ leastLength: 12 })
  expect(refusal(await use(token, 'kq7Vw2zMpx'))).toEqual([400, 'password.weak'])
  expect((await letters()).at(-1)?.text).toContain('second factors and links to a sign-in provider are removed')
  expect([await state(token), await kinds()]).toEqual(['signed_in', ['password']])
})

test('nobody recovers themself, somebody who has not joined or is suspended, or somebody of another organisation', async () => {
  expect(refusal(await start(carol, 'password', carol))).toEqual([403, 'member.oneself'])
  expect(refusal(await start(await world.signIn('mallory'), 'password'))).toEqual([404, 'member.not_found'])
  expect(refusal(await start(await world.signIn('bob'), 'password'))).toEqual([403, 'auth.not_allowed'])
  await carol.call('POST', `/api/members/${alice.me.user.id}/suspend`)
  expect(refusal(await start(carol, 'password'))).toEqual([409, 'recovery.not_possible'])
})

test('two administrators who begin each other’s recovery at once do not wait for one another', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 ? start(carol, 'password_and_factors', dana) : start(dana, 'password_and_factors', carol))),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(2)
  expect(answers.filter(({ status }) => status >= 500)).toEqual([])
})

test('using, stopping, deciding and suspending at once never wait in a circle', async () => {
  for (let round = 0; round < 10; round++) {
    await world.sql(`update ${schema}."user" set status = 'active' where email = $1`, [people.alice])
    await world.sql(`delete from ${schema}.recovery`)
    const token = await approved()
    const [{ id } = { id: '' }] = await open(carol)
    const person = await signInAs(people.alice)
    const answers = await Promise.all([
      use(token, PASSWORD),
      stop(person),
      decide(carol, id, false),
      dana.call('POST', `/api/members/${alice.me.user.id}/suspend`),
    ])
    expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).toEqual([])
  }
})

describe('what an administrator asked for or approved ends with their leaving', () => {
  const leave = async (who: SignedIn) => {
    await world.sql(`delete from ${schema}.erasure`)
    expect((await who.call('POST', '/api/me/deletion', { email: people.dana })).status).toBe(200)
  }
  const erase = async () => {
    await world.sql(`update ${schema}.erasure set due_at = now() - interval '1 minute'`)
    await world.queue.strike('erasure_round')
    await world.queue.work()
    expect((await world.sql(`select from ${schema}.erasure where done_at is null`)).rowCount).toBe(0)
  }

  test('when they ask to be erased', async () => {
    const asked = (await start(dana, 'password_and_factors')).body.recovery
    await leave(dana)
    expect(codeOf(await decide(carol, asked.id))).toBe('recovery.not_found')
    await dana.call('DELETE', '/api/me/deletion')
    const approved = (await start(carol, 'password_and_factors')).body.recovery
    expect((await decide(dana, approved.id)).status).toBe(200)
    const token = await link()
    await leave(dana)
    expect(codeOf(await use(token))).toBe('recovery.invalid')
    await dana.call('DELETE', '/api/me/deletion')
  })

  test('when they are erased, whatever they did until then', async () => {
    await leave(dana)
    const approved = (await start(carol, 'password_and_factors')).body.recovery
    expect((await decide(dana, approved.id)).status).toBe(200)
    const token = await link()
    const bobs = (await start(dana, 'password_and_factors', await world.signIn('bob'))).body.recovery
    expect((await open(carol)).map(({ id }) => id).sort()).toEqual([approved.id, bobs.id].sort())
    await erase()
    expect(codeOf(await use(token))).toBe('recovery.invalid')
    expect([codeOf(await decide(carol, bobs.id)), await open(carol)]).toEqual(['recovery.not_found', []])
  })
})
