/** One's own profile and preferences, on two browsers at once: what is changed in one is seen in the other, without a reload. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/profile.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('profile and preferences in the browser', () => {
  let world: World
  let browser: Browser
  let origin: string
  beforeAll(async () => {
    world = await createWorld()
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const enter = async (person: Person, path: string, options: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    const { page } = visitor
    await page.goto(`/sign-in?${new URLSearchParams({ next: path })}`)
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(path)
    return visitor
  }
  /** A wide picture: red at the left, green in the middle, blue at the right. */
  const wide = async () => {
    const square = (background: string) =>
      sharp({ create: { width: 400, height: 400, channels: 3, background } })
        .png()
        .toBuffer()
    const parts = await Promise.all(['#d00000', '#00a000', '#0000d0'].map(square))
    return sharp({ create: { width: 1_200, height: 400, channels: 3, background: '#000' } })
      .composite(parts.map((input, at) => ({ input, left: at * 400, top: 0 })))
      .jpeg()
      .toBuffer()
  }
  const saysNow = (page: Page, words: string) => page.getByRole('status').filter({ hasText: words })
  /** Once the picture at this place is there, the middle of it. */
  const middleOf = (page: Page, place: string) =>
    page.locator(place).evaluate(async (image: HTMLImageElement) => {
      await image.decode()
      const canvas = document.createElement('canvas')
      const context = canvas.getContext('2d')!
      context.drawImage(image, 0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data
      return red > 150 ? 'red' : green > 100 ? 'green' : blue > 150 ? 'blue' : 'other'
    })

  test('a picture is chosen and cropped, shown on the other browser and to others, and removed', async () => {
    const here = await enter('alice', '/account')
    const there = await enter('alice', '/people')
    const { page } = here
    await page.waitForURL('/account/profile')
    const [choosing] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Choose a picture' }).click()])
    await choosing.setFiles({ name: 'wide.jpg', mimeType: 'image/jpeg', buffer: await wide() })
    const dialog = page.getByRole('dialog', { name: 'Choose what is shown' })
    await dialog.getByLabel('Left and right').waitFor()
    expect(await dialog.getByLabel('Up and down').isDisabled()).toBe(true)
    await dialog.getByLabel('Left and right').focus()
    await page.keyboard.press('End')
    expect(await axe(page)).toEqual([])
    await picture(page, 'profile-crop')
    await dialog.getByRole('button', { name: 'Use this picture' }).click()
    await saysNow(page, 'Your picture is shown from now on.').waitFor()
    expect(await middleOf(page, 'main img')).toBe('blue')
    expect(await middleOf(page, 'nav img')).toBe('blue')
    expect(await axe(page)).toEqual([])
    await picture(page, 'profile')
    expect(await middleOf(there.page, 'nav[aria-label="Workspace"] img')).toBe('blue')
    const bob = await enter('bob', '/people')
    expect(await middleOf(bob.page, 'main img')).toBe('blue')
    await picture(bob.page, 'people-with-picture')
    const other = await enter('mallory', '/people')
    await other.page.getByText('Mallory Vance').first().waitFor()
    expect(await other.page.locator('img').count()).toBe(0)

    await page.getByRole('button', { name: 'Remove' }).click()
    await saysNow(page, 'Your picture is gone.').waitFor()
    for (const at of [page, there.page]) await at.locator('nav img').waitFor({ state: 'detached' })
    expect([...here.complaints, ...there.complaints, ...bob.complaints, ...other.complaints]).toEqual([])
  }, 90_000)

  test('the square can be dragged, and a file that is no picture is said to be none', async () => {
    const { page } = await enter('bob', '/account/profile')
    await page.locator('input[type=file]').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await page.getByRole('alert').filter({ hasText: 'Your browser cannot read that file as a picture.' }).waitFor()
    await page.locator('input[type=file]').setInputFiles({ name: 'wide.jpg', mimeType: 'image/jpeg', buffer: await wide() })
    const canvas = page.getByRole('img', { name: 'What others will see' })
    const box = (await canvas.boundingBox())!
    await page.mouse.move(box.x + 20, box.y + 128)
    await page.mouse.down()
    await page.mouse.move(box.x + 400, box.y + 128, { steps: 5 })
    await page.mouse.up()
    await page.getByRole('button', { name: 'Use this picture' }).click()
    await saysNow(page, 'Your picture is shown from now on.').waitFor()
    expect(await middleOf(page, 'main img')).toBe('red')
  }, 60_000)

  test('a name is changed, and is another in the other browser, without a reload', async () => {
    const here = await enter('alice', '/account/profile')
    const there = await enter('alice', '/account/profile')
    await here.page.getByLabel('Name', { exact: true }).fill('   ')
    await here.page.getByRole('button', { name: 'Save' }).click()
    await here.page.getByText('must not be empty').waitFor()
    await here.page.getByLabel('Name', { exact: true }).fill('Alice of the Moor')
    await here.page.getByRole('button', { name: 'Save' }).click()
    await saysNow(here.page, 'Others see you as Alice of the Moor from now on.').waitFor()
    for (const { page } of [here, there]) await page.getByRole('button', { name: /^Alice of the Moor.*account and settings$/ }).waitFor()
    expect(await there.page.getByLabel('Name', { exact: true }).inputValue()).toBe('Alice of the Moor')
    expect([...here.complaints, ...there.complaints]).toEqual([])
  }, 60_000)

  test('preferences hold here at once, in the other browser without a reload, and at the next visit from the first paint', async () => {
    const here = await enter('carol', '/account/preferences')
    const there = await enter('carol', '/')
    const [page, other] = [here.page, there.page]
    const look = (of: Page) => of.evaluate(() => ({ ...document.documentElement.dataset }))
    await page.getByRole('radio', { name: 'Dark', exact: true }).check()
    await page.getByRole('radio', { name: 'Reduced' }).check()
    await expect.poll(() => look(page)).toMatchObject({ theme: 'dark', motion: 'reduced' })
    await expect.poll(() => look(other)).toMatchObject({ theme: 'dark', motion: 'reduced' })
    await page.getByRole('radio', { name: 'Ctrl and Enter' }).check()
    await page.getByLabel('Model for new chats').selectOption('librarian')
    await expect
      .poll(async () => (await world.call('GET', '/api/me', { headers: { cookie: await cookieOf(other) } })).text)
      .toContain('mod_enter')
    const question = other.getByLabel('Your question')
    await question.fill('one')
    await question.press('Enter')
    await question.pressSequentially('two')
    expect(await question.inputValue()).toBe('one\ntwo')
    await question.press('Control+Enter')
    await other.waitForURL(/\/chats\//)
    expect(await axe(page)).toEqual([])
    await other.goto('/account/preferences')
    await other.getByRole('radio', { name: 'Ctrl and Enter' }).waitFor()
    expect(await other.getByRole('radio', { name: 'Ctrl and Enter' }).isChecked()).toBe(true)
    await picture(other, 'preferences-dark')
    await page.getByRole('radio', { name: 'As the system' }).first().check()
    await expect.poll(() => look(other)).toEqual({ motion: 'reduced' })
    await picture(page, 'preferences')
    await there.context.route('/api/**', (route) => route.abort())
    await other.goto('/', { waitUntil: 'domcontentloaded' })
    expect(await look(other)).toEqual({ motion: 'reduced' })
    expect([...here.complaints, ...there.complaints]).toEqual([])
  }, 90_000)

  const cookieOf = async (page: Page) => (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')

  test.each([
    { look: 'phone', options: { phone: true } },
    { look: 'dark-phone', options: { phone: true, dark: true } },
  ])(
    'it all fits: $look',
    async ({ look, options }) => {
      const { page } = await enter('bob', '/account/profile', options)
      for (const path of ['profile', 'preferences']) {
        await page.goto(`/account/${path}`)
        await page.getByRole('heading', { level: 2 }).waitFor()
        expect(await axe(page)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
        await picture(page, `${path}-${look}`)
      }
    },
    60_000,
  )
})
