/** Signing in and what guards it: one answer for everything that is wrong, limits on guessing, and a cookie that stays where it belongs. */
import { verify } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, codeOf, createWorld, type World } from '#tests/support/world.ts'

// The library itself, with its calls counted.
vi.mock('@node-rs/argon2', { spy: true })

let world: World
beforeAll(async () => {
  world = await createWorld({ failuresAllowed: { perAccount: 10, perAddress: 1_000 } })
})
afterAll(() => world.close())

const signIn = (body: object, at: World = world): Promise<Answer<{ token: string | null }>> =>
  at.call('POST', '/api/auth/sign-in', { body: { password: PASSWORD, organisation: 'acme', ...body } })
const withoutRequestId = ({ status, text, body }: Answer) => ({ status, text: text.replace((body as Problem).requestId, '') })

describe('what is wrong is not told', () => {
  const wrong = {
    password: { email: 'alice@acme.test', password: 'wrong horse battery staple' },
    address: { email: 'nobody@acme.test' },
    organisation: { email: 'alice@acme.test', organisation: 'hooli' },
    'address of another organisation': { email: 'trent@globex.test' },
    'case of the password': { email: 'alice@acme.test', password: PASSWORD.toUpperCase() },
    'space behind the password': { email: 'alice@acme.test', password: `${PASSWORD} ` },
  }

  test('every wrong combination has the same answer, which sets no cookie', async () => {
    const answers = await Promise.all(Object.values(wrong).map((body) => signIn(body)))
    expect(codeOf(answers[0]!)).toBe('auth.wrong_credentials')
    for (const answer of answers) {
      expect(withoutRequestId(answer)).toEqual(withoutRequestId(answers[0]!))
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
  })

  test('and takes the same work: the hash is computed once for each of them', async () => {
    for (const body of Object.values(wrong)) {
      vi.mocked(verify).mockClear()
      await signIn(body)
      expect(vi.mocked(verify)).toHaveBeenCalledOnce()
    }
  })

  test('a suspended person is told no more', async () => {
    const schema = await schemaOf(world, 'acme')
    await world.sql(`update ${schema}."user" set status = 'suspended' where email = 'alice@acme.test'`)
    const suspended = await signIn({ email: 'alice@acme.test' })
    await world.sql(`update ${schema}."user" set status = 'active' where email = 'alice@acme.test'`)
    expect(withoutRequestId(suspended)).toEqual(withoutRequestId(await signIn({ email: 'nobody@acme.test' })))
    expect((await signIn({ email: 'alice@acme.test' })).status).toBe(200)
  })
})

describe('who one is', () => {
  test('the address is taken in any case, and the organisation too', async () => {
    expect((await signIn({ email: '  ALICE@acme.TEST ', organisation: ' ACME ' })).status).toBe(200)
  })

  test('where there are several organisations, its short name is asked for', async () => {
    expect((await world.call('GET', '/api/status')).body).toMatchObject({ state: 'ready', askOrganisation: true })
    const unnamed = await signIn({ email: 'alice@acme.test', organisation: undefined })
    expect([unnamed.status, codeOf(unnamed)]).toEqual([400, 'auth.organisation_needed'])
    expect(unnamed.text).not.toMatch(/acme|globex/)
  })

  test('each sign-in is a session of its own', async () => {
    const one = await world.signIn('bob')
    const two = await world.signIn('bob')
    expect(one.me.session.id).not.toBe(two.me.session.id)
    await one.call('POST', '/api/auth/sign-out')
    expect((await one.call('GET', '/api/me')).status).toBe(401)
    expect((await two.call('GET', '/api/me')).status).toBe(200)
  })
})

describe('limits', () => {
  const guess = (email: string, at?: World) => signIn({ email, password: 'wrong horse battery staple' }, at)

  test('the eleventh failure waits, with the right password too, and nobody else does', async () => {
    const email = 'limited@acme.test'
    for (let i = 0; i < 10; i++) expect((await guess(email)).status).toBe(401)
    const limited = await guess(email)
    expect([limited.status, codeOf(limited)]).toEqual([429, 'auth.too_many_attempts'])
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(60)
    expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(900)
    expect((await signIn({ email })).status).toBe(429)
    expect((await signIn({ email: 'bob@acme.test' })).status).toBe(200)
  })

  test('a success forgets the failures before it', async () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 9; i++) expect((await guess('bob@acme.test')).status).toBe(401)
      expect((await signIn({ email: 'bob@acme.test' })).status).toBe(200)
    }
  })

  test('thirty failures at once are ten failures and twenty refusals', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => guess('parallel@acme.test')))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20)
  })

  test('naming the one organisation, or not, is the same account', async () => {
    const alone = await createWorld({ failuresAllowed: { perAccount: 2, perAddress: 1_000 } })
    await alone.sql(`delete from control.tenant where slug = 'globex'`)
    const named = { email: 'alice@acme.test', password: 'wrong horse battery staple' }
    expect((await signIn(named, alone)).status).toBe(401)
    expect((await signIn({ ...named, organisation: undefined }, alone)).status).toBe(401)
    expect((await signIn(named, alone)).status).toBe(429)
    await alone.close()
  })

  test('trying many accounts from one address is limited as well', async () => {
    const narrow = await createWorld({ failuresAllowed: { perAccount: 10, perAddress: 5 } })
    for (let i = 0; i < 5; i++) expect((await guess(`n${i}@acme.test`, narrow)).status).toBe(401)
    expect((await guess('n6@acme.test', narrow)).status).toBe(429)
    await narrow.close()
  })
})

