/** Back-channel logout: a signed token of the provider ends the logins that began at it, once; everything that is not quite one ends nothing. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CookieBrowser, cookieBrowser } from '#tests/support/cookie-browser.ts'
import { CLIENT } from '#tests/support/scripted-provider.ts'
import { type Answer, codeOf } from '#tests/support/world.ts'
import { browserOf, createStage, DAVE, link, type Stage, signInThrough } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.close())
beforeEach(() => stage.set())

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const nowS = () => Math.floor(Date.now() / 1_000)
const claims = (changes: object = {}) => ({
  iss: stage.provider.issuer,
  aud: CLIENT.id,
  iat: nowS(),
  jti: crypto.randomUUID(),
  events: { [EVENT]: {} },
  sub: 'dave-1',
  ...changes,
})
const path = () => `/api/auth/oidc/backchannel-logout/${stage.carol.me.organisation.id}`
const send = (token: string, headers: Record<string, string> = FORM, to = path()): Promise<Answer> =>
  stage.world.call('POST', to, { body: `logout_token=${encodeURIComponent(token)}`, headers })
const token = async (changes: object = {}, how: Parameters<Stage['provider']['sign']>[1] = { typ: 'logout+jwt' }) =>
  stage.provider.sign(JSON.parse(JSON.stringify(claims(changes))), how)
const isIn = async (browser: CookieBrowser) => (await browser.call('GET', '/api/me')).status === 200
const signIn = async (who: Partial<typeof DAVE> = {}, sid?: string) =>
  (await signInThrough(stage, { provider: stage.provider, who: { ...DAVE, ...who }, mischief: { claims: sid ? { sid } : {} } })).browser

test('ends all that began at the provider for that subject, says so there, and leaves what did not', async () => {
  const [one, two] = [await signIn(), await signIn()]
  const other = await signIn({ sub: 'other', email: 'other@acme.test' })
  const alice = await browserOf(stage.world, 'alice')
  await link(alice, stage.provider, { sub: 'alice-there' })
  const answer = await send(await token())
  expect([answer.status, answer.text, answer.headers['cache-control']]).toEqual([200, '', 'no-store'])
  expect([await isIn(one), await isIn(two), await isIn(other), await isIn(alice)]).toEqual([false, false, true, true])
  expect((await one.call('POST', '/api/auth/why-ended')).body).toMatchObject({ reason: 'provider_signed_out' })
  // She signed in with her password; the provider ends what began at it.
  await send(await token({ sub: 'alice-there' }))
  expect(await isIn(alice)).toBe(true)
})

test('ends the one login that is named, and no other of the same person', async () => {
  const [one, two] = [await signIn({}, 'there-1'), await signIn({}, 'there-2')]
  expect((await send(await token({ sub: undefined, sid: 'there-1' }))).status).toBe(200)
  expect([await isIn(one), await isIn(two)]).toEqual([false, true])
  expect((await send(await token({ sid: 'there-2', sub: 'somebody-else' }))).status).toBe(200)
  expect(await isIn(two)).toBe(true)
  await send(await token({ sid: 'there-2' }))
  expect(await isIn(two)).toBe(false)
})

test('ends a login whose second factor was given after the provider, too', async () => {
  const [direct, later] = [await signIn({}, 'there-3'), await signIn({}, 'there-4')]
  await stage.world.sql(`update ${stage.schema}.identity_sign_in set session_id = null where sid = 'there-4'`)
  await send(await token({ sid: 'there-4' }))
  expect([await isIn(later), await isIn(direct)]).toEqual([false, true])
})

test('is good once, of twenty times at once', async () => {
  const browser = await signIn()
  const good = await token()
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(good)))
  expect(answers.filter(({ status }) => status === 200).length).toBe(1)
  expect(await isIn(browser)).toBe(false)
  const next = await signIn()
  expect([codeOf(await send(good)), await isIn(next)]).toEqual(['oidc.bad_logout', true])
})

describe('ends nothing', () => {
  const bad: Record<string, () => Promise<string>> = {
    'for another client': () => token({ aud: 'another' }),
    'of another issuer': () => token({ iss: 'https://elsewhere.test' }),
    'without the event': () => token({ events: {} }),
    'with the event as a word': () => token({ events: { [EVENT]: 'yes' } }),
    'without any events': () => token({ events: undefined }),
    'with a nonce, as ID tokens have one': () => token({ nonce: 'x' }),
    'without a name of its own': () => token({ jti: undefined }),
    'without a time': () => token({ iat: undefined }),
    'that is old': () => token({ iat: nowS() - 400 }),
    'that is from the future': () => token({ iat: nowS() + 400 }),
    'that is past its end': () => token({ exp: nowS() - 60 }),
    'that names nobody': () => token({ sub: undefined }),
    'that names no person but a number': () => token({ sub: 7 }),
    'signed by nobody': () => token({}, { signedBy: 'nobody' }),
    'signed by the secret of the client': () => token({}, { signedBy: 'secret' }),
    'signed by a stranger': () => token({}, { signedBy: 'stranger' }),
    'that is none': async () => 'x.y.z',
    'that is empty': async () => '',
  }
  test.each(Object.entries(bad))('with a token %s', async (_what, make) => {
    const browser = await signIn()
    const answer = await send(await make())
    expect([answer.status, await isIn(browser)]).toEqual([400, true])
  })

  test('at the address of another organisation, or of none', async () => {
    const browser = await signIn()
    const mallory = await stage.world.signIn('mallory')
    await stage.set({}, mallory)
    const to = (id: string) => path().replace(stage.carol.me.organisation.id, id)
    // There it is a good one, and names nobody.
    expect((await send(await token(), FORM, to(mallory.me.organisation.id))).status).toBe(200)
    expect(codeOf(await send(await token(), FORM, to(crypto.randomUUID())))).toBe('oidc.bad_logout')
    expect(await isIn(browser)).toBe(true)
  })

  test('of a provider that another one has taken the place of', async () => {
    const browser = await signIn()
    await stage.set({ issuer: stage.other.issuer })
    expect([codeOf(await send(await token())), await isIn(browser)]).toEqual(['oidc.bad_logout', true])
    const foreign = await stage.other.sign(claims({ iss: stage.other.issuer }))
    expect([(await send(foreign)).status, await isIn(browser)]).toEqual([200, true])
  })

  test('from a page of another site, or in another form than a form', async () => {
    const browser = await signIn()
    const good = await token()
    expect(codeOf(await send(good, { ...FORM, 'sec-fetch-site': 'cross-site' }))).toBe('request.cross_site')
    expect((await send(good, { 'content-type': 'text/plain' })).status).toBe(415)
    const json = await stage.world.call('POST', path(), { body: { logout_token: good } })
    expect([json.status, codeOf(json)]).toEqual([415, 'request.media_type'])
    const twice = await stage.world.call('POST', path(), { body: `logout_token=${good}&logout_token=${good}`, headers: FORM })
    expect([twice.status, await isIn(browser)]).toEqual([400, true])
    const nowhere = await stage.world.call('POST', '/api/auth/sign-in', { body: 'email=a', headers: FORM })
    expect([nowhere.status, codeOf(nowhere)]).toEqual([415, 'request.media_type'])
  })
})

test('nonsense makes this server call nobody', async () => {
  await stage.set({ name: 'Anew' })
  const before = stage.provider.requests.length
  for (const nonsense of ['x', 'x.y.z', await token({ aud: 'another' })]) await send(nonsense)
  expect(stage.provider.requests.length).toBe(before)
  expect(await isIn(cookieBrowser(stage.world))).toBe(false)
})
