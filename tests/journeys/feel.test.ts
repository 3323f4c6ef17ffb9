/** How it feels: the list of chats with many thousands in it, everything by keyboard, out of reach and back, on a phone. */
import type { AddressInfo } from 'node:net'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/feel.test.ts: ${MISSING}\n`)

const CHATS = Number(process.env.SARDONYX_TEST_CHATS ?? 1_200)

describe.skipIf(MISSING !== undefined)('the feel of it', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  let alice: SignedIn
  let visitors: Visitor[] = []
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: `127.0.0.1:${models.port}` })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    const carol = await world.signIn('carol')
    await carol.call('POST', '/api/providers', { name: 'Scripted', baseUrl: models.url, models: ['slow', 'echo'] })
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

  const composer = (page: Page) => page.getByLabel('Your question')
  const list = (page: Page) => page.getByRole('list', { name: 'Your chats' })
  const row = (page: Page, name: string) => list(page).getByRole('link', { name, exact: true })

  async function enter(person: Person, options: Parameters<typeof visit>[2] = {}): Promise<Page> {
    const visitor = await visit(browser, origin, options)
    visitors.push(visitor)
    await signIn(visitor.page, person)
    return visitor.page
  }

  async function signIn(page: Page, person: Person): Promise<void> {
    await page.goto('/')
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await composer(page).waitFor()
  }

  /** Lets slow answers go on until this is seen. */
  async function released(seen: Locator): Promise<void> {
    const look = () => {
      models.release()
      return seen.first().isVisible()
    }
    await expect.poll(look, { timeout: 30_000 }).toBe(true)
  }

  /** Gives a person so many chats, one every six hours into the past. */
  async function manyChats(person: SignedIn, count: number): Promise<void> {
    const one = async (index: number) => {
      const made = await person.call<{ id: string }>('POST', '/api/chats', { description: `Plan ${index}` })
      return made.body.id
    }
    const ids: string[] = []
    for (let from = 0; from < count; from += 20)
      ids.push(...(await Promise.all(Array.from({ length: Math.min(20, count - from) }, (_, i) => one(from + i)))))
    await world.sql(
      `update ${await schemaOf(world, 'acme')}.chat_session c set time_updated = now() - (t.place * interval '6 hours')
       from unnest($1::uuid[]) with ordinality as t(id, place) where c.id = t.id`,
      [ids],
    )
  }

  test('a list of many chats is drawn where it is seen, fetched as one scrolls, and gone through by keyboard', async () => {
    await manyChats(alice, CHATS)
    const page = await enter('alice')
    let fetched = 0
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url())
      if (pathname === '/api/chats' && request.method() === 'GET' && searchParams.get('in') === 'chats') fetched += 1
    })
    await page.goto('/')
    await row(page, 'Plan 0').waitFor()
    await picture(page, 'feel-list-light')
    const drawn = () => list(page).getByRole('listitem').count()
    // From the row that the Tab key comes to, to the end of everything.
    await row(page, 'Plan 0').focus()
    const last = row(page, `Plan ${CHATS - 1}`)
    await expect
      .poll(
        async () => {
          await page.keyboard.press('End')
          expect(await drawn()).toBeLessThan(80)
          return last.isVisible()
        },
        { timeout: 30_000, interval: 100 },
      )
      .toBe(true)
    expect(fetched).toBeLessThanOrEqual(Math.ceil(CHATS / 100) + 3)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(`Plan ${CHATS - 1}`)
    await page.keyboard.press('ArrowUp')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(`Plan ${CHATS - 2}`)
    await page.keyboard.press('Home')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Plan 0')
    await page.keyboard.type('plan 77')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Plan 77')
    expect(await drawn()).toBeLessThan(80)
    expect(await axe(page)).toEqual([])
    await picture(page, 'feel-list-found')
    await page.reload()
    await row(page, 'Plan 0').click({ modifiers: ['Shift'] })
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await page.getByText('200 chosen').waitFor()
    const phone = await enter('alice', { phone: true, dark: true })
    await phone.getByRole('button', { name: 'Open the sidebar' }).click()
    await row(phone, 'Plan 0').waitFor()
    await picture(phone, 'feel-list-phone')
    expect(await axe(phone)).toEqual([])
  }, 90_000)

  test('by keyboard alone: ask, stop, answer again, go between versions, rename, undo, delete, undo, and to another chat', async () => {
    const page = await enter('bob')
    const title = page.getByRole('heading', { level: 1 })
    const press = (keys: string) => page.keyboard.press(keys)
    await page.getByRole('button', { name: /^Model: slow/ }).waitFor()
    await page.keyboard.type('Tell me of herons')
    await press('Enter')
    await page.getByRole('button', { name: 'Stop the answer' }).waitFor()
    await models.reached(1)
    await press('Control+.')
    await page.getByText('You stopped this answer.').waitFor()
    await press('Control+Shift+Enter')
    await page.getByRole('button', { name: 'Stop the answer' }).waitFor()
    await released(page.getByRole('button', { name: 'Copy the answer' }))
    await page.getByText('Version 2 of 2').waitFor()
    await page.locator('#main').focus()
    await press(',')
    await page.getByText('Version 1 of 2').waitFor()
    await press('.')
    await page.getByText('Version 2 of 2').waitFor()
    await press('/')
    await expect.poll(() => composer(page).evaluate((area) => area === document.activeElement)).toBe(true)
    // What is typed is typed.
    await page.keyboard.type('?./,')
    expect(await composer(page).inputValue()).toBe('?./,')
    await composer(page).fill('')
    await press('ArrowUp')
    expect(await composer(page).inputValue()).toBe('Tell me of herons')
    await page.getByText('You are asking an earlier question differently.').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).press('Enter')

    await press('F2')
    const field = page.getByLabel('Title of the chat')
    await expect.poll(() => field.evaluate((input) => input === document.activeElement)).toBe(true)
    await page.keyboard.type('Herons')
    await press('Enter')
    await expect.poll(() => title.innerText()).toBe('Herons')
    await row(page, 'Herons').waitFor()
    await page.getByText('Renamed to “Herons”.').waitFor()
    await page.locator('#main').focus()
    await press('Control+z')
    await expect.poll(() => title.innerText()).toBe('Tell me of herons')
    expect(await page.getByText('Renamed to “Herons”.').count()).toBe(0)

    await press('Control+Shift+Backspace')
    await page.getByText('Deleted “Tell me of herons”.').waitFor()
    await expect.poll(() => list(page).count()).toBe(0)
    await page.locator('#main').focus()
    await press('Control+z')
    await row(page, 'Tell me of herons').waitFor()
    await expect.poll(() => title.innerText()).toBe('Tell me of herons')

    await press('Control+j')
    await expect.poll(() => title.innerText()).toBe('New chat')
    await press('Alt+ArrowDown')
    await expect.poll(() => title.innerText()).toBe('Tell me of herons')
    await page.locator('#main').focus()
    await press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'feel-shortcuts')
  }, 90_000)

  test('what the server refuses is taken back with a sentence', async () => {
    const bob = await world.signIn('bob')
    const made = await bob.call<{ id: string }>('POST', '/api/chats', { description: 'Kept' })
    const page = await enter('bob')
    await page.goto(`/chats/${made.body.id}`)
    await row(page, 'Kept').waitFor()
    await page.route(/\/api\/chats\/[^/]+$/, (route) =>
      route.request().method() === 'PATCH' ? route.continue({ postData: JSON.stringify({ description: '' }) }) : route.continue(),
    )
    await row(page, 'Kept').focus()
    await page.keyboard.press('F2')
    await page.getByLabel('Title of the chat').waitFor()
    await page.keyboard.type('Changed')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('The chat keeps its old title.').waitFor()
    await row(page, 'Kept').waitFor()
    expect(await row(page, 'Changed').count()).toBe(0)
  }, 60_000)

  test('out of reach one reads, writes on and asks; back, what waited is sent once, in order, and it is said', async () => {
    const bob = await world.signIn('bob')
    const one = await chatOf(bob, { description: 'First', question: 'one' })
    await chatOf(bob, { description: 'Second', question: 'two' })
    const page = await enter('bob')
    const followed = page.waitForResponse(/\/api\/events$/)
    await page.goto(`/chats/${one.chatId}`)
    await followed
    // Each was open once in this page, so that it is there to be read.
    for (const [name, question] of [
      ['First', 'one'],
      ['Second', 'two'],
      ['First', 'one'],
    ] as const) {
      await row(page, name).click()
      await page.getByRole('log').getByText(question, { exact: true }).waitFor()
    }
    const sent: string[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST' && /\/messages$/.test(request.url())) sent.push(request.postDataJSON().text)
    })
    await page.context().setOffline(true)
    const banner = page.getByText('You are offline.')
    await banner.waitFor()
    await composer(page).fill('asked first')
    await page.keyboard.press('Enter')
    await page.getByText('Waiting for the connection.').waitFor()
    await composer(page).fill('a draft')
    await row(page, 'Second').click()
    await page.getByRole('log').getByText('two', { exact: true }).waitFor()
    await composer(page).fill('asked second')
    await page.keyboard.press('Enter')
    await page.getByText('Waiting for the connection.').waitFor()
    await page.locator('#main').focus()
    await page.keyboard.press('F2')
    await page.getByLabel('Title of the chat').fill('Renamed away')
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Notifications' }).getByText('The chat keeps its old title.').waitFor()
    await row(page, 'Second').waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'feel-offline')
    sent.length = 0
    await page.context().setOffline(false)
    await page.getByText('Connected again. The 2 questions that waited were sent.').waitFor()
    await picture(page, 'feel-back')
    expect(sent).toEqual(['asked first', 'asked second'])
    await expect.poll(() => page.getByText('Waiting for the connection.').count()).toBe(0)
    await row(page, 'First').click()
    await page.getByRole('log').getByText('asked first').waitFor()
    expect(await composer(page).inputValue()).toBe('a draft')
  }, 90_000)

  test('at midnight the chats of today become those of yesterday, without a reload', async () => {
    const bob = await world.signIn('bob')
    const made = await bob.call<{ id: string }>('POST', '/api/chats', { description: 'Late' })
    const visitor = await visit(browser, origin)
    visitors.push(visitor)
    const { page } = visitor
    const now = new Date()
    const night = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1)
    // Its clock goes on by itself, from a quarter of an hour before midnight.
    await page.clock.install({ time: now })
    await signIn(page, 'bob')
    await page.goto(`/chats/${made.body.id}`)
    await row(page, 'Late').waitFor()
    const headings = () => list(page).getByRole('heading').allInnerTexts()
    await expect.poll(headings).toContain('Today')
    await page.clock.fastForward(night.getTime() - now.getTime() - 60_000)
    expect((await headings())[0]).toBe('Today')
    await page.clock.fastForward(120_000)
    await expect.poll(async () => (await headings())[0]).toBe('Yesterday')
  }, 60_000)

  test('on a phone the list covers the page, keeps the focus, and goes by Escape, by swiping and by going back', async () => {
    const bob = await world.signIn('bob')
    const long = 'An'.concat('extraordinarily'.repeat(8))
    const { chatId } = await chatOf(bob, { description: long, question: long.repeat(4) })
    const page = await enter('bob', { phone: true, dark: true })
    await page.goto(`/chats/${chatId}`)
    await page.getByRole('log').waitFor()
    const drawer = page.getByRole('dialog', { name: 'Workspace' })
    const open = async () => {
      await page.getByRole('button', { name: 'Open the sidebar' }).click()
      await row(page, long).waitFor()
    }
    await open()
    await picture(page, 'feel-drawer')
    for (let step = 0; step < 8; step += 1) {
      await page.keyboard.press('Tab')
      // The page itself is what the focus passes on its way around.
      expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('main') === null)).toBe(
        true,
      )
    }
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Open the sidebar')
    await open()
    await page.goBack()
    await drawer.waitFor({ state: 'detached' })
    expect(new URL(page.url()).pathname).toBe(`/chats/${chatId}`)
    await open()
    await drawer.evaluate((element) => {
      const touch = (type: string, x: number) => {
        const finger = new Touch({ identifier: 1, target: element, clientX: x, clientY: 400 })
        element.dispatchEvent(new TouchEvent(type, { bubbles: true, touches: type === 'touchend' ? [] : [finger] }))
      }
      touch('touchstart', 280)
      touch('touchmove', 200)
      touch('touchmove', 100)
      touch('touchend', 100)
    })
    await drawer.waitFor({ state: 'detached' })
    // Going elsewhere from the drawer leaves nothing behind that one would have to go back through.
    await open()
    await drawer.getByRole('link', { name: 'New chat' }).click()
    await expect.poll(() => new URL(page.url()).pathname).toBe('/')
    await page.goBack()
    await expect.poll(() => new URL(page.url()).pathname).toBe(`/chats/${chatId}`)
    await drawer.waitFor({ state: 'detached' })

    await page.setViewportSize({ width: 320, height: 640 })
    await page.getByRole('log').waitFor()
    for (const path of [`/chats/${chatId}`, '/']) {
      await page.goto(path)
      await composer(page).waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(320)
      expect(await sideways(page), path).toEqual([])
      expect(await axe(page)).toEqual([])
      await picture(page, `feel-320-${path === '/' ? 'new' : 'chat'}`)
    }
  }, 90_000)

  test.each([
    { look: 'light', options: {} },
    { look: 'phone', options: { phone: true } },
  ])(
    'nothing moves by itself while a page opens: $look',
    async ({ look, options }) => {
      const bob = await world.signIn('bob')
      const { chatId } = await chatOf(bob, { description: `Still ${look}`, question: 'What stays where it is?' })
      const page = await enter('bob', options)
      await page.addInitScript(() => {
        const shifts: unknown[] = []
        Object.assign(window, { shifts })
        new PerformanceObserver((seen) => {
          for (const entry of seen.getEntries() as unknown as { value: number; sources: { node: Element | null }[] }[])
            if (entry.value > 0.0001) shifts.push([entry.value, entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? '')])
        }).observe({ type: 'layout-shift', buffered: true })
      })
      for (const path of ['/', `/chats/${chatId}`]) {
        await page.goto(path)
        await page.getByRole('button', { name: /^Model: / }).waitFor()
        if (path !== '/') await page.getByRole('button', { name: 'Copy the answer' }).waitFor()
        await picture(page, `feel-still-${path === '/' ? 'new' : 'chat'}-${look}`)
        expect(await page.evaluate(() => (window as unknown as { shifts: unknown[] }).shifts), path).toEqual([])
      }
    },
    60_000,
  )

  test('an answer that was completed elsewhere is marked until it is looked at, also in another tab', async () => {
    const bob = await world.signIn('bob')
    const here = await chatOf(bob, { description: 'Looked at', question: 'one' })
    const page = await enter('bob')
    await page.goto(`/chats/${here.chatId}`)
    await row(page, 'Looked at').waitFor()
    const other = await chatOf(bob, { description: 'Elsewhere', question: 'two' })
    const marked = list(page).getByText('new answer')
    await row(page, 'Elsewhere').waitFor()
    // What a program begins is no answer.
    await bob.call('POST', '/api/chats', { description: 'Begun only' })
    await row(page, 'Begun only').waitFor()
    await expect.poll(() => marked.count()).toBe(1)
    await picture(page, 'feel-unread')
    const tab = await page.context().newPage()
    await tab.goto(`/chats/${other.chatId}`)
    await tab.getByRole('button', { name: 'Copy the answer' }).waitFor()
    await expect.poll(() => marked.count()).toBe(0)
  }, 60_000)

  test('the next key goes where it is meant: to the text after a model is chosen, to what was deleted, to the words of a chat sought', async () => {
    const bob = await world.signIn('bob')
    const { chatId } = await chatOf(bob, { description: 'Next keys', question: 'What is under a notice?' })
    const page = await enter('bob')
    await page.goto(`/chats/${chatId}`)
    await composer(page).fill('Who is asked?')
    await page.getByRole('button', { name: /^Model: / }).click()
    await page.getByRole('menuitemradio', { name: /^echo/ }).click()
    await expect.poll(() => composer(page).evaluate((area) => area === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await page.getByText(/^Answer complete, [\d,]+ words?$/).waitFor()
    const fromMenu = async (act: string) => {
      await page.getByRole('main').getByRole('button', { name: 'Menu of “Next keys”' }).click()
      await page.getByRole('menuitem', { name: act }).click()
    }
    // A menu lies above the notices, also above two of them.
    await fromMenu('Pin')
    await page.getByText('Pinned “Next keys”.').waitFor()
    await fromMenu('Unpin')
    await page.getByText('Unpinned “Next keys”.').waitFor()
    await fromMenu('Delete')
    await page.getByText('Deleted “Next keys”.').waitFor()
    await expect.poll(() => composer(page).evaluate((area) => area === document.activeElement)).toBe(true)
    await page.keyboard.press('Control+z')
    await row(page, 'Next keys').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByLabel('What do you remember of it?').fill('notice')
    await page.keyboard.press('Enter')
    await page.getByRole('main').getByRole('link', { name: 'Next keys' }).click()
    await page.waitForURL(`**/chats/${chatId}`)
  }, 60_000)

  test('far too much text is not put in, and it is said why; what fits is put in and can be sent', async () => {
    const page = await enter('bob', { dark: true })
    const paste = (count: number) =>
      composer(page).evaluate((area, length) => {
        const clipboardData = new DataTransfer()
        clipboardData.setData('text/plain', 'x'.repeat(length))
        return area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
      }, count)
    // An event that nobody cancels is what the browser goes on to put in.
    expect(await paste(1_000)).toBe(true)
    expect(await paste(2_300_000)).toBe(false)
    await page.getByRole('alert').filter({ hasText: 'That text has 2,300,000 characters, and at most 100,000 fit here.' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'feel-paste-dark')
    await composer(page).fill('What is short enough?')
    await expect.poll(() => page.getByText('That text has').count()).toBe(0)
    await page.keyboard.press('Enter')
    await expect
      .poll(() =>
        page
          .getByRole('status')
          .filter({ hasText: /^(Answering|Answer complete, [\d,]+ words)$/ })
          .count(),
      )
      .toBe(1)
    await released(page.getByText(/^Answer complete, [\d,]+ words?$/))
    // Its words themselves are not announced, and every message has a heading.
    expect(await page.getByRole('log').getAttribute('aria-live')).toBe('off')
    expect(await page.getByRole('article').getByRole('heading', { level: 2 }).count()).toBe(2)
  }, 60_000)

  test('the sidebar is as wide as it was made, and away as long as it was put away, also after a reload', async () => {
    const page = await enter('bob')
    const edge = page.getByRole('separator', { name: 'Width of the sidebar' })
    const nav = page.getByRole('navigation', { name: 'Workspace' })
    const width = async () => Math.round((await nav.boundingBox())?.width ?? 0)
    const usual = await width()
    await edge.focus()
    for (let step = 0; step < 4; step += 1) await page.keyboard.press('ArrowRight')
    expect(await width()).toBe(usual + 64)
    await page.reload()
    await nav.waitFor()
    expect(await width()).toBe(usual + 64)
    await edge.dblclick()
    await expect.poll(width).toBe(usual)
    await page.keyboard.press('Control+b')
    await nav.waitFor({ state: 'detached' })
    await page.reload()
    await composer(page).waitFor()
    expect(await nav.count()).toBe(0)
    await page.keyboard.press('Control+b')
    await nav.waitFor()
  }, 60_000)
})

/** What reaches beyond the window and cannot be scrolled to: boxes that are cut off at its right edge. */
function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('main *')]
      .filter((element) => {
        const { right, width } = element.getBoundingClientRect()
        const scrolls = element.closest('.overflow-x-auto, pre, table, .truncate, .sr-only') !== null
        return width > 0 && right > innerWidth + 1 && !scrolls
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  )
}
