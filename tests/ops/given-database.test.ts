/** A PostgreSQL of one's own: the oldest version that is promised, over verified TLS, with and without a superuser. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DebianPostgres, MISSING, startDebianPostgres } from '#tests/support/debian-postgres.ts'
import { startProcess } from '#tests/support/process.ts'

const MAIN = new URL('../../src/server/main.ts', import.meta.url).pathname

if (MISSING) process.stderr.write(`\nSKIPPED: tests/ops/given-database.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('a given database', () => {
  let postgres: DebianPostgres
  let dataDir: string
  beforeAll(async () => {
    postgres = await startDebianPostgres()
    dataDir = await mkdtemp(join(tmpdir(), 'sardonyx-given-'))
  }, 60_000)
  afterAll(async () => {
    await postgres?.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const sardonyx = async (args: string[], url: string, ca: string | null = postgres.ca) => {
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: url,
      SARDONYX_DATA_DIR: dataDir,
      ...(ca === null ? {} : { SARDONYX_DATABASE_CA_FILE: ca }),
    }
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env })
      return { code: 0, stdout, stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, stdout, stderr }
    }
  }
  const asSuperuser = async (sql: string) => {
    const client = new pg.Client({
      connectionString: postgres.url.replace('?sslmode=verify-full', ''),
      ssl: { ca: await readFile(postgres.ca, 'utf8') },
    })
    await client.connect()
    try {
      return await client.query(sql)
    } finally {
      await client.end()
    }
  }
  const urlOf = (user: string, database: string) => `postgres://${user}:own@localhost:${postgres.port}/${database}?sslmode=verify-full`
  const tenant = ['tenant', 'create', '--name', 'Acme', '--admin-name', 'Carol', '--admin-email', 'carol@acme.test']

  test('the superuser migrates it, founds an organisation, and set_config is out of reach', async () => {
    expect(await sardonyx(['migrate'], postgres.url)).toMatchObject({ code: 0, stdout: expect.not.stringContaining('set_config') })
    expect((await sardonyx(tenant, postgres.url)).stdout).toContain('/invitation#')
    expect((await sardonyx(['tenant', 'list'], postgres.url)).stdout).toMatch(/^acme\tAcme\t\d{4}_\w+\.sql$/m)
  }, 30_000)

  test('an owner that may create roles does the same, and hears what it could not do', async () => {
    await asSuperuser("create role owner login createrole password 'own'")
    await asSuperuser('create database owned owner owner')
    const migrated = await sardonyx(['migrate', '--role-prefix', 'owned'], urlOf('owner', 'owned'))
    expect(migrated).toMatchObject({ code: 0, stdout: expect.stringContaining('set_config could not be taken from PUBLIC') })
    expect((await sardonyx([...tenant, '--role-prefix', 'owned'], urlOf('owner', 'owned'))).stdout).toContain('/invitation#')
  }, 30_000)

  test('one that may not create roles is told which SQL an administrator runs, and goes on once it was run', async () => {
    await asSuperuser("create role plain login password 'own'")
    await asSuperuser('create database plainly owner plain')
    const refused = await sardonyx(['migrate', '--role-prefix', 'plain_sx'], urlOf('plain', 'plainly'))
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('migrate --print-roles') })
    const printed = (await sardonyx(['migrate', '--print-roles', '--role-prefix', 'plain_sx'], urlOf('plain', 'plainly'))).stdout
    await asSuperuser(printed.replaceAll('current_user', 'plain'))
    expect((await sardonyx(['migrate', '--role-prefix', 'plain_sx'], urlOf('plain', 'plainly'))).code).toBe(0)
    expect((await sardonyx([...tenant, '--role-prefix', 'plain_sx'], urlOf('plain', 'plainly'))).stdout).toContain('/invitation#')
    const cleaned = await sardonyx(['clean-up', '--role-prefix', 'plain_sx'], urlOf('plain', 'plainly'))
    expect(cleaned).toMatchObject({ code: 0, stdout: 'acme\tnothing was due\n' })
  }, 60_000)

  test('a server watches the clock there, as the worker, over TLS, and stops well', async () => {
    const env = { DATABASE_URL: urlOf('plain', 'plainly'), SARDONYX_DATABASE_CA_FILE: postgres.ca }
    const server = await startProcess({ dataDir, args: ['--role-prefix', 'plain_sx'], env })
    const { rows } = await asSuperuser(
      `select distinct usename, ssl from pg_stat_activity join pg_stat_ssl using (pid) where application_name = 'sardonyx queue'`,
    )
    expect(rows).toEqual([{ usename: 'plain_sx_worker', ssl: true }])
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.output()).not.toContain('"level":')
  }, 60_000)

  test('a certificate that nobody vouches for is refused, and so is a connection without TLS that it demands', async () => {
    const untrusted = await sardonyx(['migrate'], postgres.url, null)
    expect(untrusted).toMatchObject({ code: 1, stderr: expect.stringContaining('The database cannot be reached') })
    const plain = await sardonyx(['migrate'], postgres.url.replace('?sslmode=verify-full', ''))
    expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining('The database cannot be reached') })
    expect(plain.stderr).not.toContain('    at ')
  })

  test('a password that is wrong is a sentence, and is not repeated', async () => {
    const refused = await sardonyx(['migrate'], postgres.url.replace('superuser%20secret', 'guessed-password'))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('password authentication failed')
    expect(refused.stderr).not.toContain('guessed-password')
  })
})
