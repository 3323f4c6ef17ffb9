/** What tests of sign-in through a provider share: a world whose acme has one, and browsers that go the way through it. */
import type { z } from 'zod'
import type { finishWay, setSignInProvider } from '#contract/oidc.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { type CookieBrowser, cookieBrowser } from '#tests/support/cookie-browser.ts'
import { CLIENT, type Mischief, type ScriptedProvider, startScriptedProvider, type Who } from '#tests/support/scripted-provider.ts'
import { type Answer, createWorld, type SignedIn, type World, type WorldOptions } from '#tests/support/world.ts'

export type Settings = z.input<typeof setSignInProvider.body>
export type Finished = z.output<typeof finishWay.reply>
export type Stage = Awaited<ReturnType<typeof createStage>>

/** Verified, and with an address that acme lets in. */
export const DAVE: Who = { sub: 'dave-1', email: 'dave@acme.test', email_verified: true, name: 'Dave Novak' }

/** A world, a provider, and another one that somebody else runs. */
export async function createStage(options: WorldOptions = {}) {
  const provider = await startScriptedProvider()
  const other = await startScriptedProvider()
  const world = await createWorld({ egressAllow: `${provider.allow},${other.allow}`, ...options })
  const carol = await world.signIn('carol')
  const settings = (changes: Partial<Settings> = {}): Settings => ({
    name: 'Keyhouse',
    issuer: provider.issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    domains: ['acme.test'],
    justInTime: true,
    trustsAddresses: false,
    twoFactors: false,
    on: true,
    ...changes,
  })
  const set = async (changes: Partial<Settings> = {}, by: SignedIn = carol) => {
    const answer = await by.call('POST', '/api/sign-in-provider', settings(changes))
    if (answer.status !== 200) throw new Error(`the provider was not taken: ${answer.text}`)
  }
  await set()
  return {
    world,
    provider,
    other,
    carol,
    settings,
    set,
    schema: `t_${carol.me.organisation.id.replaceAll('-', '')}`,
    /** Puts the organisation back to how it began: nobody linked, nobody new. */
    close: async () => {
      await world.close()
      await Promise.all([provider.close(), other.close()])
    },
  }
}

/** Begins to sign in; gives where the browser is sent. */
export async function setOut(browser: CookieBrowser, body: object = { organisation: 'acme' }): Promise<string> {
  const answer = await browser.call<{ address: string }>('POST', '/api/auth/oidc/start', body)
  if (answer.status !== 200) throw new Error(`nobody set out: ${answer.text}`)
  return answer.body.address
}

export const finish = (browser: CookieBrowser) => browser.call<Finished>('POST', '/api/auth/oidc/finish')

/** The whole way of one who signs in at a provider: out, there, back, and what came of it. */
export async function signInThrough(
  { world }: Pick<Stage, 'world'>,
  at: { provider: ScriptedProvider; who: Who; mischief?: Mischief; browser?: CookieBrowser; body?: object },
): Promise<{ browser: CookieBrowser; answer: Answer<Finished> }> {
  const browser = at.browser ?? cookieBrowser(world)
  const address = await setOut(browser, at.body)
  await browser.visit(at.provider.signIn(address, at.who, at.mischief))
  return { browser, answer: await finish(browser) }
}

/** A browser in which somebody of the cast has signed in with their password. */
export async function browserOf(world: World, person: Person): Promise<CookieBrowser> {
  const browser = cookieBrowser(world)
  const { email, tenant } = PEOPLE[person]
  const answer = await browser.call('POST', '/api/auth/sign-in', { email, password: PASSWORD, organisation: tenant })
  if (answer.status !== 200) throw new Error(`${person} could not sign in: ${answer.text}`)
  return browser
}

/** Links whoever is signed in there to whoever is signed in here. */
export async function link(browser: CookieBrowser, provider: ScriptedProvider, who: Who): Promise<Answer<Finished>> {
  const answer = await browser.call<{ address: string }>('POST', '/api/me/identities', { next: '/account/sign-in' })
  if (answer.status !== 200) throw new Error(`no link was begun: ${answer.text}`)
  await browser.visit(provider.signIn(answer.body.address, who))
  return finish(browser)
}
