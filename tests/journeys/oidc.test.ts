/** Signing in through a real provider, in a real browser: from setting it up to being signed out by it. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { freePort, REAL_CLIENT, startRealProvider } from '#tests/support/real-provider.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/oidc.test.ts: ${MISSING}\n`)

const ACCOUNTS = {
  dave: { name: 'Dave Novak', email: 'dave@acme.test', email_verified: true },
  alice: { name: 'Alice M.', email: PEOPLE.alice.email, email_verified: true },
  carol: { name: 'Carol L.', email: PEOPLE.carol.email, email_verified: true },
  erin: { name: 'Erin', email: 'erin@private.test', email_verified: false },
}

describe.skipIf(MISSING !== undefined)('the sign-in provider', () => {
  let world: World
  let browser: Browser
  let origin: string
  let provider: Awaited<ReturnType<typeof startRealProvider>>
  let acme: string
  beforeAll(async () => {
    const [port, own] = [await freePort(), await freePort()]
    origin = `http://localhost:${own}`
    world = await createWorld({ egressAllow: `127.0.0.1:${port}`, baseUrl: origin })
    await world.server.app.listen({ host: '127.0.0.1', port: own })
    const carol = await world.signIn('carol')
    acme = `t_${carol.me.organisation.id.replaceAll('-', '')}`
    const { body } = await carol.call<{ redirectAddress: string; logoutAddress: string }>('GET', '/api/sign-in-provider')
    provider = await startRealProvider({ port, ...body, accounts: ACCOUNTS })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await provider?.close()
  })

  const enter = async (person: Person, path: string, way: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, way)
    await withPassword(visitor.page, person, path)
    return visitor
  }
  const withPassword = async (page: Page, person: Person, path: string) => {
    await page.goto(`/sign-in?${new URLSearchParams({ next: path })}`)
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(path)
  }
  /** Says who one is on the provider's own page. */
  const atProvider = async (page: Page, who: keyof typeof ACCOUNTS) => {
    await page.getByRole('heading', { name: 'Keyhouse' }).waitFor()
    expect(page.url()).toContain(provider.issuer)
    await page.getByLabel('Who are you?').fill(who)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  /** Leaving for the provider is what this is about; anything else that is complained of is not. */
  const complaintsOf = ({ complaints }: Visitor) => complaints.filter((one) => !one.startsWith(`left the origin: ${provider.issuer}`))
  const said = (page: Page, words: string | RegExp) => page.getByRole('status').filter({ hasText: words })

  test('an administrator sets it up, tests it, tries it, and sees what it says of them', async () => {
    const carol = await enter('carol', '/logins')
    const { page } = carol
    await page.getByRole('link', { name: 'Sign-in provider' }).click()
    await page.waitForURL('/sign-in-provider')
    await page.getByText('What the provider has to be told').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-empty')
    await page.getByLabel('Name', { exact: true }).fill('Keyhouse')
    await page.getByLabel('Issuer', { exact: true }).fill(provider.issuer)
    await page.getByRole('button', { name: 'Test' }).click()
    await page.getByText('Fill in “Client id” first.').waitFor()
    await page.getByLabel('Client id').fill(REAL_CLIENT.id)
    await page.getByLabel('Client secret', { exact: true }).fill('not this one')
    await page.getByRole('button', { name: 'Test' }).click()
    await page.getByText('The client secret must be letters, digits and signs without spaces.').waitFor()
    await page.getByLabel('Client secret', { exact: true }).fill('not-this-one')
    await page.getByRole('button', { name: 'Test' }).click()
    await page.getByText('It does not take this client id and secret.').waitFor()
    await picture(page, 'provider-wrong')
    await page.getByLabel('Client secret', { exact: true }).fill(REAL_CLIENT.secret)
    await page.getByRole('button', { name: 'Test' }).click()
    await page.getByText('It knows the client, and the secret is right.').waitFor()
    await page.getByText('It knows the redirect address.').waitFor()
    await page.getByLabel('People get an account by themselves').check()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Domains must name one at least').waitFor()
    await page.getByLabel('Domains').fill('acme.test')
    await page.getByRole('button', { name: 'Save' }).click()
    await said(page, 'Saved. All administrators of acme are told.').waitFor()
    expect(await page.getByLabel('Client secret', { exact: true }).inputValue()).toBe('')
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-saved')
    await page.getByRole('button', { name: 'Try signing in' }).click()
    await atProvider(page, 'carol')
    await page.waitForURL('/sign-in-provider')
    await page.getByText('What the provider says of you').waitFor()
    await page.getByText('There is an account with your address, and it is not linked to the provider.').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-tried')
    expect(complaintsOf(carol)).toEqual([])
  }, 90_000)

  test('somebody new signs in by the button that the short name brings, and lands where they wanted', async () => {
    const dave = await visit(browser, origin)
    const { page } = dave
    await page.goto('/people')
    await page.getByLabel('Organisation').fill('globex')
    await page.getByLabel('Organisation').fill('acme')
    await page.getByRole('button', { name: 'Sign in with Keyhouse' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-button')
    await page.getByRole('button', { name: 'Sign in with Keyhouse' }).click()
    await atProvider(page, 'dave')
    await page.waitForURL('/people')
    await page.getByText('dave@acme.test').first().waitFor()
    expect(complaintsOf(dave)).toEqual([])
    // The provider tells of the logout, and the page leaves.
    const there = await dave.context.newPage()
    await there.goto(`${provider.issuer}/session/end`)
    await there.locator('button[name=logout]').first().click()
    await page.getByText('You were signed out at the provider through which you had signed in').waitFor()
    await picture(page, 'provider-signed-out')
  }, 90_000)

  test('somebody who has an account is told how to link it, links it, and signs in and proves who they are by it', async () => {
    const alice = await visit(browser, origin, { phone: true })
    const { page } = alice
    await page.goto('/sign-in')
    await page.getByLabel('Organisation').fill('acme')
    await page.getByRole('button', { name: 'Sign in with Keyhouse' }).click()
    await atProvider(page, 'alice')
    await page.waitForURL('/sign-in')
    await page.getByText('There is an account with your address, and it is not linked to the provider.').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-refused')
    await withPassword(page, 'alice', '/account/sign-in')
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
    await page.getByRole('button', { name: 'Link Keyhouse' }).click()
    const dialog = page.getByRole('dialog', { name: 'Confirm it’s you' })
    await dialog.getByLabel('Your password').fill(PASSWORD)
    await dialog.getByRole('button', { name: 'Confirm', exact: true }).click()
    // The provider knows them still, and asks nothing.
    await page.waitForURL('/account/sign-in')
    await page.getByText(`Linked to ${provider.issuer}`).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-linked')
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
    await page.goto('/account/tokens')
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Nightly report')
    await page.getByRole('button', { name: 'Make the token' }).click()
    await dialog.getByRole('button', { name: 'Confirm with Keyhouse' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-proof')
    await dialog.getByRole('button', { name: 'Confirm with Keyhouse' }).click()
    await atProvider(page, 'alice')
    await page.waitForURL('/account/tokens')
    await page.getByText('You have confirmed that it is you. Now do it once more.').waitFor()
    await page.goto('/account/sign-in')
    await page.getByRole('button', { name: 'Undo the link' }).click()
    await said(page, 'The link is undone.').waitFor()
    await page.getByRole('button', { name: 'Link Keyhouse' }).waitFor()
    expect(complaintsOf(alice)).toEqual([])
  }, 90_000)

  test('somebody who is invited joins by it, and may be anybody there', async () => {
    await (await world.signIn('carol')).call('POST', '/api/members', { name: 'Erin Vogel', email: 'erin@acme.test' })
    const { link } = await world.mail.last('erin@acme.test')
    const erin = await visit(browser, origin, { dark: true })
    const { page } = erin
    await page.goto(link)
    await page.getByRole('button', { name: 'Join with Keyhouse' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'provider-join')
    await page.getByRole('button', { name: 'Join with Keyhouse' }).click()
    await atProvider(page, 'erin')
    await page.waitForURL('/')
    expect((await (await page.request.get('/api/me')).json()).user.email).toBe('erin@acme.test')
    expect(complaintsOf(erin)).toEqual([])
  }, 60_000)

  test('an address that is opened without a way begun says so, and signs nobody in', async () => {
    const { page } = await visit(browser, origin)
    await page.goto('/provider-answer')
    await page.waitForURL('/sign-in')
    await page.getByText('This sign-in was not begun in this browser, was finished already, or took longer than ten minutes.').waitFor()
  }, 40_000)

  test('its page is as good in the dark and on a phone', async () => {
    for (const way of [{ dark: true }, { phone: true }]) {
      const { page } = await enter('carol', '/sign-in-provider', way)
      await page.getByLabel('Issuer', { exact: true }).waitFor()
      expect(await axe(page)).toEqual([])
      await picture(page, `provider-${way.dark ? 'dark' : 'phone'}`)
    }
  }, 60_000)
})
