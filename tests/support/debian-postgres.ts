/** Debian's PostgreSQL 15, the oldest that is promised, with TLS under a certificate authority made for the occasion. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BIN = '/usr/lib/postgresql/15/bin'

/** Why these tests cannot run here; undefined when they can. In CI a missing part is a failure, so there it is never given. */
export const MISSING =
  existsSync(`${BIN}/postgres`) || process.env.CI !== undefined
    ? undefined
    : 'PostgreSQL 15 is not installed (Debian: apt-get install postgresql-15)'

export interface DebianPostgres {
  /** The superuser's connection string, over verified TLS. */
  readonly url: string
  readonly port: number
  /** The file of the authority that signed its certificate. */
  readonly ca: string
  stop(): Promise<void>
}

/** Starts one in a directory of its own; nothing but TLS is let in. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-pg15-'))
  const owner = ids()
  const asOwner = { cwd: directory, stdio: 'pipe' as const, ...(process.getuid?.() === 0 ? owner : {}) }
  await chown(directory, owner.uid, owner.gid)
  await writeFile(join(directory, 'password'), 'superuser secret', { mode: 0o644 })
  const data = join(directory, 'data')
  execFileSync(
    `${BIN}/initdb`,
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${directory}/password`, '-E', 'UTF8', '--locale=C.UTF-8'],
    asOwner,
  )
  makeCertificate(directory, data)
  await chown(join(data, 'server.key'), owner.uid, owner.gid)
  await chmod(join(data, 'server.key'), 0o600)
  const port = await freePort()
  await appendFile(
    join(data, 'postgresql.conf'),
    `\nport=${port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nssl=on\nfsync=off\n`,
  )
  const rules = await readFile(join(data, 'pg_hba.conf'), 'utf8')
  await writeFile(join(data, 'pg_hba.conf'), rules.replace(/^host /gm, 'hostssl '))
  execFileSync(`${BIN}/pg_ctl`, ['-D', data, '-w', '-l', join(data, 'server.log'), 'start'], asOwner)
  return {
    url: `postgres://postgres:superuser%20secret@localhost:${port}/postgres?sslmode=verify-full`,
    port,
    ca: join(directory, 'ca.crt'),
    async stop() {
      execFileSync(`${BIN}/pg_ctl`, ['-D', data, '-m', 'immediate', 'stop'], asOwner)
      await rm(directory, { recursive: true })
    },
  }
}

function makeCertificate(directory: string, data: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  )
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    `${data}/server.key`,
    '-out',
    'server.csr',
  )
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    `${data}/server.crt`,
  )
}

function ids(): { uid: number; gid: number } {
  const of = (kind: string) =>
    Number(execFileSync('id', [kind, process.getuid?.() === 0 ? 'postgres' : String(process.getuid?.())]).toString())
  return { uid: of('-u'), gid: of('-g') }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
