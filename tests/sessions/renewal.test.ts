/** Tokens that follow one another: lost replies and parallel requests sign nobody out, and a copy of an old token ends the login. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SecurityEvent } from '#contract/security.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, codeOf, createWorld, type World } from '#tests/support/world.ts'

let world: World
let schema: string
let nowMs = Date.now()
/** With what signing in may take: a token's age counts from the database's time. */
const QUARTER_MS = 15 * 60_000 + 10_000
const ORIGIN = { 'sec-fetch-site': 'same-origin' }

beforeAll(async () => {
  world = await createWorld({ clock: { now: () => nowMs } })
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(() => {
  nowMs = Date.now()
})

/** A browser: it keeps the cookie that it is given, and may lose a reply. */
class Browser {
  cookie = ''

  async signIn(): Promise<this> {
    const { email, tenant } = PEOPLE.alice
    const answer = await world.call('POST', '/api/auth/sign-in', {
      body: { email, password: PASSWORD, organisation: tenant },
      headers: ORIGIN,
    })
    this.keep(answer)
    return this
  }

  get token(): string {
    return this.cookie.split('=')[1] ?? ''
  }

  keep(answer: Answer): Answer {
    const set = [answer.headers['set-cookie'] ?? []].flat()[0]
    if (set) this.cookie = String(set).split(';')[0] ?? ''
    return answer
  }

  async get(path = '/api/me', cookie = this.cookie): Promise<Answer> {
    return this.keep(await this.lost(path, cookie))
  }

  /** A request whose reply does not arrive. */
  lost(path = '/api/me', cookie = this.cookie): Promise<Answer> {
    return world.call('GET', path, { headers: { cookie, ...ORIGIN } })
  }

  post(path: string, body: unknown = {}): Promise<Answer> {
    return world.call('POST', path, { body, headers: { cookie: this.cookie, ...ORIGIN } })
  }
}

/** Time goes on for what is on record. */
async function later(seconds: number, token: string): Promise<void> {
  await world.sql(
    `update ${schema}.auth_token set retires_at = retires_at - make_interval(secs => $1)
      where session_id = (select session_id from ${schema}.auth_token where hash = $2)`,
    [seconds, tokenHash(token)],
  )
}

describe('a browser', () => {
  test('keeps a young token, and is given another after a quarter of an hour', async () => {
    const browser = await new Browser().signIn()
    const first = browser.token
    nowMs += QUARTER_MS - 70_000
    await browser.get()
    expect(browser.token).toBe(first)
    nowMs += 61_000
    await browser.get()
    expect(browser.token).not.toBe(first)
    expect((await browser.get()).status).toBe(200)
  })

  test('is given the same successor by requests that run side by side', async () => {
    const browser = await new Browser().signIn()
    nowMs += QUARTER_MS
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.lost()))
    const tokens = new Set(answers.map((answer) => String(answer.headers['set-cookie']).split(';')[0]))
    expect(tokens.size).toBe(1)
    for (const answer of answers) browser.keep(answer)
    expect((await browser.get()).status).toBe(200)
  })

  test('that lost the reply is given the same successor again, however much later', async () => {
    const browser = await new Browser().signIn()
    nowMs += QUARTER_MS
    const lost = await browser.lost()
    nowMs += 6 * 3_600_000
    const again = await browser.get()
    expect(again.headers['set-cookie']).toEqual(lost.headers['set-cookie'])
    expect((await browser.get()).status).toBe(200)
  })

  test('may use the old token for half a minute after the new one was seen, and is not given the new one for it', async () => {
    const browser = await new Browser().signIn()
    const old = browser.cookie
    nowMs += QUARTER_MS
    await browser.get()
    await browser.get()
    const late = await browser.lost('/api/me', old)
    expect(late.status).toBe(200)
    expect(late.headers['set-cookie']).toBeUndefined()
    await later(29, browser.token)
    expect((await browser.lost('/api/me', old)).status).toBe(200)
  })
})

describe('a token that was replaced', () => {
  test('in use after its grace ends the login for both, and its person is told', async () => {
    const browser = await new Browser().signIn()
    const other = await new Browser().signIn()
    const old = browser.cookie
    nowMs += QUARTER_MS
    await browser.get()
    await browser.get()
    await later(31, browser.token)
    expect((await browser.get()).status).toBe(200)
    expect(codeOf(await browser.lost('/api/me', old))).toBe('auth.required')
    expect(codeOf(await browser.get())).toBe('auth.required')
    expect((await browser.post('/api/auth/why-ended')).body).toMatchObject({ reason: 'theft' })
    const notices = await other.get('/api/me/security-events?about=notices')
    const [notice] = (notices.body as { items: SecurityEvent[] }).items
    expect(notice).toMatchObject({ kind: 'theft_suspected', by: 'system', unread: true })
    expect((await other.post(`/api/me/security-events/${notice!.id}/read`)).status).toBe(204)
    expect(((await other.get('/api/me/security-events?about=notices')).body as { items: unknown[] }).items).toEqual([])
  })
})

