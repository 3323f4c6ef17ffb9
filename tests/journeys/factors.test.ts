/** Second factors in a real browser, with its virtual authenticator: set up, signed in with, lost, and required. */
import { createServer } from 'node:net'
import { Secret, TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { appOf } from '#tests/support/factors.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/factors.test.ts: ${MISSING}\n`)

/** A passkey belongs to an address, so it has to be known before there is a server. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe.skipIf(MISSING !== undefined)('second factors', () => {
  let world: World
  let browser: Browser
  let origin: string
  let acme: string
  let visitors: Visitor[] = []
  beforeAll(async () => {
    const port = await freePort()
    origin = `http://localhost:${port}`
    world = await createWorld({ baseUrl: origin })
    await world.server.app.listen({ host: '127.0.0.1', port })
    acme = schemaName((await world.signIn('carol')).me.organisation.id)
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })
  beforeEach(async () => {
    visitors = []
    for (const table of ['passkey', 'authenticator_app', 'recovery_code', 'sign_in_ticket', 'security_event', 'auth_session'])
      await world.sql(`delete from ${acme}.${table}`)
    await world.sql(`update ${acme}.login_policy set second_factor = 'optional'`)
  })

  const open = async (way: { dark?: boolean; phone?: boolean } = {}) => {
    const visitor = await visit(browser, origin, way)
    visitors.push(visitor)
    const debugging = await visitor.context.newCDPSession(visitor.page)
    await debugging.send('WebAuthn.enable')
    await debugging.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    return visitor.page
  }
  const password = async (page: Page, person: Person, next = '/account/sign-in') => {
    await page.goto(`/sign-in?${new URLSearchParams({ next })}`)
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  const signOut = async (page: Page) => {
    await page.getByRole('button', { name: /account and settings$/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByText('You are signed out.').waitFor()
  }
  const codeOf = (secret: string, steps = 0) =>
    TOTP.generate({ secret: Secret.fromBase32(secret.replaceAll(' ', '')), timestamp: Date.now() + steps * 30_000 })
  const codesShown = (page: Page) => page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allInnerTexts()
  const allWell = () => expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([])

  test('a passkey is added after a proof, with recovery codes, signed in with, and proves again who one is', async () => {
    const page = await open()
    await password(page, 'alice')
    await page.getByText('You have no passkey yet.').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'sign-in-ways-empty')
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByLabel('Name of the new passkey').fill('My laptop')
    await page.getByRole('button', { name: 'Go on' }).click()
    const dialog = page.getByRole('dialog', { name: 'Confirm it’s you' })
    await dialog.getByLabel('Your password').fill(PASSWORD)
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('Added the passkey “My laptop”.').waitFor()
    expect(await codesShown(page)).toHaveLength(10)
    expect(await axe(page)).toEqual([])
    await picture(page, 'recovery-codes')
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save as a file' }).click()
    expect((await saved).suggestedFilename()).toBe('sardonyx-recovery-codes.txt')
    await page.getByRole('button', { name: 'I have put them away' }).click()
    await page.getByText('10 codes are left.').waitFor()
    await signOut(page)
    await page.goto('/sign-in?next=/account/sign-in')
    await picture(page, 'sign-in-with-passkey')
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByText('must not be empty').waitFor()
    await page.getByLabel('Organisation').fill('acme')
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await page.getByRole('list', { name: 'Your passkeys' }).getByText('My laptop').waitFor()
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
    await page.getByRole('button', { name: 'Remove My laptop' }).click()
    await page.getByRole('dialog', { name: 'Remove “My laptop”?' }).getByRole('button', { name: 'Remove' }).click()
    await dialog.getByRole('button', { name: 'Use a passkey' }).waitFor()
    await picture(page, 'proof-by-passkey')
    await dialog.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByText('Removed the passkey “My laptop”.').waitFor()
    allWell()
  }, 60_000)

  test('a passkey is the second step after a password', async () => {
    const page = await open()
    await password(page, 'alice')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('button', { name: 'I have put them away' }).click()
    await signOut(page)
    await password(page, 'alice')
    await page.getByRole('heading', { name: 'One more step' }).waitFor()
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByRole('list', { name: 'Your passkeys' }).waitFor()
    allWell()
  }, 60_000)

  test('an authenticator app is set up by its secret and asked for; a lost phone is what recovery codes are for', async () => {
    const page = await open()
    await password(page, 'bob')
    await page.getByRole('button', { name: 'Set up an app' }).click()
    const secret = await page.locator('code').innerText()
    await page.getByAltText('QR code with the secret').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'set-up-app')
    await page.getByLabel('Code', { exact: true }).fill('000000')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('That code is not good, or was used already.').waitFor()
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret, -1))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('The authenticator app is set up.').waitFor()
    const codes = await codesShown(page)
    await page.getByRole('button', { name: 'I have put them away' }).click()
    await signOut(page)

    await password(page, 'bob')
    await page.getByRole('heading', { name: 'One more step' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'second-step')
    await page.getByLabel('Code', { exact: true }).fill('111111')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('That code is not good, or was used already.').waitFor()
    await page.getByLabel('Code', { exact: true }).fill(codeOf(secret))
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('10 codes are left.').waitFor()
    await signOut(page)

    await password(page, 'bob')
    await page.getByRole('button', { name: 'Use a recovery code instead' }).click()
    await page.getByLabel('Recovery code').fill(codes[0]!.toLowerCase())
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('9 codes are left.').waitFor()
    await page.getByText('A recovery code of yours was used.').waitFor()
    await page.getByRole('button', { name: 'Remove the app' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the app' }).click()
    await page.getByText('Removed the authenticator app.').waitFor()
    allWell()
  }, 60_000)

  test('where it is required, an open page leads to setting one up, and then goes on', async () => {
    const page = await open()
    await password(page, 'alice', '/people')
    await page.getByRole('heading', { name: 'People' }).waitFor()
    const carol = await world.signIn('carol')
    await appOf(carol)
    const admin = await open()
    await admin.goto('/sign-in')
    await admin.context().addCookies([{ name: (await page.context().cookies())[0]!.name, value: carol.token, url: origin }])
    await admin.goto('/logins/rules')
    await admin.getByRole('heading', { name: 'Second factor' }).waitFor()
    await admin.getByLabel('Everyone', { exact: true }).check()
    await admin.getByRole('button', { name: 'Use this rule' }).scrollIntoViewIfNeeded()
    expect(await axe(admin)).toEqual([])
    await picture(admin, 'second-factor-rule')
    await admin.getByRole('button', { name: 'Use this rule' }).click()
    await admin.getByText('The rules have changed, and hold now.').waitFor()

    await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'second-factor-needed')
    await page.goto('/people')
    await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
    await page.getByRole('button', { name: 'With a passkey' }).click()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('heading', { name: 'Your second factor is set up' }).waitFor()
    await page.getByRole('button', { name: 'I have put them away' }).click()
    await page.getByLabel('Your question').waitFor()
    await page.goto('/people')
    await page.getByRole('heading', { name: 'People' }).waitFor()
    allWell()
  }, 60_000)

  test.each([
    { look: 'in the dark', way: { dark: true }, name: 'dark' },
    { look: 'on a phone', way: { phone: true }, name: 'phone' },
  ])(
    'axe finds nothing: $look',
    async ({ way, name }) => {
      const page = await open(way)
      await password(page, 'alice')
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByRole('list', { name: 'Recovery codes' }).waitFor()
      expect(await axe(page)).toEqual([])
      await picture(page, `recovery-codes-${name}`)
      await page.getByRole('button', { name: 'I have put them away' }).click()
      await page.getByRole('button', { name: 'Set up an app' }).click()
      await page.getByAltText('QR code with the secret').scrollIntoViewIfNeeded()
      expect(await axe(page)).toEqual([])
      await picture(page, `set-up-app-${name}`)
      await page.getByRole('button', { name: 'Rename This device' }).click()
      const dialog = page.getByRole('dialog', { name: 'Rename “This device”' })
      await dialog.getByLabel('New name').fill('Blue key')
      await dialog.getByRole('button', { name: 'Rename' }).click()
      await page.getByText('It is called “Blue key” now.').waitFor()
      await picture(page, `sign-in-ways-${name}`)
      await page.context().clearCookies()
      await password(page, 'alice')
      await page.getByRole('heading', { name: 'One more step' }).waitFor()
      expect(await axe(page)).toEqual([])
      await picture(page, `second-step-${name}`)
      allWell()
    },
    60_000,
  )
})
