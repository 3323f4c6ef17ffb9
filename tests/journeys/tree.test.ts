/** A chat that branches, is forked, and is ten thousand messages long: what people see of it, and where they are in it. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { offer } from '#tests/support/conversation.ts'
import { addChain } from '#tests/support/long-chat.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/tree.test.ts: ${MISSING}\n`)

const PATIENT = { timeout: 20_000 }

describe.skipIf(MISSING !== undefined)('the tree in the browser', () => {
  let world: World
  let browser: Browser
  let models: ModelServer
  let slow: string
  let origin: string
  let alice: SignedIn
  let long: { chatId: ChatId; ids: MessageId[] }
  let visitors: Visitor[] = []
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: models.allow })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    alice = await world.signIn('alice')
    const { body } = await alice.call<Chat>('POST', '/api/chats', { description: 'The whole year' })
    const text = (n: number) =>
      `Message ${n}. ${'Some of these are short, and some go on for a good while before they end. '.repeat((n * 7) % 9)}`
    long = { chatId: body.id, ids: await addChain(world, alice, { chatId: body.id, from: null, count: 10_000, text }) }
    slow = (await offer(await world.signIn('carol'), models, ['slow']))('slow')
    // The wheel moves at once: an animation of it may be cut short where rows turn out to be higher than was thought.
    browser = await startBrowser('--disable-smooth-scrolling')
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

  const log = (page: Page) => page.getByRole('log')
  const says = (page: Page, words: string | RegExp) => log(page).getByText(words).first().waitFor(PATIENT)

  /** A device of Alice's, signed in, at an address. */
  async function device(path: string, options: { dark?: boolean; phone?: boolean } = {}): Promise<Page> {
    const visitor = await visit(browser, origin, options)
    visitors.push(visitor)
    const { page } = visitor
    await page.goto(path)
    await page.getByLabel('Organisation').fill(PEOPLE.alice.tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE.alice.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('Your question').waitFor(PATIENT)
    return page
  }

  /**
   * Where the messages lie that are drawn, from the edge of what is seen: as they are painted, and not as they lie for a moment between
   * a change and what makes up for it.
   */
  const spots = (page: Page) =>
    page.evaluate(
      () =>
        new Promise<{ id: string; top: number; bottom: number }[]>((resolve) => {
          const root = document.querySelector('[role=log]')!.parentElement!
          const observer = new IntersectionObserver(
            (entries) => {
              observer.disconnect()
              const from = (px: number) => Math.round(px - root.getBoundingClientRect().top)
              const all = entries.map(({ target, boundingClientRect: { top, bottom } }) => ({
                id: target.id,
                top: from(top),
                bottom: from(bottom),
              }))
              resolve(all.toSorted((a, b) => a.top - b.top))
            },
            { root },
          )
          const articles = root.querySelectorAll('article')
          for (const article of articles) observer.observe(article)
          if (articles.length === 0) resolve([])
        }),
    )
  /** The message at the top of what is seen, and how far above the edge it begins. */
  const topOf = async (page: Page) => {
    const first = (await spots(page)).find(({ bottom }) => bottom > 1)
    return first && { id: first.id, top: first.top }
  }
  const place = async (page: Page) => JSON.stringify(await topOf(page))
  /** The same, once nothing has moved for a while of frames. */
  const atRest = async (page: Page): Promise<string> => {
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const scroller = document.querySelector('[role=log]')!.parentElement!
          let [last, still] = [-1, 0]
          const look = () => {
            still = scroller.scrollTop === last ? still + 1 : 0
            last = scroller.scrollTop
            if (still > 30) resolve()
            else requestAnimationFrame(look)
          }
          look()
        }),
    )
    return place(page)
  }

  test('asked differently: both versions are kept, the arrows and their keys lead to each, and a reload and another device show the one chosen', async () => {
    const { chatId } = await chatOf(alice, { description: 'Warehouse', question: 'Where is the warehouse?', model: 'librarian' })
    const page = await device(`/chats/${chatId}`)
    await says(page, 'Where is the warehouse?')
    await page.getByRole('button', { name: 'Ask this differently' }).first().click()
    await page.getByLabel('Your question').fill('Where was the warehouse?')
    await page.keyboard.press('Enter')
    await says(page, 'Where was the warehouse?')
    await expect.poll(() => log(page).getByText('Where is the warehouse?').count(), PATIENT).toBe(0)
    const versions = log(page).getByRole('group', { name: 'Versions' }).first()
    await versions.getByText('Version 2 of 2').waitFor(PATIENT)
    await picture(page, 'tree-versions')
    await versions.getByRole('button', { name: 'Previous version' }).focus()
    await page.keyboard.press('ArrowLeft')
    await says(page, 'Where is the warehouse?')
    await versions.getByText('Version 1 of 2').waitFor(PATIENT)
    expect(await versions.getByRole('button', { name: 'Previous version' }).evaluate((button) => button === document.activeElement)).toBe(
      true,
    )
    await expect
      .poll(async () => (await alice.call<{ items: { depth: number }[] }>('GET', `/api/chats/${chatId}/messages`)).text)
      .toContain('Where is')
    await page.reload()
    await says(page, 'Where is the warehouse?')
    expect(await axe(page)).toEqual([])
    const phone = await device(`/chats/${chatId}`, { phone: true, dark: true })
    await says(phone, 'Where is the warehouse?')
    await picture(phone, 'tree-versions-phone-dark')
  }, 90_000)

  test('forked from a message: a chat of its own that says where it comes from, and leads back there', async () => {
    const { chatId, answerId } = await chatOf(alice, { description: 'Harbour', question: 'Where is the harbour?', model: 'librarian' })
    const page = await device(`/chats/${chatId}`)
    const answer = page.locator(`#m-${answerId}`)
    await answer.waitFor(PATIENT)
    await answer.getByRole('button', { name: 'More with this message' }).click()
    await page.getByRole('menuitem', { name: 'Fork from here' }).waitFor(PATIENT)
    await picture(page, 'tree-menu')
    await page.getByRole('menuitem', { name: 'Fork from here' }).click()
    await page.getByRole('heading', { name: 'Harbour (fork)' }).waitFor(PATIENT)
    expect(page.url()).not.toContain(chatId)
    await says(page, 'Where is the harbour?')
    await picture(page, 'tree-fork')
    expect(await axe(page)).toEqual([])
    await page.getByLabel('Your question').fill('And the quay?')
    await page.keyboard.press('Enter')
    await says(page, 'And the quay?')
    await log(page).getByRole('link', { name: 'Open it there' }).click()
    await page.waitForURL(new RegExp(`${chatId}#m-${answerId}`), PATIENT)
    await expect.poll(() => answer.evaluate((element) => element === document.activeElement), PATIENT).toBe(true)
    await expect.poll(() => log(page).getByText('And the quay?').count(), PATIENT).toBe(0)
  }, 90_000)

  test('ten thousand messages: open at their end, go to the first and back, and stay where one is through a reload', async () => {
    const page = await device(`/chats/${long.chatId}`)
    await says(page, /^Message 9999\./)
    await picture(page, 'tree-long-end')
    expect(await log(page).getByRole('article').count()).toBeLessThan(80)
    await log(page)
      .click({ position: { x: 5, y: 5 } })
      .catch(() => undefined)
    await log(page).locator('..').focus()
    await page.keyboard.press('Home')
    await says(page, /^Message 0\./)
    await picture(page, 'tree-long-beginning')
    expect(await axe(page)).toEqual([])
    for (let i = 0; i < 25; i++) await page.keyboard.press('PageDown')
    await expect.poll(async () => /^m-/.test((await topOf(page))?.id ?? ''), PATIENT).toBe(true)
    await expect.poll(() => log(page).locator('.skeleton').count(), PATIENT).toBe(0)
    const before = await atRest(page)
    await page.reload()
    await expect.poll(() => place(page), PATIENT).toBe(before)
    await page.getByRole('button', { name: 'Jump to latest' }).click()
    await says(page, /^Message 9999\./)
    await expect.poll(() => page.getByRole('button', { name: 'Jump to latest' }).count(), PATIENT).toBe(0)
  }, 120_000)

  test('scrolled upwards through what is yet to be fetched, nothing jumps: what was seen moves as far as the wheel', async () => {
    const page = await device(`/chats/${long.chatId}`)
    await says(page, /^Message 9999\./)
    // Text that is drawn anew in its own font may take another line.
    await page.evaluate(() => document.fonts.ready)
    await log(page).hover()
    for (let i = 0; i < 40; i++) {
      await expect.poll(() => log(page).locator('.skeleton').count(), PATIENT).toBe(0)
      const seen = await topOf(page)
      const topBefore = seen!.top
      await page.mouse.wheel(0, -300)
      const moved = async () => (await spots(page)).find(({ id }) => id === seen!.id)!.top - topBefore
      await expect.poll(async () => Math.abs((await moved()) - 300), PATIENT).toBeLessThan(2)
    }
    await picture(page, 'tree-long-middle')
  }, 120_000)

  test('an answer that grows is followed at the end, and moves nothing for whoever has scrolled away', async () => {
    const { id: chatId } = (await alice.call<Chat>('POST', '/api/chats', { description: 'Growing', model: slow })).body
    await addChain(world, alice, { chatId, from: null, count: 40, text: (n) => `Message ${n}. ${'More of it. '.repeat(40)}` })
    const page = await device(`/chats/${chatId}`)
    await says(page, /^Message 39\./)
    const grow = 'word '.repeat(1_200)
    for (const followed of [true, false]) {
      await page.getByLabel('Your question').fill(grow)
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Stop the answer' }).waitFor(PATIENT)
      const gap = () =>
        page.evaluate(() => {
          const { scrollHeight, scrollTop, clientHeight } = document.querySelector('[role=log]')!.parentElement!
          return Math.round(scrollHeight - scrollTop - clientHeight)
        })
      await expect.poll(gap, PATIENT).toBe(0)
      if (!followed) {
        await log(page).hover()
        await page.mouse.wheel(0, -900)
        await expect.poll(gap, PATIENT).toBeGreaterThan(600)
      }
      const before = await atRest(page)
      models.release()
      await page.getByRole('button', { name: 'Send' }).waitFor(PATIENT)
      if (followed) await expect.poll(gap, PATIENT).toBe(0)
      else expect(await atRest(page)).toBe(before)
    }
  }, 120_000)

  test('a link to a message in the middle leads there, on a phone', async () => {
    const id = long.ids[5_000]
    const page = await device(`/chats/${long.chatId}#m-${id}`, { phone: true })
    await expect
      .poll(
        () =>
          page
            .locator(`#m-${id}`)
            .evaluate((element) => element === document.activeElement)
            .catch(() => false),
        PATIENT,
      )
      .toBe(true)
    await says(page, /^Message 5000\./)
    await picture(page, 'tree-long-link-phone')
    expect(await axe(page)).toEqual([])
  }, 60_000)
})
