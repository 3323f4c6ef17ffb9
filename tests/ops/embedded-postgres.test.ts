/** What the embedded database promises when things go wrong, each tried for real: processes are killed, directories are closed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBinaries } from '#server/ops/embedded/binaries.ts'
import { reasonOf } from '#server/ops/embedded/postmaster.ts'
import { type Embedded, startEmbedded } from '#server/ops/embedded-postgres.ts'

const AM_ROOT = process.getuid?.() === 0
const NOBODY = 65_534
const SERVER = join(import.meta.dirname, 'embedded-server.ts')

let home: string
let dataDir: string
let lines: string[]
let running: Embedded[]
let children: ChildProcess[]

beforeEach(async () => {
  // Mode 0700 and, under root, root's own: PostgreSQL's user can't enter it unaided.
  home = await mkdtemp(join(tmpdir(), 'pg-'))
  dataDir = join(home, 'data')
  lines = []
  running = []
  children = []
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(running.map((embedded) => embedded.stop()))
  const orphan = await postmasterOf(dataDir).catch(() => undefined)
  if (orphan !== undefined && isAlive(orphan)) process.kill(orphan, 'SIGKILL')
  await rm(home, { recursive: true, force: true })
})

async function start(settings?: Record<string, string>): Promise<Embedded> {
  const take = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  const embedded = await startEmbedded({ dataDir, log: { info: take, warn: take, error: take }, settings: { fsync: 'off', ...settings } })
  running.push(embedded)
  return embedded
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const writeNote = (url: string) => query(url, "create table note (body text); insert into note values ('kept')")
const readNote = (url: string) => query(url, 'select body from note')
const KEPT = [{ body: 'kept' }]

/** Another server process, as an ordinary user if asked; resolves with what it prints first. */
async function otherServer(options: { asNobody?: boolean } = {}): Promise<{ child: ChildProcess; url?: string; refusal?: string }> {
  const [command = '', ...args] = [...(options.asNobody ? prefixOfNobody() : []), process.execPath, SERVER, dataDir]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, ...JSON.parse(line) }
}

/** Becomes nobody; where the tree lies in a directory closed to others, with the right to read it all the same. */
function prefixOfNobody(): string[] {
  const become = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  const reading = ['dac_read_search', 'dac_override'].map((right) => [`--inh-caps=-all,+${right}`, `--ambient-caps=-all,+${right}`])
  const works = [[], ...reading].find(
    (extra) =>
      spawnSync(become[0] ?? '', [...become.slice(1), ...extra, process.execPath, '-e', `require('fs').readFileSync('${SERVER}')`])
        .status === 0,
  )
  if (works === undefined) throw new Error('Nothing on this machine can become another user.')
  return [...become, ...works]
}

async function postmasterOf(directory: string): Promise<number> {
  return Number((await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !spawnSync('cat', [`/proc/${pid}/stat`])
      .stdout.toString()
      .includes(') Z ')
  } catch {
    return false
  }
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 100; ; tries--) {
    try {
      return await work()
    } catch (error) {
      if (tries === 0) throw error
      await pause(50)
    }
  }
}

test('what was written before a stop is there after the next start', async () => {
  const first = await start()
  expect(first.version).toMatch(/^18\.\d+$/)
  await writeNote(first.url)
  await first.stop()
  expect(await first.exited).toEqual({ code: 0, signal: null })

  const second = await start()
  expect(await readNote(second.url)).toEqual(KEPT)
})

test('PostgreSQL does not run as root, and its files are its own', async () => {
  await start()
  const status = await readFile(`/proc/${await postmasterOf(dataDir)}/status`, 'utf8')
  expect(status).toMatch(AM_ROOT ? /^Uid:\s+65534\s/m : new RegExp(`^Uid:\\s+${process.getuid?.()}\\s`, 'm'))
  expect((await stat(join(dataDir, 'superuser-password'))).mode & 0o777).toBe(0o600)
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
})

