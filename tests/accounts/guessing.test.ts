/** What happens to whoever guesses passwords: the same work for all that is wrong, and a closed path after a hundred. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { FAILURES_UNTIL_CLOSED } from '#server/auth/passwords/credentials.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { codeOf } from '#tests/support/world.ts'
import { NOT_JOINED, OTHER, openPasswords, SUSPENDED, WRONG } from './passwords-stage.ts'

// The library itself, with its calls counted.
vi.mock('@node-rs/argon2', { spy: true })

type Stage = Awaited<ReturnType<typeof openPasswords>>
let world: Stage['world']
let schema: Stage['schema']
let carol: Stage['carol']
let workOf: Stage['workOf']
let signIn: Stage['signIn']
let ask: Stage['ask']
let finish: Stage['finish']
let change: Stage['change']
let isIn: Stage['isIn']
let eventsOf: Stage['eventsOf']
let letterTo: Stage['letterTo']
let reset: Stage['reset']
beforeAll(async () => {
  ;({ world, schema, carol, workOf, signIn, ask, finish, change, isIn, eventsOf, letterTo, reset } = await openPasswords())
})
afterAll(() => world.close())
beforeEach(() => reset())
const emailOf = (person: Person) => PEOPLE[person].email

describe('the work is the same, for whom there is and for whom there is not', () => {
  test('signing in: one hash and as many statements for everything that is wrong', async () => {
    const wrong = [
      () => signIn('alice@acme.test', WRONG),
      () => signIn('nobody@acme.test', WRONG),
      () => signIn('nobody@acme.test'),
      () => signIn(SUSPENDED),
      () => signIn(NOT_JOINED),
      () => signIn('alice@acme.test', PASSWORD, 'hooli'),
    ]
    const works = []
    for (const call of wrong) works.push(await workOf(call))
    expect(works[0]).toMatchObject({ hashes: 1, status: 401 })
    for (const work of works) expect(work).toEqual(works[0])
  })

  test('tokens of links: one hash and as many statements for each that is no good', async () => {
    const { token } = await world.mail.last(NOT_JOINED)
    const { organisation } = carol.me
    const bad = [`${organisation.id}.none`, `${crypto.randomUUID()}.none`, 'none', `${token.slice(0, -2)}xx`]
    for (const path of ['/api/invitations/accept', '/api/auth/reset/finish']) {
      const works = []
      for (const given of bad) works.push(await workOf(() => world.call('POST', path, { body: { token: given, password: OTHER } })))
      expect(works[0]).toMatchObject({ hashes: 1, status: 404 })
      for (const work of works) expect(work).toEqual(works[0])
    }
  })

  test('and the hash is computed for a good one as often', async () => {
    const { token } = await letterTo(emailOf('alice'), () => ask(emailOf('alice')))
    expect(await workOf(() => finish(token))).toMatchObject({ hashes: 1, status: 200 })
  })
})

describe('a hundred failures in a row', () => {
  const failuresOf = async (email: string) =>
    (
      await world.sql<{ failures: number; is_closed: boolean }>(
        `select failures, closed_at is not null as is_closed from ${schema}.credential c join ${schema}."user" u on u.id = c.user_id where email = $1`,
        [email],
      )
    ).rows[0]
  const set = (email: string, failures: number) =>
    world.sql(`update ${schema}.credential c set failures = $2 from ${schema}."user" u where u.id = c.user_id and email = $1`, [
      email,
      failures,
    ])
  const email = PEOPLE.alice.email

  test('are counted, every one of many at once, and forgotten by a success', async () => {
    await Promise.all(Array.from({ length: 25 }, () => signIn(email, WRONG)))
    expect(await failuresOf(email)).toEqual({ failures: 25, is_closed: false })
    expect((await signIn(email)).status).toBe(200)
    expect(await failuresOf(email)).toEqual({ failures: 0, is_closed: false })
  })

  test('close the path: the right password is answered as a wrong one, with the same work; who is signed in stays so', async () => {
    const here = await world.signIn('alice')
    await set(email, FAILURES_UNTIL_CLOSED - 1)
    const wrong = await workOf(() => signIn('bob@acme.test', WRONG))
    const letter = await letterTo(email, () => signIn(email, WRONG))
    expect(await failuresOf(email)).toEqual({ failures: 100, is_closed: true })
    expect(await workOf(() => signIn(email))).toEqual(wrong)
    expect(await workOf(() => signIn(email, WRONG))).toEqual(wrong)
    expect(await isIn(here)).toBe(true)
    const proof = await here.call('POST', '/api/session/prove', { password: PASSWORD })
    expect([proof.status, codeOf(proof)]).toEqual([403, 'auth.wrong_password'])
    expect(codeOf(await change(here))).toBe('auth.wrong_password')
    expect(await eventsOf(here)).toContainEqual(expect.objectContaining({ kind: 'password_closed', by: 'system', unread: true }))
    expect(letter.subject).toBe('Somebody is guessing your Sardonyx password')
    expect((await finish(letter.token)).status).toBe(200)
    expect((await signIn(email, OTHER)).status).toBe(200)
  })

  test('close it once, and send one letter, however many more there are', async () => {
    await set(email, FAILURES_UNTIL_CLOSED - 2)
    await letterTo(email, () => Promise.all(Array.from({ length: 12 }, () => signIn(email, WRONG))))
    for (let i = 0; i < 5; i++) await signIn(email, WRONG)
    // Letters are sent in the order of what they are about: a later one, to somebody else, has come.
    await letterTo(emailOf('bob'), () => ask(emailOf('bob')))
    const closed = (await world.mail.to(email)).filter(({ subject }) => subject.startsWith('Somebody is guessing'))
    expect(closed).toHaveLength(2)
    expect(await failuresOf(email)).toEqual({ failures: 100, is_closed: true })
  })

  test('are those of session.prove and of changing the password, too', async () => {
    const here = await world.signIn('alice')
    await set(email, FAILURES_UNTIL_CLOSED - 2)
    await here.call('POST', '/api/session/prove', { password: WRONG })
    expect(await failuresOf(email)).toEqual({ failures: 99, is_closed: false })
    await change(here, { current: WRONG })
    expect(await failuresOf(email)).toEqual({ failures: 100, is_closed: true })
    expect(await isIn(here)).toBe(true)
  })

  test('of somebody who asks for a letter are over: nobody is kept out by another', async () => {
    await set(email, FAILURES_UNTIL_CLOSED - 1)
    await letterTo(email, () => signIn(email, WRONG))
    const { token } = await letterTo(email, () => ask(email))
    expect((await finish(token)).status).toBe(200)
    expect(await failuresOf(email)).toEqual({ failures: 0, is_closed: false })
  })

  test('are of that account alone', async () => {
    await set(email, FAILURES_UNTIL_CLOSED - 1)
    await signIn(email, WRONG)
    expect((await signIn('bob@acme.test')).status).toBe(200)
    expect(await failuresOf('nobody@acme.test')).toBeUndefined()
  })
})
