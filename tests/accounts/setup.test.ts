/** Setting up: with the code from the terminal, once, and with whatever happens at the same time exactly one organisation. */
import { afterEach, expect, test } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import { FAILURES_ALLOWED, type FailuresAllowed } from '#server/auth/limits.ts'
import { SetupCode } from '#server/auth/setup-code.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { codeOf, createWorld, type World } from '#tests/support/world.ts'

let world: World
let codes: string[]
let laterMs: number
const clock: Clock = { now: () => Date.now() + laterMs }

/** A server without an organisation, whose terminal is `codes`. */
async function begin(failuresAllowed?: FailuresAllowed): Promise<void> {
  codes = []
  laterMs = 0
  const setupCode = new SetupCode(clock, (code) => void codes.push(code))
  setupCode.announce()
  world = await createWorld({ empty: true, setupCode, clock, ...(failuresAllowed ? { failuresAllowed } : {}) })
}
afterEach(() => world.close())

const form = (changes: object = {}) => ({
  code: codes.at(-1),
  organisation: 'Initech Ltd.',
  name: 'Peter Gibbons',
  email: 'Peter@Initech.test',
  password: PASSWORD,
  deliver: 'token',
  ...changes,
})
const setUp = (changes?: object) => world.call<{ token: string; me: unknown }>('POST', '/api/setup', { body: form(changes) })
const organisations = async () => (await world.sql('select slug, name from control.tenant')).rows

test('the right code makes the organisation and its administrator, who is signed in', async () => {
  await begin()
  expect((await world.call('GET', '/api/status')).body).toMatchObject({ product: 'Sardonyx', state: 'setup', askOrganisation: false })
  const done = await setUp()
  expect(done.status).toBe(201)
  expect(done.body.me).toMatchObject({
    user: { name: 'Peter Gibbons', email: 'peter@initech.test', role: 'admin' },
    organisation: { name: 'Initech Ltd.', slug: 'initech-ltd' },
  })
  expect((await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${done.body.token}` } })).status).toBe(200)
  expect((await world.call('GET', '/api/status')).body).toMatchObject({ state: 'ready', askOrganisation: false })
  const signedIn = await world.call('POST', '/api/auth/sign-in', { body: { email: 'peter@initech.test', password: PASSWORD } })
  expect(signedIn.status).toBe(200)

  const again = await setUp({ organisation: 'Another', email: 'mallory@initech.test' })
  expect([again.status, codeOf(again)]).toEqual([409, 'setup.done'])
  expect(await organisations()).toEqual([{ slug: 'initech-ltd', name: 'Initech Ltd.' }])
})

test('a wrong code makes nothing; the right one is taken however it is spaced and cased', async () => {
  await begin()
  for (const code of ['', 'AAAA-BBBB-CCCC', codes[0]!.slice(1), `${codes[0]}2`]) {
    const refused = await setUp({ code })
    expect([refused.status, codeOf(refused)]).toEqual([403, 'setup.wrong_code'])
  }
  expect(await organisations()).toEqual([])
  expect((await setUp({ code: ` ${codes[0]!.toLowerCase().replaceAll('-', ' ')} ` })).status).toBe(201)
})

test('a code is good for an hour; after it the terminal shows another', async () => {
  await begin()
  laterMs = 61 * 60_000
  const expired = await setUp({ code: codes[0] })
  expect([expired.status, codeOf(expired)]).toEqual([403, 'setup.wrong_code'])
  expect(codes).toHaveLength(2)
  expect((await setUp({ code: codes[1] })).status).toBe(201)
})

test('codes are not guessed: after ten wrong ones even the right one waits', async () => {
  await begin(FAILURES_ALLOWED)
  for (let i = 0; i < 10; i++) expect((await setUp({ code: `AAAA-AAAA-AAA${i}` })).status).toBe(403)
  const limited = await setUp()
  expect([limited.status, codeOf(limited)]).toEqual([429, 'auth.too_many_attempts'])
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
  expect(await organisations()).toEqual([])
})

test('a weak password is refused with the reason, and the code stays good', async () => {
  await begin()
  const weak = await setUp({ password: 'initech-peter-password' })
  expect([weak.status, codeOf(weak)]).toEqual([400, 'password.weak'])
  expect((weak.body as unknown as Problem).detail).toMatch(/your name or your address/)
  expect(await organisations()).toEqual([])
  expect((await setUp()).status).toBe(201)
})

test('ten at once make exactly one organisation', async () => {
  await begin()
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => setUp({ organisation: `Org ${i}`, email: `p${i}@initech.test` })))
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)])
  expect(await organisations()).toHaveLength(1)
})
