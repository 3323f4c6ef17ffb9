/**
 * The product as it runs in earnest, every part a process that can die: the server with its own PostgreSQL on a disk that can be full,
 * a Redis, and a model server; between server, people and models are ways that can be cut. Three people of two organisations use it.
 */
import { execFile, execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Me } from '#contract/accounts.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { mailIn } from '#tests/support/mail.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'
import { MISSING as NO_REDIS, startRedis, type TestRedis } from '#tests/support/redis.ts'
import type { Answer, SignedIn } from '#tests/support/world.ts'
import { type Disk, openDisk } from './disk.ts'
import { MODELS, type Provider, startProvider } from './provider.ts'
import { startWay, type Way } from './way.ts'

const MAIN = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url))
/** Longer than anything takes; who waits this long was forgotten. */
const FORGOTTEN_AFTER_MS = 90_000
/** While the database is away these people try again more often in a minute than one login is allowed to. */
const WITHOUT_LIMIT = { SARDONYX_REQUESTS_PER_LOGIN: '0' }

export interface Player extends SignedIn {
  /** How they name a model of their organisation's provider. */
  readonly model: (name: (typeof MODELS)[number]) => string
}

export interface Stage {
  /** Where people reach the server, whichever process it is. */
  readonly address: string
  readonly people: readonly Player[]
  readonly disk: Disk
  readonly redis: TestRedis | undefined
  readonly provider: Provider
  /** Between people and the server, and between the server and the models. */
  readonly ways: { readonly people: Way; readonly models: Way }
  readonly server: ServerProcess
  /** Everything that any of the servers has said. */
  said(): string
  isServerUp(): boolean
  startServer(): Promise<void>
  /** The process of PostgreSQL that the others belong to. */
  postmaster(): Promise<number>
  close(): Promise<void>
}

/** Starts everything and signs the people in. */
export async function openStage(): Promise<Stage> {
  const disk = await openDisk()
  const dataDir = join(disk.path, 'data')
  const redis = NO_REDIS === undefined ? await startRedis() : undefined
  const [provider, people, models] = await Promise.all([startProvider(), startWay(), startWay()])
  models.pointAt(provider.port)
  const links = [await found(dataDir, 'Initech', 'peter@initech.test'), await found(dataDir, 'Hooli', 'gavin@hooli.test')]
  const servers: ServerProcess[] = []
  const server = () => servers.at(-1)!
  const startServer = async () => {
    const env = { ...WITHOUT_LIMIT, ...(redis ? { SARDONYX_REDIS_URL: redis.url } : {}) }
    servers.push(await startProcess({ dataDir, args: ['--egress-allow', `127.0.0.1:${models.port}`], env }))
    people.pointAt(Number(new URL(server().address).port))
  }
  await startServer()
  const address = `http://127.0.0.1:${people.port}`
  return {
    address,
    people: await gather(address, { links, models, mail: mailIn(join(dataDir, 'mail')) }),
    disk,
    redis,
    provider,
    ways: { people, models },
    get server() {
      return server()
    },
    said: () => servers.map((one) => one.output()).join('\n'),
    isServerUp: () => isAlive(server().pid),
    startServer,
    postmaster: async () => Number((await readFile(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8')).split('\n')[0]),
    async close() {
      await server().end('SIGTERM')
      await Promise.all([provider.kill(), people.close(), models.close(), redis?.remove()])
      await disk.remove()
    },
  }
}

/** Founds an organisation; answers the token by which its administrator joins. */
async function found(dataDir: string, name: string, email: string): Promise<string> {
  const admin = ['--name', name, '--admin-name', email.split('@')[0] ?? '', '--admin-email', email]
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'tenant', 'create', '--data-dir', dataDir, ...admin], {
    env: { PATH: process.env.PATH },
  })
  return tokenOf(stdout)
}

const tokenOf = (link: string) => link.trim().split('#')[1] ?? ''

/** Both administrators, and a colleague of the first. */
async function gather(
  address: string,
  { links, models, mail }: { links: string[]; models: Way; mail: ReturnType<typeof mailIn> },
): Promise<Player[]> {
  const admins: Player[] = []
  for (const link of links) {
    const admin = await enter(address, link)
    const provider = { name: 'Scripted', baseUrl: `http://127.0.0.1:${models.port}/v1`, models: MODELS }
    const { id } = (await admin.call<{ id: string }>('POST', '/api/providers', provider)).body
    admins.push({ ...admin, model: (name) => `${id}:${name}` })
  }
  const [first, second] = admins as [Player, Player]
  await first.call('POST', '/api/members', { name: 'Milton', email: 'milton@initech.test' })
  const { token } = await mail.last('milton@initech.test')
  return [first, { ...(await enter(address, token)), model: first.model }, second]
}

async function enter(address: string, token: string): Promise<SignedIn> {
  const joined = await send<{ me: Me; token: string }>(`${address}/api/invitations/accept`, {
    method: 'POST',
    body: { token, password: PASSWORD, deliver: 'token' },
  })
  if (joined.status !== 200) throw new Error(`nobody could join: ${joined.text}`)
  const authorization = `Bearer ${joined.body.token}`
  return {
    ...joined.body,
    call: (method, path, body, headers) => send(`${address}${path}`, { method, body, headers: { ...headers, authorization } }),
  }
}

async function send<T>(
  url: string,
  { method, body, headers }: { method: string; body?: unknown; headers?: Record<string, string> },
): Promise<Answer<T>> {
  const reply = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(FORGOTTEN_AFTER_MS),
  })
  const text = await reply.text()
  const isJson = text !== '' && reply.headers.get('content-type')?.includes('json')
  return { status: reply.status, text, body: (isJson ? JSON.parse(text) : text) as T, headers: Object.fromEntries(reply.headers) }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Stops a process and its children where they are, in this order, and answers how to let them go on. */
export function freeze(pid: number): () => void {
  process.kill(pid, 'SIGSTOP')
  const frozen = [pid, ...childrenOf(pid)]
  for (const one of frozen) process.kill(one, 'SIGSTOP')
  return () => {
    for (const one of frozen) process.kill(one, 'SIGCONT')
  }
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([child, parent]) => (parent === pid ? [child ?? 0] : []))
}
