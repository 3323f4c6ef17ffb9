/** Two people side by side, an answer that outlives a reload, and every page as axe and the security policy see it. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/two-people.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('in the browser', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  let carol: SignedIn
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: `127.0.0.1:${models.port}` })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    carol = await world.signIn('carol')
    await carol.call('POST', '/api/providers', { name: 'Scripted', baseUrl: models.url, models: ['slow', 'echo'] })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await models?.close()
  })

  const enter = async (person: Person, options: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    await visitor.page.goto('/')
    await visitor.page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await visitor.page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await visitor.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await visitor.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await visitor.page.getByLabel('Your question').waitFor()
    return visitor
  }

  const pick = async (page: Page, model: RegExp) => {
    await page.getByRole('button', { name: /^Model/ }).click()
    await page.getByRole('menuitemradio', { name: model }).click()
  }

  test('Bob sees nothing of Alice, also with the address of her chat', async () => {
    const alice = await world.signIn('alice')
    const chat = await chatOf(alice, { description: 'Budget Discussion', question: 'the heron budget is secret' })
    const one = await enter('alice')
    const two = await enter('bob')
    await one.page.goto(`/chats/${chat.chatId}`)
    await one.page.getByText('the heron budget is secret').first().waitFor()
    await two.page.goto(`/chats/${chat.chatId}`)
    await two.page.getByText('There is no such chat, or it is not yours to see.').waitFor()
    await two.page.goto('/')
    await pick(two.page, /^Librarian/)
    await two.page.getByLabel('Your question').fill('What do you know about the heron budget?')
    await two.page.keyboard.press('Enter')
    await two.page.getByRole('button', { name: 'Copy the answer' }).waitFor()
    const seen = await two.page.content()
    expect(seen).not.toContain('heron budget is secret')
    expect(seen).not.toContain('Budget Discussion')
    expect([...one.complaints, ...two.complaints]).toEqual([])
  }, 40_000)

  test('an answer goes on through a reload and is whole at the end', async () => {
    const { page, complaints } = await enter('alice')
    await pick(page, /^slow/)
    await page.getByLabel('Your question').fill('Tell me a long story')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Stop the answer' }).waitFor()
    await models.reached(1)
    await page.reload()
    await page.getByRole('button', { name: 'Stop the answer' }).waitFor()
    models.release()
    await page.getByRole('button', { name: 'Copy the answer' }).waitFor()
    const chatId = new URL(page.url()).pathname.split('/')[2]
    const alice = await world.signIn('alice')
    const kept = await alice.call<{ items: { parts: { text: string }[]; status: string }[] }>('GET', `/api/chats/${chatId}/messages`)
    const text = kept.body.items[0]?.parts[0]?.text ?? 'nothing was kept'
    expect(kept.body.items[0]?.status).toBe('complete')
    expect((await page.getByRole('log').innerText()).replace(/\s+/g, ' ')).toContain(text.trim().replace(/\s+/g, ' '))
    expect(complaints).toEqual([])
  }, 40_000)

  test('a first question that is refused stays with its reason, leaves no chat, and is in nobody’s way', async () => {
    const { page, complaints } = await enter('bob')
    await pick(page, /^Librarian/)
    const question = page.getByLabel('Your question')
    const chats = async () => (await (await page.request.get('/api/chats')).json()).items.length
    const before = await chats()
    const sending = /\/api\/chats\/[^/]+\/messages$/
    await page.route(sending, (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), text: '' }) }))
    await question.fill('refused')
    await page.keyboard.press('Enter')
    const reason = page.getByText('Not sent. The question must not be empty.')
    await reason.waitFor()
    await page.unroute(sending)
    await page.reload()
    await reason.waitFor()
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    expect(await chats()).toBe(before)
    await question.fill('a draft')
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    expect(await question.inputValue()).toBe('refused\n\na draft')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Copy the answer' }).waitFor()
    expect(await chats()).toBe(before + 1)
    expect(complaints).toEqual([])
  }, 40_000)

  test.each([
    { look: 'light', options: {} },
    { look: 'dark', options: { dark: true } },
    { look: 'phone', options: { phone: true } },
  ])(
    'axe finds nothing on any page: $look',
    async ({ look, options }) => {
      const { page, complaints } = await enter('carol', options)
      const check = async (name: string, ready: (page: Page) => Promise<unknown>) => {
        await ready(page)
        await picture(page, `${name}-${look}`)
        expect(await axe(page), name).toEqual([])
      }
      await check('new-chat', (at) => at.getByLabel('Your question').waitFor())
      await page.goto('/models')
      await check('models', (at) => at.getByText('Scripted').first().waitFor())
      await page.goto('/people')
      await check('people', (at) => at.getByText('bob@acme.test').first().waitFor())
      await page.goto('/handbook')
      await check('handbook', (at) => at.getByText('Who can read a chat').first().waitFor())
      await page.goto('/developers')
      await check('developers', (at) => at.getByText('/api/chats').first().waitFor())
      await page.goto('/nothing-here')
      await check('nothing', (at) => at.getByText('There is nothing at this address').waitFor())
      expect(complaints).toEqual([])
    },
    60_000,
  )
})
