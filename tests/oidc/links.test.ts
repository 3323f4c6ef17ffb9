/** Links between an account here and one at the provider: made by their person alone, used to sign in and to prove who one is, and undone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Identity } from '#contract/oidc.ts'
import type { SecurityEvent } from '#contract/security.ts'
import { PEOPLE } from '#tests/support/cast.ts'
import { type CookieBrowser, cookieBrowser } from '#tests/support/cookie-browser.ts'
import type { Mischief } from '#tests/support/scripted-provider.ts'
import { codeOf } from '#tests/support/world.ts'
import { browserOf, createStage, DAVE, finish, link, type Stage, setOut, signInThrough } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.close())
beforeEach(async () => {
  await stage.set()
  await stage.world.sql(`delete from ${stage.schema}.identity`)
})

const whoIs = async (browser: CookieBrowser) => (await browser.call<Me>('GET', '/api/me')).body.user?.email
const linksOf = async (browser: CookieBrowser) =>
  (await browser.call<{ provider: string | null; items: Identity[] }>('GET', '/api/me/identities')).body
const eventsOf = async (browser: CookieBrowser) =>
  (await browser.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events')).body.items.map(({ kind }) => kind)
const proofIsOld = () =>
  stage.world.sql(`update ${stage.schema}.auth_token set proven_at = now() - interval '31 minutes' where session_id <> $1`, [
    stage.carol.me.session.id,
  ])
const ALICE = { sub: 'alice-there' }

test('a link is made under a fresh proof, noted, told by letter, used, and undone', async () => {
  const alice = await browserOf(stage.world, 'alice')
  await proofIsOld()
  const asked = await alice.call('POST', '/api/me/identities', { next: '/' })
  expect([asked.status, codeOf(asked)]).toEqual([401, 'auth.proof_needed'])
  await alice.call('POST', '/api/session/prove', { password: 'correct horse battery staple' })
  const linked = await link(alice, stage.provider, ALICE)
  expect([linked.status, linked.body]).toEqual([200, { next: '/account/sign-in', outcome: { state: 'linked' } }])
  expect((await eventsOf(alice))[0]).toBe('identity_linked')
  const letter = await stage.world.mail.last(PEOPLE.alice.email)
  expect([letter.subject, letter.link]).toEqual(['You can now sign in to acme with Keyhouse', ''])
  const { provider, items } = await linksOf(alice)
  expect([provider, items.map(({ issuer, current }) => [issuer, current])]).toEqual(['Keyhouse', [[stage.provider.issuer, true]]])
  expect(await whoIs((await signInThrough(stage, { provider: stage.provider, who: ALICE })).browser)).toBe(PEOPLE.alice.email)
  expect((await alice.call('DELETE', `/api/me/identities/${items[0]!.id}`)).status).toBe(204)
  expect([(await eventsOf(alice))[0], (await linksOf(alice)).items]).toEqual(['identity_unlinked', []])
  expect(codeOf((await signInThrough(stage, { provider: stage.provider, who: ALICE })).answer)).toBe('oidc.unverified')
})

test('one account there is one account here', async () => {
  const [alice, bob] = [await browserOf(stage.world, 'alice'), await browserOf(stage.world, 'bob')]
  await link(alice, stage.provider, ALICE)
  expect(codeOf(await link(bob, stage.provider, ALICE))).toBe('oidc.linked_elsewhere')
  expect(codeOf(await link(alice, stage.provider, { sub: 'another' }))).toBe('oidc.linked_elsewhere')
  expect((await link(alice, stage.provider, ALICE)).status).toBe(200)
  expect([(await linksOf(alice)).items.length, (await linksOf(bob)).items.length]).toEqual([1, 0])
})

test('a link that was begun under one login is not made under another one, or under none', async () => {
  const alice = await browserOf(stage.world, 'alice')
  const begin = async () => (await alice.call<{ address: string }>('POST', '/api/me/identities', { next: '/' })).body.address
  // Somebody else signs in meanwhile in the same browser.
  await alice.visit(stage.provider.signIn(await begin(), { sub: 'x' }))
  await alice.call('POST', '/api/auth/sign-in', { email: PEOPLE.bob.email, password: 'correct horse battery staple', organisation: 'acme' })
  expect(codeOf(await finish(alice))).toBe('oidc.not_begun')
  const again = await browserOf(stage.world, 'alice')
  const { body } = await again.call<{ address: string }>('POST', '/api/me/identities', { next: '/' })
  await again.visit(stage.provider.signIn(body.address, { sub: 'x' }))
  await stage.world.sql(
    `update ${stage.schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where revoked_at is null and user_id = (select id from ${stage.schema}."user" where email = $1)`,
    [PEOPLE.alice.email],
  )
  expect(codeOf(await finish(again))).toBe('oidc.not_begun')
  const left = await stage.world.sql(`select 1 from ${stage.schema}.identity`)
  expect(left.rows).toEqual([])
})

test('the last way to sign in is not undone, and another person’s link is none of one’s own', async () => {
  const { browser: dave } = await signInThrough(stage, { provider: stage.provider, who: { ...DAVE, sub: 'last', email: 'last@acme.test' } })
  const [mine] = (await linksOf(dave)).items
  const alice = await browserOf(stage.world, 'alice')
  const foreign = await alice.call('DELETE', `/api/me/identities/${mine!.id}`)
  const never = await alice.call('DELETE', `/api/me/identities/${crypto.randomUUID()}`)
  expect([foreign.status, codeOf(foreign), never.status, codeOf(never)]).toEqual([404, 'identity.not_found', 404, 'identity.not_found'])
  const last = await dave.call('DELETE', `/api/me/identities/${mine!.id}`)
  expect([last.status, codeOf(last)]).toEqual([409, 'identity.last_way'])
  expect((await linksOf(dave)).items.length).toBe(1)
})

describe('an invitation', () => {
  const invite = async (email: string) => {
    await stage.carol.call('POST', '/api/members', { name: 'Erin Vogel', email })
    return (await stage.world.mail.last(email)).token
  }

  test('is accepted through the provider, once, by whoever has the link', async () => {
    const invitation = await invite('erin@acme.test')
    const offer = await cookieBrowser(stage.world).call('POST', '/api/auth/oidc/offer', { invitation })
    expect(offer.body).toEqual({ name: 'Keyhouse' })
    const who = { sub: 'erin-there', email: 'erin@private.test', email_verified: false }
    const { browser, answer } = await signInThrough(stage, { provider: stage.provider, who, body: { invitation } })
    expect([answer.status, await whoIs(browser)]).toEqual([200, 'erin@acme.test'])
    const again = await cookieBrowser(stage.world).call('POST', '/api/auth/oidc/start', { invitation })
    expect([again.status, codeOf(again)]).toEqual([404, 'invitation.invalid'])
    const password = await stage.world.call('POST', '/api/invitations/accept', {
      body: { token: invitation, password: 'correct horse battery staple', deliver: 'token' },
    })
    expect(codeOf(password)).toBe('invitation.invalid')
  })

  test('that was taken meanwhile is good no more, and leaves no link', async () => {
    const invitation = await invite('frank@acme.test')
    const browser = cookieBrowser(stage.world)
    const address = await setOut(browser, { invitation })
    await browser.visit(stage.provider.signIn(address, { sub: 'frank-there' }))
    await stage.world.call('POST', '/api/invitations/accept', {
      body: { token: invitation, password: 'correct horse battery staple', deliver: 'token' },
    })
    expect(codeOf(await finish(browser))).toBe('invitation.invalid')
    const left = await stage.world.sql(`select 1 from ${stage.schema}.identity where subject = 'frank-there'`)
    expect(left.rows).toEqual([])
  })

  test('is not used up by whoever is somebody here already', async () => {
    const alice = await browserOf(stage.world, 'alice')
    await link(alice, stage.provider, ALICE)
    const invitation = await invite('grace@acme.test')
    const { answer } = await signInThrough(stage, { provider: stage.provider, who: ALICE, body: { invitation } })
    expect(codeOf(answer)).toBe('oidc.linked_elsewhere')
    const { browser } = await signInThrough(stage, { provider: stage.provider, who: { sub: 'grace-there' }, body: { invitation } })
    expect(await whoIs(browser)).toBe('grace@acme.test')
  })
})

describe('a proof by the provider', () => {
  const nowS = () => Math.floor(Date.now() / 1_000)
  const isProven = async (browser: CookieBrowser) => (await browser.call<{ proven: boolean }>('GET', '/api/session')).body.proven
  const prove = async (browser: CookieBrowser, of: { sub: string; claims?: Mischief['claims'] }) => {
    const { body } = await browser.call<{ address: string }>('POST', '/api/session/prove-by-provider', { next: '/models' })
    const { searchParams } = new URL(body.address)
    expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '0'])
    await browser.visit(stage.provider.signIn(body.address, { sub: of.sub }, { claims: of.claims ?? { auth_time: nowS() } }))
    return finish(browser)
  }

  test('opens what needs one, under a new token, for whoever is linked', async () => {
    const alice = await browserOf(stage.world, 'alice')
    await link(alice, stage.provider, ALICE)
    await proofIsOld()
    const before = new Map(alice.cookies)
    expect(await isProven(alice)).toBe(false)
    const answer = await prove(alice, ALICE)
    expect([answer.status, answer.body]).toEqual([200, { next: '/models', outcome: { state: 'proven' } }])
    expect([await isProven(alice), (await eventsOf(alice))[0]]).toEqual([true, 'proven'])
    // A copy of the earlier token gains nothing by it.
    const copy = cookieBrowser(stage.world)
    for (const [name, value] of before) copy.cookies.set(name, value)
    expect(await isProven(copy)).toBe(false)
  })

  for (const [what, claims] of [
    ['signed in there before', () => ({ auth_time: nowS() - 120 })],
    ['signed in there at a time that is not said', () => ({})],
    ['signed in there at a time that is none', () => ({ auth_time: 'now' })],
  ] as const) {
    test(`is none of somebody who ${what}`, async () => {
      const alice = await browserOf(stage.world, 'alice')
      await link(alice, stage.provider, ALICE)
      await proofIsOld()
      const answer = await prove(alice, { ...ALICE, claims: claims() })
      expect(['oidc.stale', 'oidc.failed']).toContain(codeOf(answer))
      expect(await isProven(alice)).toBe(false)
      expect((await prove(alice, ALICE)).status).toBe(200)
    })
  }

  test('is none of somebody else there, and nobody without a link sets out for one', async () => {
    const [alice, bob] = [await browserOf(stage.world, 'alice'), await browserOf(stage.world, 'bob')]
    await link(alice, stage.provider, ALICE)
    await link(bob, stage.provider, { sub: 'bob-there' })
    await proofIsOld()
    for (const sub of ['bob-there', 'nobody']) expect(codeOf(await prove(alice, { sub }))).toBe('oidc.not_yours')
    expect(await isProven(alice)).toBe(false)
    await stage.set({ issuer: stage.other.issuer })
    const answer = await alice.call('POST', '/api/session/prove-by-provider', { next: '/' })
    expect([answer.status, codeOf(answer)]).toEqual([409, 'oidc.not_linked_here'])
  })

  test('ends nothing and proves nothing in the browser of somebody else', async () => {
    const [alice, bob] = [await browserOf(stage.world, 'alice'), await browserOf(stage.world, 'bob')]
    await link(alice, stage.provider, ALICE)
    await proofIsOld()
    const { body } = await alice.call<{ address: string }>('POST', '/api/session/prove-by-provider', { next: '/' })
    const back = stage.provider.signIn(body.address, ALICE, { claims: { auth_time: nowS() } })
    await bob.visit(back)
    expect(codeOf(await finish(bob))).toBe('oidc.not_begun')
    await alice.visit(back)
    // Bob has the cookie of her way, and his own login.
    const [name, value] = [...alice.cookies].find(([cookie]) => cookie.endsWith('-way'))!
    bob.cookies.set(name, value)
    expect(codeOf(await finish(bob))).toBe('oidc.not_begun')
    expect([await isProven(alice), await isProven(bob)]).toEqual([false, false])
  })
})
