/** An answer with everything in it, as it is seen: drawn, copied, read by keyboard, in light, dark and on a phone. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatId } from '#contract/ids.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { begin, follow, offer } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/rendering.test.ts: ${MISSING}\n`)

const RICH = `## How a queue behaves

With arrivals at rate \\(\\lambda\\) and service at rate \\(\\mu\\), the load is $\\rho = \\lambda / \\mu$, and a server for $5 a month costs less than one for $10. The mean number in the system is

\\[
L = \\sum_{n=0}^{\\infty} n\\,(1-\\rho)\\rho^n = \\frac{\\rho}{1-\\rho},
\\qquad W = \\frac{L}{\\lambda} = \\frac{1}{\\mu - \\lambda}
\\]

and grows without bound as $\\rho \\to 1$.[^1]

### What to watch

| Load $\\rho$ | Mean in system | Mean wait | What one notices |
| ---: | ---: | ---: | :--- |
| 0.50 | 1.0 | 20 ms | nothing |
| 0.80 | 4.0 | 50 ms | a pause now and then |
| 0.95 | 19.0 | 200 ms | everybody complains, see [the report](https://reports.example.org/2026/load) |

\`\`\`mermaid
flowchart LR
  A[Request] --> B{Is there room?}
  B -- yes --> C[Queue]
  B -- no --> D[Refuse with 429]
  C --> E[Worker] --> F[(Database)]
  E --> G[Answer]
\`\`\`

\`\`\`ts
/** Whether one more fits. */
export function admits(queue: readonly Job[], limit = 200): boolean {
  const waiting = queue.filter((job) => job.state === 'waiting').length
  return waiting < limit // refuse early: a refusal that comes at once is kinder than an answer that comes too late
}
\`\`\`

- [x] measure \`p99\`
- [ ] refuse early, as <https://sre.example.com/handling-overload> says
- the picture of it: ![load curve](https://img.example.net/load.png)

> Little’s law holds for any order of service.

[^1]: For one server and exponential times.
`

describe.skipIf(MISSING !== undefined)('an answer', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  let alice: SignedIn
  let model: string
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: models.allow })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    model = (await offer(await world.signIn('carol'), models, ['echo']))('echo')
    alice = await world.signIn('alice')
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await models?.close()
  })

  const answered = async (text: string): Promise<ChatId> => {
    models.script({ text })
    const asked = await begin(alice, { model, text: 'How does a queue behave?' })
    await follow(alice, asked)
    return asked.chatId
  }
  const open = async (
    chatId: ChatId,
    options: { dark?: boolean; phone?: boolean } = {},
    prepare: (visitor: Visitor) => Promise<void> = async () => undefined,
  ): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    const { page } = visitor
    await prepare(visitor)
    await page.goto(`/chats/${chatId}`)
    await page.getByLabel('Organisation').fill(PEOPLE.alice.tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE.alice.email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('button', { name: 'Copy the answer' }).waitFor()
    return visitor
  }
  const diagram = (page: Page) => page.frameLocator('iframe[title="Diagram"]').locator('svg')

  test.each([
    { look: 'light', options: {} },
    { look: 'dark', options: { dark: true } },
    { look: 'phone', options: { phone: true } },
  ])(
    'with everything in it: $look',
    async ({ look, options }) => {
      const { page, complaints } = await open(await answered(RICH), options)
      await page.locator('.prose .katex').first().waitFor()
      await page.locator('.prose .hl-keyword').first().waitFor()
      await page.locator('iframe[title="Diagram"]').scrollIntoViewIfNeeded()
      await diagram(page).getByText('Refuse with 429').waitFor()
      await page.getByText('Drawing the diagram').waitFor({ state: 'hidden' })
      await picture(page, `rich-diagram-${look}`)
      await page.getByRole('heading', { name: 'How a queue behaves' }).scrollIntoViewIfNeeded()
      await picture(page, `rich-top-${look}`)
      await page.getByText('Little’s law').scrollIntoViewIfNeeded()
      await picture(page, `rich-end-${look}`)
      expect(await axe(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
      expect(complaints).toEqual([])
      await page.context().close()
    },
    60_000,
  )

  const flow = (name: string) => `\`\`\`mermaid\nflowchart LR\n  A[${name}] --> B\n\`\`\`\n\n`

  test('a diagram that hangs is given up alone, and not tried again; those after it wait for their turn', async () => {
    const chatId = await answered(`${flow('first')}${flow('second')}And that is all.`)
    const { page, complaints } = await open(chatId, {}, async ({ context }) => {
      let asked = 0
      await context.route('**/diagram.html', async (route) => {
        asked += 1
        if (asked > 1) return route.continue()
        await route.fulfill({ contentType: 'text/html', body: '<script>addEventListener("message", () => { for (;;) {} })</script>' })
      })
    })
    const given = page.getByText('This could not be drawn as a diagram')
    await page.locator('iframe[title="Diagram"]').waitFor()
    // One frame stands at a time, and the page goes on beside the one that hangs.
    expect(await page.locator('iframe[title="Diagram"]').count()).toBe(1)
    await page.getByLabel('Your question').fill('still here')
    await given.waitFor({ timeout: 40_000 })
    await diagram(page).getByText('second').waitFor()
    expect(await given.count()).toBe(1)
    await page.getByLabel('Your question').fill('')
    await page.reload()
    await diagram(page).getByText('second').waitFor()
    expect(await given.count()).toBe(1)
    expect(complaints).toEqual([])
    await page.context().close()
  }, 90_000)

  test('a diagram has its source at a button, can be copied, and follows the colours of the page', async () => {
    const { page, complaints } = await open(await answered(`${flow('only')}And that is all.`))
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const colour = () => diagram(page).evaluate((svg) => getComputedStyle(svg.ownerDocument.documentElement).colorScheme)
    await diagram(page).getByText('only').waitFor()
    expect(await colour()).toBe('light')
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(colour).toBe('dark')
    await page.getByRole('button', { name: 'Copy the code' }).click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('A[only] --> B')
    await page.getByRole('button', { name: 'Show the source' }).click()
    await page.locator('.prose pre').getByText('A[only] --> B').waitFor()
    expect(await page.locator('iframe[title="Diagram"]').count()).toBe(0)
    await page.getByRole('button', { name: 'Show the source' }).click()
    await diagram(page).getByText('only').waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  }, 60_000)
})
