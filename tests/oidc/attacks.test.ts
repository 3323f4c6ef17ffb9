/**
 * Carol administers acme, and would like to be Alice. She may set the provider to one that she runs, which says whatever she likes; it
 * makes her nobody who is there already.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { SecurityEvent } from '#contract/security.ts'
import { PEOPLE } from '#tests/support/cast.ts'
import { type CookieBrowser, cookieBrowser } from '#tests/support/cookie-browser.ts'
import { codeOf } from '#tests/support/world.ts'
import { browserOf, createStage, finish, link, type Stage, setOut, signInThrough } from './stage.ts'

const ALICE = { sub: 'alice-there', email: PEOPLE.alice.email, email_verified: true, name: 'Alice Moreau' }

let stage: Stage
let alice: CookieBrowser
beforeAll(async () => {
  stage = await createStage()
  alice = await browserOf(stage.world, 'alice')
  await link(alice, stage.provider, ALICE)
})
afterAll(() => stage.close())

const whoIs = async (browser: CookieBrowser) => (await browser.call<Me>('GET', '/api/me')).body.user?.email
/** The provider of Carol's own, in place of the organisation's. */
const takeOver = (changes: object = {}) => stage.set({ issuer: stage.other.issuer, trustsAddresses: true, ...changes })

describe('a provider of Carol’s own', () => {
  test('with the subject that Alice has at the real one makes her nobody; the real one still makes Alice Alice', async () => {
    await takeOver()
    const { browser, answer } = await signInThrough(stage, { provider: stage.other, who: { sub: ALICE.sub } })
    expect([codeOf(answer), await whoIs(browser)]).toEqual(['oidc.unverified', undefined])
    await stage.set()
    expect(await whoIs((await signInThrough(stage, { provider: stage.provider, who: ALICE })).browser)).toBe(ALICE.email)
  })

  test('with Alice’s address, verified or trusted, makes her nobody, and changes nothing of Alice', async () => {
    await takeOver()
    for (const who of [ALICE, { ...ALICE, sub: 'x', email_verified: undefined }, { ...ALICE, sub: 'y', email: 'ALICE@ACME.TEST' }]) {
      const { browser, answer } = await signInThrough(stage, { provider: stage.other, who: JSON.parse(JSON.stringify(who)) })
      expect([codeOf(answer), await whoIs(browser)]).toEqual(['oidc.not_linked', undefined])
    }
    const rows = await stage.world.sql(
      `select issuer from ${stage.schema}.identity i join ${stage.schema}."user" u on u.id = i.user_id where u.email = $1`,
      [ALICE.email],
    )
    expect(rows.rows).toEqual([{ issuer: stage.provider.issuer }])
  })

  test('cannot say to be the real one: neither in what it says of itself nor in its tokens', async () => {
    await takeOver()
    const forged = await signInThrough(stage, { provider: stage.other, who: ALICE, mischief: { claims: { iss: stage.provider.issuer } } })
    expect([codeOf(forged.answer), await whoIs(forged.browser)]).toEqual(['oidc.failed', undefined])
    stage.other.describe({ issuer: stage.provider.issuer })
    await takeOver({ name: 'Once more' })
    const answer = await cookieBrowser(stage.world).call('POST', '/api/auth/oidc/start', { organisation: 'acme' })
    stage.other.describe({})
    expect([answer.status, codeOf(answer)]).toEqual([502, 'oidc.unreachable'])
  })

  test('gets no secret of the real one: what was given for one issuer is not sent to another', async () => {
    await stage.set()
    const { clientSecret: _, ...rest } = stage.settings({ issuer: stage.other.issuer })
    for (const path of ['/api/sign-in-provider', '/api/sign-in-provider/test']) {
      const { issuer, clientId } = rest
      const answer = await stage.carol.call('POST', path, path.endsWith('test') ? { issuer, clientId } : rest)
      expect([path, codeOf(answer)]).toEqual([path, 'oidc.secret_needed'])
    }
    expect(JSON.stringify((await stage.carol.call('GET', '/api/sign-in-provider')).body)).not.toContain('canary-client-secret')
  })

  test('gives her no account of the one who is invited: she is not sent the link, and cannot invite Alice anew', async () => {
    await takeOver()
    const invited = await stage.carol.call<object>('POST', '/api/members', { name: 'Erin Vogel', email: 'erin@acme.test' })
    const { token } = await stage.world.mail.last('erin@acme.test')
    expect(invited.text).not.toContain(token.split('.')[1])
    const { answer } = await signInThrough(stage, { provider: stage.other, who: { ...ALICE, sub: 'z', email: 'erin@acme.test' } })
    expect(codeOf(answer)).toBe('oidc.not_linked')
    const again = await stage.carol.call('POST', '/api/members', { name: 'Alice', email: ALICE.email })
    expect(codeOf(again)).toBe('member.exists')
    const made = await cookieBrowser(stage.world).call('POST', '/api/auth/oidc/start', {
      invitation: `${stage.carol.me.organisation.id}.made-up`,
    })
    expect(codeOf(made)).toBe('invitation.invalid')
  })

  test('is no way to prove that she is Alice in a login of Alice', async () => {
    await stage.set()
    const { body } = await alice.call<{ address: string }>('POST', '/api/session/prove-by-provider', { next: '/' })
    await takeOver()
    // She sends Alice on to her own provider, under the state that Alice set out with.
    await alice.visit(stage.other.signIn(body.address, ALICE, { claims: { auth_time: Math.floor(Date.now() / 1_000) } }))
    expect(codeOf(await finish(alice))).toBe('oidc.changed')
    const answer = await alice.call('POST', '/api/session/prove-by-provider', { next: '/' })
    expect(codeOf(answer)).toBe('oidc.not_linked_here')
  })

  test('does not sign Alice in as Carol, whatever link Alice follows', async () => {
    await takeOver()
    const mine = cookieBrowser(stage.world)
    const back = stage.other.signIn(await setOut(mine), { sub: 'carol-there', email: 'spy@acme.test', email_verified: true })
    const victim = cookieBrowser(stage.world)
    await victim.visit(back)
    expect([codeOf(await finish(victim)), await whoIs(victim)]).toEqual(['oidc.not_begun', undefined])
    // In a browser that is on a way of its own, that way goes on.
    await stage.set()
    const own = stage.provider.signIn(await setOut(victim), ALICE)
    await victim.visit(back)
    await victim.visit(own)
    expect([(await finish(victim)).status, await whoIs(victim)]).toEqual([200, ALICE.email])
  })
})

