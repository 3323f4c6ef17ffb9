/** `sardonyx key …`: an operator lists, makes and retires the keys that sign logins, with the keyring alone and no database. */
import { execFile } from 'node:child_process'
import { chown, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { localKeyProvider, newMasterKey } from '#server/isolation/keys/key-provider.ts'
import { Keyring, prepareKeyringDirectory } from '#server/isolation/keys/keyring.ts'
import type { KeyFacts } from '#server/ops/key.ts'

const MAIN = new URL('../../src/server/main.ts', import.meta.url).pathname
const MINUTE_MS = 60_000
/** Each command is a process, which takes seconds on a busy machine. */
const UNHURRIED_MS = 90_000

let dataDir: string
let directory: string
let keyring: Keyring
let first: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sardonyx-key-'))
  directory = join(dataDir, 'keyring')
  const master = newMasterKey()
  await prepareKeyringDirectory(directory)
  await writeFile(join(directory, 'master.key'), `${master}\n`)
  keyring = new Keyring(directory, localKeyProvider(Buffer.from(master, 'hex')))
  await keyring.ensureSigningKey()
  first = (await keyring.signingKeys())[0]!.id
})
afterEach(() => rm(dataDir, { recursive: true }))

async function sardonyx(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  const options = { env: { PATH: process.env.PATH, SARDONYX_DATA_DIR: dataDir, ...env } }
  return promisify(execFile)(process.execPath, [MAIN, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
  )
}
const listed = async () => JSON.parse((await sardonyx(['key', 'list', '--json'])).out) as KeyFacts[]

test('the first key signs; a new one takes its place when its time has come, and then the first can be retired', {
  timeout: UNHURRIED_MS,
}, async () => {
  expect(await sardonyx(['key', 'list'])).toEqual({ code: 0, out: `${first}\tsigning-1.key\tsigns logins\n`, err: '' })
  const beforeMs = Date.now()
  const made = await sardonyx(['key', 'rotate'])
  expect(made).toMatchObject({ code: 0, err: '' })
  const [, id, time] = /^Key ([0-9a-f]{8}) is in signing-2\.key\. Servers sign logins with it from (\S+) on\.\n$/.exec(made.out)!
  expect(Date.parse(time!)).toBeGreaterThanOrEqual(beforeMs + MINUTE_MS)
  expect(Date.parse(time!)).toBeLessThanOrEqual(Date.now() + MINUTE_MS)
  expect(await listed()).toEqual([
    { id: first, file: 'signing-1.key', state: 'signs', signsFrom: null, signsUntil: time },
    { id, file: 'signing-2.key', state: 'will sign', signsFrom: time, signsUntil: null },
  ])
  expect(await sardonyx(['key', 'retire', first])).toEqual({
    code: 1,
    out: '',
    err: `Servers sign with key ${first} until ${time}. Retire it after that.\n`,
  })

  const { id: third } = JSON.parse((await sardonyx(['key', 'rotate', '--delay', '0', '--json'])).out) as KeyFacts
  expect((await listed()).map((key) => [key.id, key.state])).toEqual([
    [first, 'has signed'],
    [id, 'will sign'],
    [third, 'signs'],
  ])
  expect(await sardonyx(['key', 'retire', first])).toEqual({
    code: 0,
    out: `Key ${first} is retired. Logins that it signed end within half a minute; remove signing-1.key from every copy of this keyring, too.\n`,
    err: '',
  })
  expect((await keyring.signingKeys()).map((key) => key.id)).toEqual([id, third])
  // No database was made, and nothing else.
  expect(await readdir(dataDir)).toEqual(['keyring'])
  expect((await readdir(directory)).sort()).toEqual(['master.key', 'signing-2.key', 'signing-3.key'])
})

describe('is refused in a sentence:', { timeout: UNHURRIED_MS }, () => {
  test('the newest key, and the only one', async () => {
    const { id } = await keyring.addSigningKey(0)
    await keyring.dropSigningKey(1)
    expect(await sardonyx(['key', 'retire', id])).toEqual({
      code: 1,
      out: '',
      err: `Key ${id} is the newest, and without it nobody could sign in. Make another first, with “sardonyx key rotate”.\n`,
    })
  })

  test.each<[string, string[], RegExp]>([
    ['a key that is none', ['key', 'retire', 'ffffffff'], /^There is no key ffffffff\. “sardonyx key list” shows those that there are\.$/],
    ['no key at all', ['key', 'retire'], /^“sardonyx key retire” needs <id> behind it\./],
    ['a delay that is none', ['key', 'rotate', '--delay', 'soon'], /^--delay: must be a number of minutes$/],
    ['a delay that is nothing', ['key', 'rotate', '--delay', ''], /^--delay: must be a number of minutes$/],
    ['half a minute', ['key', 'rotate', '--delay', '0.5'], /^--delay: must be a whole number of minutes$/],
    ['a delay without end', ['key', 'rotate', '--delay', '9999999'], /^--delay: /],
    [
      'a place without a keyring',
      ['key', 'rotate', '--data-dir', '/nowhere'],
      /^There is no keyring with its master key in \/nowhere\/keyring\. Say /,
    ],
  ])('%s', async (_, args, sentence) => {
    const { code, out, err } = await sardonyx(args)
    expect([code, out]).toEqual([1, ''])
    expect(err.trim()).toMatch(sentence)
    expect((await keyring.signingKeys()).map((key) => key.id)).toEqual([first])
  })

  test('another master key, before anything is made with it', async () => {
    const refused = await sardonyx(['key', 'rotate'], { SARDONYX_MASTER_KEY: newMasterKey() })
    expect(refused).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/signing-1\.key does not open with this master key\. .+\n$/),
    })
    expect(await readdir(directory)).toHaveLength(2)
  })
})

test('a new key belongs to whoever the keyring belongs to, and nobody else reads it', { timeout: UNHURRIED_MS }, async () => {
  const owner = process.getuid?.() === 0 ? 4_321 : process.getuid!()
  await chown(directory, owner, process.getgid!())
  expect(await sardonyx(['key', 'rotate'])).toMatchObject({ code: 0 })
  const { uid, mode } = await stat(join(directory, 'signing-2.key'))
  expect([uid, mode & 0o777]).toEqual([owner, 0o600])
})