describe('the cookie', () => {
  const cookieOf = (answer: Answer) => String(answer.headers['set-cookie'])

  test('is for this host alone, and for no script', async () => {
    const answer = await signIn({ email: 'alice@acme.test' })
    expect(answer.body.token).toBeNull()
    expect(cookieOf(answer)).toMatch(/^sardonyx-[0-9a-f]+=ey[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  test('over https it is Secure, and bound to the host by its name', async () => {
    const tls = await createWorld({ baseUrl: 'https://chat.acme.test' })
    const answer = await signIn({ email: 'alice@acme.test' }, tls)
    expect(cookieOf(answer)).toMatch(/^__Host-sardonyx-[0-9a-f]+=ey[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(cookieOf(answer)).not.toContain('Domain')
    expect(answer.headers['strict-transport-security']).toMatch(/max-age=31536000/)
    await tls.close()
  })

  test('signs in, and is cleared by signing out', async () => {
    const [cookie = ''] = cookieOf(await signIn({ email: 'alice@acme.test' })).split(';')
    expect((await world.call('GET', '/api/me', { headers: { cookie } })).status).toBe(200)
    expect(codeOf(await world.call('POST', '/api/auth/sign-out', { headers: { cookie } }))).toBe('request.cross_site')
    const out = await world.call('POST', '/api/auth/sign-out', { headers: { cookie, 'sec-fetch-site': 'same-origin' } })
    expect(out.status).toBe(204)
    expect(cookieOf(out)).toMatch(new RegExp(`^${cookie.split('=')[0]}=; .*Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT`))
    expect((await world.call('GET', '/api/me', { headers: { cookie } })).status).toBe(401)
  })

  test('a token asked for comes in the body, and no cookie with it', async () => {
    const answer = await signIn({ email: 'alice@acme.test', deliver: 'token' })
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.body.token).toMatch(/^ey/)
  })

  test('an Authorization header decides, good or bad, whatever cookie is with it', async () => {
    const [cookie = ''] = cookieOf(await signIn({ email: 'alice@acme.test' })).split(';')
    const bob = await world.signIn('bob')
    const as = (authorization: string) => world.call<{ user: { name: string } }>('GET', '/api/me', { headers: { cookie, authorization } })
    expect((await as(`Bearer ${bob.token}`)).body.user.name).toBe('Bob Okafor')
    expect((await as(`bearer ${bob.token}`)).body.user.name).toBe('Bob Okafor')
    for (const bad of ['Bearer x', 'Basic YTpi', 'Bearer', '', bob.token]) expect((await as(bad)).status).toBe(401)
  })
})
