/** What every page of somebody who is signed in has to offer and to refuse. The pages are those of the router, so that none is forgotten. */
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MISSING, startBrowser, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { chatOf, createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/every-page.test.ts: ${MISSING}\n`)

const read = (file: string) => readFile(new URL(`../../src/web/app/${file}`, import.meta.url), 'utf8')
const router = (await Promise.all(['root.tsx', 'chat-routes.ts', 'router.tsx'].map(read))).join('\n')
const ROUTE = /const (\w+) = createRoute\(\{\s+getParentRoute: \(\) => (\w+),\s+(?:path: '([^']+)'|id: '\w+')/g
const ROUTES = [...router.matchAll(ROUTE)].map(([, name = '', parent = '', path = '']) => ({ name, parent, path }))

/** The address of a route below another one; undefined where it is not below it. */
function addressBelow(top: string, { parent, path }: (typeof ROUTES)[number]): string | undefined {
  if (parent === top) return path
  const above = ROUTES.find(({ name }) => name === parent)
  const address = above && addressBelow(top, above)
  return address === undefined ? undefined : address + path
}

/** `/developers` is open to everybody, and for those signed in a page like the others. */
const PATHS = [...ROUTES.flatMap((route) => addressBelow('workspaceRoute', route) ?? []), '/developers']

/** What a browser would fetch and run, if it were more than text. */
const MARKUP = '<img src=x onerror="document.title=1"><script>1</script>'

test('no route of the router is overlooked', () => {
  expect(ROUTES).toHaveLength(router.split('= createRoute({').length - 1)
  expect(PATHS).toEqual(expect.arrayContaining(['/', '/chats/$chatId', '/trash', '/people', '/models', '/models/$providerId', '/handbook']))
})

describe.skipIf(MISSING !== undefined)('every page of somebody who is signed in', () => {
  let world: World
  let browser: Browser
  let origin: string
  let addresses: string[]
  beforeAll(async () => {
    world = await createWorld({ egressAllow: '127.0.0.1:9' })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    const carol = await world.signIn('carol')
    const { chatId } = await chatOf(carol, { description: MARKUP, question: `${MARKUP} ${MARKUP}` })
    const made = [
      await carol.call('POST', '/api/members', { name: MARKUP, email: 'markup@acme.test' }),
      await carol.call('POST', '/api/providers', { name: MARKUP, baseUrl: 'http://127.0.0.1:9/v1', models: [MARKUP] }),
    ]
    expect(made.map(({ status }) => status)).toEqual([201, 201])
    const userId = (made[0]!.body as { member: { id: string } }).member.id
    addresses = PATHS.map((path) => path.replace('$chatId', chatId).replace('$providerId', 'new').replace('$userId', userId))
    expect(addresses.filter((address) => address.includes('$'))).toEqual([])
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const enter = async (options: { phone?: boolean }) => {
    const visitor = await visit(browser, origin, options)
    const { page } = visitor
    await page.goto('/sign-in')
    await page.getByLabel('Organisation').fill(PEOPLE.carol.tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE.carol.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('Your question').waitFor()
    return visitor
  }
  const personMenu = (page: Page) => page.getByRole('button', { name: /^Carol Lindqvist.*account and settings$/ })
  /** Which events the window of the page listens for: all of its scripts together. */
  const listenersOf = async (page: Page): Promise<string[]> => {
    const debugging = await page.context().newCDPSession(page)
    const expression = 'Object.keys(getEventListeners(window)).concat(window.onmessage ? "message" : [])'
    const { result } = await debugging.send('Runtime.evaluate', { expression, includeCommandLineAPI: true, returnByValue: true })
    return result.value
  }

  test.each([
    { look: 'on a wide screen', options: {} },
    { look: 'on a phone', options: { phone: true } },
  ])(
    'leads to signing out: $look',
    async ({ options }) => {
      const { page, complaints } = await enter(options)
      const menu = page.getByRole('menuitem', { name: 'Sign out' })
      for (const address of addresses) {
        await page.goto(address)
        if (options.phone) await page.getByRole('button', { name: 'Open the sidebar' }).click()
        await personMenu(page).click()
        await menu.waitFor()
      }
      await menu.click()
      await page.getByText('You are signed out.').waitFor()
      expect(complaints).toEqual([])
    },
    90_000,
  )

  test('shows as text what people typed', async () => {
    const { page, complaints } = await enter({})
    for (const address of addresses) {
      await page.goto(address)
      // In the sidebar of each, and on those that show more of it.
      await page.getByRole('navigation').getByText(MARKUP).waitFor()
      if (/^\/(people\/?$|people\/(invitations|[0-9a-f-]{36})|models$|chats)/.test(address))
        await page.getByRole('main').getByText(MARKUP).first().waitFor()
      expect(await page.locator('img, script:not([src])').count(), address).toBe(0)
    }
    expect(complaints).toEqual([])
  }, 60_000)

  test('hears nothing that other windows say', async () => {
    const { page } = await enter({})
    for (const address of addresses) {
      await page.goto(address)
      await personMenu(page).waitFor()
      const heard = await listenersOf(page)
      expect(heard, address).toContain('storage')
      expect(heard, address).not.toContain('message')
    }
    await page.evaluate(() => addEventListener('message', () => undefined))
    expect(await listenersOf(page)).toContain('message')
  }, 60_000)
})
