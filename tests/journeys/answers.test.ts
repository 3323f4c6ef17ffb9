/** Answers in the browser: stopped on one device, continued on the other, and whole on both. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { begin, offer } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/answers.test.ts: ${MISSING}\n`)

const QUESTION = 'Herons stand still for a long time and then strike at once'
const FIRST_HALF = 'Herons stand still for a long'

describe.skipIf(MISSING !== undefined)('in the browser', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: models.allow })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await models?.close()
  })

  const enter = async (
    path: string,
    options: { dark?: boolean; phone?: boolean } = {},
    prepare: (visitor: Visitor) => Promise<void> = async () => undefined,
  ): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    await prepare(visitor)
    await visitor.page.goto(path)
    await visitor.page.getByLabel('Organisation').fill(PEOPLE.alice.tenant)
    await visitor.page.getByLabel('E-mail address').fill(PEOPLE.alice.email)
    await visitor.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await visitor.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await visitor.page.getByText(FIRST_HALF).last().waitFor()
    return visitor
  }

  test('an answer that is stopped on the phone is continued on the laptop, and whole on both', async () => {
    const model = await offer(await world.signIn('carol'), models, ['slow', 'hang'])
    const answer = await begin(await world.signIn('alice'), { model: model('slow'), text: QUESTION })
    const path = `/chats/${answer.chatId}`
    const [laptop, phone] = [await enter(path), await enter(path, { dark: true, phone: true })]
    const visitors = [laptop, phone]
    const both = (act: (page: Page) => Promise<unknown>) => Promise.all(visitors.map(({ page }) => act(page)))
    const stop = (page: Page) => page.getByRole('button', { name: 'Stop the answer' })
    await both((page) => stop(page).waitFor())
    await stop(phone.page).click()
    await both((page) => page.getByText('You stopped this answer.').waitFor())
    for (const [i, { page }] of visitors.entries()) {
      await page.getByRole('button', { name: 'Continue' }).waitFor()
      await picture(page, `answer-stopped-${i === 0 ? 'light' : 'phone-dark'}`)
      expect(await axe(page)).toEqual([])
    }
    models.release()
    models.script('hang')
    const calls = models.requests.length
    await laptop.page.getByRole('button', { name: 'Continue' }).click()
    await both((page) => stop(page).waitFor())
    await models.reached(calls + 1)
    await both((page) => page.getByText('You stopped this answer.').waitFor({ state: 'detached' }))
    models.release()
    await both((page) => stop(page).waitFor({ state: 'detached' }))
    // The scripted model says back what it was asked: to go on.
    await both((page) => page.getByText('as if it had never been interrupted').waitFor())
    await both((page) => page.getByText(FIRST_HALF).last().waitFor())
    await both((page) => page.getByRole('button', { name: 'Continue' }).waitFor({ state: 'detached' }))
    expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([])
    for (const { context } of visitors) await context.close()
  }, 90_000)

  test('an answer is read while it is written, also on a page that has been open for long', async () => {
    const model = await offer(await world.signIn('carol'), models, ['echo'])
    const { chatId } = await begin(await world.signIn('alice'), { model: model('echo'), text: QUESTION })
    const { page, context, complaints } = await enter(`/chats/${chatId}`, {}, (visitor) => visitor.page.clock.install())
    await page.getByRole('button', { name: 'Stop the answer' }).waitFor({ state: 'detached' })
    await page.clock.fastForward(120_000)
    models.script('slow')
    await page.getByLabel('Your question').fill('Grebes carry their young on their backs and dive with them')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('Grebes carry their young on their', { exact: true }).waitFor()
    models.release()
    await page.getByRole('button', { name: 'Stop the answer' }).waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await context.close()
  }, 90_000)

  test('a model that was taken away meanwhile is not offered any more once it was refused, and the question waits for another', async () => {
    const carol = await world.signIn('carol')
    const model = (await offer(carol, models, ['echo']))('echo')
    const { chatId } = await begin(await world.signIn('alice'), { model, text: QUESTION })
    const { page, context, complaints } = await enter(`/chats/${chatId}`)
    await page.getByRole('button', { name: 'Model: echo' }).waitFor()
    await carol.call('DELETE', `/api/providers/${model.split(':')[0]}`)
    await page.getByLabel('Your question').fill('And what do they eat?')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('This model is not offered here any more. Pick another model.').waitFor()
    await page.getByRole('button', { name: 'Model: Model no longer offered' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  }, 60_000)
})
