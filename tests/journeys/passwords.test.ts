/** Passwords as people meet them: changing one, losing one and coming back by letter, and having one that somebody guesses. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/passwords.test.ts: ${MISSING}\n`)

const OTHER = 'another horse battery staple'
const LOOKS = [
  ['light', {}],
  ['dark', { dark: true }],
  ['phone', { phone: true }],
] as const

describe.skipIf(MISSING !== undefined)('a password', () => {
  let world: World
  let browser: Browser
  let origin: string
  let acme: string
  beforeAll(async () => {
    world = await createWorld()
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    acme = schemaName((await world.signIn('carol')).me.organisation.id)
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const fill = async (page: Page, person: Person, password: string) => {
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  const enter = async (person: Person, path: string, { password = PASSWORD, way = {} } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, way)
    await visitor.page.goto(`/sign-in?${new URLSearchParams({ next: path })}`)
    await fill(visitor.page, person, password)
    await visitor.page.waitForURL(path)
    return visitor
  }
  const expectFine = async (page: Page, name: string) => {
    await picture(page, name)
    expect(await axe(page)).toEqual([])
  }
  const letterTo = async (person: Person, subject: string) => {
    const { email } = PEOPLE[person]
    await expect.poll(async () => (await world.mail.to(email)).at(-1)?.subject).toBe(subject)
    return (await world.mail.last(email)).token
  }

  test('is pasted, as by a password manager, and the fields say what they hold', async () => {
    const { context, page, complaints } = await visit(browser, origin)
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
    await page.goto('/sign-in?next=/people')
    const field = page.getByLabel('Password', { exact: true })
    await page.evaluate((text) => navigator.clipboard.writeText(text), PASSWORD)
    await field.press('Control+v')
    expect(await field.inputValue()).toBe(PASSWORD)
    const says = (label: string) => page.getByLabel(label, { exact: true }).getAttribute('autocomplete')
    expect([await says('E-mail address'), await says('Password')]).toEqual([expect.stringContaining('username'), 'current-password'])
    await page.getByLabel('Organisation').fill('acme')
    await page.getByLabel('E-mail address').fill(PEOPLE.alice.email)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL('/people')
    expect(complaints).toEqual([])
    await context.close()
  }, 60_000)

  test('is changed, with help while one types; the other device is signed out and says why', async () => {
    const { page, complaints } = await enter('alice', '/account/sign-in')
    const other = await enter('alice', '/people')
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
    await page.getByRole('button', { name: 'Change the password' }).click()
    const next = page.getByLabel('New password')
    await page.getByLabel('Current password').fill('wrong horse battery staple')
    await next.fill('Alice')
    await page.getByText('7 more characters').waitFor()
    await next.fill('Alice Moreau 1984')
    await page.getByText('That password is little more than common words, your name or your address.').waitFor()
    await expectFine(page, 'password-weak')
    await next.fill(OTHER)
    await page.getByText('Long enough, and hard to guess.').waitFor()
    await page.getByRole('button', { name: 'Use the new password' }).click()
    await page.getByText('That is not your password.').waitFor()
    await page.getByLabel('Current password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Use the new password' }).click()
    await page.getByText('Your password is changed, and all your other devices are signed out.').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    await expectFine(page, 'password-changed')
    await other.page.getByText('Your password was changed, and with that every other login of yours was ended.').waitFor()
    await letterTo('alice', 'Your Sardonyx password was changed')
    await (await enter('alice', '/people', { password: OTHER })).page.getByRole('heading', { name: 'People' }).waitFor()
    expect([...complaints, ...other.complaints]).toEqual([])
  }, 90_000)

  test('that is forgotten is chosen anew through a letter, once', async () => {
    const { page, complaints } = await visit(browser, origin)
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await page.getByLabel('Organisation').fill('acme')
    await page.getByLabel('E-mail address').fill('bob@acme.test')
    await expectFine(page, 'reset-ask')
    await page.getByRole('button', { name: 'Send me the letter' }).click()
    await page.getByRole('status').filter({ hasText: 'If somebody here has the address bob@acme.test' }).waitFor()
    await expectFine(page, 'reset-asked')
    const token = await letterTo('bob', 'Choose a new password for Sardonyx')
    for (const [look, way] of LOOKS) {
      const visitor = await visit(browser, origin, way)
      await visitor.page.goto(`/reset#${token}`)
      await visitor.page.getByLabel('Password', { exact: true }).fill('qwertyuiopqwerty')
      await visitor.page.getByText('Take a longer one, or another.').waitFor()
      await expectFine(visitor.page, `reset-choose-${look}`)
      await visitor.context.close()
    }
    await page.goto(`/reset#${token}`)
    await page.getByLabel('Password', { exact: true }).fill(OTHER)
    await page.getByText('Long enough, and hard to guess.').waitFor()
    await page.getByRole('button', { name: 'Use this password' }).click()
    await page.waitForURL('/')
    const again = await visit(browser, origin)
    await again.page.goto(`/reset#${token}`)
    await again.page.getByText('This link is not valid any more, or was used already.').waitFor()
    await again.page.getByRole('link', { name: 'Ask for a new letter' }).click()
    await again.page.getByRole('button', { name: 'Send me the letter' }).waitFor()
    expect([...complaints, ...again.complaints]).toEqual([])
  }, 90_000)

  test('that somebody guesses is taken no more, and is opened through the letter; who is signed in stays so', async () => {
    const here = await enter('carol', '/people')
    await world.sql(`update ${acme}.credential set failures = 99 where user_id = (select id from ${acme}."user" where email = $1)`, [
      PEOPLE.carol.email,
    ])
    const { page } = await visit(browser, origin)
    await page.goto('/sign-in')
    await fill(page, 'carol', 'wrong horse battery staple')
    await page.getByText('That address and password do not belong together.').waitFor()
    const token = await letterTo('carol', 'Somebody is guessing your Sardonyx password')
    await fill(page, 'carol', PASSWORD)
    await page.getByText('That address and password do not belong together.').waitFor()
    await here.page.getByText('Somebody is guessing your password, so it is not taken any more.').waitFor()
    await picture(here.page, 'password-closed')
    await page.goto(`/reset#${token}`)
    await page.getByLabel('Password', { exact: true }).fill(OTHER)
    await page.getByRole('button', { name: 'Use this password' }).click()
    await page.waitForURL('/')
    await here.page.getByText('Your password was changed, and with that every other login of yours was ended.').waitFor()
  }, 90_000)

  test.each(LOOKS)(
    'has its place under Sign-in, %s',
    async (look, way) => {
      const { page } = await enter('alice', '/account/sign-in', { password: OTHER, way })
      await page.getByRole('button', { name: 'Change the password' }).click()
      await page.getByLabel('New password').fill('short')
      await page.getByText('7 more characters').waitFor()
      await expectFine(page, `password-change-${look}`)
    },
    60_000,
  )
})
