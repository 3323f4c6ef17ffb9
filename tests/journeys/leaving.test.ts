/** Leaving, in a browser: an export that is watched, downloaded and opened; a deletion that is taken back; one that is not. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { strFromU8, unzipSync } from 'fflate'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { axe, MISSING, picture, startBrowser, type Visitor, visit } from '#tests/support/browser.ts'
import { PASSWORD, PEOPLE, type Person } from '#tests/support/cast.ts'
import { chatOf, createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/leaving.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('leaving', () => {
  let world: World
  let browser: Browser
  let origin: string
  let acme: string
  beforeAll(async () => {
    world = await createWorld({ settings: { 'backups-kept-days': '30' } })
    await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    origin = `http://localhost:${(world.server.app.server.address() as AddressInfo).port}`
    acme = schemaName((await world.signIn('carol')).me.organisation.id)
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  const enter = async (person: Person, path: string, way: { dark?: boolean; phone?: boolean } = {}): Promise<Visitor> => {
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
  const prove = async (page: Page) => {
    const dialog = page.getByRole('dialog', { name: 'Confirm it’s you' })
    await dialog.getByLabel('Your password').fill(PASSWORD)
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await dialog.waitFor({ state: 'hidden' })
  }

  const LOOKS = [
    ['light', {}],
    ['dark', { dark: true }],
    ['phone', { phone: true }],
  ] as const

  test('an export is begun with a fresh proof, watched, downloaded, and its manifest holds', async () => {
    await chatOf(await world.signIn('alice'), { description: 'Lunch & dinner', question: 'Where is lunch?' })
    const { page, complaints } = await enter('alice', '/account/data')
    await world.sql(`update ${acme}.auth_token set proven_at = now() - interval '2 hours'`)
    await page.getByRole('button', { name: 'Begin an export' }).click()
    await prove(page)
    await page.getByText('Begins in a moment.').waitFor()
    await world.sql(`update ${acme}.export set state = 'running', done = 3, total = 8`)
    await page.getByText('Being written: 3 of 8').waitFor()
    expect(await page.getByRole('progressbar', { name: 'How far the export is' }).getAttribute('value')).toBe('3')
    await picture(page, 'leaving-progress')
    await world.queue.work()
    await page.getByText(/^Ready, \d+ kB\. Kept until /).waitFor()
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download' }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toMatch(/^sardonyx-export-\d{4}-\d\d-\d\d\.zip$/)
    const files = unzipSync(await readFile(await download.path()))
    const manifest = JSON.parse(strFromU8(files['manifest.json']!)) as { files: { name: string; sha256: string }[] }
    for (const { name, sha256 } of manifest.files)
      expect([name, createHash('sha256').update(files[name]!).digest('hex')]).toEqual([name, sha256])
    expect(Object.keys(files).some((name) => /^chats\/.*Lunch dinner.*\.md$/.test(name))).toBe(true)
    for (const [look, way] of LOOKS) {
      const seen = await enter('alice', '/account/data', way)
      await seen.page.getByText(/^Ready, /).waitFor()
      expect([look, await axe(seen.page)]).toEqual([look, []])
      await picture(seen.page, `leaving-data-${look}`)
    }
    await page.getByRole('button', { name: /^Remove the export of / }).click()
    await page.getByRole('status').filter({ hasText: 'The export is removed.' }).waitFor()
    await page.getByRole('button', { name: 'Begin an export' }).waitFor()
    expect(complaints).toEqual([])
  }, 90_000)

  test('a deletion is asked for with one’s address, said on every page, and taken back from any of them', async () => {
    const { page, complaints } = await enter('alice', '/account/data')
    const elsewhere = await enter('alice', '/people')
    await page.getByRole('button', { name: 'Delete my account…' }).click()
    const question = page.getByRole('dialog', { name: 'Delete your account?' })
    await question.getByLabel(/^Type your address/).fill('bob@acme.test')
    await question.getByRole('button', { name: 'Delete my account' }).click()
    await question.getByRole('alert').filter({ hasText: 'That is not the address of your account.' }).waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'leaving-question')
    await question.getByLabel(/^Type your address/).fill('alice@acme.test')
    await question.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText(/^You asked for it today/).waitFor()
    await elsewhere.page.getByText('Your account is to be erased, so every other login of yours was ended.').waitFor()
    for (const [look, way] of LOOKS) {
      const seen = await enter('alice', '/', way)
      await seen.page.getByText(/^Your account will be erased on /).waitFor()
      expect([look, await axe(seen.page)]).toEqual([look, []])
      await picture(seen.page, `leaving-banner-${look}`)
    }
    const admin = await enter('carol', '/people')
    await admin.page.getByText(/^will be erased on /).waitFor()
    await picture(admin.page, 'leaving-people')
    await page.goto('/')
    await page.getByRole('button', { name: 'Keep my account' }).click()
    await page.getByText(/^Your account will be erased on /).waitFor({ state: 'hidden' })
    await page.goto('/account/security')
    await page.getByText('You kept the account: it is not going to be erased.').waitFor()
    expect([...complaints, ...admin.complaints]).toEqual([])
  }, 90_000)

  test('one that is not taken back ends with nothing but a report', async () => {
    const { page } = await enter('bob', '/account/data')
    await page.getByRole('button', { name: 'Delete my account…' }).click()
    const question = page.getByRole('dialog', { name: 'Delete your account?' })
    await question.getByLabel(/^Type your address/).fill('bob@acme.test')
    await question.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText(/^You asked for it today/).waitFor()
    await world.sql(`update ${acme}.erasure set due_at = now() - interval '1 minute'`)
    await world.queue.strike('erasure_round')
    await page.getByText('Your account is to be erased, so every other login of yours was ended.').waitFor()
    await world.queue.work()
    await page.getByLabel('Organisation').fill('acme')
    await page.getByLabel('E-mail address').fill('bob@acme.test')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText('That address and password do not belong together.').waitFor()
    for (const [look, way] of LOOKS) {
      const admin = await enter('carol', '/logins/erasures', way)
      await admin.page.getByText(/^Erased today/).waitFor()
      expect([look, await axe(admin.page)]).toEqual([look, []])
      await picture(admin.page, `leaving-erasures-${look}`)
      expect(await admin.page.getByRole('list', { name: 'Erasures' }).innerText()).not.toMatch(/Bob|bob@/)
    }
  }, 90_000)
})
