/** Sharing a chat with a colleague and taking it back, as both see it, each in a browser of their own. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { ask, follow, messagesOf, offer, schemaOf } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/sharing.test.ts: ${MISSING}\n`)

const PATIENT = { timeout: 30_000 }

describe.skipIf(MISSING !== undefined)('in the browser', () => {
  let world: World
  let models: ModelServer
  let browser: Browser
  let origin: string
  let alice: SignedIn
  let named: (name: string) => string
  let chat: AskedChat
  beforeAll(async () => {
    models = await startModelServer()
    world = await createWorld({ egressAllow: `127.0.0.1:${models.port}` })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    named = await offer(await world.signIn('carol'), models, ['echo'])
    alice = await world.signIn('alice')
    await chatOf(alice, { description: 'Ferry times', question: 'The ferry to Gotland leaves at noon.', model: named('echo') })
    chat = await chatOf(alice, { description: 'A week on Gotland', question: 'When does the ferry to Gotland leave?' })
    browser = await startBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
    await models?.close()
  })

  const enter = async (person: Person, options: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    visitor.page.setDefaultTimeout(30_000)
    await visitor.page.goto('/')
    await visitor.page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await visitor.page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await visitor.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await visitor.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await visitor.page.getByLabel('Your question').waitFor()
    return visitor
  }
  const openShare = async (page: Page, entry: string) => {
    await page
      .locator('main')
      .getByRole('button', { name: /^Menu of “A week on Gotland”/ })
      .click()
    await page.getByRole('menuitem', { name: entry }).click()
    await page.getByRole('heading', { name: 'What they will see' }).waitFor()
  }

  test('share with a colleague, who reads along, and take it back', async () => {
    const one = await enter('alice')
    const two = await enter('bob')
    await one.page.goto(`/chats/${chat.chatId}`)
    await openShare(one.page, 'Share')
    await one.page.getByText('It quotes another chat.').waitFor()
    await one.page.getByText('Ferry times', { exact: true }).last().waitFor()
    await one.page.getByLabel(/^Add somebody of/).fill('oka')
    await one.page.getByRole('button', { name: /^Add Bob Okafor/ }).click()
    await one.page.getByRole('heading', { name: 'Who will be able to read it' }).waitFor()
    expect(await axe(one.page)).toEqual([])
    await picture(one.page, 'share-before')
    await one.page.getByRole('button', { name: 'Share with 1 person' }).click()
    await one.page.getByText('“A week on Gotland” is shared with Bob Okafor.').waitFor()
    await one.page.getByText('Shared · 2 people').first().waitFor()

    // It appears with whoever it was shared with, by itself.
    await two.page.getByRole('heading', { name: 'Shared with you' }).waitFor()
    await two.page.getByRole('link', { name: 'A week on Gotland' }).click()
    await two.page.getByText('Alice Moreau shares this chat with you.').waitFor()
    await two.page.getByText('leaves at noon').first().waitFor()
    expect(await two.page.getByLabel('Your question').count()).toBe(0)
    expect(await two.page.getByRole('link', { name: /Ferry times/ }).count()).toBe(0)
    await two.page.getByText('“Ferry times”, another chat of Alice Moreau').first().waitFor()
    await two.page
      .getByRole('button', { name: /^Shared, 2 people can read it/ })
      .last()
      .click()
    await two.page.getByText('Alice Moreau shares it with you.').waitFor()
    expect(await axe(two.page)).toEqual([])
    await picture(two.page, 'share-reader')
    await two.page.keyboard.press('Escape')

    // What its owner goes on with is read as it is written.
    const at = (await messagesOf(alice, chat.chatId)).at(-1)!.id
    await follow(alice, await ask(alice, chat.chatId, { text: 'And who rents bicycles in Visby?', parentId: at, model: named('echo') }))
    await two.page.getByText('And who rents bicycles in Visby?').first().waitFor()

    await one.page
      .getByRole('button', { name: /^Shared, 2 people can read it/ })
      .first()
      .click()
    await one.page.getByRole('button', { name: 'Change who can read it' }).click()
    await one.page.getByRole('heading', { name: 'What they will see' }).waitFor()
    await one.page.getByRole('dialog', { name: 'Who can read this' }).waitFor({ state: 'detached' })
    await picture(one.page, 'share-after')
    await one.page.getByRole('button', { name: 'Take back from Bob Okafor' }).click()
    await one.page.getByText('Bob Okafor cannot read “A week on Gotland” any more.').waitFor()
    await one.page.keyboard.press('Escape')
    await one.page.getByText('Only you', { exact: true }).first().waitFor()
    await two.page.getByText('Alice Moreau does not share this chat with you any more.').waitFor()
    await expect.poll(() => two.page.getByText('A week on Gotland').count(), PATIENT).toBe(0)
    expect((await two.page.content()).includes('bicycles')).toBe(false)
    expect([...one.complaints, ...two.complaints]).toEqual([])
    await one.context.close()
    await two.context.close()
  }, 120_000)

  test('leave what somebody shares; in the dark and on a phone it looks as good', async () => {
    const { quoted } = (await alice.call<{ quoted: { chatId: string }[] }>('GET', `/api/chats/${chat.chatId}/readers`)).body
    const bob = await world.signIn('bob')
    const carol = await world.signIn('carol')
    const userIds = [bob.me.user.id, carol.me.user.id]
    const shared = await alice.call('POST', `/api/chats/${chat.chatId}/readers`, { userIds, quoted: quoted.map(({ chatId }) => chatId) })
    expect(shared.status).toBe(204)
    const owner = await enter('alice', { dark: true })
    await owner.page.goto(`/chats/${chat.chatId}`)
    await openShare(owner.page, 'Who can read it')
    await picture(owner.page, 'share-dark')
    expect(await axe(owner.page)).toEqual([])
    const { page, context, complaints } = await enter('bob', { phone: true })
    await page.goto(`/chats/${chat.chatId}`)
    await page.getByText('Alice Moreau shares this chat with you.').waitFor()
    await picture(page, 'share-reader-phone')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Leave', exact: true }).click()
    await page.getByText('Leave “A week on Gotland”?').waitFor()
    await picture(page, 'share-leave-phone')
    await page.getByRole('button', { name: 'Leave', exact: true }).last().click()
    await page.getByText('You have left “A week on Gotland”.').waitFor()
    expect((await bob.call('GET', `/api/chats/${chat.chatId}`)).status).toBe(404)
    expect((await carol.call('GET', `/api/chats/${chat.chatId}`)).status).toBe(200)
    // The owner sees it where they have the list open.
    await owner.page.getByRole('button', { name: 'Take back from Bob Okafor' }).waitFor({ state: 'detached' })
    await owner.page.getByRole('button', { name: 'Take back from Carol Lindqvist' }).waitFor()
    expect([...owner.complaints, ...complaints]).toEqual([])
    await owner.context.close()
    await context.close()
    const phone = await enter('alice', { phone: true })
    await phone.page.goto(`/chats/${chat.chatId}`)
    await openShare(phone.page, 'Who can read it')
    await picture(phone.page, 'share-phone')
    await phone.context.close()
  }, 120_000)

  test('what others share is listed like one’s own: marked until it is read, come to by keyboard, found, and paged', async () => {
    const bob = await world.signIn('bob')
    const share = (chatId: string) => alice.call('POST', `/api/chats/${chatId}/readers`, { userIds: [bob.me.user.id], quoted: [] })
    const own = await chatOf(bob, { description: 'Of my own', question: 'What is a scope?', model: named('echo') })
    // More than are shown at first, the earliest last.
    for (let number = 0; number < 12; number++)
      await share((await alice.call<{ id: string }>('POST', '/api/chats', { description: `Route ${number}` })).body.id)
    const lent = await chatOf(alice, { description: 'Harbours', question: 'Which harbour is deep?', model: named('echo') })
    await share(lent.chatId)
    const { page, context, complaints } = await enter('bob')
    await page.clock.install()
    await page.goto(`/chats/${own.chatId}`)
    const list = page.getByRole('list', { name: 'Your chats' })
    const marked = list.getByRole('listitem').filter({ hasText: 'new answer' })
    await list.getByRole('link', { name: 'Harbours' }).waitFor()
    await follow(alice, await ask(alice, lent.chatId, { text: 'And which is shallow?', parentId: lent.answerId, model: named('echo') }))
    await marked.getByRole('link', { name: 'Harbours' }).waitFor()
    await picture(page, 'shared-marked')
    await page.keyboard.press('Alt+ArrowUp')
    await page.waitForURL((url) => !url.pathname.endsWith(own.chatId))
    await page.goto(`/chats/${lent.chatId}`)
    await page.getByText('Alice Moreau shares this chat with you.').waitFor()
    await expect.poll(() => marked.count(), PATIENT).toBe(0)
    await page.keyboard.press('Alt+ArrowDown')
    await page.getByRole('heading', { name: 'Route 11' }).waitFor()

    // Its writer has died, of which nobody tells.
    const schema = await schemaOf(world, 'acme')
    const lease = (status: string, left: string) =>
      world.sql(`update ${schema}.chat_message set status = $1, lease_until = now() + $2::interval where id = $3`, [
        status,
        left,
        lent.answerId,
      ])
    await lease('streaming', '1 hour')
    const answering = list.getByRole('listitem').filter({ hasText: 'answering' })
    await answering.getByRole('link', { name: 'Harbours' }).waitFor()
    await picture(page, 'shared-answering')
    await lease('streaming', '-1 hour')
    await page.clock.fastForward('00:31')
    await expect.poll(() => answering.count(), PATIENT).toBe(0)

    await list.getByRole('link', { name: 'Route 11' }).focus()
    expect(await list.getByRole('link', { name: 'Route 0', exact: true }).count()).toBe(0)
    for (let rows = 0; rows < 9; rows++) await page.keyboard.press('ArrowDown')
    expect(await axe(page)).toEqual([])
    await picture(page, 'shared-more')
    await page.keyboard.press('Enter')
    await list.getByRole('link', { name: 'Route 0', exact: true }).waitFor()
    expect(await list.getByRole('button', { name: 'Show more that are shared' }).count()).toBe(0)

    await page.goto('/find-chat?words=shallow')
    await page
      .getByRole('main')
      .getByText(/^shared with you by Alice Moreau/)
      .waitFor()
    await picture(page, 'shared-found')
    expect(complaints).toEqual([])
    await context.close()
  }, 120_000)

  test('a shared chat comes back from the trash with its readers, and it is said; with the last of them gone, that is said', async () => {
    const bob = await world.signIn('bob')
    const lent = await chatOf(alice, { description: 'Lighthouses', question: 'Which is the tallest?', model: named('echo') })
    await alice.call('POST', `/api/chats/${lent.chatId}/readers`, { userIds: [bob.me.user.id], quoted: [] })
    const { page, context, complaints } = await enter('alice')
    await page.goto(`/chats/${lent.chatId}`)
    await page.getByText('Shared · 2 people').first().waitFor()
    await page.getByRole('main').getByRole('button', { name: 'Menu of “Lighthouses”' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('“Lighthouses” is back. 2 people can read it, as before.').waitFor()
    await alice.call('DELETE', `/api/chats/${lent.chatId}`)
    await page.getByRole('button', { name: 'Restore it' }).click()
    await page.getByText('“Lighthouses” is back. 2 people can read it, as before.').last().waitFor()
    await picture(page, 'shared-restored')
    expect((await bob.call('GET', `/api/chats/${lent.chatId}`)).status).toBe(200)
    await bob.call('DELETE', `/api/chats/${lent.chatId}/readers/${bob.me.user.id}`)
    await page.reload()
    await page.getByRole('button', { name: 'Only you. Who can read this chat?' }).first().click()
    await page.getByText('It was shared, and nobody else reads it any more.').waitFor()
    await picture(page, 'shared-alone')
    expect(complaints).toEqual([])
    await context.close()
  }, 120_000)
})
