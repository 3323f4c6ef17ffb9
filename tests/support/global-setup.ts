/**
 * One PostgreSQL for the whole run (embedded, or the one of SARDONYX_TEST_DATABASE_URL) and one template database in it, with the cast in place.
 * Every test file works on a clone of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '#server/ops/embedded-postgres.ts'
import { castInto } from './cast.ts'
import { quietLog } from './quiet-log.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's connection string, to the server's own database. */
    postgresUrl: string
    /** Template database and keyring: the names and places every clone begins from. */
    templateDatabase: string
    keyringDirectory: string
  }
}

const TEMPLATE = 'sardonyx_template'

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-tests-'))
  const given = process.env.SARDONYX_TEST_DATABASE_URL
  // Tests kill nothing of this server; that it loses nothing when killed is shown in tests/ops.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' }
  const embedded = given === undefined ? await startEmbedded({ dataDir: join(directory, 'postgres'), log: quietLog, settings }) : undefined
  const url = given ?? embedded?.url ?? ''
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`drop database if exists ${TEMPLATE}`)
  await client.query(`create database ${TEMPLATE}`)
  await client.end()
  const keyringDirectory = join(directory, 'keyring')
  await castInto({ url: withDatabase(url, TEMPLATE), keyringDirectory })
  project.provide('postgresUrl', url)
  project.provide('templateDatabase', TEMPLATE)
  project.provide('keyringDirectory', keyringDirectory)
  return async () => {
    await embedded?.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.toString()
}
