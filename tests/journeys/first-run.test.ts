/** A person's first minutes: from the printed address to an answer, and everything still there afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axe, MISSING, picture, startBrowser, visit } from '#tests/support/browser.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/journeys/first-run.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('the first run', () => {
  let dataDir: string
  let server: ServerProcess
  let browser: Browser
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sardonyx-first-run-'))
    server = await startProcess({ dataDir })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.end('SIGTERM')
    await rm(dataDir, { recursive: true, force: true })
  })

  const answered = (page: Page) => page.getByRole('button', { name: 'Copy the answer' }).waitFor()

  test('set up, ask, reload, sign out, sign in, restart: everything is still there', async () => {
    const { page, complaints } = await visit(browser, server.address)
    await page.goto('/')
    await page.getByLabel('Setup code').fill('WRONG-CODE-AAAA')
    await page.getByLabel('Name of the organisation').fill('Acme')
    await page.getByLabel('Your name').fill('Carol Lindqvist')
    await page.getByLabel('E-mail address').fill('carol@acme.test')
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByRole('button', { name: 'Set up and begin' }).click()
    await page.getByText('It needs 12 characters at least.').waitFor()
    expect(await page.getByText('That is not the current setup code.').count()).toBe(0)
    await page.getByLabel('Password', { exact: true }).fill('a sentence to remember')
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Set up and begin' }).click()
    await page.getByText('That is not the current setup code.').waitFor()
    await page.getByLabel('Setup code').fill(server.setupCode ?? '')
    await page.getByRole('button', { name: 'Set up and begin' }).click()

    await page.getByLabel('Your question').waitFor()
    expect(await axe(page)).toEqual([])
    await page.keyboard.type('Who can read my chats?')
    await page.keyboard.press('Enter')
    await answered(page)
    await page.getByRole('log').getByText('Who can read a chat').first().waitFor()
    expect(await axe(page)).toEqual([])
    await picture(page, 'first-answer')
    const chat = page.url()

    await page.reload()
    await page.getByRole('log').getByText('Who can read a chat').first().waitFor()

    await page.getByRole('button', { name: /Carol Lindqvist/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByText('You are signed out.').waitFor()
    expect(await axe(page)).toEqual([])
    await page.goBack()
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()

    const port = new URL(server.address).port
    expect(await server.end('SIGTERM')).toBe(0)
    server = await startProcess({ dataDir, args: ['--port', port] })
    expect(server.setupCode).toBeUndefined()
    await page.goto(chat)
    await page.getByLabel('E-mail address').fill('carol@acme.test')
    await page.getByLabel('Password', { exact: true }).fill('a sentence to remember')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('log').getByText('Who can read a chat').first().waitFor()
    expect(page.url()).toBe(chat)
    expect(complaints).toEqual([])
  }, 60_000)
})
