/** The provider beside second factors: it is one factor, unless the organisation says that it is two. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import { PEOPLE } from '#tests/support/cast.ts'
import type { CookieBrowser } from '#tests/support/cookie-browser.ts'
import { type App, appOf, give } from '#tests/support/factors.ts'
import { CLIENT } from '#tests/support/scripted-provider.ts'
import { codeOf } from '#tests/support/world.ts'
import { browserOf, createStage, DAVE, link, type Stage, signInThrough } from './stage.ts'

const BOB = { sub: 'bob-there' }
let stage: Stage
let app: App
beforeAll(async () => {
  stage = await createStage()
  const browser = await browserOf(stage.world, 'bob')
  await link(browser, stage.provider, BOB)
  app = await appOf(await stage.world.signIn('bob'))
})
afterAll(() => stage.close())
beforeEach(() => stage.set())

const through = (who: Parameters<typeof signInThrough>[1]['who'], claims = {}) =>
  signInThrough(stage, { provider: stage.provider, who, mischief: { claims } })
const isIn = async (browser: CookieBrowser) => (await browser.call('GET', '/api/me')).status === 200

test('somebody who has a second factor is asked for it, and is in once it was given', async () => {
  const { browser, answer } = await through(BOB, { sid: 'there-1' })
  const { outcome } = answer.body
  expect(outcome).toMatchObject({ state: 'sign_in', reply: { state: 'second_factor', factors: { code: true } } })
  expect(await isIn(browser)).toBe(false)
  const { ticket } = (outcome as unknown as { reply: { ticket: string } }).reply
  const given = await give<{ me: Me; token: string }>(stage.world, ticket, { code: app.code() })
  expect([given.status, given.body.me.user.email]).toEqual([200, PEOPLE.bob.email])
  const headers = { authorization: `Bearer ${given.body.token}` }
  const devices = await stage.world.call<{ items: { methods: string[] }[] }>('GET', '/api/me/sessions', { headers })
  expect(devices.body.items[0]!.methods).toEqual(['provider', 'totp'])
  // The provider has no name for that login here, and ends it all the same.
  const claims = {
    iss: stage.provider.issuer,
    aud: CLIENT.id,
    iat: Math.floor(Date.now() / 1_000),
    jti: crypto.randomUUID(),
    sid: 'there-1',
  }
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const ended = await stage.world.call('POST', `/api/auth/oidc/backchannel-logout/${stage.carol.me.organisation.id}`, {
    body: `logout_token=${await stage.provider.sign({ ...claims, events })}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect([ended.status, (await stage.world.call('GET', '/api/me', { headers })).status]).toEqual([200, 401])
})

test('where the provider counts as two, nobody is asked', async () => {
  await stage.set({ twoFactors: true })
  const { browser, answer } = await through(BOB)
  expect([answer.body.outcome.state, await isIn(browser)]).toEqual(['sign_in', true])
})

test('a fresh proof by the provider is one of a person with a second factor only where it counts as two', async () => {
  await stage.set({ twoFactors: true })
  const { browser } = await through(BOB)
  const proves = async () => (await browser.call<{ proves: boolean }>('GET', '/api/me/identities')).body.proves
  const begin = () => browser.call('POST', '/api/session/prove-by-provider', { next: '/' })
  expect([await proves(), (await begin()).status]).toEqual([true, 200])
  await stage.set()
  const refused = await begin()
  expect([await proves(), refused.status, codeOf(refused)]).toEqual([false, 409, 'oidc.not_enough'])
})

test('where a second factor is required, who has none may do nothing else after one factor, and everything after two', async () => {
  const policy = (secondFactor: string) => stage.carol.call('PATCH', '/api/login-policy', { preset: 'everyday', secondFactor })
  await appOf(stage.carol)
  expect((await policy('everyone')).status).toBe(200)
  const dave = { ...DAVE, sub: 'dave-required', email: 'required@acme.test' }
  const one = await through(dave)
  expect(codeOf(await one.browser.call('GET', '/api/chats'))).toBe('auth.factor_needed')
  await stage.set({ twoFactors: true })
  const two = await through(dave)
  expect((await two.browser.call('GET', '/api/chats')).status).toBe(200)
  await policy('optional')
})

test('where it counts as two no more, logins of those who must have a second factor are restricted with it', async () => {
  const policy = (secondFactor: string) => stage.carol.call('PATCH', '/api/login-policy', { preset: 'everyday', secondFactor })
  const begun = async (sub: string) => (await through({ ...DAVE, sub, email: `${sub}@acme.test` })).browser
  const whole = async (browser: CookieBrowser) => (await browser.call('GET', '/api/chats')).status === 200
  const two = { twoFactors: true }
  for (const [sub, then] of [
    ['counts-one', { twoFactors: false }],
    ['switched-off', { twoFactors: true, on: false }],
    ['another-issuer', { twoFactors: true, issuer: stage.other.issuer }],
  ] as const) {
    await stage.set(two)
    await policy('everyone')
    const browser = await begun(sub)
    await stage.set({ ...two, name: 'Keyhouse 2' })
    expect([sub, await whole(browser)]).toEqual([sub, true])
    await stage.set(then)
    expect(codeOf(await browser.call('GET', '/api/chats'))).toBe('auth.factor_needed')
    await policy('optional')
  }
  await stage.set(two)
  const browser = await begun('free')
  await stage.set({ twoFactors: false })
  expect(await whole(browser)).toBe(true)
})

test('a sign-in that waits for the second factor ends with the provider’s logout, and with the link', async () => {
  const { world, carol } = stage
  const ticketOf = async (sid: string) =>
    ((await through(BOB, { sid })).answer.body.outcome as unknown as { reply: { ticket: string } }).reply.ticket
  const waiting = await ticketOf('there-2')
  const logout = {
    iss: stage.provider.issuer,
    aud: CLIENT.id,
    iat: Math.floor(Date.now() / 1_000),
    jti: crypto.randomUUID(),
    sid: 'there-2',
  }
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const sent = await world.call('POST', `/api/auth/oidc/backchannel-logout/${carol.me.organisation.id}`, {
    body: `logout_token=${await stage.provider.sign({ ...logout, events })}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect([sent.status, codeOf(await give(world, waiting, { code: app.code(1) }))]).toEqual([200, 'auth.ticket_invalid'])

  const [another, own] = [await ticketOf('there-3'), await ticketOf('there-4')]
  const { token } = (await give<{ token: string }>(world, own, { code: app.code(1) })).body
  const headers = { authorization: `Bearer ${token}` }
  const { items } = (await world.call<{ items: { id: string }[] }>('GET', '/api/me/identities', { headers })).body
  expect((await world.call('DELETE', `/api/me/identities/${items[0]!.id}`, { headers })).status).toBe(204)
  expect(codeOf(await give(world, another, { recoveryCode: app.recoveryCodes[0] }))).toBe('auth.ticket_invalid')
})
