/** The same with a real provider, `oidc-provider`, which keeps to the specifications by itself: in, a fresh proof, and out again. */
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Finding } from '#contract/oidc.ts'
import { PEOPLE } from '#tests/support/cast.ts'
import { type CookieBrowser, cookieBrowser } from '#tests/support/cookie-browser.ts'
import { freePort, REAL_CLIENT, startRealProvider } from '#tests/support/real-provider.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { browserOf, finish, setOut } from './stage.ts'

const ACCOUNTS = {
  'dave-at-keyhouse': { name: 'Dave Novak', email: 'dave@acme.test', email_verified: true },
  'alice-at-keyhouse': { name: 'Alice M.', email: PEOPLE.alice.email, email_verified: true },
}

let world: World
let carol: SignedIn
let provider: Awaited<ReturnType<typeof startRealProvider>>
const settings = () => ({
  name: 'Keyhouse',
  issuer: provider.issuer,
  clientId: REAL_CLIENT.id,
  clientSecret: REAL_CLIENT.secret,
  domains: ['acme.test'],
  justInTime: true,
  trustsAddresses: false,
  twoFactors: false,
  on: true,
})

beforeAll(async () => {
  const [port, own] = [await freePort(), await freePort()]
  world = await createWorld({ egressAllow: `127.0.0.1:${port}`, baseUrl: `http://localhost:${own}` })
  await world.server.app.listen({ host: '127.0.0.1', port: own })
  expect((world.server.app.server.address() as AddressInfo).port).toBe(own)
  carol = await world.signIn('carol')
  const { body } = await carol.call<{ redirectAddress: string; logoutAddress: string }>('GET', '/api/sign-in-provider')
  provider = await startRealProvider({ port, ...body, accounts: ACCOUNTS })
  expect((await carol.call('POST', '/api/sign-in-provider', settings())).status).toBe(200)
})
afterAll(async () => {
  await world?.close()
  await provider?.close()
})

/** A person's browser at the provider: with the cookies that it sets, following it until it sends the browser back here. */
function atProvider() {
  const cookies = new Map<string, string>()
  const ask = async (address: string, form?: Record<string, string>) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await fetch(address, {
      redirect: 'manual',
      headers: { cookie },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const line of reply.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]!.split('=')
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return reply
  }
  return {
    ask,
    /** Goes to the address and says who one is, if one is asked; answers where the browser is sent back to, and whether one was asked. */
    async signIn(address: string, who: string): Promise<{ back: URL; wasAsked: boolean }> {
      let [at, form, wasAsked]: [string, Record<string, string> | undefined, boolean] = [address, undefined, false]
      for (;;) {
        const reply = await ask(at, form)
        form = undefined
        const location = reply.headers.get('location')
        if (location && new URL(location, at).origin !== provider.issuer) return { back: new URL(location), wasAsked }
        if (location) at = new URL(location, at).href
        else [form, wasAsked] = [{ who }, true]
      }
    },
  }
}

const whoIs = async (browser: CookieBrowser) => (await browser.call<Me>('GET', '/api/me')).body.user?.email

test('the test finds everything in order, and what is not', async () => {
  const examined = async (body: object) =>
    (
      await carol.call<{ findings: Finding[] }>('POST', '/api/sign-in-provider/test', {
        issuer: provider.issuer,
        clientId: REAL_CLIENT.id,
        ...body,
      })
    ).body.findings.map(({ good }) => good)
  expect(await examined({})).toEqual([true, true, true, true])
  expect(await examined({ clientSecret: 'wrong' })).toEqual([true, true, false, true])
  expect(await examined({ clientId: 'wrong', clientSecret: 'wrong' })).toEqual([true, true, false, false])
})

test('somebody new is let in, comes again without being asked, and is out at once when they sign out there', async () => {
  const there = atProvider()
  const browser = cookieBrowser(world)
  const first = await there.signIn(await setOut(browser), 'dave-at-keyhouse')
  await browser.visit(first.back)
  expect([(await finish(browser)).status, await whoIs(browser), first.wasAsked]).toEqual([200, 'dave@acme.test', true])
  const again = cookieBrowser(world)
  const second = await there.signIn(await setOut(again), 'nobody')
  await again.visit(second.back)
  expect([(await finish(again)).status, await whoIs(again), second.wasAsked]).toEqual([200, 'dave@acme.test', false])

  const page = await (await there.ask(`${provider.issuer}/session/end`)).text()
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)![1]!
  await there.ask(`${provider.issuer}/session/end/confirm`, { xsrf, logout: 'yes' })
  await expect.poll(() => whoIs(browser)).toBeUndefined()
  expect(await whoIs(again)).toBeUndefined()
  expect((await browser.call('POST', '/api/auth/why-ended')).body).toMatchObject({ reason: 'provider_signed_out' })
})

test('somebody who has an account links it, and proves who they are there: asked anew although the provider knows them', async () => {
  const there = atProvider()
  const stranger = cookieBrowser(world)
  await stranger.visit((await there.signIn(await setOut(stranger), 'alice-at-keyhouse')).back)
  expect(codeOf(await finish(stranger))).toBe('oidc.not_linked')
  const alice = await browserOf(world, 'alice')
  const way = async (path: string) => {
    const { body } = await alice.call<{ address: string }>('POST', path, { next: '/' })
    const { back, wasAsked } = await there.signIn(body.address, 'alice-at-keyhouse')
    await alice.visit(back)
    return { state: (await finish(alice)).body.outcome.state, wasAsked }
  }
  expect(await way('/api/me/identities')).toEqual({ state: 'linked', wasAsked: false })
  expect(await way('/api/session/prove-by-provider')).toEqual({ state: 'proven', wasAsked: true })
})

test('somebody who declines there is told so', async () => {
  const browser = cookieBrowser(world)
  await browser.visit((await atProvider().signIn(await setOut(browser), '')).back)
  expect(codeOf(await finish(browser))).toBe('oidc.declined')
})
