/**
 * The corpus of attacks, written by a model into answers that stream in pieces, in real Chromium: no request leaves the
 * origin, no script runs, and the page goes on. Every host but the server's leads to a trap that counts who comes.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MISSING, startBrowser, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { offer } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { ATTACKS, HEAVY } from '#tests/support/rendering-attacks.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/web/rendering-attacks.test.ts: ${MISSING}\n`)

/** What the browser asks its maker for by itself, whatever one tells it, in every page. */
const CHROMIUMS_OWN = /\b(google|googleapis|gstatic|gvt1)\.com/
const FORBIDDEN = '.prose :is(script, style, img, object, embed, video, audio, link, meta, base, form, svg image)'
/** So long a text is still laid out, whatever it is. */
const BATCH = 40_000

/** The attacks as answers, and one more sentence, so that a diagram isn't the last of what may grow. */
function batches(attacks: readonly string[]): string[] {
  const texts: string[] = ['']
  for (const attack of attacks) {
    if (texts.at(-1)!.length + attack.length > BATCH) texts.push('')
    texts.push(`${texts.pop()}${attack}\n\n`)
  }
  return texts.filter((text) => text !== '').map((text) => `${text}And that is all.`)
}

/** The text in pieces of uneven lengths, many enough that each attack is cut, and not so many that it takes minutes. */
function cut(text: string): string[] {
  const size = Math.max(7, Math.ceil(text.length / 400))
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += pieces.at(-1)!.length) pieces.push(text.slice(at, at + size + (pieces.length % 5)))
  return pieces
}

/** Waits until all that the worker reads has been read or given up. */
const settled = (page: Page) => page.locator('.prose[aria-busy]').waitFor({ state: 'detached', timeout: 60_000 })

/** What an answer looks like, without the ids that differ from one drawing to the next. */
const drawn = (page: Page) =>
  page
    .locator('.prose')
    .last()
    .evaluate((prose) => prose.innerHTML.replace(/_r_\w+_/g, ''))

