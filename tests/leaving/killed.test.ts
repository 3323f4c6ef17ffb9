/** A server is killed in the middle of an export and of an erasure: nothing half done is ever handed out, and another server does the rest. */
import { dirname } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import type { Export } from '#contract/leaving.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { MASTER, PREFIX } from '#tests/support/cast.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { type ServerProcess, sardonyx, startProcess } from '#tests/support/process.ts'
import { supervise } from '#tests/support/supervise.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

const TITLE = 'canary-title-41cc'
const PATIENT = { timeout: 30_000, interval: 50 }

let world: World
let alice: SignedIn
let schema: string
const running: ServerProcess[] = []
beforeEach(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  schema = schemaName(alice.me.organisation.id)
  await chatOf(alice, { description: TITLE, question: 'Where is lunch?' })
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.end('SIGKILL')))
  await world.close()
})

async function start(): Promise<ServerProcess> {
  const env = { DATABASE_URL: world.url, SARDONYX_ROLE_PREFIX: PREFIX, SARDONYX_MASTER_KEY: MASTER.toString('hex') }
  const server = await startProcess({ dataDir: dirname(inject('keyringDirectory')), env })
  running.push(server)
  return server
}

/** Kills the server while it waits for a lock that it needs in the middle of its job, and lets the database notice. */
async function killInside(server: ServerProcess, release: () => Promise<void>): Promise<void> {
  await waiting(world, 1)
  await server.end('SIGKILL')
  await release()
  await waiting(world, 0)
}

/** As if the time had passed after which a silent server counts as dead, and that before the next attempt. */
async function noticeDeath(): Promise<void> {
  await world.sql(`update queue.job set heartbeat_on = now() - interval '5 minutes' where state = 'active'`)
  await supervise(world)
  expect((await world.sql(`update queue.job set start_after = now() where state = 'retry'`)).rowCount).toBe(1)
}

const ask = (server: ServerProcess, method: string, path: string) =>
  fetch(server.address + path, { method, headers: { authorization: `Bearer ${alice.token}` } })

test('an export: there is nothing to fetch until it is whole, and then it is', async () => {
  const first = await start()
  const release = await hold(world, `lock table ${schema}.export_part in access exclusive mode`)
  const begun = await ask(first, 'POST', '/api/me/exports')
  expect(begun.status).toBe(202)
  const { id } = (await begun.json()) as Export
  await killInside(first, release)
  const second = await start()
  const state = async () => ((await (await ask(second, 'GET', '/api/me/exports')).json()) as { items: Export[] }).items[0]?.state
  expect(['waiting', 'running']).toContain(await state())
  expect((await ask(second, 'POST', `/api/me/exports/${id}/archive`)).status).toBe(409)
  await second.end('SIGTERM')
  await noticeDeath()
  const third = await start()
  await expect
    .poll(async () => ((await (await ask(third, 'GET', '/api/me/exports')).json()) as { items: Export[] }).items[0]?.state, PATIENT)
    .toBe('ready')
  const archive = new Uint8Array(await (await ask(third, 'POST', `/api/me/exports/${id}/archive`)).arrayBuffer())
  const text = Object.values(unzipSync(archive))
    .map((data) => strFromU8(data))
    .join('\n')
  expect(text).toContain(TITLE)
}, 60_000)

test('an erasure: the key is gone at once, and the rest goes as well', async () => {
  const release = await hold(world, `select from ${schema}.chat_message for update`)
  const { code } = await sardonyx(['user', 'erase', '--organisation', 'acme', '--email', 'alice@acme.test'], {
    url: world.url,
    keyringDirectory: inject('keyringDirectory'),
  })
  expect(code).toBe(0)
  await killInside(await start(), release)
  const count = async (what: string) => (await world.sql(`select from ${schema}.${what}`)).rowCount
  expect(await count(`scope_key where scope_id = '${alice.me.user.id}'`)).toBe(0)
  expect(await count('erasure where done_at is null')).toBe(1)
  await noticeDeath()
  await start()
  await expect.poll(() => count('erasure where done_at is not null'), PATIENT).toBe(1)
  expect([
    await count(`"user" where id = '${alice.me.user.id}'`),
    await count(`chat_session where user_id = '${alice.me.user.id}'`),
  ]).toEqual([0, 0])
}, 60_000)
