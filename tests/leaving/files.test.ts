/**
 * What an erasure leaves in PostgreSQL's own files, on a cluster of its own: in the tables' files nothing once they were vacuumed. The
 * write-ahead log keeps what was in the clear until its files are used again; docs/topics/leaving.md says so.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import { createLogin } from '#server/auth/login.ts'
import { OPERATOR } from '#server/auth/security-log.ts'
import { readConfig } from '#server/config.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import type { Database } from '#server/isolation/database.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { type Embedded, startEmbedded } from '#server/ops/embedded-postgres.ts'
import { Erasures } from '#server/ops/erasure.ts'
import { connect } from '#server/ops/installation.ts'
import { filesUnder, formsOf } from '#tests/support/canaries.ts'
import { castInto, PASSWORD, testInstallation } from '#tests/support/cast.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'
import { type SignedIn, superuser } from '#tests/support/world.ts'
import { serverOver } from '../walls/attack.ts'

const NAME = `Canary-${crypto.randomUUID()}`
const ADDRESS = `canary-${crypto.randomUUID()}@acme.test`

let directory: string
let embedded: Embedded
let database: Database
const log = new KeptLog()
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-erased-'))
  embedded = await startEmbedded({ dataDir: join(directory, 'postgres'), log })
})
afterAll(async () => {
  await database?.close()
  await embedded?.stop()
  await rm(directory, { recursive: true, force: true })
})

test('the tables’ files hold nothing of the person once they were vacuumed', async () => {
  const of = { url: embedded.url, keyringDirectory: join(directory, 'keyring') }
  await castInto(of)
  const installation = await testInstallation(of)
  database = connect(installation, log, { app: 2, worker: 2, auth: 2 })
  const cache = new InProcessStore(systemClock)
  const server = await serverOver({ installation, config: readConfig({ 'data-dir': directory }, {}), log, cache }, database)
  const body = { email: 'alice@acme.test', password: PASSWORD, organisation: 'acme', deliver: 'token' }
  const { body: signed } = await server.as({ token: '' } as SignedIn)<{ me: Me; token: string }>('POST', '/api/auth/sign-in', body)
  const tenantId = signed.me.organisation.id
  const schema = schemaName(tenantId)
  const run = (sql: string, values: unknown[] = []) => superuser(embedded.url, (client) => client.query(sql, values))
  await run(`update ${schema}."user" set name = $1, email = $2 where id = $3`, [NAME, ADDRESS, signed.me.user.id])
  await run('checkpoint')
  const naming = async (part: string) => {
    const files = (await filesUnder(join(directory, 'postgres', 'cluster'))).filter(({ path }) => path.includes(part))
    return files
      .filter(({ text }) => [NAME, ADDRESS].some((word) => formsOf(word).some((form) => text.includes(form))))
      .map(({ path }) => path)
  }
  expect(await naming('/base/')).not.toEqual([])
  const login = await createLogin({ database, keyring: installation.keyring, log, cache })
  const erasures = new Erasures({ ...login, jobs: new Jobs(database), units: new UnitsOfWork(database), log, backupsKeptDays: undefined })
  const message = await erasures.begin(tenantId, signed.me.user.id, { by: OPERATOR })
  await erasures.run(message!, { ...login, cache }, new AbortController().signal)
  await run('vacuum full')
  await run('checkpoint')
  expect(await naming('/base/')).toEqual([])
  expect((await run(`select from ${schema}.erasure where done_at is not null`)).rowCount).toBe(1)
  expect(log.lines.filter((line) => line.includes(NAME) || line.includes(ADDRESS))).toEqual([])
  await server.close()
}, 60_000)
