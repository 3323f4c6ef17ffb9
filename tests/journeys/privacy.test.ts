/** The privacy page in a browser: what it says follows from the settings, and it can be printed whole. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/privacy.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('the privacy page in the browser', () => {
  let world: World
  let browser: Browser
  let origin: string
  beforeAll(async () => {
    world = await createWorld({ egressAllow: '127.0.0.1:11434' })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const enter = async (person: Person, options: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    const { page } = visitor
    await page.goto('/sign-in?next=%2Fprivacy')
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL('/privacy')
    await page.getByRole('heading', { name: 'Who is responsible' }).waitFor()
    return visitor
  }
  const words = (page: Page) => page.getByRole('main').innerText()

  test('an administrator names whom to ask; everybody reads it, and what the settings say', async () => {
    const carol = await enter('carol')
    const { page } = carol
    expect(await words(page)).toContain('Nobody is named yet')
    expect(await words(page)).toContain('Nobody: no model provider is set up.')
    await page.getByRole('button', { name: 'Name somebody' }).click()
    const dialog = page.getByRole('dialog', { name: 'Whom people may ask' })
    await dialog.getByLabel('Name').fill('Petra Vogel')
    await dialog.getByLabel('E-mail address').fill('privacy@acme.test')
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('link', { name: 'privacy@acme.test' }).waitFor()

    const administrator = await world.signIn('carol')
    await administrator.call('POST', '/api/providers', { name: 'House server', baseUrl: 'http://127.0.0.1:11434/v1', models: ['small'] })
    await administrator.call('PATCH', '/api/login-policy', { preset: 'strict' })
    const bob = await enter('bob')
    const read = await words(bob.page)
    for (const sentence of [
      'Petra Vogel, privacy@acme.test',
      'House server',
      '127.0.0.1:11434',
      'Everyone sees everyone',
      '400 days',
      '1 hour',
    ])
      expect(read).toContain(sentence)
    expect(await bob.page.getByRole('button', { name: 'Change' }).count()).toBe(0)
    expect(await axe(bob.page)).toEqual([])
    expect([...carol.complaints, ...bob.complaints]).toEqual([])
  }, 60_000)

  test.each([
    { look: 'light', options: {} },
    { look: 'dark', options: { dark: true } },
    { look: 'phone', options: { phone: true } },
  ])(
    'it fits, and every part of it is there: $look',
    async ({ look, options }) => {
      const { page } = await enter('carol', options)
      expect(await axe(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      await picture(page, `privacy-${look}`)
      await page.getByRole('heading', { name: 'How long it is kept' }).scrollIntoViewIfNeeded()
      await picture(page, `privacy-${look}-end`)
    },
    60_000,
  )

  test('on paper it is whole, without what one could press, and dark on light', async () => {
    const { page } = await enter('carol', { dark: true })
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.getByRole('navigation', { name: 'Workspace' }).isVisible()).toBe(false)
    expect(await page.getByRole('button', { name: 'Print' }).isVisible()).toBe(false)
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeGreaterThan(1_000)
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('light')
    await page.setViewportSize({ width: 794, height: 2_400 })
    await picture(page, 'privacy-paper')
  }, 60_000)
})
