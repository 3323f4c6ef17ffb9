/**
 * Real Redis servers in directories of their own, on free ports of loopback: alone, with TLS and ACL users, as a cluster of six, or
 * with sentinels. They can be frozen, killed and started again, with or without what they knew.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const SERVER = '/usr/bin/redis-server'
const CLI = '/usr/bin/redis-cli'

/** Why these tests cannot run here; undefined when they can. In CI a missing part is a failure, so there it is never given. */
export const MISSING =
  existsSync(SERVER) || process.env.CI !== undefined ? undefined : 'there is no Redis (Debian: apt-get install redis-server)'

export interface TestRedis {
  readonly url: string
  readonly port: number
  readonly directory: string
  /** Runs a command as a client that is trusted with everything, and answers what it prints. */
  cli(...args: string[]): string
  /** Everything it has written to its log so far. */
  log(): Promise<string>
  /** Hears every command, from its resolving on, until it is stopped. */
  monitor(hear: (text: string) => void): Promise<{ stop(): void }>
  /** Stops answering without going away; `thaw` lets it go on. */
  freeze(): void
  thaw(): void
  /** Ends it at once, without saving. */
  kill(): Promise<void>
  /** Starts it again on the same port, with the dump that is in its directory, if there is one. */
  start(): Promise<void>
  /** Ends it and removes its directory. */
  remove(): Promise<void>
}

/** Starts a server with further lines of configuration; `cli` are the words by which redis-cli gets in. */
export async function startRedis(
  options: { config?: string[]; cli?: string[]; port?: number; directory?: string } = {},
): Promise<TestRedis> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'sardonyx-redis-')))
  const port = options.port ?? (await freePort())
  const settings = [
    'bind 127.0.0.1',
    `port ${port}`,
    'save ""',
    'appendonly no',
    `dir ${directory}`,
    'logfile server.log',
    'loglevel verbose',
  ]
  await writeFile(join(directory, 'redis.conf'), `${[...settings, ...(options.config ?? [])].join('\n')}\n`)
  let child: ChildProcess
  const cli = (...args: string[]) =>
    execFileSync(CLI, ['-h', '127.0.0.1', '-p', String(port), ...(options.cli ?? []), ...args], { stdio: 'pipe', timeout: 10_000 })
      .toString()
      .trim()
  const start = async () => {
    child = spawn(SERVER, [join(directory, 'redis.conf')], { stdio: 'ignore' })
    await eventually(() => cli('PING') === 'PONG')
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    directory,
    cli,
    log: () => readFile(join(directory, 'server.log'), 'utf8'),
    async monitor(hear) {
      const watcher = spawn(CLI, ['-p', String(port), ...(options.cli ?? []), 'MONITOR'], { stdio: ['ignore', 'pipe', 'ignore'] })
      watcher.stdout.on('data', (data: Buffer) => hear(data.toString()))
      await once(watcher.stdout, 'data')
      return { stop: () => void watcher.kill() }
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    start,
    async remove() {
      await kill()
      await rm(directory, { recursive: true })
    },
  }
}

/** A user of Redis that may do what Sardonyx does, under a prefix, and nothing else; the default user may do nothing. */
export function aclOf(prefix: string, password: string): string[] {
  return [
    'user default off',
    'user trusted on >trusted ~* &* +@all',
    `user sardonyx on >${password} ~${prefix}t:* &${prefix}t:*:events &${prefix}t:*:answer:* +get +set +del +publish +psubscribe +subscribe +unsubscribe +ping +hello +client|tracking`,
  ]
}

