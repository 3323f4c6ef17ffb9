/** One's own account, and the administrators' page of logins: what is done there happens, is said, and is found in the log. */
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoginPolicy } from '#contract/sessions.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/account.test.ts: ${MISSING}\n`)

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14.6; rv:140.0) Gecko/20100101 Firefox/140.0'
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const TABLET =
  'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

describe.skipIf(MISSING !== undefined)('the account', () => {
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

  interface Way {
    dark?: boolean
    phone?: boolean
    userAgent?: string
  }
  const enter = async (person: Person, path: string, way: Way = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, way)
    const { page } = visitor
    await page.goto(`/sign-in?${new URLSearchParams({ next: path })}`)
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(path)
    return visitor
  }
  /** Ends all logins and forgets all events of a person, so that a test sees its own only. */
  const forget = async (person: Person) => {
    const of = `(select id from ${acme}."user" where email = '${PEOPLE[person].email}')`
    await world.sql(`delete from ${acme}.auth_session where user_id in ${of}`)
    await world.sql(`delete from ${acme}.security_event where user_id in ${of}`)
  }
  const proofIsOld = () => world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
  const prove = async (page: Page) => {
    const dialog = page.getByRole('dialog', { name: 'Confirm it’s you' })
    await dialog.getByLabel('Your password').fill(PASSWORD)
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await dialog.waitFor({ state: 'hidden' })
  }
  /** As when somebody comes back to the window. */
  const seeAgain = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  const device = (page: Page, name: string) =>
    page.getByRole('list', { name: 'Your devices' }).getByRole('listitem').filter({ hasText: name })
  const said = (page: Page, words: string | RegExp) => page.getByRole('status').filter({ hasText: words })
  const statusOf = async (page: Page) => (await page.request.get('/api/me')).status()

  test('a device is signed out by keyboard, and then all others; each loses access, and the list shows it', async () => {
    await forget('alice')
    const here = await enter('alice', '/account/devices', { userAgent: MAC })
    const [phone, tablet] = [await enter('alice', '/people', { userAgent: PHONE }), await enter('alice', '/people', { userAgent: TABLET })]
    const { page } = here
    await seeAgain(page)
    await device(page, 'Safari on iPad').waitFor()
    expect(await device(page, 'Firefox on Mac').innerText()).toMatch(
      /this device\s+Active now\s· 127\.0\.0\.1\s+Signed in today .* with a password/,
    )
    await page.getByRole('button', { name: 'Sign out Safari on iPhone' }).focus()
    await page.keyboard.press('Enter')
    await said(page, 'Signed out “Safari on iPhone”. It has no access any more.').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Signed out “Safari on iPhone”')
    expect(await device(page, 'Safari on iPhone').count()).toBe(0)
    expect([await statusOf(phone.page), await statusOf(tablet.page)]).toEqual([401, 200])
    await enter('alice', '/people', { userAgent: PHONE })
    await seeAgain(page)
    await device(page, 'Safari on iPhone').waitFor()
    await page.getByRole('button', { name: 'Sign out all others' }).click()
    const question = page.getByRole('dialog', { name: 'Sign out the other 2 devices?' })
    await question.getByRole('button', { name: 'Sign out all others' }).click()
    await said(page, 'Signed out the other 2 devices. They have no access any more.').waitFor()
    await page.getByText('You are signed in nowhere else.').waitFor()
    expect([await statusOf(tablet.page), await statusOf(page)]).toEqual([401, 200])
    expect([...here.complaints, ...phone.complaints, ...tablet.complaints]).toEqual([])
  }, 60_000)

  test('a device that could not be signed out is back in the list, with the reason', async () => {
    await forget('alice')
    const { page } = await enter('alice', '/account/devices', { userAgent: MAC })
    const phone = await enter('alice', '/people', { userAgent: PHONE })
    await seeAgain(page)
    await device(page, 'Safari on iPhone').waitFor()
    await page.route('/api/me/sessions/*', (route) => route.abort())
    await page.getByRole('button', { name: 'Sign out Safari on iPhone' }).click()
    await page.getByRole('alert').filter({ hasText: '“Safari on iPhone” is still signed in. The server cannot be reached.' }).waitFor()
    await device(page, 'Safari on iPhone').waitFor()
    expect(await statusOf(phone.page)).toBe(200)
  }, 40_000)

  test('an API token is made after a fresh proof, shown once, used, and refused once it is revoked', async () => {
    await forget('alice')
    const { page, complaints } = await enter('alice', '/account/tokens')
    await page.getByText('No program acts for you').waitFor()
    await proofIsOld()
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Nightly report')
    await page.getByRole('button', { name: 'Make the token' }).click()
    await prove(page)
    await page.getByRole('heading', { name: 'Copy “Nightly report” now' }).waitFor()
    const token = /sdx_\S+/.exec(await page.locator('main').innerText())?.[0] ?? ''
    expect(await page.locator('pre').innerText()).toBe(`curl --header 'Authorization: Bearer ${token}' \\\n  ${origin}/api/chats`)
    const use = () => fetch(`${origin}/api/chats`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status)
    expect(await use()).toBe(200)
    await page.getByRole('button', { name: 'I have stored it' }).click()
    expect(await page.locator('main').innerText()).not.toContain(token)
    await page.reload()
    const row = page.getByRole('list', { name: 'Your API tokens' }).getByRole('listitem')
    await row.filter({ hasText: 'Nightly report' }).waitFor()
    expect(await row.innerText()).toMatch(new RegExp(`${token.slice(0, 10)}…\\s· may read\\s+Used just now from 127\\.0\\.0\\.1`))
    await page.getByRole('button', { name: 'Revoke Nightly report' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await said(page, 'Revoked “Nightly report”. Nothing can use it any more.').waitFor()
    await page.getByText('No program acts for you').waitFor()
    expect(await use()).toBe(401)
    expect(complaints).toEqual([])
  }, 60_000)

  test('who finds a login that is not theirs shuts everybody else out, and hears what that does not do', async () => {
    await forget('bob')
    const { page, complaints } = await enter('bob', '/account/devices', { userAgent: MAC })
    const stranger = await enter('bob', '/people', { userAgent: PHONE })
    const bob = await world.signIn('bob')
    const made = await bob.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Import', abilities: ['chat'], days: 7 })
    const token = () => world.call('GET', '/api/me', { headers: { authorization: `Bearer ${made.body.token}` } })
    expect((await token()).status).toBe(200)
    await page.getByRole('button', { name: 'Something here isn’t me' }).click()
    await page.getByRole('button', { name: 'Shut everybody else out' }).click()
    const done = page.getByRole('dialog', { name: 'Nobody else has access now' })
    await done.getByText('3 logins and API tokens were ended. Only this device is signed in.').waitFor()
    await done.getByRole('link', { name: 'Change the password' }).waitFor()
    expect([await statusOf(stranger.page), (await token()).status, await statusOf(page)]).toEqual([401, 401, 200])
    await done.getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('link', { name: 'Security log' }).click()
    const log = page.getByRole('table')
    for (const sentence of [
      'You signed in with a password.',
      'You made an API token.',
      'You said that something was not you. Your other devices were signed out, and your API tokens revoked.',
      '“Safari on iPhone” was signed out, because you said that something was not you.',
      'An API token was revoked, because you said that something was not you.',
    ])
      await log.getByText(sentence, { exact: true }).first().waitFor()
    await page.getByRole('link', { name: 'Why was I signed out?' }).click()
    await page.waitForURL('/account/security?about=ends')
    await log.getByText('You signed in with a password.').waitFor({ state: 'detached' })
    await log.getByText('“Safari on iPhone” was signed out, because you said that something was not you.').waitFor()
    expect(complaints).toEqual([])
  }, 60_000)

  test('an administrator ends what a filter finds, after its number was confirmed, and its people see who looked and who did it', async () => {
    await forget('bob')
    const bobs = await enter('bob', '/people', { userAgent: PHONE })
    const { page, complaints } = await enter('carol', '/logins')
    await page.getByLabel('Person').fill('okaf')
    await page.getByRole('option', { name: /Bob Okafor/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'End this 1 login or API token of 1 person…' }).waitFor()
    await page.getByLabel('Kind').selectOption('login')
    await proofIsOld()
    await page.getByRole('button', { name: 'Sign out this 1 login of 1 person…' }).click()
    const later = await world.signIn('bob')
    const question = page.getByRole('dialog', { name: 'Sign out 1 login of 1 person?' }).getByRole('button', { name: 'Sign out 1 login' })
    await question.click()
    await page.getByRole('dialog', { name: 'Confirm it’s you' }).getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(() => question.evaluate((button) => button === document.activeElement)).toBe(true)
    expect(await page.getByRole('alert').count()).toBe(0)
    await page.keyboard.press('Enter')
    await prove(page)
    const again = page.getByRole('dialog', { name: 'Sign out 2 logins of 1 person?' })
    await again.getByText('Since you looked, the number has changed from 1 to 2. Nothing has been ended yet.').waitFor()
    expect([await statusOf(bobs.page), (await later.call('GET', '/api/me')).status]).toEqual([200, 200])
    await again.getByRole('button', { name: 'Sign out 2 logins' }).click()
    await said(page, 'Ended 2 logins. They have no access any more.').waitFor()
    await page.getByText('Nobody is signed in that this filter finds.').waitFor()
    expect([await statusOf(bobs.page), (await later.call('GET', '/api/me')).status, await statusOf(page)]).toEqual([401, 401, 200])
    const back = await enter('bob', '/account/security')
    const log = back.page.getByRole('table')
    await log.getByText('Carol Lindqvist, an administrator, looked at your logins.').waitFor()
    const ended = log.getByRole('row').filter({ hasText: 'Carol Lindqvist, an administrator, signed “Safari on iPhone” out.' })
    expect(await ended.innerText()).toContain('New')
    await back.page.reload()
    await ended.waitFor()
    expect(await ended.innerText()).not.toContain('New')
    expect([...complaints, ...back.complaints]).toEqual([])
  }, 60_000)

  test('an administrator ends one login, and one API token, of somebody', async () => {
    await forget('bob')
    const bobs = await enter('bob', '/people', { userAgent: PHONE })
    const bob = await world.signIn('bob')
    const made = await bob.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Import', abilities: ['read'], days: 7 })
    const { page, complaints } = await enter('carol', `/logins?${new URLSearchParams({ person: bob.me.user.id })}`)
    await page.getByRole('button', { name: 'Sign out Bob Okafor from Safari on iPhone' }).click()
    await page.getByRole('dialog', { name: 'Sign Bob Okafor out of “Safari on iPhone”?' }).getByRole('button', { name: 'Sign out' }).click()
    await said(page, 'Signed Bob Okafor out of “Safari on iPhone”. It has no access any more.').waitFor()
    expect([await statusOf(bobs.page), (await bob.call('GET', '/api/me')).status]).toEqual([401, 200])
    await page.getByRole('button', { name: 'Revoke an API token of Bob Okafor' }).click()
    await page.getByRole('dialog', { name: 'Revoke this API token of Bob Okafor?' }).getByRole('button', { name: 'Revoke' }).click()
    await said(page, 'Revoked the API token of Bob Okafor. Nothing can use it any more.').waitFor()
    const use = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${made.body.token}` } })
    expect([use.status, (await bob.call('GET', '/api/me')).status]).toEqual([401, 200])
    expect(complaints).toEqual([])
  }, 40_000)

  test('a long log is read part by part, and each event stands in it once', async () => {
    await forget('bob')
    const { page } = await enter('bob', '/account/security')
    await world.sql(
      `insert into ${acme}.security_event (id, user_id, scope_id, kind, by, time_created)
       select gen_random_uuid(), id, id, 'proven', 'self', now() - make_interval(hours => n)
         from ${acme}."user", generate_series(1, 120) n where email = '${PEOPLE.bob.email}'`,
    )
    await page.reload()
    const rows = page.getByRole('table').getByRole('row')
    const more = page.getByRole('button', { name: 'Earlier events' })
    for (const shown of [50, 100, 121]) {
      await expect.poll(() => rows.count()).toBe(shown + 1)
      if (shown < 121) await more.click()
    }
    expect(await more.count()).toBe(0)
    const times = await page.locator('tbody time').evaluateAll((all) => all.map((time) => time.getAttribute('datetime')))
    expect(new Set(times).size).toBe(121)
  }, 40_000)

  test('the rules become strict, in the words that were read before, for everybody', async () => {
    const { page, complaints } = await enter('carol', '/logins/rules')
    const alice = await enter('alice', '/account/devices')
    const wordsOf = async (preset: 'Everyday' | 'Strict') => {
      const id = await page.getByRole('radio', { name: preset }).getAttribute('aria-describedby')
      return (await page.locator(`[id="${id}"]`).innerText()).replaceAll('\n', ' ')
    }
    await alice.page.getByText(await wordsOf('Everyday')).waitFor()
    await page.getByRole('radio', { name: 'Strict' }).check()
    await page.getByRole('button', { name: 'Use these rules' }).click()
    await said(page, 'The rules have changed, and hold now.').waitFor()
    await alice.page.reload()
    await alice.page.getByText(await wordsOf('Strict')).waitFor()
    await page.getByRole('radio', { name: 'Your own' }).check()
    await page.getByLabel('Longest time without activity', { exact: true }).fill('2')
    await page.getByLabel('Longest time without activity: unit').selectOption('days')
    await page.getByRole('button', { name: 'Use these rules' }).click()
    await page.getByText('Longest time without activity must not be longer than the login itself.').waitFor()
    expect(
      await page.getByLabel('Longest time without activity', { exact: true }).evaluate((field) => field === document.activeElement),
    ).toBe(true)
    await page.getByLabel('Longest time without activity: unit').selectOption('hours')
    await page.getByRole('button', { name: 'Use these rules' }).click()
    await said(page, 'The rules have changed, and hold now.').waitFor()
    const policy: LoginPolicy = await (await page.request.get('/api/login-policy')).json()
    expect(policy).toMatchObject({ preset: 'own', idleLimitS: 7_200, absoluteLimitS: 86_400, remember: false, proofGoodForS: 600 })
    await page.getByRole('radio', { name: 'Everyday' }).check()
    await page.getByRole('button', { name: 'Use these rules' }).click()
    await page.getByText('These rules hold now.').waitFor()
    expect([...complaints, ...alice.complaints]).toEqual([])
  }, 60_000)

  test('whoever is no administrator reads that, and is shown to their own devices', async () => {
    const { page } = await enter('bob', '/logins')
    await page.getByText('Only administrators may open this').waitFor()
    await page.getByRole('link', { name: 'Your devices' }).click()
    await page.waitForURL('/account/devices')
  }, 40_000)

  test.each([
    { look: 'light', options: {} },
    { look: 'dark', options: { dark: true } },
    { look: 'phone', options: { phone: true } },
  ])(
    'axe finds nothing on any page of it: $look',
    async ({ look, options }) => {
      const { page, complaints } = await enter('carol', '/account/devices', options)
      const check = async (name: string, path: string, ready: (at: Page) => Promise<unknown>) => {
        await page.goto(path)
        await ready(page)
        await picture(page, `account-${name}-${look}`)
        expect(await axe(page), name).toEqual([])
      }
      await check('devices', '/account/devices', (at) => at.getByText('How long you stay signed in').waitFor())
      await check('security', '/account/security', (at) => at.getByText('You signed in with a password.').first().waitFor())
      await check('ends', '/account/security?about=ends', (at) => at.getByText('Logins also end by themselves').waitFor())
      await check('tokens', '/account/tokens', (at) => at.getByText('No program acts for you').waitFor())
      await page.getByRole('button', { name: 'New token' }).click()
      expect(await axe(page), 'new token').toEqual([])
      await check('logins', '/logins', (at) => at.getByText('Carol Lindqvist').last().waitFor())
      await check('rules', '/logins/rules', (at) => at.getByText('These rules hold now.').waitFor())
      await page.getByRole('radio', { name: 'Your own' }).check()
      expect(await axe(page), 'own rules').toEqual([])
      expect(complaints).toEqual([])
    },
    60_000,
  )
})
