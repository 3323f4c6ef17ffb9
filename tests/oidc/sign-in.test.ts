/** Signing in through a provider: what is believed, in which browser, and how often. Each refusal stands beside the way that succeeds. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import { PEOPLE } from '#tests/support/cast.ts'
import { type CookieBrowser, cookieBrowser } from '#tests/support/cookie-browser.ts'
import type { Mischief, Who } from '#tests/support/scripted-provider.ts'
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
/** Somebody new each time, so that nobody has an account already. */
let count = 0
const somebody = (changes: Partial<Who> = {}): Who => {
  count += 1
  return { ...DAVE, sub: `new-${count}`, email: `new-${count}@acme.test`, ...changes } as Who
}
const people = async () => Number((await stage.world.sql<{ n: string }>(`select count(*) as n from ${stage.schema}."user"`)).rows[0]!.n)

test('somebody whose address the provider vouches for, and whose domain is let in, gets an account and is signed in', async () => {
  const who = somebody()
  const { browser, answer } = await signInThrough(stage, { provider: stage.provider, who, body: { organisation: 'acme', next: '/people' } })
  expect([answer.status, answer.body.next, answer.body.outcome.state]).toEqual([200, '/people', 'sign_in'])
  const me = (await browser.call<Me>('GET', '/api/me')).body
  expect([me.user.email, me.user.name, me.user.role, me.session.remembered]).toEqual([who.email, 'Dave Novak', 'user', false])
  const devices = (await browser.call<{ items: { methods: string[] }[] }>('GET', '/api/me/sessions')).body
  expect(devices.items.map(({ methods }) => methods)).toEqual([['provider']])
  const before = await people()
  const again = await signInThrough(stage, {
    provider: stage.provider,
    who: { ...who, email: 'other@elsewhere.test', email_verified: false },
  })
  expect([await whoIs(again.browser), await people()]).toEqual([who.email, before])
})

test('a longer login is given to whoever asks for one', async () => {
  const { browser } = await signInThrough(stage, {
    provider: stage.provider,
    who: somebody(),
    body: { organisation: 'acme', remember: true },
  })
  expect((await browser.call<Me>('GET', '/api/me')).body.session.remembered).toBe(true)
})

test('what the browser is sent away with asks for a code, with PKCE, and names no secret', async () => {
  const browser = cookieBrowser(stage.world)
  const { searchParams } = new URL(await setOut(browser))
  expect(searchParams.get('response_type')).toBe('code')
  expect(searchParams.get('code_challenge_method')).toBe('S256')
  expect(searchParams.get('redirect_uri')).toMatch(new RegExp(`/api/auth/oidc/callback/${stage.carol.me.organisation.id}$`))
  const [secret = ''] = [...browser.cookies.values()]
  const rows = JSON.stringify(
    (
      await stage.world.sql(
        `select encode(state_hash, 'escape') as a, encode(browser_hash, 'escape') as b, encode(wish, 'escape') as c from ${stage.schema}.oidc_way`,
      )
    ).rows,
  )
  for (const part of [searchParams.get('state'), searchParams.get('nonce'), secret]) {
    expect(part?.length).toBeGreaterThan(40)
    expect(rows).not.toContain(part!.slice(-20))
  }
})

