/** Looking after people, in browsers: from a letter to the first chat, a list with mistakes, a role, a recovery that takes two administrators. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE } from '#tests/support/cast.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/people.test.ts: ${MISSING}\n`)

const DANA = 'dana@acme.test'
const LIST = [
  'Role;Name;E-mail',
  'admin;Frank Weiss;frank@acme.test',
  'user;;grace.hall@acme.test',
  'king;Heidi Kern;heidi@acme.test',
  'user;Nobody;acme',
  `user;Bob Two;${PEOPLE.bob.email}`,
].join('\n')

describe.skipIf(MISSING !== undefined)('people', () => {
  let world: World
  let browser: Browser
  let origin: string
  let acme: string
  beforeAll(async () => {
    world = await createWorld({ settings: { 'base-url': 'http://chat.acme.test' } })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    const carol = await world.signIn('carol')
    acme = schemaName(carol.me.organisation.id)
    await carol.call('POST', '/api/members', { name: 'Dana Weiss', email: DANA, role: 'admin' })
    const { token } = await world.mail.last(DANA)
    await world.call('POST', '/api/invitations/accept', { body: { token, password: PASSWORD, deliver: 'token' } })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const enter = async (email: string, path: string, way: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, way)
    const { page } = visitor
    await page.goto(`/sign-in?${new URLSearchParams({ next: path })}`)
    await signIn(page, email, PASSWORD)
    await page.waitForURL(path)
    return visitor
  }
  const signIn = async (page: Page, email: string, password: string) => {
    await page.getByLabel('Organisation').fill('acme')
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  /** The page of the newest letter's link, on this server. */
  const follow = async (page: Page, email: string) => {
    const { pathname, hash } = new URL((await world.mail.last(email)).link)
    await page.goto(`${pathname}${hash}`)
  }
  const said = (page: Page, words: string | RegExp) => page.getByRole('status').filter({ hasText: words })
  const person = async (page: Page, name: string) => {
    await page.getByRole('link', { name }).click()
    await page.getByRole('heading', { name }).waitFor()
  }
  const confirm = (page: Page, act: string) => page.getByRole('dialog').getByRole('button', { name: act, exact: true }).click()

  test('somebody is invited, gets a letter, chooses a password and asks their first question', async () => {
    const { page, complaints } = await enter(PEOPLE.carol.email, '/people')
    await page.getByRole('button', { name: 'Add a person' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Erin Vogel')
    await page.getByLabel('E-mail address').fill('erin@acme.test')
    await page.getByRole('button', { name: 'Create the account' }).click()
    await said(page, 'The letter for Erin Vogel is in a folder').waitFor()
    expect(await page.content()).not.toContain((await world.mail.last('erin@acme.test')).token)
    const erin = await visit(browser, origin)
    await follow(erin.page, 'erin@acme.test')
    await erin.page.getByLabel('Password', { exact: true }).fill('a heron stands in the reeds')
    await erin.page
      .getByRole('button', { name: /join|begin|password/i })
      .last()
      .click()
    await erin.page.getByLabel('Your question').fill('Who can read a chat?')
    await erin.page.keyboard.press('Enter')
    await erin.page.getByRole('button', { name: 'Copy the answer' }).waitFor()
    await page.reload()
    await person(page, 'Erin Vogel')
    await page.getByText('a password').waitFor()
    expect([...complaints, ...erin.complaints]).toEqual([])
  }, 60_000)

  test('a list with mistakes is shown before anything is sent; what is right is invited, and what came of it is said', async () => {
    const { page, complaints } = await enter(PEOPLE.carol.email, '/people/invite')
    const before = (await world.mail.all()).length
    await page.getByLabel('Choose a CSV file').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(LIST) })
    await said(
      page,
      '2 people can be invited. 1 person is here already and is left out. 2 lines have something wrong and are left out.',
    ).waitFor()
    const row = (line: number) => page.getByRole('row').filter({ has: page.getByRole('cell', { name: `${line}`, exact: true }) })
    expect(await row(4).innerText()).toContain('the role must be “Member” or “Administrator”')
    expect(await row(5).innerText()).toContain('the address must look like name@example.org')
    expect(await row(3).innerText()).toContain('Grace Hall')
    expect((await world.mail.all()).length).toBe(before)
    expect(await page.getByRole('row').filter({ hasText: PEOPLE.bob.email }).innerText()).toContain('has joined already')
    await picture(page, 'people-invite-known')
    await page.getByRole('button', { name: 'Invite 2 people' }).click()
    await said(page, 'Invited 2 people.').waitFor()
    await page.getByRole('link', { name: 'See what became of the letters' }).click()
    await page.getByText('grace.hall@acme.test').waitFor()
    await page.getByText('letter in the folder').first().waitFor()
    await page.getByText('a folder that only whoever operates this server reads').waitFor()
    await page.getByRole('button', { name: 'Take back the invitation of Grace Hall' }).click()
    await confirm(page, 'Take back')
    await said(page, 'Took back the invitation of Grace Hall.').waitFor()
    expect(await page.getByText('grace.hall@acme.test').count()).toBe(0)
    expect(complaints).toEqual([])
  }, 60_000)

  test('a role is changed: the person is signed out, reads why, and from what to what', async () => {
    const bob = await enter(PEOPLE.bob.email, '/people')
    const { page, complaints } = await enter(PEOPLE.carol.email, '/people')
    await page.getByLabel('Name or address').fill('okafor')
    await page.getByText(PEOPLE.alice.email).waitFor({ state: 'detached' })
    await person(page, 'Bob Okafor')
    await page.getByRole('button', { name: 'Make administrator' }).click()
    await confirm(page, 'Make administrator')
    await said(page, 'Bob Okafor is an administrator now').waitFor()
    await bob.page.getByText('Your role was changed').waitFor()
    await signIn(bob.page, PEOPLE.bob.email, PASSWORD)
    await bob.page.getByText('Your role was changed.').waitFor()
    await bob.page.goto('/account/security')
    await bob.page.getByText('Carol Lindqvist, an administrator, made you an administrator; before, you were a member.').waitFor()
    await page.getByRole('button', { name: 'Suspend' }).click()
    await confirm(page, 'Suspend')
    await page.getByText('Suspended: nobody can sign in with this account').waitFor()
    await bob.page.getByText('Your account is suspended').waitFor()
    await page.getByRole('button', { name: 'Reinstate' }).click()
    await confirm(page, 'Reinstate')
    await said(page, 'Bob Okafor can sign in again.').waitFor()
    await page.getByRole('button', { name: 'Make member' }).click()
    await confirm(page, 'Make member')
    await said(page, 'Bob Okafor is a member now').waitFor()
    expect([...complaints, ...bob.complaints]).toEqual([])
  }, 60_000)

  test('a recovery takes two administrators; the person is told, and only their mailbox gets the link', async () => {
    const [carol, dana] = [await enter(PEOPLE.carol.email, '/people'), await enter(DANA, '/people')]
    const alice = await enter(PEOPLE.alice.email, '/people')
    await person(carol.page, 'Alice Moreau')
    await carol.page.getByRole('button', { name: 'Recover' }).click()
    await carol.page.getByLabel('Password and second factor').check()
    await carol.page.getByRole('button', { name: 'Begin' }).click()
    await said(carol.page, 'Another administrator decides').waitFor()
    await alice.page.getByText('Somebody began to recover your account.').waitFor()
    await dana.page.getByText('Carol Lindqvist asks to recover the account of Alice Moreau').waitFor()
    await picture(dana.page, 'people-asked-banner')
    await carol.page.getByRole('link', { name: 'Requests' }).click()
    await carol.page.getByText('You began it, so another administrator decides.').waitFor()
    expect(await carol.page.getByRole('button', { name: /Approve/ }).count()).toBe(0)
    await dana.page.getByRole('button', { name: 'See the request' }).click()
    await dana.page.getByRole('link', { name: 'Requests (1)' }).waitFor()
    await dana.page.getByRole('button', { name: 'Approve the recovery of Alice Moreau' }).click()
    await confirm(dana.page, 'Approve')
    await said(dana.page, 'Approved.').waitFor()
    await carol.page.getByText('The recovery that you asked for was approved').waitFor()
    await carol.page.getByText(/^a link went to/i).waitFor()
    const { token } = await world.mail.last(PEOPLE.alice.email)
    for (const { page } of [carol, dana]) expect(await page.content()).not.toContain(token)
    const fresh = await visit(browser, origin)
    await follow(fresh.page, PEOPLE.alice.email)
    await fresh.page.getByLabel('Password', { exact: true }).fill('a heron stands in the reeds')
    await fresh.page.getByRole('button', { name: 'Set the password and sign in' }).click()
    await fresh.page.getByLabel('Your question').waitFor()
    await alice.page.getByText('Your account was recovered with a new password').waitFor()
    expect([carol, dana, alice, fresh].flatMap(({ complaints }) => complaints)).toEqual([])
  }, 60_000)

  test('a person stops a recovery that they do not need, and changes their own address', async () => {
    const carol = await world.signIn('carol')
    const { page, complaints } = await enter(PEOPLE.bob.email, '/account/security')
    const { id } = (await world.signIn('bob')).me.user
    await carol.call('POST', `/api/members/${id}/recovery`, { lost: 'password' })
    await page.getByRole('link', { name: 'Look at it' }).click()
    await page.getByText('Carol Lindqvist, an administrator, began').waitFor()
    await page.getByRole('button', { name: 'Stop it' }).click()
    await said(page, 'Stopped. No link works any more').waitFor()
    await page.goto('/account/profile')
    await page.getByRole('link', { name: 'Change the address' }).click()
    await page.getByLabel('New address').fill('bob@okafor.test')
    await page.getByRole('button', { name: 'Send the link' }).click()
    await said(page, 'The letter to bob@okafor.test').waitFor()
    const { token } = await world.mail.last('bob@okafor.test')
    const elsewhere = await visit(browser, origin, {})
    const asked: string[] = []
    elsewhere.page.on('request', (request) => void asked.push(decodeURIComponent(request.url())))
    await follow(elsewhere.page, 'bob@okafor.test')
    await elsewhere.page.waitForURL(`/sign-in?next=%2Faccount%2Faddress#${token}`)
    await elsewhere.page.reload()
    await signIn(elsewhere.page, PEOPLE.bob.email, PASSWORD)
    await elsewhere.page.getByRole('heading', { name: 'Use bob@okafor.test from now on?' }).waitFor()
    expect(asked.join('\n')).not.toContain(token.split('.')[1])
    await follow(page, 'bob@okafor.test')
    await page.getByRole('heading', { name: 'Use bob@okafor.test from now on?' }).waitFor()
    await picture(page, 'people-address')
    await page.getByRole('button', { name: 'Use the new address' }).click()
    await said(page, 'You sign in with bob@okafor.test from now on.').waitFor()
    await world.sql(`update ${acme}."user" set email = $1 where id = $2`, [PEOPLE.bob.email, id])
    expect(complaints).toEqual([])
  }, 60_000)

  test.each([
    { look: 'light', options: {} },
    { look: 'dark', options: { dark: true } },
    { look: 'phone', options: { phone: true } },
  ])(
    'each page is as axe wants it: $look',
    async ({ look, options }) => {
      const carol = await world.signIn('carol')
      const { user } = (await world.signIn('bob')).me
      await carol.call('POST', '/api/members', { name: `Judy ${look}`, email: `judy-${look}@acme.test` })
      await world.sql(`update ${acme}.link set letter = 'failed' where kind = 'invitation'`)
      await world.sql(`delete from ${acme}.recovery`)
      await carol.call('POST', `/api/members/${user.id}/recovery`, { lost: 'password_and_factors' })
      const { page, complaints } = await enter(DANA, '/people', options)
      const check = async (name: string, ready: Promise<unknown>) => {
        await ready
        await picture(page, `people-${name}-${look}`)
        expect(await axe(page), name).toEqual([])
      }
      await check('list', page.getByText(PEOPLE.bob.email).waitFor())
      await page.goto(`/people/${user.id}`)
      await check('person', page.getByText('A recovery of this account is under way').waitFor())
      await page.goto('/people')
      await person(page, 'Alice Moreau')
      await page.getByRole('button', { name: 'Recover' }).click()
      await check('recover', page.getByLabel('Password and second factor').waitFor())
      await page.goto('/people/invite')
      await page.getByLabel('People', { exact: true }).fill(LIST)
      await check('invite', page.getByText('Heidi Kern').last().waitFor())
      await page.goto('/people/invitations')
      await check('invitations', page.getByText(`judy-${look}@acme.test`).waitFor())
      await page.goto('/people/requests')
      await check('requests', page.getByRole('button', { name: /^Approve/ }).waitFor())
      await page.goto('/people/directory')
      await check('directory', page.getByText('Those with whom they share something').waitFor())
      await page.goto('/account/address')
      await check('address', page.getByLabel('New address').waitFor())
      await page.getByLabel('New address').fill(`dana-${look}@weiss.test`)
      await page.getByRole('button', { name: 'Send the link' }).click()
      await page.getByText(/is in a folder/).waitFor()
      await page.reload()
      await check('address-pending', page.getByText(`A link went to dana-${look}@weiss.test.`).waitFor())
      await page.getByRole('button', { name: 'Do not change it' }).click()
      await page.getByText('That link does not work any more.').waitFor()
      await world.sql(`update ${acme}.link set time_created = time_created - interval '2 minutes' where kind = 'address'`)
      const bob = await enter(PEOPLE.bob.email, '/account/recovery', options)
      await bob.page.getByRole('button', { name: 'Stop it' }).waitFor()
      await picture(bob.page, `people-stop-${look}`)
      expect(await axe(bob.page)).toEqual([])
      const link = await visit(browser, origin, options)
      const checkLink = async (name: string) => {
        await picture(link.page, `people-${name}-${look}`)
        expect(await axe(link.page), name).toEqual([])
      }
      await link.page.goto('/recovery#token')
      await link.page.getByText('This recovery link is not valid, was used already, or was stopped.').waitFor()
      await checkLink('recovery-over')
      await page.goto('/people/requests')
      await page.getByRole('button', { name: 'Approve the recovery of Bob Okafor' }).click()
      await confirm(page, 'Approve')
      await said(page, 'Approved.').waitFor()
      await follow(link.page, PEOPLE.bob.email)
      await link.page.getByText(PEOPLE.bob.email).waitFor()
      await link.page.getByRole('button', { name: 'Set the password and sign in' }).waitFor()
      await checkLink('recovery')
      expect([...complaints, ...bob.complaints, ...link.complaints]).toEqual([])
    },
    90_000,
  )
})