test('“this wasn’t me” changes the token of the login that says it, so that a copy of it is found out, too', async () => {
  const browser = await new Browser().signIn()
  const copy = browser.cookie
  browser.keep(await browser.post('/api/me/sessions/not-me'))
  expect(browser.cookie).not.toBe(copy)
  expect((await browser.get()).status).toBe(200)
  await later(31, browser.token)
  expect((await browser.lost('/api/me', copy)).status).toBe(401)
  expect((await browser.post('/api/auth/why-ended')).body).toMatchObject({ reason: 'theft' })
})

describe('a reply that comes after that to a later proof', () => {
  /** A browser whose old token was replaced in a reply that is still under way, and which has proven itself since. */
  async function overtaken() {
    const browser = await new Browser().signIn()
    await world.sql(`update ${schema}.auth_token set proven_at = null where hash = $1`, [tokenHash(browser.token)])
    nowMs += QUARTER_MS
    const late = await browser.lost()
    nowMs -= QUARTER_MS
    browser.keep(await browser.post('/api/session/prove', { password: PASSWORD }))
    expect((await browser.get()).status).toBe(200)
    return { browser, late }
  }

  test('signs nobody out: the browser goes on with the token that came late, and is given another', async () => {
    const { browser, late } = await overtaken()
    await later(3_600, browser.token)
    const { token } = browser.keep(late) && browser
    expect((await browser.get()).status).toBe(200)
    expect(browser.token).not.toBe(token)
    expect((await browser.get('/api/session')).body).toMatchObject({ proven: false })
    await later(31, browser.token)
    expect((await browser.get()).status).toBe(200)
  })

  test('nor does it when requests with either token are under way together', async () => {
    const { browser, late } = await overtaken()
    const proven = browser.cookie
    const straggler = new Browser()
    straggler.keep(late)
    // No activity: it is given its successor all the same, and given the same again.
    const [one, two] = [await straggler.lost('/api/session'), await straggler.lost('/api/session')]
    expect(one.headers['set-cookie']).toEqual(two.headers['set-cookie'])
    expect((await browser.get('/api/me', proven)).status).toBe(200)
    browser.keep(one)
    expect((await browser.get()).status).toBe(200)
    await later(31, browser.token)
    expect((await browser.get()).status).toBe(200)
  })

  test('helps no copy: of one that goes on with it, and of one that does not, the owner is told', async () => {
    const { browser, late } = await overtaken()
    const copy = new Browser()
    copy.keep(late)
    await copy.get()
    await copy.get()
    await later(31, browser.token)
    expect(codeOf(await browser.get())).toBe('auth.required')
    expect((await browser.post('/api/auth/why-ended')).body).toMatchObject({ reason: 'theft' })

    const other = await overtaken()
    await other.browser.lost('/api/me', String(other.late.headers['set-cookie']).split(';')[0])
    await later(31, other.browser.token)
    expect((await other.browser.get()).status).toBe(200)
    expect((await other.browser.lost('/api/me', String(other.late.headers['set-cookie']).split(';')[0])).status).toBe(401)
    expect((await other.browser.post('/api/auth/why-ended')).body).toMatchObject({ reason: 'theft' })
  })
})

describe('a program', () => {
  test('refreshes its token: young ones stay, old ones are replaced, and one whose successor is in use is told so', async () => {
    const bob = await world.signIn('bob')
    const refresh = (token: string) =>
      world.call<{ token: string }>('POST', '/api/auth/refresh', { headers: { authorization: `Bearer ${token}` } })
    expect((await refresh(bob.token)).body.token).toBe(bob.token)
    nowMs += QUARTER_MS
    const [one, two] = await Promise.all([refresh(bob.token), refresh(bob.token)])
    expect(one.body.token).not.toBe(bob.token)
    expect(two.body.token).toBe(one.body.token)
    const me = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${one.body.token}` } })
    expect(me.status).toBe(200)
    expect(codeOf(await refresh(bob.token))).toBe('auth.token_replaced')
  })
})

describe('a proof', () => {
  test('raises a new token only: the earlier one gains nothing by it, and ends half a minute after the new one was seen', async () => {
    const browser = await new Browser().signIn()
    const old = browser.cookie
    await world.sql(`update ${schema}.auth_token set proven_at = now() - interval '31 minutes' where hash = $1`, [tokenHash(browser.token)])
    const token = { name: 'Nightly', abilities: ['read'], days: 1 }
    const refused = await browser.post('/api/me/tokens', token)
    expect([refused.status, codeOf(refused), refused.headers['www-authenticate']]).toEqual([
      401,
      'auth.proof_needed',
      'Bearer error="insufficient_user_authentication"',
    ])
    expect(codeOf(await browser.post('/api/session/prove', { password: 'not the right one' }))).toBe('auth.wrong_password')
    const proven = browser.keep(await browser.post('/api/session/prove', { password: PASSWORD }))
    expect(proven.body).toMatchObject({ token: null, session: { proven: true } })
    expect(browser.cookie).not.toBe(old)
    expect((await browser.post('/api/me/tokens', token)).status).toBe(201)
    const copy = new Browser()
    copy.cookie = old
    expect(codeOf(await copy.post('/api/me/tokens', token))).toBe('auth.proof_needed')
    nowMs += QUARTER_MS
    expect((await copy.get()).headers['set-cookie']).toBeUndefined()
    // The new one was seen, so that the earlier one is good for half a minute more.
    await later(31, browser.token)
    expect(codeOf(await copy.get())).toBe('auth.required')
  })
})