test('a directory that everybody may enter on the way works as well', async () => {
  await chmod(home, 0o755)
  const { url } = await start()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('nobody gets in without the password', async () => {
  const { url } = await start()
  const wrong = new URL(url)
  wrong.password = 'guess'
  await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('where the path is too long for a socket, it listens on the loopback address only', async () => {
  dataDir = join(home, 'a-directory-with-a-name-that-is-longer-than-a-socket-allows'.repeat(2), 'data')
  const { url } = await start()
  expect(new URL(url).hostname).toBe('127.0.0.1')
  expect(await query(url, "select current_setting('listen_addresses') as at")).toEqual([{ at: '127.0.0.1' }])
})

test('a second server is refused and told which process holds the directory', async () => {
  const holder = await otherServer()
  expect(holder.url).toBeDefined()
  await expect(start()).rejects.toThrow(new RegExp(`in use by another Sardonyx server \\(process ${holder.child.pid}\\)`))

  holder.child.kill('SIGTERM')
  await once(holder.child, 'exit')
  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }])
  await expect(start()).rejects.toThrow(`process ${process.pid}`)
})

test('a killed PostgreSQL is started again at the same address with all that was committed', async () => {
  const { url } = await start({ fsync: 'on' })
  await writeNote(url)
  const before = await postmasterOf(dataDir)
  process.kill(before, 'SIGKILL')

  expect(await eventually(() => readNote(url))).toEqual(KEPT)
  expect(await postmasterOf(dataDir)).not.toBe(before)
})

test('a PostgreSQL that keeps dying is given up, and says so', async () => {
  const embedded = await start()
  for (let death = 1; death <= 3; death++) {
    const pid = await eventually(async () => {
      await query(embedded.url, 'select 1')
      return postmasterOf(dataDir)
    })
    process.kill(pid, 'SIGKILL')
    await eventually(async () => expect(isAlive(pid)).toBe(false))
  }
  expect(await embedded.exited).toEqual({ code: null, signal: 'SIGKILL' })
  expect(lines.at(-1)).toContain('It keeps ending soon after its start.')
})

test('a killed server takes its PostgreSQL with it, and nothing is lost', async () => {
  const killed = await otherServer()
  await writeNote(killed.url ?? '')
  const left = await postmasterOf(dataDir)
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')

  await eventually(async () => expect(isAlive(left)).toBe(false))
  expect(await readNote((await start()).url)).toEqual(KEPT)
})

test('a PostgreSQL that runs on without its server is ended by the next start', async () => {
  const first = await start()
  await writeNote(first.url)
  await first.stop()
  const binaries = await findBinaries(dataDir)
  const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${join(dataDir, 'socket')}`]
  const orphan = binaries.start('postgres', ['-D', join(dataDir, 'cluster'), ...settings])
  children.push(orphan)
  await eventually(async () => expect(await readNote(first.url)).toEqual(KEPT))

  const { url } = await start()
  expect([orphan.exitCode, orphan.signalCode]).toEqual([0, null])
  expect(await readNote(url)).toEqual(KEPT)
})

test('server and PostgreSQL killed together lose nothing', async () => {
  const killed = await otherServer()
  await writeNote(killed.url ?? '')
  process.kill(await postmasterOf(dataDir), 'SIGKILL')
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')

  expect(await readNote((await start()).url)).toEqual(KEPT)
})

test('a stranger that has the process id of a dead PostgreSQL neither stops the start nor is harmed', async () => {
  const first = await start()
  const file = join(dataDir, 'cluster', 'postmaster.pid')
  const named = await readFile(file, 'utf8')
  await first.stop()
  const stranger = spawn('sleep', ['60'], AM_ROOT ? { uid: NOBODY, gid: NOBODY } : {})
  children.push(stranger)
  await writeFile(file, named.replace(/^\d+/, String(stranger.pid)))
  if (AM_ROOT) await chown(file, NOBODY, NOBODY)

  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(stranger.exitCode).toBeNull()
})

test('a database of another major version is refused by name and left alone', async () => {
  await (await start()).stop()
  await writeFile(join(dataDir, 'cluster', 'PG_VERSION'), '17\n')
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 17, and this Sardonyx brings PostgreSQL 18/)
  expect(await readFile(join(dataDir, 'cluster', 'PG_VERSION'), 'utf8')).toBe('17\n')
})

test('a cluster whose making was interrupted is made anew', async () => {
  await mkdir(join(dataDir, 'cluster.new', 'base'), { recursive: true })
  await writeFile(join(dataDir, 'cluster.new', 'PG_VERSION'), '18\n')
  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(await readdir(dataDir)).not.toContain('cluster.new')
})

test('a lost password is named, not replaced', async () => {
  await (await start()).stop()
  await rm(join(dataDir, 'superuser-password'))
  await expect(start()).rejects.toThrow(/superuser-password is missing/)
  expect(await readdir(dataDir)).not.toContain('superuser-password')
})

test('a directory with other files is refused and left alone', async () => {
  await mkdir(dataDir)
  await writeFile(join(dataDir, 'letter.txt'), 'mine')
  await expect(start()).rejects.toThrow(/holds other files \(letter\.txt\)/)
  expect(await readdir(dataDir)).toEqual(['letter.txt'])
})

test('a file in the way is a sentence', async () => {
  await writeFile(join(home, 'file'), '')
  dataDir = join(home, 'file', 'data')
  await expect(start()).rejects.toThrow(/is not a directory, or lies below a file/)
})

test('a full disk is a sentence', () => {
  const said = [
    'LOG:  starting',
    'FATAL:  could not write lock file "postmaster.pid": No space left on device',
    'LOG:  database system is shut down',
  ]
  expect(reasonOf({ said })).toMatch(/^the disk is full\. Make room/)
})

test('an ordinary user can use it, and is told where it may not write', async () => {
  await chmod(home, 0o555)
  expect((await otherServer({ asNobody: AM_ROOT })).refusal).toMatch(/cannot be opened or written by this user/)
  await chmod(home, 0o755)

  await mkdir(dataDir)
  if (AM_ROOT) await chown(dataDir, NOBODY, NOBODY)
  const server = await otherServer({ asNobody: AM_ROOT })
  expect(await query(server.url ?? '', 'select 1 as one')).toEqual([{ one: 1 }])
  server.child.kill('SIGTERM')
  await once(server.child, 'exit')

  const owner = (await stat(dataDir)).uid
  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await stat(dataDir)).uid).toBe(owner)
})

test('nothing that was typed reaches the log, right or wrong', async () => {
  const { url } = await start()
  await writeNote(url)
  await query(url, "select 'canary-7f3a' as said")
  await expect(query(url, "select 'canary-7f3a'::uuid")).rejects.toThrow('canary-7f3a')
  await query(url, "do $$ begin raise warning 'canary-7f3a'; end $$")
  await (await running.pop())?.stop()
  expect(lines.join('\n')).toContain('ready to accept connections')
  expect(lines.join('\n')).not.toContain('canary-7f3a')
})
