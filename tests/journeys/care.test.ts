/** Care of chats in the browser: pinned, archived, chosen together, thrown away, erased, temporary, judged, and found again. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/care.test.ts: ${MISSING}\n`)

const WAIT = { timeout: 30_000 }

describe.skipIf(MISSING !== undefined)('care of chats in the browser', { timeout: 90_000 }, () => {
  let world: World
  let browser: Browser
  let origin: string
  let bob: SignedIn
  let visitors: Visitor[] = []
  beforeAll(async () => {
    world = await createWorld()
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    bob = await world.signIn('bob')
    browser = await startBrowser()
  })
  afterEach(async () => {
    const complaints = visitors.flatMap((visitor) => visitor.complaints)
    await Promise.all(visitors.map(({ context }) => context.close()))
    visitors = []
    const { items } = (await bob.call<{ items: { id: string }[] }>('GET', '/api/chats?limit=100')).body
    if (items.length > 0) await bob.call('POST', '/api/chats/bulk', { act: 'delete', chatIds: items.map(({ id }) => id) })
    await bob.call('POST', '/api/chats/trash/empty')
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  async function device(path: string, options: { phone?: boolean; dark?: boolean } = {}): Promise<Page> {
    const visitor = await visit(browser, origin, options)
    visitors.push(visitor)
    const { page } = visitor
    page.setDefaultTimeout(WAIT.timeout)
    await page.goto(path)
    await page.getByLabel('Organisation').fill(PEOPLE.bob.tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE.bob.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('main').waitFor()
    await page.getByLabel('E-mail address').waitFor({ state: 'detached' })
    return page
  }
  const ask = (title: string, question = 'What happens when I delete a chat?') => chatOf(bob, { description: title, question })
  const list = (page: Page) => page.getByRole('list', { name: 'Your chats' })
  const titles = (page: Page) => list(page).locator('[data-row]').allInnerTexts()
  const notice = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()
  const undo = (page: Page) => page.getByRole('button', { name: 'Undo' }).first().click()
  async function fromMenu(page: Page, title: string, act: string): Promise<void> {
    await list(page).getByRole('link', { name: title }).hover()
    await list(page)
      .getByRole('button', { name: `Menu of “${title}”` })
      .click()
    await page.getByRole('menuitem', { name: act, exact: true }).click()
  }
  const looks = async (page: Page, name: string) => {
    expect(await axe(page)).toEqual([])
    await picture(page, name)
  }

  test('a chat is pinned, archived and thrown away from its row, and each is undone', async () => {
    for (const title of ['Lunch menu', 'Quarterly plan', 'Trip to Lisbon', 'Warehouse lease']) await ask(title)
    const page = await device('/')
    await expect.poll(() => titles(page), WAIT).toHaveLength(4)
    await fromMenu(page, 'Lunch menu', 'Pin')
    await expect.poll(() => titles(page), WAIT).toEqual(['Lunch menu', 'Warehouse lease', 'Trip to Lisbon', 'Quarterly plan'])
    await notice(page, 'Pinned “Lunch menu”.')
    await page.getByRole('heading', { name: 'Pinned' }).waitFor()
    await looks(page, 'care-pinned')
    await fromMenu(page, 'Trip to Lisbon', 'Archive')
    await expect.poll(() => titles(page), WAIT).toEqual(['Lunch menu', 'Warehouse lease', 'Quarterly plan'])
    await notice(page, /^Archived “Trip to Lisbon”/)
    await undo(page)
    await expect.poll(() => titles(page), WAIT).toEqual(['Lunch menu', 'Warehouse lease', 'Trip to Lisbon', 'Quarterly plan'])
    await page.reload()
    await expect.poll(() => titles(page), WAIT).toEqual(['Lunch menu', 'Warehouse lease', 'Trip to Lisbon', 'Quarterly plan'])
    await fromMenu(page, 'Lunch menu', 'Unpin')
    await expect.poll(() => titles(page), WAIT).toEqual(['Warehouse lease', 'Trip to Lisbon', 'Quarterly plan', 'Lunch menu'])
  })

  test('several are chosen with Shift and by keyboard, one request changes them, and Undo brings all back', async () => {
    for (let i = 1; i <= 6; i++) await ask(`Chat number ${i}`)
    const page = await device('/')
    await expect.poll(() => titles(page), WAIT).toHaveLength(6)
    await fromMenu(page, 'Chat number 6', 'Choose several')
    await list(page)
      .getByRole('checkbox', { name: 'Chat number 3' })
      .click({ modifiers: ['Shift'] })
    await page.getByText('4 chosen').waitFor()
    await list(page).getByRole('checkbox', { name: 'Chat number 3' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await page.getByText('5 chosen').waitFor()
    await looks(page, 'care-chosen')
    let requests = 0
    page.on('request', (request) => (requests += request.url().endsWith('/api/chats/bulk') ? 1 : 0))
    await page.getByRole('region', { name: 'Chosen chats' }).getByRole('button', { name: 'Delete' }).click()
    await notice(page, /Deleted 5 chats/)
    await expect.poll(() => titles(page), WAIT).toEqual(['Chat number 1'])
    expect(requests).toBe(1)
    await undo(page)
    await expect.poll(() => titles(page), WAIT).toHaveLength(6)
    await list(page)
      .getByRole('link', { name: 'Chat number 5' })
      .click({ modifiers: ['Shift'] })
    await page.getByText('1 chosen').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('1 chosen').waitFor({ state: 'detached' })
  })

  test('the archive and the trash say what is in them; restoring brings back, and erasing is asked once and names what goes', async () => {
    const lease = await ask('Warehouse lease')
    const trip = await ask('Trip to Lisbon')
    const lunch = await ask('Lunch menu')
    await bob.call('PATCH', `/api/chats/${lease.chatId}`, { archived: true })
    for (const { chatId } of [trip, lunch]) await bob.call('DELETE', `/api/chats/${chatId}`)
    const page = await device('/archive')
    await page.getByRole('main').getByText('Warehouse lease').waitFor()
    await looks(page, 'care-archive')
    await page.getByRole('button', { name: 'Move back to the list' }).click()
    await page.getByText(/Nothing is archived/).waitFor()
    await expect.poll(() => titles(page), WAIT).toEqual(['Warehouse lease'])

    await page.getByRole('link', { name: 'Trash' }).click()
    await page.getByRole('main').getByText('Trip to Lisbon').waitFor()
    await page.getByLabel('Choose “Trip to Lisbon”').check()
    await looks(page, 'care-trash')
    const row = (title: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: title })
    await row('Trip to Lisbon').getByRole('button', { name: 'Restore' }).click()
    await expect.poll(() => titles(page), WAIT).toEqual(['Trip to Lisbon', 'Warehouse lease'])
    await row('Lunch menu').getByRole('button', { name: 'Erase for good' }).click()
    const dialog = page.getByRole('dialog', { name: 'Erase “Lunch menu” for good?' })
    await dialog.waitFor()
    await looks(page, 'care-erase')
    await dialog.getByRole('button', { name: 'Erase for good' }).click()
    await page.getByText(/The trash is empty/).waitFor()
    expect((await bob.call('POST', `/api/chats/${lunch.chatId}/restore`)).status).toBe(404)
  })

  test('a temporary chat says what it is before it is begun and while it is there, can be kept, and is gone at its end', async () => {
    const schema = await schemaOf(world, 'acme')
    const page = await device('/')
    await page.getByRole('switch', { name: 'Temporary chat' }).click()
    await page.getByText(/Temporary until/).waitFor()
    await looks(page, 'care-temporary-new')
    await page.getByLabel('Your question').fill('What happens when I delete a chat?')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Temporary chat' }).waitFor()
    await page.getByRole('button', { name: 'Good answer' }).waitFor()
    await looks(page, 'care-temporary')
    expect(await titles(page)).toEqual([])
    await page.getByRole('button', { name: 'Keep this chat' }).click()
    await notice(page, 'The chat is kept.')
    await expect.poll(() => titles(page), WAIT).toEqual(['What happens when I delete a chat?'])

    await page.getByRole('link', { name: 'New chat' }).click()
    await page.getByRole('switch', { name: 'Temporary chat' }).click()
    await page.getByLabel('Your question').fill('Who can read my chats?')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Keep this chat' }).waitFor()
    await page.getByRole('link', { name: 'New chat' }).click()
    await notice(page, 'You have left a temporary chat.')
    await looks(page, 'care-temporary-left')
    await page.getByRole('button', { name: 'Go back' }).click()
    await page.getByRole('button', { name: 'Keep this chat' }).waitFor()
    await world.sql(`update ${schema}.chat_session set temporary_until = now() - interval '1 s' where temporary_until is not null`)
    await page.reload()
    await page.getByText('There is no such chat, or it is not yours to see.').waitFor()
  })

  test('an answer is judged, with a note that is there after a reload, and the judgement is taken back', async () => {
    const { chatId } = await ask('Judged')
    const page = await device(`/chats/${chatId}`)
    await page.getByRole('button', { name: 'Bad answer' }).click()
    await page.getByLabel('What was wrong with it? (optional)').fill('It answered another question.')
    await looks(page, 'care-feedback')
    await page.getByRole('button', { name: 'Save' }).click()
    await notice(page, 'Your note is kept.')
    await page.reload()
    await expect.poll(() => page.getByRole('button', { name: 'Bad answer' }).getAttribute('aria-pressed'), WAIT).toBe('true')
    await page.getByRole('button', { name: 'Bad answer' }).click()
    await expect.poll(() => page.getByRole('button', { name: 'Bad answer' }).getAttribute('aria-pressed'), WAIT).toBe('false')
    const kept = async () => {
      const { items } = (await bob.call<{ items: { feedback: unknown }[] }>('GET', `/api/chats/${chatId}/messages`)).body
      return items.map(({ feedback }) => feedback)
    }
    await expect.poll(kept, WAIT).toEqual([null, null])
  })

  test('a chat that one has lost sight of is found by what was said in it, and brought back', async () => {
    const { chatId } = await ask('Sahara', 'What grows in the desert?')
    await bob.call('DELETE', `/api/chats/${chatId}`)
    const page = await device(`/chats/${chatId}`)
    await page.getByRole('heading', { name: '“Sahara” is in the trash.' }).waitFor()
    await looks(page, 'care-no-such-chat')
    await page.getByRole('main').getByRole('link', { name: 'Find a chat' }).click()
    await page.getByLabel('What do you remember of it?').fill('desert')
    await page.getByRole('button', { name: 'Look' }).click()
    await page.getByText(/in the trash ·/).waitFor()
    await page.getByText('You are signed in as bob@acme.test, in acme.').waitFor()
    await looks(page, 'care-find')
    await page.getByRole('main').getByRole('button', { name: 'Restore' }).click()
    await expect.poll(() => titles(page), WAIT).toEqual(['Sahara'])
  })

  describe.each([
    ['phone', { phone: true }],
    ['dark', { dark: true }],
  ] as const)('%s', (name, options) => {
    test('the trash and what is found', async () => {
      await ask('Trip to Lisbon')
      for (const title of ['Lunch menu', 'A chat with quite a long title that does not fit on a phone']) {
        await bob.call('DELETE', `/api/chats/${(await ask(title)).chatId}`)
      }
      const page = await device('/trash', options)
      await page.getByRole('main').getByText('Lunch menu').waitFor()
      await looks(page, `care-trash-${name}`)
      await page.goto('/find-chat?words=Lisbon')
      await page.getByRole('main').getByText('Trip to Lisbon').waitFor()
      await looks(page, `care-find-${name}`)
    })

    test('what is thought of an answer, a temporary chat, and several that are chosen', async () => {
      const { chatId } = await ask('Trip to Lisbon')
      const page = await device(`/chats/${chatId}`, options)
      await page.getByRole('button', { name: 'Good answer' }).click()
      await page.getByLabel('What was good about it? (optional)').waitFor()
      await looks(page, `care-feedback-${name}`)
      await page.goto('/')
      await page.getByRole('switch', { name: 'Temporary chat' }).click()
      await page.getByText(/Temporary until/).waitFor()
      await looks(page, `care-temporary-new-${name}`)
      if (name === 'phone') await page.getByRole('button', { name: 'Open the sidebar' }).click()
      await list(page).getByRole('link', { name: 'Trip to Lisbon' }).hover()
      await list(page).getByRole('button', { name: 'Menu of “Trip to Lisbon”' }).click()
      await page.getByRole('menuitem', { name: 'Choose several' }).waitFor()
      await picture(page, `care-menu-${name}`)
      await page.getByRole('menuitem', { name: 'Choose several' }).click()
      await page.getByText('1 chosen').waitFor()
      await looks(page, `care-chosen-${name}`)
    })
  })
})