test('every change of the provider is told to all administrators, in their logs and by letter, and takes a fresh proof', async () => {
  const { world, schema, carol } = stage
  await world.sql(`update ${schema}."user" set role = 'admin' where email = $1`, [PEOPLE.bob.email])
  const bob = await world.signIn('bob')
  await takeOver({ name: 'Spyhouse' })
  for (const [one, person] of [
    [bob, PEOPLE.bob],
    [carol, PEOPLE.carol],
  ] as const) {
    const { items } = (await one.call<{ items: SecurityEvent[] }>('GET', '/api/me/security-events?about=notices')).body
    const [latest] = items
    expect([latest?.kind, latest?.by, latest?.byUser?.name]).toEqual(['provider_changed', 'administrator', PEOPLE.carol.name])
    const letter = await world.mail.last(person.email)
    expect(letter.subject).toBe('The sign-in provider of acme was changed')
    expect(letter.text).toContain(`${PEOPLE.carol.name} changed`)
    expect(letter.text).toContain(`Spyhouse, with the issuer ${stage.other.issuer}, switched on`)
  }
  await world.sql(`update ${schema}."user" set role = 'user' where email = $1`, [PEOPLE.bob.email])
  await world.sql(`update ${schema}.auth_token set proven_at = now() - interval '31 minutes' where session_id = $1`, [carol.me.session.id])
  const late = await carol.call('POST', '/api/sign-in-provider', stage.settings())
  expect([late.status, codeOf(late)]).toEqual([401, 'auth.proof_needed'])
})