describe('an answer that proves nothing', () => {
  const refused: Record<string, Mischief> = {
    'is for another client': { claims: { aud: 'another' } },
    'is for several clients, and does not say that it was issued to this one': { claims: { aud: ['another', 'sardonyx'], azp: 'another' } },
    'answers another request': { claims: { nonce: 'another' } },
    'answers no request': { claims: { nonce: undefined } },
    'names another issuer': { claims: { iss: 'https://elsewhere.test' } },
    'is past its time': { claims: { iat: 1_700_000_000, exp: 1_700_000_300 } },
    'names nobody': { claims: { sub: undefined } },
    'is signed by nobody': { signedBy: 'nobody' },
    'is signed by the secret of the client': { signedBy: 'secret' },
    'is signed by a key that the provider never published': { signedBy: 'stranger' },
  }
  for (const [what, mischief] of Object.entries(refused)) {
    test(`is refused when it ${what}`, async () => {
      const before = await people()
      const { browser, answer } = await signInThrough(stage, { provider: stage.provider, who: somebody(), mischief })
      expect([answer.status, codeOf(answer)]).toEqual([403, 'oidc.failed'])
      expect([await whoIs(browser), await people()]).toEqual([undefined, before])
    })
  }

  test('is refused when the userinfo is of another subject, and taken when it is of the same', async () => {
    const { email, ...silent } = somebody()
    const asked = { claims: { email: undefined }, userinfo: { email, email_verified: true } }
    const other = { ...asked, userinfo: { ...asked.userinfo, sub: 'somebody-else' } }
    const refused = await signInThrough(stage, { provider: stage.provider, who: silent as Who, mischief: other })
    expect(codeOf(refused.answer)).toBe('oidc.failed')
    const { browser } = await signInThrough(stage, { provider: stage.provider, who: silent as Who, mischief: asked })
    expect(await whoIs(browser)).toBe(email)
  })

  test('is refused when the answer names another issuer beside the code', async () => {
    const browser = cookieBrowser(stage.world)
    const back = stage.provider.signIn(await setOut(browser), somebody())
    back.searchParams.set('iss', stage.other.issuer)
    await browser.visit(back)
    expect(codeOf(await finish(browser))).toBe('oidc.failed')
  })

  test('is told apart from one by which the person declined, in our words and not in the provider’s', async () => {
    const browser = cookieBrowser(stage.world)
    const { searchParams } = new URL(await setOut(browser))
    const back = new URL(searchParams.get('redirect_uri')!)
    back.search = new URLSearchParams({
      error: 'access_denied',
      error_description: '<b>canary</b>',
      state: searchParams.get('state')!,
    }).toString()
    const sent = await browser.visit(back)
    const answer = await finish(browser)
    expect(codeOf(answer)).toBe('oidc.declined')
    expect(answer.text + sent.text + JSON.stringify(sent.headers)).not.toContain('canary')
  })
})

describe('the browser that set out', () => {
  test('is the only one that comes back: another one, without its cookie or with its own, gets nothing and takes nothing', async () => {
    const [own, other] = [cookieBrowser(stage.world), cookieBrowser(stage.world)]
    const back = stage.provider.signIn(await setOut(own), somebody())
    await setOut(other)
    for (const browser of [cookieBrowser(stage.world), other]) {
      const sent = await browser.visit(back)
      expect([sent.status, sent.headers.location]).toEqual([303, '/provider-answer'])
      expect(sent.headers['set-cookie']).toBeUndefined()
      expect([codeOf(await finish(browser)), await whoIs(browser)]).toEqual(['oidc.not_begun', undefined])
    }
    await own.visit(back)
    expect((await finish(own)).status).toBe(200)
  })

  test('signs in once: neither the same answer nor the same outcome is good again', async () => {
    const browser = cookieBrowser(stage.world)
    const back = stage.provider.signIn(await setOut(browser), somebody())
    const cookies = new Map(browser.cookies)
    await browser.visit(back)
    expect((await finish(browser)).status).toBe(200)
    const tokens = stage.provider.requests.filter((request) => request === 'POST /token').length
    const copy = cookieBrowser(stage.world)
    for (const [name, value] of cookies) copy.cookies.set(name, value)
    await copy.visit(back)
    expect([codeOf(await finish(copy)), await whoIs(copy)]).toEqual(['oidc.not_begun', undefined])
    expect(stage.provider.requests.filter((request) => request === 'POST /token').length).toBe(tokens)
  })

  test('signs in once of twenty times at once', async () => {
    const browser = cookieBrowser(stage.world)
    const back = stage.provider.signIn(await setOut(browser), somebody())
    const tokens = stage.provider.requests.filter((request) => request === 'POST /token').length
    await Promise.all(Array.from({ length: 20 }, () => browser.visit(back)))
    const answers = await Promise.all(Array.from({ length: 20 }, () => finish(browser)))
    expect(answers.filter(({ status }) => status === 200).length).toBe(1)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(codeOf))).toEqual(new Set(['oidc.not_begun']))
    expect(stage.provider.requests.filter((request) => request === 'POST /token').length).toBe(tokens + 1)
  })

  test('has ten minutes', async () => {
    const browser = cookieBrowser(stage.world)
    const back = stage.provider.signIn(await setOut(browser), somebody())
    const late = (minutes: number) =>
      stage.world.sql(`update ${stage.schema}.oidc_way set expires_at = expires_at - interval '${minutes} minutes'`)
    await late(9)
    await browser.visit(back)
    await late(1)
    expect(codeOf(await finish(browser))).toBe('oidc.not_begun')
  })

  test('cannot use a code that was given for the request of another one', async () => {
    const [own, other] = [cookieBrowser(stage.world), cookieBrowser(stage.world)]
    const [mine, theirs] = [stage.provider.signIn(await setOut(own), somebody()), stage.provider.signIn(await setOut(other), somebody())]
    // The code of the other, under the state of one's own: what PKCE and the nonce are for.
    mine.searchParams.set('code', theirs.searchParams.get('code')!)
    await own.visit(mine)
    expect([codeOf(await finish(own)), await whoIs(own)]).toEqual(['oidc.failed', undefined])
  })
})

