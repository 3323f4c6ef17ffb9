/** What a person feels of the life of a login: tabs that go together, ends that are explained, warnings, and being asked again. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { axe, MISSING, picture, startBrowser, startKeepingBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/session-life.test.ts: ${MISSING}\n`)

const DAY_S = 86_400
const LOOKS = [
  { look: 'light', options: {} },
  { look: 'dark', options: { dark: true } },
  { look: 'phone', options: { phone: true } },
]

describe.skipIf(MISSING !== undefined)('the life of a login', () => {
  let world: World
  let browser: Browser
  let origin: string
  let carol: SignedIn
  let acme: string
  beforeAll(async () => {
    world = await createWorld()
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    carol = await world.signIn('carol')
    acme = schemaName(carol.me.organisation.id)
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const fillIn = async (page: Page, person: Person, remember = false) => {
    await page.getByLabel('Organisation').fill(PEOPLE[person].tenant)
    await page.getByLabel('E-mail address').fill(PEOPLE[person].email)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    if (remember) await page.getByLabel('Stay signed in on this device').check()
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  const sessionOf = async (page: Page): Promise<string> => (await (await page.request.get('/api/me')).json()).session.id
  const followed = (context: BrowserContext) => context.waitForEvent('request', (request) => request.url().endsWith('/api/events'))
  /** A browser of somebody who has signed in, is at the address, and is told what happens. */
  const enter = async (person: Person, path = '/people', options: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
    const visitor = await visit(browser, origin, options)
    const told = followed(visitor.context)
    await visitor.page.goto(`/sign-in?${new URLSearchParams({ next: path })}`)
    await fillIn(visitor.page, person)
    await isAt(visitor.page, path)
    await told
    return visitor
  }
  const isAt = async (page: Page, path: string) => {
    await page.waitForURL(path)
    await page.getByText(path === '/' ? 'What would you like to know?' : 'bob@acme.test').waitFor()
  }
  /** Lets as many seconds be left of a session until its idle end as are given. */
  const idleIn = (sessionId: string, seconds: number) =>
    world.sql(
      `update ${acme}.auth_session_seen n set seen_at = now() - make_interval(secs => s.idle_limit_s - $2)
         from ${acme}.auth_session s where s.id = n.session_id and s.id = $1`,
      [sessionId, seconds],
    )
  /** From here on the clock of the page can be moved; its time is the one at which it has heard how long the login lasts. */
  const startClock = async (page: Page) => {
    await page.clock.install()
    const told = page.waitForResponse('**/api/session')
    await page.reload()
    await told
    // What the page asks after it, it hears after it.
    await page.evaluate(() => fetch('/api/session').then((reply) => reply.text()))
  }
  const warning = (page: Page) => page.getByRole('alertdialog', { name: 'Are you still there?' })
  const warned = (page: Page) => page.getByText(/You will be signed out in \d:\d\d/).waitFor()

  test('a device that is signed out from another closes at once, says why, and leads back to where it was', async () => {
    const here = await enter('alice')
    const there = await enter('alice')
    await there.page.getByText('bob@acme.test').waitFor()
    const lost = await sessionOf(there.page)
    const ended = await here.page.evaluate(
      (id) => fetch(`/api/me/sessions/${id}`, { method: 'DELETE' }).then((reply) => reply.status),
      lost,
    )
    expect(ended).toBe(200)
    await there.page.getByText('You signed this device out from another device of yours.').waitFor()
    expect(await axe(there.page)).toEqual([])
    await fillIn(there.page, 'alice')
    await isAt(there.page, '/people')
    expect(await here.page.getByText('bob@acme.test').count()).toBe(1)
    expect([...here.complaints, ...there.complaints]).toEqual([])
  }, 40_000)

  test('the tabs of a browser share one stream, sign out together, and come back together', async () => {
    const { page, context, complaints } = await enter('bob')
    const streams: string[] = []
    const open = async () => {
      const tab = await context.newPage()
      tab.on('request', (request) => request.url().endsWith('/api/events') && streams.push(request.url()))
      await tab.goto('/people')
      await tab.getByText('bob@acme.test').waitFor()
      return tab
    }
    const [other, third] = [await open(), await open()]
    expect(streams).toEqual([])
    await page.close()
    await expect.poll(() => streams).toHaveLength(1)
    await other.getByRole('button', { name: /Bob Okafor/ }).click()
    await other.getByRole('menuitem', { name: 'Sign out' }).click()
    await other.getByText('You are signed out.').waitFor()
    await third.getByText('You are signed out.').waitFor()
    expect(new URL(third.url()).search).toBe('')
    await fillIn(third, 'bob')
    await isAt(third, '/')
    await isAt(other, '/')
    expect(complaints).toEqual([])
  }, 40_000)

  test('a tab that is looked at takes over from one that sleeps', async () => {
    const { page, context } = await enter('bob')
    const other = await context.newPage()
    await other.goto('/people')
    await other.getByText('bob@acme.test').waitFor()
    const taken = followed(context)
    // Nothing of the page runs any more, as when a phone lets a tab in the background sleep.
    await (await context.newCDPSession(page)).send('Emulation.setScriptExecutionDisabled', { value: true })
    await other.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await taken
  }, 40_000)

  test('a link to the page for signing in frightens nobody: what it claims is not repeated', async () => {
    const { page } = await visit(browser, origin)
    await page.goto('/sign-in?reason=theft&next=https://elsewhere.example/')
    await page.getByLabel('E-mail address').waitFor()
    expect(await page.getByRole('status').allInnerTexts()).toEqual([''])
    await fillIn(page, 'bob')
    await isAt(page, '/')
  }, 40_000)

  test('before an idle end every tab asks; any key in one is enough for all', async () => {
    const { page, context, complaints } = await enter('alice')
    const other = await context.newPage()
    await idleIn(await sessionOf(page), 110)
    await other.goto('/people')
    await page.reload()
    await warned(page)
    await warned(other)
    expect(await page.title()).toBe('Are you still there?')
    const stay = page.getByRole('button', { name: 'Stay signed in' })
    await expect.poll(() => stay.evaluate((button) => button === document.activeElement)).toBe(true)
    await page.keyboard.press('Shift')
    await warning(page).waitFor({ state: 'detached' })
    await warning(other).waitFor({ state: 'detached' })
    expect(await page.title()).toBe('People · acme')
    const { idleEndsAt, now } = await (await page.request.get('/api/session')).json()
    expect(Date.parse(idleEndsAt) - Date.parse(now)).toBeGreaterThan((DAY_S - 60) * 1_000)
    expect(complaints).toEqual([])
  }, 40_000)

  test('a laptop that slept comes back to the warning, or to the page for signing in with the reason', async () => {
    const { page, context } = await enter('alice', '/')
    await startClock(page)
    const id = await sessionOf(page)
    await idleIn(id, 100)
    await page.clock.fastForward((DAY_S - 100) * 1_000)
    await warned(page)
    await idleIn(id, -5)
    await page.clock.fastForward('05:00')
    await page.getByText('You were signed out, because nobody had been active here for a while.').waitFor()
    const fresh = await context.newPage()
    await fresh.goto('/people')
    await fresh.getByText('You were signed out, because nobody had been active here for a while.').waitFor()
  }, 40_000)

  test('somebody who is writing is not asked whether they are there', async () => {
    const { page } = await enter('alice', '/')
    await startClock(page)
    await page.clock.fastForward((DAY_S - 150) * 1_000)
    await page.getByLabel('Your question').fill('')
    await page.keyboard.type('A long question')
    await idleIn(await sessionOf(page), 115)
    const extended = page.waitForResponse('**/api/session/extend')
    await page.clock.fastForward('00:35')
    await extended
    expect(await warning(page).count()).toBe(0)
  }, 40_000)

  test('somebody whom an administrator signed out is told so, then and after signing in', async () => {
    const { page, complaints } = await enter('bob')
    const filter = { sessionId: await sessionOf(page) }
    expect((await carol.call('POST', '/api/sessions/end', { filter, expected: 1 })).body).toEqual({ ended: 1 })
    await page.getByText('An administrator of your organisation signed you out.').waitFor()
    await fillIn(page, 'bob')
    await isAt(page, '/people')
    await page.getByText('An administrator signed you out.').waitFor()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.getByText('An administrator signed you out.').waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  }, 40_000)

  test('an end that nothing can put off is told in good time, and explained', async () => {
    const { page, complaints } = await enter('bob')
    await world.sql(`update ${acme}.auth_session set expires_at = now() + interval '8 minutes' where id = $1`, [await sessionOf(page)])
    await page.reload()
    await page.getByText(/This login ends at .* in any case/).waitFor()
    await page.getByRole('button', { name: 'Sign in again' }).click()
    await fillIn(page, 'bob')
    await isAt(page, '/people')
    expect(complaints).toEqual([])
  }, 40_000)

  test('who asks to stay signed in still is when the browser was closed; who does not, is not', async () => {
    const profile = await mkdtemp(join(tmpdir(), 'sardonyx-profile-'))
    const restarted = async (remember: boolean) => {
      const before = await startKeepingBrowser(profile, origin)
      const page = await before.newPage()
      await page.goto('/sign-in')
      await fillIn(page, 'alice', remember)
      await isAt(page, '/')
      await before.close()
      const after = await startKeepingBrowser(profile, origin)
      const back = await after.newPage()
      await back.goto('/')
      const shown = await Promise.race([
        back
          .getByText('What would you like to know?')
          .waitFor()
          .then(() => 'signed in'),
        back
          .getByLabel('E-mail address')
          .waitFor()
          .then(() => 'signed out'),
      ])
      await after.close()
      return shown
    }
    try {
      expect(await restarted(true)).toBe('signed in')
      expect(await restarted(false)).toBe('signed out')
    } finally {
      await rm(profile, { recursive: true, force: true })
    }
  }, 60_000)

  test('where the organisation does not allow longer logins it says so', async () => {
    await world.sql(`update ${acme}.login_policy set remember = false`)
    const { page } = await visit(browser, origin)
    await page.goto('/sign-in')
    await fillIn(page, 'alice', true)
    await page.getByText('acme does not allow longer logins').waitFor()
    await world.sql(`update ${acme}.login_policy set remember = true`)
  }, 40_000)

  test('an old copy of a login ends it for both, and its person is told what happened', async () => {
    const { page, context, complaints } = await enter('bob')
    const copied = await context.cookies()
    const prove = (password: string) =>
      fetch('/api/session/prove', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ password }) })
    await page.evaluate(`(${prove})(${JSON.stringify(PASSWORD)})`)
    await page.reload()
    await page.getByText('bob@acme.test').waitFor()
    await expect
      .poll(async () => {
        const changed = await world.sql(
          `update ${acme}.auth_token set retires_at = now() where session_id = $1 and retires_at is not null`,
          [await sessionOf(page)],
        )
        return changed.rowCount
      })
      .toBe(1)
    const thief = await visit(browser, origin)
    await thief.context.addCookies(copied)
    await thief.page.goto('/people')
    await thief.page.getByLabel('E-mail address').waitFor()
    await page.getByText('Somebody used an old copy of your login').waitFor()
    expect(await axe(page)).toEqual([])
    await fillIn(page, 'bob')
    await isAt(page, '/people')
    await page.getByText('Somebody used an old copy of a login of yours').waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.reload()
    await page.getByText('bob@acme.test').waitFor()
    await expect.poll(() => page.getByText('Somebody used an old copy').count()).toBe(0)
    expect(complaints).toEqual([])
  }, 40_000)

  test('what needs a fresh proof asks for the password, and then goes on by itself', async () => {
    const { page, complaints } = await enter('carol')
    const stale = () => world.sql(`update ${acme}.auth_token set proven_at = now() - interval '1 day'`)
    await stale()
    await page.getByRole('button', { name: 'Add a person' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Dan Petrov')
    await page.getByLabel('E-mail address').fill('dan@acme.test')
    await page.getByRole('button', { name: 'Create the account' }).click()
    const asked = page.getByRole('dialog', { name: 'Confirm it’s you' })
    await asked.waitFor()
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Escape')
    await asked.waitFor({ state: 'detached' })
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Dan Petrov')
    expect(await page.getByRole('alert').count()).toBe(0)
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.getByLabel('Your password').fill('not my password')
    await page.keyboard.press('Enter')
    await page.getByText('That is not your password.').waitFor()
    await page.getByLabel('Your password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByText(/The letter for Dan Petrov is in a folder/).waitFor()
    expect(complaints).toEqual([])
  }, 40_000)

  test.each(LOOKS)(
    'each state is as axe wants it: $look',
    async ({ look, options }) => {
      const { page, complaints } = await enter('carol', '/people', options)
      const check = async (name: string, ready: Promise<unknown>) => {
        await ready
        await picture(page, `${name}-${look}`)
        expect(await axe(page), name).toEqual([])
      }
      const sessionId = await sessionOf(page)
      await idleIn(sessionId, 110)
      await page.reload()
      await check('idle-warning', warned(page))
      await page.getByRole('button', { name: 'Stay signed in' }).click()
      await warning(page).waitFor({ state: 'detached' })
      await world.sql(`update ${acme}.auth_session set expires_at = now() + interval '8 minutes' where id = $1`, [sessionId])
      await page.reload()
      await check('end-notice', page.getByText(/This login ends at/).waitFor())
      await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '1 day' where session_id = $1`, [sessionId])
      await page.goto('/people/invitations')
      await page.getByRole('button', { name: 'Send again to Dan Petrov' }).click()
      await check('proof', page.getByLabel('Your password').waitFor())
      expect(complaints).toEqual([])
    },
    60_000,
  )
})