/** Starts a server that speaks TLS only, with a certificate for localhost. */
export async function startTlsRedis(config: string[], cli: string[]): Promise<TestRedis & { readonly ca: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-redis-'))
  makeCertificate(directory)
  const port = await freePort()
  const tls = [
    'port 0',
    `tls-port ${port}`,
    'tls-cert-file server.crt',
    'tls-key-file server.key',
    'tls-ca-cert-file ca.crt',
    'tls-auth-clients no',
  ]
  const redis = await startRedis({
    directory,
    port,
    config: [...tls, ...config],
    cli: ['--tls', '--cacert', join(directory, 'ca.crt'), '--sni', 'localhost', ...cli],
  })
  return { ...redis, url: `rediss://localhost:${port}`, ca: await readFile(join(directory, 'ca.crt'), 'utf8') }
}

/** One process of a group. */
type Member = Pick<TestRedis, 'port' | 'cli' | 'kill' | 'remove'>

export interface TestRedisGroup {
  readonly url: string
  readonly members: readonly Member[]
  remove(): Promise<void>
}

/** Starts three masters with a replica each. */
export async function startCluster(): Promise<TestRedisGroup> {
  const config = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-config-file nodes.conf', 'repl-diskless-sync-delay 0']
  const members = await Promise.all(Array.from({ length: 6 }, () => startRedis({ config })))
  const addresses = members.map(({ port }) => `127.0.0.1:${port}`)
  execFileSync(CLI, ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'], { stdio: 'pipe', timeout: 60_000 })
  await eventually(() => members.every((member) => /cluster_state:ok[\s\S]*cluster_slots_ok:16384/.test(member.cli('CLUSTER', 'INFO'))))
  return {
    url: members
      .slice(0, 3)
      .map(({ url }) => url)
      .join(','),
    members,
    remove: () => removeAll(members),
  }
}

/** Starts a master, a replica and three sentinels; the members come in this order. */
export async function startSentinels(): Promise<TestRedisGroup> {
  const master = await startRedis()
  const replica = await startRedis({ config: [`replicaof 127.0.0.1 ${master.port}`] })
  const watch = ['sentinel monitor main 127.0.0.1', String(master.port), '2'].join(' ')
  const config = [watch, 'sentinel down-after-milliseconds main 1000', 'sentinel failover-timeout main 3000']
  const sentinels: Member[] = []
  for (let i = 0; i < 3; i++) sentinels.push(await startSentinel(config))
  await eventually(() => sentinels.every((sentinel) => /slaves=1,sentinels=3/.test(sentinel.cli('INFO', 'sentinel'))))
  const members = [master, replica, ...sentinels]
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
  return { url: `redis+sentinel://${hosts}/main`, members, remove: () => removeAll(members) }
}

async function startSentinel(config: string[]): Promise<Member> {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-sentinel-'))
  const port = await freePort()
  await writeFile(
    join(directory, 'redis.conf'),
    `${['bind 127.0.0.1', `port ${port}`, `dir ${directory}`, 'logfile server.log', ...config].join('\n')}\n`,
  )
  const child = spawn(SERVER, [join(directory, 'redis.conf'), '--sentinel'], { stdio: 'ignore' })
  const cli = (...args: string[]) =>
    execFileSync(CLI, ['-p', String(port), ...args], { stdio: 'pipe', timeout: 10_000 })
      .toString()
      .trim()
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await eventually(() => cli('PING') === 'PONG')
  return {
    port,
    cli,
    kill,
    async remove() {
      await kill()
      await rm(directory, { recursive: true })
    },
  }
}

async function removeAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.remove()))
}

/** Resolves once `isSo` answers true; an error counts as no. Rejects after ten seconds. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const tries = 200
  for (let tried = 0; ; tried++) {
    try {
      if (await isSo()) return
    } catch (error) {
      if (tried === tries) throw error
    }
    if (tried === tries) throw new Error('it never came to be so')
    await sleep(50)
  }
}

function makeCertificate(directory: string): void {
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: directory, stdio: 'pipe' })
  openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt')
  openssl('req -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.csr')
  openssl('x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out server.crt')
}

async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    // A cluster's bus listens 10,000 above.
    if (port < 55_000) return port
  }
}
