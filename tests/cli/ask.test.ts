/** The command line against a server that listens, as another process. */
import { spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD } from '#tests/support/cast.ts'
import { appOf } from '#tests/support/factors.ts'
import { createWorld, type World } from '#tests/support/world.ts'

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname

let world: World
let url: string
beforeAll(async () => {
  world = await createWorld()
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
})
afterAll(() => world.close())

async function sardonyx(
  args: string[],
  given: { input?: string; token?: string } = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...args, '--url', url], {
    env: { PATH: process.env.PATH, ...(given.token ? { SARDONYX_TOKEN: given.token } : {}) },
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => (said.out += data))
  child.stderr.on('data', (data: Buffer) => (said.err += data))
  child.stdin.end(given.input ?? '')
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...said }
}

test('signs in and prints the answer to a question', async () => {
  const signedIn = await sardonyx(['sign-in', '--email', 'alice@acme.test', '--organisation', 'acme'], { input: `${PASSWORD}\n` })
  expect(signedIn).toMatchObject({ code: 0, err: '' })
  const asked = await sardonyx(['ask', 'Who can read my chats?'], { token: signedIn.out.trim() })
  expect(asked).toMatchObject({ code: 0, err: '' })
  expect(asked.out).toContain('Who can read a chat')
})

test('says in a sentence what was refused', async () => {
  const wrong = await sardonyx(['sign-in', '--email', 'alice@acme.test', '--organisation', 'acme'], { input: 'not it\n' })
  expect(wrong).toEqual({ code: 1, out: '', err: 'That address and password do not belong together. Check both and try again.\n' })
  expect(await sardonyx(['ask', 'anything'], { token: 'nonsense' })).toEqual({
    code: 1,
    out: '',
    err: 'You are not signed in. Sign in and try again.\n',
  })
})

test('asks for a code where there is a second factor, and takes a recovery code', async () => {
  const app = await appOf(await world.signIn('bob'))
  const signIn = (second: string) =>
    sardonyx(['sign-in', '--email', 'bob@acme.test', '--organisation', 'acme'], { input: `${PASSWORD}\n${second}\n` })
  for (const second of [app.code(), app.recoveryCodes[0]!.toLowerCase()]) {
    const { code, out, err } = await signIn(second)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const me = await world.call<{ user: { email: string } }>('GET', '/api/me', { headers: { authorization: `Bearer ${out.trim()}` } })
    expect(me.body.user.email).toBe('bob@acme.test')
  }
  expect(await signIn('000000')).toMatchObject({ code: 1, out: '' })
})
