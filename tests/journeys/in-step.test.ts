/** What one does on the laptop is on the phone and in the other tab, by itself: begun, answered word by word, renamed, deleted, brought back, left. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { ask, offer } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/in-step.test.ts: ${MISSING}\n`)

const STORY = 'Once there was a lighthouse, and a keeper who wrote down every ship that passed it'
const HALF = 'Once there was a lighthouse, and a keeper'
/** Nobody has to wait so long; a slow machine may. */
const PATIENT = { timeout: 20_000 }

describe.skipIf(MISSING !== undefined)('in step', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  let alice: SignedIn
  let slow: string
  let calls = 0
  let visitors: Visitor[] = []
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: models.allow })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    slow = (await offer(await world.signIn('carol'), models, ['slow']))('slow')
    alice = await world.signIn('alice')
    browser = await startBrowser()
  })
  afterEach(async () => {
    const complaints = visitors.flatMap((visitor) => visitor.complaints)
    await Promise.all(visitors.map(({ context }) => context.close()))
    visitors = []
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await models?.close()
  })

  /** A device on which Alice has signed in, at this address. */
  async function device(path = '/', options: { phone?: boolean; dark?: boolean } = {}): Promise<Page> {
    const visitor = await visit(browser, origin, options)
    visitors.push(visitor)
    const { page } = visitor
    const followed = page.waitForResponse(/\/api\/events/)
    await page.goto(path)
    await page.getByLabel('Organisation').fill(PEOPLE.alice.tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE.alice.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await followed
    return page
  }

  /** Alice asks through another program; resolves once half of the answer is written. */
  async function asks({ chatId, answerId }: AskedChat): Promise<void> {
    await ask(alice, chatId, { text: STORY, parentId: answerId, model: slow })
    calls += 1
    await models.reached(calls)
  }

  const inList = (page: Page, title: string) => page.getByRole('link', { name: title })
  /** A tab that nobody can see draws nothing. */
  async function listed(page: Page, title: string): Promise<void> {
    await page.bringToFront()
    await inList(page, title).first().waitFor(PATIENT)
  }
  const shows = (page: Page, text: string) =>
    expect.poll(async () => (await page.getByRole('log').innerText()).replace(/\s+/g, ' '), PATIENT).toContain(text)

  /** The model says the question back, so it is there twice. A tab that nobody can see draws nothing. */
  async function reads(page: Page, text: string): Promise<void> {
    await page.bringToFront()
    const parts = async () => (await page.getByRole('log').innerText()).replace(/\s+/g, ' ').split(text)
    await expect.poll(parts, PATIENT).toHaveLength(3)
  }

  test('a chat begun, renamed, deleted and brought back elsewhere', async () => {
    const { chatId } = await chatOf(alice, { description: 'Lighthouses', question: 'How many are there?' })
    const [laptop, phone] = [await device(`/chats/${chatId}`), await device(`/chats/${chatId}`, { phone: true, dark: true })]
    const tab = await laptop.context().newPage()
    await tab.goto('/')
    await inList(tab, 'Lighthouses').first().waitFor()
    const other = await chatOf(alice, { description: 'Ships', question: 'Which?' })
    for (const page of [laptop, tab]) await listed(page, 'Ships')

    await alice.call('PATCH', `/api/chats/${chatId}`, { description: 'Lighthouses of the north' })
    for (const page of [laptop, phone]) await expect.poll(() => page.title(), PATIENT).toContain('Lighthouses of the north')
    await listed(tab, 'Lighthouses of the north')
    await laptop.bringToFront()
    await picture(laptop, 'in-step-renamed')
    await picture(phone, 'in-step-renamed-phone')

    await alice.call('DELETE', `/api/chats/${chatId}`)
    for (const page of [laptop, phone]) await page.getByRole('heading', { name: /is in the trash/ }).waitFor(PATIENT)
    await tab.bringToFront()
    await expect.poll(() => inList(tab, 'Lighthouses of the north').count(), PATIENT).toBe(0)
    await laptop.bringToFront()
    await picture(laptop, 'in-step-deleted')
    await picture(phone, 'in-step-deleted-phone')
    expect(await axe(laptop)).toEqual([])

    await alice.call('POST', `/api/chats/${chatId}/restore`)
    for (const page of [laptop, phone]) await shows(page, 'How many are there?')
    await listed(tab, 'Lighthouses of the north')
    await alice.call('DELETE', `/api/chats/${other.chatId}`)
  }, 90_000)

  test('an answer begun elsewhere is followed by itself, from its middle and to its end, on one stream for all tabs', async () => {
    const streams: string[] = []
    const chat = await chatOf(alice, { description: 'The keeper', question: 'Who was it?' })
    const { chatId } = chat
    const laptop = await device(`/chats/${chatId}`)
    laptop.context().on('request', (request) => {
      const { pathname } = new URL(request.url())
      if (/\/events$/.test(pathname)) streams.push(pathname)
    })
    const tab = await laptop.context().newPage()
    await tab.goto(`/chats/${chatId}`)
    await shows(tab, 'Who was it?')
    await asks(chat)
    for (const page of [laptop, tab]) await reads(page, HALF)
    const phone = await device(`/chats/${chatId}`, { phone: true })
    await reads(phone, HALF)
    await picture(phone, 'in-step-middle-phone')
    await picture(laptop, 'in-step-middle')
    models.release()
    for (const page of [laptop, tab, phone]) await reads(page, STORY)
    for (const page of [laptop, tab, phone])
      await page.getByRole('button', { name: 'Stop the answer' }).waitFor({ ...PATIENT, state: 'detached' })
    expect(new Set(streams)).toEqual(new Set(['/api/events']))
  }, 90_000)

  test('the tab that leads is closed in the middle of an answer, and another goes on without losing a word', async () => {
    const chat = await chatOf(alice, { description: 'Two tabs', question: 'And the second tab?' })
    const { chatId } = chat
    const first = await device(`/chats/${chatId}`)
    const second = await first.context().newPage()
    await second.goto(`/chats/${chatId}`)
    await shows(second, 'And the second tab?')
    await asks(chat)
    await reads(second, HALF)
    await first.close()
    models.release()
    await reads(second, STORY)
    await second.getByRole('button', { name: 'Stop the answer' }).waitFor({ ...PATIENT, state: 'detached' })
    await alice.call('PATCH', `/api/chats/${chatId}`, { description: 'One tab' })
    await expect.poll(() => second.title(), PATIENT).toContain('One tab')
  }, 90_000)

  test('what happened while a device was out of reach is there when it is back', async () => {
    const chat = await chatOf(alice, { description: 'In the tunnel', question: 'Is there light?' })
    const { chatId } = chat
    const phone = await device(`/chats/${chatId}`, { phone: true })
    await phone.context().setOffline(true)
    await asks(chat)
    models.release()
    await alice.call('PATCH', `/api/chats/${chatId}`, { description: 'Out of the tunnel' })
    await phone
      .getByText(/offline/i)
      .first()
      .waitFor(PATIENT)
    await phone.context().setOffline(false)
    await expect.poll(() => phone.title(), PATIENT).toContain('Out of the tunnel')
    await reads(phone, STORY)
  }, 90_000)

  test('signed out in one tab, the other leaves as well, and another device stays', async () => {
    const [laptop, phone] = [await device(), await device('/', { phone: true })]
    const tab = await laptop.context().newPage()
    await tab.goto('/')
    await tab.getByLabel('Your question').waitFor()
    await laptop.getByRole('button', { name: /Alice Moreau/ }).click()
    await laptop.getByRole('menuitem', { name: 'Sign out' }).click()
    for (const page of [laptop, tab]) await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor(PATIENT)
    await picture(tab, 'in-step-signed-out')
    await phone.getByLabel('Your question').waitFor()
  }, 90_000)
})
