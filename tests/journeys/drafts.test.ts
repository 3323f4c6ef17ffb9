/** What is begun and not sent is there again, on whichever device its writer signs in, and nothing takes it from under their hands. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Chat, Message } from '#contract/chats.ts'
import type { Draft } from '#contract/drafts.ts'
import { FAILURES, type FailureCode, type Problem } from '#contract/errors.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { schemaOf, textOf } from '#tests/support/conversation.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/drafts.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('drafts in the browser', () => {
  let world: World
  let browser: Browser
  let origin: string
  let alice: SignedIn
  let chat: AskedChat
  let visitors: Visitor[] = []
  beforeAll(async () => {
    world = await createWorld()
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    alice = await world.signIn('alice')
    chat = await chatOf(alice, { description: 'Warehouse', question: 'Where is the warehouse?' })
    browser = await startBrowser()
  })
  afterEach(async () => {
    const complaints = visitors.flatMap((visitor) => visitor.complaints)
    await Promise.all(visitors.map(({ context }) => context.close()))
    visitors = []
    for (const { place } of await drafts()) await alice.call('DELETE', `/api/drafts/${place}`)
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const drafts = async () => (await alice.call<{ items: Draft[] }>('GET', '/api/drafts')).body.items
  const chats = async () => (await alice.call<{ items: Chat[] }>('GET', '/api/chats?in=chats')).body.items
  const kept = async () => (await drafts()).map(({ text }) => text)
  const place = () => `/api/drafts/${alice.me.user.id}`
  const composer = (page: Page) => page.getByLabel('Your question')
  const shows = (page: Page, text: string) => expect.poll(() => composer(page).inputValue()).toBe(text)
  const storedHere = (page: Page) => page.evaluate(() => JSON.stringify({ ...sessionStorage }))
  /** As when its person comes back to a tab that stood behind another. */
  const comeBack = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))

  async function signIn(page: Page, person: Person): Promise<void> {
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await composer(page).waitFor()
  }

  /** A device on which the person has signed in; its page has learned what the server has. */
  async function device(person: Person = 'alice', path = '/', options: { phone?: boolean } = {}): Promise<Page> {
    const visitor = await visit(browser, origin, options)
    visitors.push(visitor)
    const { page } = visitor
    const looked = page.waitForResponse(/\/api\/drafts$/)
    await page.goto(path)
    await signIn(page, person)
    await looked
    return page
  }

  async function signOut(page: Page): Promise<void> {
    await page.getByRole('button', { name: /Alice Moreau/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByText('You are signed out.').waitFor()
  }

  test('typed, signed out at once, and there in another browser: a new chat, a chat, and an earlier question asked differently', async () => {
    const laptop = await device()
    await composer(laptop).fill('a question for a new chat')
    await laptop.getByRole('link', { name: 'Warehouse' }).first().click()
    await laptop.getByRole('log').getByText('Where is the warehouse?').first().waitFor()
    await composer(laptop).fill('the next question')
    await laptop.getByRole('button', { name: 'Ask this differently' }).click()
    await shows(laptop, 'Where is the warehouse?')
    await composer(laptop).fill('Where was the warehouse?')
    await signOut(laptop)
    expect(await storedHere(laptop)).not.toMatch(/question|warehouse/)

    const phone = await device('alice', '/', { phone: true })
    await shows(phone, 'a question for a new chat')
    await picture(phone, 'draft-new-chat-phone')
    await phone.goto(`/chats/${chat.chatId}`)
    await phone.getByText('You are asking an earlier question differently.').waitFor()
    await shows(phone, 'Where was the warehouse?')
    await picture(phone, 'draft-edit-phone')
    expect(await axe(phone)).toEqual([])
    await phone.getByRole('button', { name: 'Cancel' }).click()
    await shows(phone, 'the next question')
    await expect.poll(async () => (await kept()).sort()).toEqual(['a question for a new chat', 'the next question'])
  }, 60_000)

  test('the page left at once, for good: the last word is kept', async () => {
    const page = await device()
    await composer(page).fill('and the tab was closed')
    await page.goto('about:blank')
    await expect.poll(kept).toEqual(['and the tab was closed'])
  }, 40_000)

  test('nobody else who signs in in the same tab sees it', async () => {
    const page = await device()
    await composer(page).fill('mine alone')
    await signOut(page)
    await signIn(page, 'bob')
    await page.reload()
    await composer(page).waitFor()
    await shows(page, '')
    expect(await kept()).toEqual(['mine alone'])
  }, 40_000)

  test('what is typed while the server is out of reach is kept when it is back', async () => {
    const page = await device()
    await page.context().setOffline(true)
    await composer(page).pressSequentially('written in a tunnel')
    await page
      .getByText(/offline/i)
      .first()
      .waitFor()
    await picture(page, 'draft-offline')
    expect(await kept()).toEqual([])
    await page.context().setOffline(false)
    await expect.poll(kept).toEqual(['written in a tunnel'])
    await shows(page, 'written in a tunnel')
  }, 40_000)

  test('the first question of a new chat that is asked out of reach waits, and is asked once, though the first replies are lost', async () => {
    const page = await device()
    const before = (await chats()).length
    const keys = new Map<RegExp, string[]>()
    await page.context().setOffline(true)
    await composer(page).fill('Is there light at the end?')
    await page.keyboard.press('Enter')
    await page.getByText('Waiting for the connection.').waitFor()
    expect(await storedHere(page)).toContain('Is there light at the end?')
    expect((await chats()).length).toBe(before)
    // The chat, and then the question.
    for (const path of [/\/api\/chats$/, /\/messages$/]) {
      const sent: string[] = []
      await page.route(path, async (route) => {
        if (route.request().method() !== 'POST') return route.continue()
        sent.push(route.request().postDataJSON().idempotencyKey)
        keys.set(path, sent)
        if (sent.length > 1) return route.continue()
        await route.fetch()
        await route.abort()
      })
    }
    await page.context().setOffline(false)
    await page.getByRole('log').getByText('Is there light at the end?').waitFor()
    await expect.poll(() => storedHere(page)).not.toContain('Is there light at the end?')
    for (const sent of keys.values()) expect(sent).toEqual([sent[0], sent[0]])
    expect(keys.size).toBe(2)
    const [begun, ...others] = await chats()
    expect(others.length).toBe(before)
    const { body } = await alice.call<{ items: Message[] }>('GET', `/api/chats/${begun!.id}/messages`)
    expect(body.items.filter(({ messageType }) => messageType === 'user').map(textOf)).toEqual(['Is there light at the end?'])
    expect(page.url()).toContain(begun!.id)
    await alice.call('DELETE', `/api/chats/${begun!.id}`)
  }, 60_000)

  test('of two tabs the one that is not written in follows the other, and neither loses what is typed in it', async () => {
    const one = await device()
    const two = await one.context().newPage()
    await two.goto('/')
    await composer(one).fill('written in one')
    await shows(two, 'written in one')
    const held: (() => void)[] = []
    const holding = (route: Route) => new Promise<void>((go) => held.push(go)).then(() => route.continue())
    await two.route(`**${place()}`, holding, { times: 1 })
    await composer(two).fill('written in two')
    await expect.poll(() => held.length).toBe(1)
    await composer(one).fill('one again')
    await expect.poll(kept).toEqual(['one again'])
    await shows(two, 'written in two')
    for (const go of held) go()
    await shows(one, 'written in two')
    await expect.poll(kept).toEqual(['written in two'])
  }, 40_000)

  test('on two devices the one that comes back takes what is newer, unless something is being written on it', async () => {
    const laptop = await device()
    const phone = await device('alice', '/', { phone: true })
    await composer(laptop).fill('from the laptop')
    await expect.poll(kept).toEqual(['from the laptop'])
    await shows(phone, '')
    await comeBack(phone)
    await shows(phone, 'from the laptop')
    await phone.context().setOffline(true)
    await composer(phone).fill('from the phone')
    await composer(laptop).fill('from the laptop again')
    await expect.poll(kept).toEqual(['from the laptop again'])
    await phone.context().setOffline(false)
    await expect.poll(kept).toEqual(['from the phone'])
    await shows(phone, 'from the phone')
    await comeBack(laptop)
    await shows(laptop, 'from the phone')
    await composer(phone).fill('')
    await expect.poll(kept).toEqual([])
    await comeBack(laptop)
    await shows(laptop, '')
  }, 40_000)

  test('what is typed before the earlier draft has come goes on from it', async () => {
    await alice.call('PATCH', place(), { text: 'begun yesterday' })
    const visitor = await visit(browser, origin)
    visitors.push(visitor)
    const { page } = visitor
    let arrive: () => void = () => undefined
    const arrived = new Promise<void>((go) => {
      arrive = go
    })
    await page.route('**/api/drafts', (route) => arrived.then(() => route.continue()))
    await page.goto('/')
    await signIn(page, 'alice')
    await composer(page).fill('typed at once')
    arrive()
    await shows(page, 'begun yesterday\n\ntyped at once')
    await expect.poll(kept).toEqual(['begun yesterday\n\ntyped at once'])
  }, 40_000)

  test('a page that was opened first without a composer knows it as well, and a reload too', async () => {
    await alice.call('PATCH', place(), { text: 'begun yesterday' })
    const page = await device()
    const looked = page.waitForResponse(/\/api\/drafts$/)
    await page.goto('/developers')
    await looked
    await page.getByRole('link', { name: 'New chat' }).click()
    await shows(page, 'begun yesterday')
    await composer(page).fill('begun yesterday, goes on today')
    await page.reload()
    await shows(page, 'begun yesterday, goes on today')
    await expect.poll(kept).toEqual(['begun yesterday, goes on today'])
  }, 40_000)

  test('a question that was sent is no draft any more, on no device', async () => {
    await alice.call('PATCH', `/api/drafts/${chat.chatId}`, { text: 'And how large is it?' })
    const laptop = await device('alice', `/chats/${chat.chatId}`)
    const phone = await device('alice', `/chats/${chat.chatId}`, { phone: true })
    await shows(phone, 'And how large is it?')
    await shows(laptop, 'And how large is it?')
    await composer(laptop).press('Enter')
    // A page of an earlier test may be saving its last word still, in another place.
    await expect.poll(async () => (await drafts()).filter(({ place }) => place === chat.chatId)).toEqual([])
    await comeBack(phone)
    await shows(phone, '')
    await laptop.reload()
    await laptop.getByRole('log').getByText('And how large is it?').first().waitFor()
    await shows(laptop, '')
  }, 40_000)

  test('a question sent before the models are known is sent once they are', async () => {
    const page = await device()
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    await page.route('**/api/models', (route) => arrived.then(() => route.continue()))
    await page.reload()
    await composer(page).fill('Which models are there?')
    await composer(page).press('Enter')
    await page.getByText('The models are still being loaded.').waitFor()
    arrive()
    await page.waitForURL(/\/chats\//)
    await shows(page, '')
    await alice.call('DELETE', `/api${new URL(page.url()).pathname}`)
  }, 40_000)

  test('signed out by the server, it is there once the same person is back', async () => {
    const page = await device()
    await composer(page).fill('kept already')
    await expect.poll(kept).toEqual(['kept already'])
    const schema = await schemaOf(world, 'acme')
    await world.sql(`update ${schema}.auth_session set expires_at = now() where id <> $1`, [alice.me.session.id])
    await composer(page).fill('kept already, and a word more')
    await page.getByText('every login ends after some time').waitFor()
    await picture(page, 'draft-session-ended')
    await signIn(page, 'alice')
    await shows(page, 'kept already, and a word more')
    await expect.poll(kept).toEqual(['kept already, and a word more'])
  }, 40_000)

  test('a server that cannot keep it takes nothing away, and holds nobody who wants to sign out', async () => {
    const page = await device()
    await page.route(`**${place()}`, (route) => route.fulfill(refusal('server.unavailable')))
    await composer(page).fill('not lost')
    await page.waitForResponse(`**${place()}`)
    await signOut(page)
    expect(await kept()).toEqual([])
    await page.unroute(`**${place()}`)
    await signIn(page, 'alice')
    await shows(page, 'not lost')
    await expect.poll(kept).toEqual(['not lost'])
  }, 40_000)

  test('a question that could not be sent is a draft after signing out', async () => {
    const page = await device()
    await page.route(/\/api\/chats\/[^/]+\/messages$/, (route) => route.fulfill(refusal('generation.too_many')))
    await composer(page).fill('did not get through')
    await composer(page).press('Enter')
    await page.getByText(/^Not sent/).waitFor()
    await signOut(page)
    expect(await storedHere(page)).not.toContain('get through')
    expect(await kept()).toEqual(['did not get through'])
    const chats = async () => (await alice.call<{ items: Chat[] }>('GET', '/api/chats')).body.items.map(({ description }) => description)
    await expect.poll(chats).toEqual(['Warehouse'])
  }, 40_000)
})

/** What the server would answer with this code. */
function refusal(code: FailureCode) {
  const { status, detail, next } = FAILURES[code]
  const problem: Problem = { type: 'about:blank', title: code, status, code, detail, next, requestId: 'none' }
  return { status, contentType: 'application/problem+json', body: JSON.stringify(problem) }
}