describe('settings that changed meanwhile', () => {
  for (const [what, change] of [
    ['another issuer', () => ({ issuer: stage.other.issuer })],
    ['another rule', () => ({ twoFactors: true })],
    ['switched off', () => ({ on: false })],
  ] as const) {
    test(`${what}: who set out before is refused, coming back or afterwards`, async () => {
      const browser = cookieBrowser(stage.world)
      const back = stage.provider.signIn(await setOut(browser), somebody())
      await stage.set(change())
      await browser.visit(back)
      expect([codeOf(await finish(browser)), await whoIs(browser)]).toEqual(['oidc.changed', undefined])

      await stage.set()
      const later = cookieBrowser(stage.world)
      await later.visit(stage.provider.signIn(await setOut(later), somebody()))
      await stage.set(change())
      expect([codeOf(await finish(later)), await whoIs(later)]).toEqual(['oidc.changed', undefined])
    })
  }

  test('switched off, nobody sets out', async () => {
    await stage.set({ on: false })
    const answer = await cookieBrowser(stage.world).call('POST', '/api/auth/oidc/start', { organisation: 'acme' })
    expect([answer.status, codeOf(answer)]).toEqual([409, 'oidc.off'])
  })
})

describe('two organisations', () => {
  test('an answer for one is none for the other, at the address or by the state of the other', async () => {
    const mallory = await stage.world.signIn('mallory')
    await stage.set({ domains: ['globex.test'] }, mallory)
    const globex = mallory.me.organisation.id
    const acme = stage.carol.me.organisation.id
    const toOther = (back: URL) => new URL(back.href.replace(`callback/${acme}`, `callback/${globex}`))
    for (const twist of [
      toOther,
      (back: URL) => new URL(back.href.replace(`state=${acme}`, `state=${globex}`)),
      (back: URL) => new URL(toOther(back).href.replace(`state=${acme}`, `state=${globex}`)),
    ]) {
      const browser = cookieBrowser(stage.world)
      const back = stage.provider.signIn(await setOut(browser), somebody())
      const answer = await browser.visit(twist(back))
      expect(answer.status).toBe(303)
      expect([codeOf(await finish(browser)), await whoIs(browser)]).toEqual(['oidc.not_begun', undefined])
      // Nothing was used up by that.
      await browser.visit(back)
      expect((await finish(browser)).status).toBe(200)
    }
  })
})