describe.skipIf(MISSING !== undefined)('attacks by rendering', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  let trap: Server
  /** What those said who came: the head of an HTTP request, or of TLS, which names the host. */
  const caught: string[] = []
  beforeAll(async () => {
    trap = createServer((socket) => {
      let hello = ''
      socket.on('error', () => undefined)
      socket.once('data', (bytes) => {
        hello = bytes.toString('latin1')
        socket.destroy()
      })
      socket.once('close', () => {
        if (!CHROMIUMS_OWN.test(hello)) caught.push(hello)
      })
    }).listen(0, '127.0.0.1')
    await once(trap, 'listening')
    models = await startModelServer()
    world = await createWorld({ egressAllow: models.allow })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    await offer(await world.signIn('carol'), models, ['echo'])
    browser = await startBrowser(`--host-resolver-rules=MAP * 127.0.0.1:${(trap.address() as AddressInfo).port}, EXCLUDE localhost`)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await models?.close()
    trap?.close()
  })

  /** A person's page that notes whatever an attack achieves. */
  const enter = async () => {
    const { page, context } = await visit(browser, origin)
    const achieved: string[] = []
    await context.exposeBinding('canary', ({ frame }) => void achieved.push(`ran in ${frame.url()}`))
    page.on('dialog', (dialog) => {
      achieved.push(`said ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('pageerror', (error) => void achieved.push(`threw ${error.message}`))
    page.on('popup', (popup) => void achieved.push(`opened ${popup.url()}`))
    page.on('request', (request) => {
      const own = request.url().startsWith(origin) || /^(data|blob):/.test(request.url())
      // What is asked for within the frame of a diagram is refused by its policy: the trap says whether it was.
      if (!own && request.frame() === page.mainFrame()) achieved.push(`asked for ${request.url()}`)
    })
    page.on('console', (message) => {
      const within = message.location().url.endsWith('/diagram.html') || message.location().url.startsWith('https://evil.example')
      if (/Content Security Policy|Refused to/.test(message.text()) && !within) achieved.push(message.text())
    })
    await page.goto('/')
    await page.getByLabel('Organisation').fill(PEOPLE.alice.tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE.alice.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('Your question').waitFor()
    await page.getByRole('button', { name: /^Model/ }).click()
    await page.getByRole('menuitemradio', { name: /^echo/ }).click()
    return { page, achieved }
  }

  /** Has the page ask, and the model answer this. */
  const answered = async (page: Page, text: string) => {
    models.script({ pieces: cut(text) })
    await page.getByLabel('Your question').fill('Go on')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Copy the answer' }).waitFor({ timeout: 60_000 })
  }

  /** Scrolls to every diagram, and waits until each is drawn or given up. */
  const allDiagrams = async (page: Page) => {
    const blocks = page.locator('.prose .code')
    for (let index = 0; index < (await blocks.count()); index += 1) await blocks.nth(index).evaluate((block) => block.scrollIntoView())
    await expect.poll(() => page.getByText('Drawing the diagram').count(), { timeout: 60_000 }).toBe(0)
  }

  test('the trap and the canary would notice', async () => {
    const { page, achieved } = await enter()
    await page.evaluate(() => (window as unknown as { canary(): void }).canary())
    expect(achieved).toEqual([`ran in ${page.url()}`])
    const elsewhere = await page.context().newPage()
    await elsewhere.goto('http://evil.example/').catch(() => undefined)
    await elsewhere.goto('https://evil.example/').catch(() => undefined)
    expect(caught.filter((hello) => hello.includes('evil.example')).length).toBeGreaterThanOrEqual(2)
    caught.length = 0
    await page.context().close()
  }, 40_000)

  test.each(Object.entries(ATTACKS))(
    '%s',
    async (family, attacks) => {
      const { page, achieved } = await enter()
      for (const text of batches(attacks)) {
        await page.goto('/')
        await answered(page, text)
        if (family === 'DIAGRAMS') await allDiagrams(page)
        expect(await page.locator(FORBIDDEN).count()).toBe(0)
        expect(await page.locator('.prose iframe:not([sandbox="allow-scripts"][src="/diagram.html"])').count()).toBe(0)
        await settled(page)
        const streamed = await drawn(page)
        await page.reload()
        await page.getByRole('button', { name: 'Copy the answer' }).waitFor({ timeout: 60_000 })
        await settled(page)
        // What came in pieces is what is drawn of the whole; a diagram is drawn when it is seen.
        if (family !== 'DIAGRAMS') await expect.poll(() => drawn(page), { timeout: 30_000 }).toBe(streamed)
        await page.getByLabel('Your question').fill('still here')
        expect(await page.getByLabel('Your question').inputValue()).toBe('still here')
        await page.getByLabel('Your question').fill('')
      }
      expect(achieved).toEqual([])
      expect(caught).toEqual([])
      await page.context().close()
    },
    240_000,
  )

  test('what would take minutes to read is given up, and the page goes on meanwhile and afterwards', async () => {
    const { page, achieved } = await enter()
    for (const attack of HEAVY) {
      await page.goto('/')
      await answered(page, attack)
      const box = page.getByLabel('Your question')
      await box.fill('meanwhile')
      expect(await box.inputValue()).toBe('meanwhile')
      await page.getByText('too heavy to lay out').first().waitFor({ timeout: 60_000 })
      await settled(page)
      await box.fill('')
    }
    // What is given up once is not tried again; what it shows can be had as a whole.
    await page.getByRole('button', { name: 'Show more of it' }).click()
    await expect.poll(() => page.locator('.prose').last().textContent()).toContain(HEAVY.at(-1)!.slice(5_000, 20_000))
    expect(achieved).toEqual([])
    await page.context().close()
  }, 240_000)
})
