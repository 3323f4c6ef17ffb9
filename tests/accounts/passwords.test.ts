/** Changing one's password, and the way back in for who has forgotten it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import type { SecurityEvent } from '#contract/security.ts'
import type { Background } from '#server/kernel/background.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { type Answer, codeOf, createWorld, type SignedIn } from '#tests/support/world.ts'
import { NOT_JOINED, OTHER, openPasswords, SUSPENDED, WRONG } from './passwords-stage.ts'

// The library itself, with its calls counted.
vi.mock('@node-rs/argon2', { spy: true })

type Stage = Awaited<ReturnType<typeof openPasswords>>
let world: Stage['world']
let schema: Stage['schema']
let carol: Stage['carol']
let workOf: Stage['workOf']
let behind: Stage['behind']
let runBehind: Stage['runBehind']
let signIn: Stage['signIn']
let ask: Stage['ask']
let finish: Stage['finish']
let change: Stage['change']
let isIn: Stage['isIn']
let eventsOf: Stage['eventsOf']
let letterTo: Stage['letterTo']
let reset: Stage['reset']
beforeAll(async () => {
  ;({ world, schema, carol, workOf, behind, runBehind, signIn, ask, finish, change, isIn, eventsOf, letterTo, reset } =
    await openPasswords())
})
afterAll(() => world.close())
beforeEach(() => reset())
const emailOf = (person: Person) => PEOPLE[person].email
const apiTokenOf = async (person: SignedIn) =>
  (await person.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Import', abilities: ['chat'], days: 7 })).body

describe('changing it', () => {
  test('ends all other logins and says why, keeps this one under a new token, and leaves API tokens', async () => {
    const [here, there] = [await world.signIn('alice'), await world.signIn('alice')]
    const api = await apiTokenOf(here)
    let answer: Awaited<ReturnType<typeof change>> | undefined
    const letter = await letterTo(emailOf('alice'), async () => {
      answer = await change(here)
    })
    expect(answer).toMatchObject({ status: 200, body: { session: { id: here.me.session.id, proven: true } } })
    expect(answer?.body.token).not.toBe(here.token)
    expect(await Promise.all([{ token: answer!.body.token }, there, api].map(isIn))).toEqual([true, false, true])
    const why = await world.call('POST', '/api/auth/why-ended', { headers: { authorization: `Bearer ${there.token}` } })
    expect(why.body).toMatchObject({ reason: 'password_changed' })
    expect(letter.subject).toBe('Your Sardonyx password was changed')
    expect(letter.token).toBe('')
    const events = await eventsOf({ token: answer!.body.token })
    expect(events).toContainEqual(expect.objectContaining({ kind: 'password_changed', by: 'self', unread: true }))
    expect(events).toContainEqual(expect.objectContaining({ kind: 'session_ended', reason: 'password_changed' }))
    expect([(await signIn(emailOf('alice'))).status, (await signIn(emailOf('alice'), OTHER)).status]).toEqual([401, 200])
  })

  test('ends API tokens as well when that is wished', async () => {
    const here = await world.signIn('alice')
    const api = await apiTokenOf(here)
    expect((await change(here, { endTokens: true })).status).toBe(200)
    expect(await isIn(api)).toBe(false)
  })

  test('needs the current one, whatever else is right', async () => {
    const [here, there] = [await world.signIn('alice'), await world.signIn('alice')]
    for (const current of [WRONG, undefined, PASSWORD.toUpperCase()]) {
      const refused = await change(here, { current })
      expect([refused.status, codeOf(refused)]).toEqual([403, 'auth.wrong_password'])
    }
    expect(await isIn(there)).toBe(true)
    expect((await signIn(emailOf('alice'))).status).toBe(200)
  })

  test('needs a fresh proof, and no API token has one', async () => {
    const here = await world.signIn('alice')
    const api = await apiTokenOf(here)
    await world.sql(`update ${schema}.auth_token set proven_at = now() - interval '1 hour' where session_id = $1`, [here.me.session.id])
    expect(codeOf(await change(here))).toBe('auth.proof_needed')
    const byToken = await world.call('POST', '/api/me/password', {
      body: { current: PASSWORD, next: OTHER },
      headers: { authorization: `Bearer ${api.token}` },
    })
    expect(codeOf(byToken)).toBe('token.not_enough')
    expect((await signIn(emailOf('alice'))).status).toBe(200)
  })

  test('refuses a weak one with its reason, and that is no failure to prove who one is', async () => {
    const here = await world.signIn('alice')
    for (const [next, said] of [
      ['elevenchars', 'That password has 11 characters, and needs 12 or more.'],
      ['Alice Moreau 1984', 'That password is little more than common words, your name or your address.'],
      ['aaaaaaaaaaaaaaaa', 'Repeated characters like "aaa" are easy to guess.'],
    ] as const) {
      const refused = await change(here, { next })
      expect([refused.status, codeOf(refused), (refused.body as unknown as Problem).detail]).toEqual([400, 'password.weak', said])
    }
    expect((await world.sql('select from control.attempt')).rowCount).toBe(0)
  })

  test('of several at once one succeeds: the others gave one that was not theirs any more', async () => {
    const logins = await Promise.all(Array.from({ length: 8 }, () => world.signIn('alice')))
    const answers = await Promise.all(logins.map((login, i) => change(login, { next: `${OTHER} ${i}` })))
    const [winner, ...more] = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []))
    expect(more).toEqual([])
    expect((await signIn(emailOf('alice'), `${OTHER} ${winner}`)).status).toBe(200)
    expect(await Promise.all(logins.map((login, i) => (i === winner ? true : isIn(login))))).toEqual(logins.map((_, i) => i === winner))
  })

  test('leaves no login that began by the old one meanwhile', async () => {
    for (let round = 0; round < 3; round++) {
      const here = await world.signIn('bob')
      const entering = Array.from({ length: 6 }, () => signIn(emailOf('bob')))
      const changed = change(here)
      const more = Array.from({ length: 6 }, () => signIn(emailOf('bob')))
      expect((await changed).status).toBe(200)
      for (const answer of await Promise.all([...entering, ...more])) expect(answer.status === 401 || !(await isIn(answer.body))).toBe(true)
      expect(await isIn({ token: (await signIn(emailOf('bob'), OTHER)).body.token })).toBe(true)
      await reset()
    }
  })

  test('who has none chooses a first one with a fresh proof alone', async () => {
    const here = await world.signIn('bob')
    await world.sql(`delete from ${schema}.credential where user_id = $1`, [here.me.user.id])
    expect((await here.call('GET', '/api/me/password')).body).toEqual({ changedAt: null, leastLength: 12, longEnough: true })
    expect((await signIn(emailOf('bob'))).status).toBe(401)
    expect((await change(here, { current: undefined })).status).toBe(200)
    expect((await signIn(emailOf('bob'), OTHER)).status).toBe(200)
  })
})

describe('how long it must be', () => {
  const leastFor = async (person: SignedIn) =>
    (await person.call<{ leastLength: number; longEnough: boolean }>('GET', '/api/me/password')).body

  test('the rules of the organisation say, to whoever changes it and to whoever comes by a link', async () => {
    const alice = await world.signIn('alice')
    expect(await leastFor(alice)).toMatchObject({ leastLength: 12, longEnough: true })
    await carol.call('PATCH', '/api/login-policy', { preset: 'strict' })
    expect(await leastFor(await world.signIn('alice'))).toMatchObject({ leastLength: 15, longEnough: true })
    const { token } = await world.mail.last(NOT_JOINED)
    const rules = await world.call('POST', '/api/auth/password-rules', { body: { kind: 'invitation', token } })
    expect(rules.body).toEqual({ leastLength: 15, name: 'Quinn Rask', email: NOT_JOINED, organisation: 'acme', slug: 'acme' })
    const short = await world.call('POST', '/api/invitations/accept', { body: { token, password: 'vxq jzk wpb md' } })
    expect((short.body as Problem).detail).toBe('That password has 14 characters, and needs 15 or more.')
    await carol.call('PATCH', '/api/login-policy', { preset: 'everyday' })
  })

  test('what is known of it grows when it is used, and no further than is asked for', async () => {
    const alice = await world.signIn('alice')
    const known = async () =>
      (
        await world.sql<{ long_enough_for: number }>(`select long_enough_for from ${schema}.credential where user_id = $1`, [
          alice.me.user.id,
        ])
      ).rows[0]
    expect(await known()).toEqual({ long_enough_for: 15 })
    await world.sql(`update ${schema}.login_policy set preset = 'own', least_password_length = 20`)
    expect(await leastFor(alice)).toMatchObject({ leastLength: 20, longEnough: false })
    await world.signIn('alice')
    expect(await leastFor(alice)).toMatchObject({ leastLength: 20, longEnough: true })
    expect(await known()).toEqual({ long_enough_for: 20 })
  })

  test('a link that is no good says nothing, whatever it is for', async () => {
    const { token } = await world.mail.last(NOT_JOINED)
    for (const [kind, given] of [
      ['reset', token],
      ['invitation', `${token.slice(0, -2)}xx`],
      ['invitation', 'none'],
    ]) {
      const refused = await world.call('POST', '/api/auth/password-rules', { body: { kind, token: given } })
      expect([refused.status, codeOf(refused)]).toEqual([404, `${kind}.invalid`])
    }
  })
})

describe('a wrong password', () => {
  test('is in the log of its person once in an hour, and a notice once its network has to wait', async () => {
    const few = await createWorld({ failuresAllowed: { perAccount: 3, perAddress: 20 } })
    const [alice, bob] = [await few.signIn('alice'), await few.signIn('bob')]
    const failed = async () =>
      (await few.call('POST', '/api/auth/sign-in', { body: { email: emailOf('bob'), password: WRONG, organisation: 'acme' } })).status
    const guesses = async (person: SignedIn) => {
      const { items } = (await person.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events')).body
      return items.filter(({ kind }) => kind.startsWith('sign_in_')).map(({ kind, by, unread }) => [kind, by, unread])
    }
    expect([await failed(), await failed()]).toEqual([401, 401])
    await expect.poll(() => guesses(bob)).toEqual([['sign_in_failed', 'system', false]])
    expect([await failed(), await failed()]).toEqual([401, 429])
    await expect.poll(() => guesses(bob)).toContainEqual(['sign_in_stopped', 'system', true])
    expect(await guesses(bob)).toHaveLength(2)
    expect(await guesses(alice)).toEqual([])
    await few.close()
  })

  test('is written down behind the reply, and looked for whoever it is of', async () => {
    const begun: string[] = []
    behind.mockImplementation((name) => void begun.push(name))
    for (const email of ['alice@acme.test', 'nobody@acme.test', SUSPENDED, NOT_JOINED])
      expect((await signIn(email, WRONG)).status).toBe(401)
    behind.mockImplementation(runBehind)
    expect(begun).toEqual(Array.from({ length: 4 }, () => 'an entry on a wrong password'))
  })
})

describe('asking for a letter', () => {
  const anybody: readonly (readonly [string, string, string?])[] = [
    ['somebody', 'alice@acme.test'],
    ['nobody', 'nobody@acme.test'],
    ['somebody suspended', SUSPENDED],
    ['somebody who has not joined', NOT_JOINED],
    ['somebody of another organisation', 'trent@globex.test'],
    ['no organisation', 'alice@acme.test', 'hooli'],
  ]

  test('is answered the same, with the same work, whoever it is', async () => {
    const works = []
    for (const [, email, organisation] of anybody) works.push(await workOf(() => ask(email, organisation)))
    for (const work of works) expect(work).toEqual({ hashes: 0, statements: 1, status: 204, text: '' })
  })

  test('is answered before anybody is looked for', async () => {
    const begun: (() => void)[] = []
    behind.mockImplementation(function (this: Background, ...given) {
      begun.push(() => runBehind.apply(this, given))
    })
    const before = (await world.mail.all()).length
    for (const [, email, organisation] of anybody) expect((await ask(email, organisation)).status).toBe(204)
    expect([begun.length, (await world.mail.all()).length]).toEqual([anybody.length, before])
    await letterTo('alice@acme.test', async () => {
      for (const begin of begun) begin()
    })
    behind.mockImplementation(runBehind)
  })

  test('reaches whoever has an account, and nobody else', async () => {
    const others = anybody.slice(1).map(([, email]) => email)
    const counts = () =>
      Promise.all(others.filter((email) => email !== 'alice@acme.test').map(async (email) => (await world.mail.to(email)).length))
    const before = await counts()
    for (const [, email, organisation] of anybody.slice(1)) expect((await ask(email, organisation)).status).toBe(204)
    const letter = await letterTo('alice@acme.test', () => ask('alice@acme.test'))
    expect(letter.link).toMatch(/^https:\/\/chat\.acme\.test\/reset#/)
    expect(await counts()).toEqual(before)
    expect(letter.text).not.toContain(PASSWORD)
  })

  test('tells who has no password how they sign in, and gives no link', async () => {
    const bob = await world.signIn('bob')
    const { rows } = await world.sql(`delete from ${schema}.credential where user_id = $1 returning user_id, password_hash`, [
      bob.me.user.id,
    ])
    const letter = await letterTo(emailOf('bob'), () => ask(emailOf('bob')))
    expect(letter.subject).toBe('Your Sardonyx account has no password')
    expect(letter.link).toBe('')
    await world.sql(`insert into ${schema}.credential (user_id, password_hash) values ($1, $2)`, Object.values(rows[0]!))
  })

  test('is limited for each account and network, known or not, and is no failure to sign in', async () => {
    const few = await createWorld({ failuresAllowed: { perAccount: 3, perAddress: 10 } })
    const askOf = (email: string) => few.call('POST', '/api/auth/reset', { body: { email, organisation: 'acme' } })
    for (const email of ['alice@acme.test', 'nobody@acme.test']) {
      const statuses = []
      for (let i = 0; i < 4; i++) statuses.push((await askOf(email)).status)
      expect(statuses).toEqual([204, 204, 204, 429])
    }
    for (let i = 0; i < 4; i++) await askOf(`n${i}@acme.test`)
    expect((await askOf('one-more@acme.test')).status).toBe(429)
    expect((await few.signIn('alice')).token).toBeTruthy()
    await few.close()
  })

  test('a server that closes waits for its letters', async () => {
    const closing = await createWorld()
    await closing.call('POST', '/api/auth/reset', { body: { email: 'alice@acme.test', organisation: 'acme' } })
    await closing.server.close()
    expect((await closing.mail.to('alice@acme.test')).map(({ subject }) => subject)).toEqual(['Choose a new password for Sardonyx'])
    await closing.close()
  })
})

describe('a link of a letter', () => {
  const rulesOf = (token: string) => world.call('POST', '/api/auth/password-rules', { body: { kind: 'reset', token } })
  const newLink = async (email = emailOf('alice')) => (await letterTo(email, () => ask(email))).token
  const expectInvalid = (answer: Answer) => expect([answer.status, codeOf(answer)]).toEqual([404, 'reset.invalid'])

  test('changes the password, ends every login and API token, and signs in', async () => {
    const [here, there] = [await world.signIn('alice'), await world.signIn('alice')]
    const api = await apiTokenOf(here)
    const done = await finish(await newLink())
    expect(done.body.me.user.email).toBe(emailOf('alice'))
    expect(await Promise.all([done.body, here, there, api].map(isIn))).toEqual([true, false, false, false])
    const list = await world.call<{ items: { isThis: boolean; methods: string[] }[] }>('GET', '/api/me/sessions', {
      headers: { authorization: `Bearer ${done.body.token}` },
    })
    expect(list.body.items).toEqual([expect.objectContaining({ isThis: true, methods: ['reset'] })])
    expect(await eventsOf(done.body)).toContainEqual(expect.objectContaining({ kind: 'password_reset', unread: true }))
    expect([(await signIn(emailOf('alice'))).status, (await signIn(emailOf('alice'), OTHER)).status]).toEqual([401, 200])
  })

  test('works once, of twenty at once too', async () => {
    const token = await newLink()
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => finish(token, `${OTHER} ${i}`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(404)])
    for (const answer of answers.filter(({ status }) => status !== 200)) expectInvalid(answer)
    expectInvalid(await finish(token))
    const winner = answers.findIndex(({ status }) => status === 200)
    expect((await signIn(emailOf('alice'), `${OTHER} ${winner}`)).status).toBe(200)
  })

  test('works for half an hour, beside newer ones, and until the password is changed otherwise', async () => {
    const late = await newLink()
    const [row] = (
      await world.sql<{ left: number }>(
        `select extract(epoch from expires_at - now())::int as left from ${schema}.link where kind = 'reset'`,
      )
    ).rows
    expect(row!.left).toBeGreaterThan(29 * 60)
    expect(row!.left).toBeLessThanOrEqual(30 * 60)
    await world.sql(`update ${schema}.link set expires_at = now() where kind = 'reset'`)
    expectInvalid(await finish(late))
    const [older, newer] = [await newLink(), await newLink()]
    expect((await rulesOf(older)).status).toBe(200)
    expect((await change(await world.signIn('alice'))).status).toBe(200)
    for (const token of [older, newer]) expectInvalid(await finish(token))
  })

  test('is a hash in the database, and no use for anything else', async () => {
    const token = await newLink()
    const rows = await world.sql<{ row: string }>(`select l::text as row from ${schema}.link l`)
    expect(rows.rows.map(({ row }) => row).join('\n')).not.toContain(token.split('.')[1])
    const asInvitation = await world.call('POST', '/api/invitations/accept', { body: { token, password: OTHER } })
    expect(codeOf(asInvitation)).toBe('invitation.invalid')
    const { token: invitation } = await world.mail.last(NOT_JOINED)
    expectInvalid(await finish(invitation))
    const globex = (await world.signIn('trent')).me.organisation.id
    expectInvalid(await finish(`${globex}.${token.split('.')[1]}`))
    expect((await finish(token)).status).toBe(200)
  })

  test('is no good to somebody who was suspended since', async () => {
    const token = await newLink(emailOf('bob'))
    await world.sql(`update ${schema}."user" set status = 'suspended' where email = $1`, [emailOf('bob')])
    expectInvalid(await finish(token))
    await world.sql(`update ${schema}."user" set status = 'active' where email = $1`, [emailOf('bob')])
    expect((await finish(token)).status).toBe(200)
  })

  test('stays good when the password was refused', async () => {
    const token = await newLink()
    const refused = await finish(token, 'Alice Moreau 1984')
    expect([refused.status, codeOf(refused)]).toEqual([400, 'password.weak'])
    expect((await finish(token)).status).toBe(200)
  })
})