describe('an account that there is', () => {
  test('is nobody’s by its address: the way to link it is said, and after that it is', async () => {
    const alice: Who = { sub: 'alice-there', email: PEOPLE.alice.email, email_verified: true, name: 'Alice' }
    const { browser, answer } = await signInThrough(stage, { provider: stage.provider, who: alice })
    expect([answer.status, codeOf(answer), await whoIs(browser)]).toEqual([403, 'oidc.not_linked', undefined])
    expect(answer.text).toContain('link it under Account')
    const own = await browserOf(stage.world, 'alice')
    expect((await link(own, stage.provider, alice)).body.outcome.state).toBe('linked')
    const linked = await signInThrough(stage, { provider: stage.provider, who: { sub: 'alice-there' } })
    expect(await whoIs(linked.browser)).toBe(PEOPLE.alice.email)
  })

  test('that is suspended is refused', async () => {
    const own = await browserOf(stage.world, 'bob')
    await link(own, stage.provider, { sub: 'bob-there' })
    const status = (word: string) =>
      stage.world.sql(`update ${stage.schema}."user" set status = $1 where email = $2`, [word, PEOPLE.bob.email])
    await status('suspended')
    const { browser, answer } = await signInThrough(stage, { provider: stage.provider, who: { sub: 'bob-there' } })
    await status('active')
    expect([answer.status, codeOf(answer), await whoIs(browser)]).toEqual([403, 'oidc.refused', undefined])
    expect(await whoIs((await signInThrough(stage, { provider: stage.provider, who: { sub: 'bob-there' } })).browser)).toBe(
      PEOPLE.bob.email,
    )
  })
})

describe('somebody whom nobody invited', () => {
  const cases: [string, { rules?: object; who: Partial<Who> }, string | undefined][] = [
    ['with a verified address of a domain that is let in', { who: {} }, undefined],
    ['with an address that is said to be verified in a word', { who: { email_verified: 'true' } }, undefined],
    ['with an address that the provider does not vouch for', { who: { email_verified: false } }, 'oidc.unverified'],
    ['of whose address the provider says nothing', { who: { email_verified: undefined } as never }, 'oidc.unverified'],
    [
      'of whose address a trusted issuer says nothing',
      { rules: { trustsAddresses: true }, who: { email_verified: undefined } as never },
      undefined,
    ],
    [
      'whose address a trusted issuer does not vouch for',
      { rules: { trustsAddresses: true }, who: { email_verified: false } },
      'oidc.unverified',
    ],
    ['without an address', { rules: { trustsAddresses: true }, who: { email: undefined } as never }, 'oidc.unverified'],
    ['with a letter that becomes a plain one when it is made small', { who: { email: 'mi\u212Ae@acme.test' } }, 'oidc.unverified'],
    ['of a domain with such a letter', { who: { email: 'mike@ac\u212Ae.test' } }, 'oidc.unverified'],
    ['of another domain', { who: { email: 'eve@elsewhere.test' } }, 'oidc.domain_refused'],
    ['of a domain that only ends alike', { who: { email: 'eve@notacme.test' } }, 'oidc.domain_refused'],
    ['of a domain below', { who: { email: 'eve@sub.acme.test' } }, 'oidc.domain_refused'],
    ['where nobody gets an account by themselves', { rules: { justInTime: false }, who: {} }, 'oidc.no_account'],
  ]
  for (const [what, { rules, who }, refusal] of cases) {
    test(`${what} is ${refusal ? 'refused' : 'let in'}`, async () => {
      await stage.set(rules)
      const before = await people()
      const { answer } = await signInThrough(stage, { provider: stage.provider, who: somebody(who) })
      expect(refusal ? codeOf(answer) : answer.status).toBe(refusal ?? 200)
      expect((await people()) - before).toBe(refusal ? 0 : 1)
    })
  }

  test('is named by no row of a way once what came of it was fetched', async () => {
    await stage.set()
    await stage.world.sql(`delete from ${stage.schema}.oidc_way`)
    const browser = cookieBrowser(stage.world)
    await browser.visit(stage.provider.signIn(await setOut(browser), somebody({})))
    const ways = async () => (await stage.world.sql(`select found is not null as found from ${stage.schema}.oidc_way`)).rows
    expect(await ways()).toEqual([{ found: true }])
    expect((await finish(browser)).status).toBe(200)
    expect(await ways()).toEqual([])
    expect(codeOf(await finish(browser))).toBe('oidc.not_begun')
  })

  test('does not learn by an address that is not theirs whether somebody here has it', async () => {
    const answers = await Promise.all(
      [PEOPLE.alice.email, 'nobody@acme.test'].map(async (email) => {
        const { answer } = await signInThrough(stage, { provider: stage.provider, who: somebody({ email, email_verified: false }) })
        return answer.text.replace(/"requestId":"[^"]*"/, '')
      }),
    )
    expect(answers[0]).toBe(answers[1])
  })
})
