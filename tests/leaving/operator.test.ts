/** An operator erases somebody from the command line, beside a server that runs: at once as far as reading goes, and recorded. */
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import type { Erasure } from '#contract/leaving.ts'
import { Queue } from '#server/isolation/queue.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { urlAs } from '#server/ops/installation.ts'
import { createServer } from '#server/server.ts'
import { sardonyx } from '#tests/support/process.ts'
import { chatOf, createWorld, type World } from '#tests/support/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const run = (...args: string[]) => sardonyx(args, { url: world.url, keyringDirectory: inject('keyringDirectory') })

test('who is erased has no access and no key from that moment, a server removes the rest, and the reports say so', async () => {
  const alice = await world.signIn('alice')
  const schema = schemaName(alice.me.organisation.id)
  await chatOf(alice, { description: 'Lunch', question: 'Where is lunch?' })
  const { code, stdout } = await run('user', 'erase', '--organisation', 'acme', '--email', 'alice@acme.test')
  expect([code, stdout]).toEqual([0, expect.stringContaining('alice@acme.test has no access any more')])
  expect((await alice.call('GET', '/api/chats')).status).toBe(401)
  expect((await world.sql(`select from ${schema}.scope_key where scope_id = $1`, [alice.me.user.id])).rowCount).toBe(0)
  const erasures = async () => JSON.parse((await run('user', 'erasures', '--organisation', 'acme', '--json')).stdout) as Erasure[]
  expect(await erasures()).toMatchObject([{ userId: alice.me.user.id, by: 'operator', state: 'running', doneAt: null }])
  // A server that starts takes it up.
  const { installation, database, config, log, cache } = world
  const queue = await Queue.start({ connectionString: urlAs('worker', installation) }, log)
  const server = await createServer({ installation, database, config, log, cache, queue, setupCode: undefined })
  await vi.waitFor(async () => expect((await world.sql(`select done_at from ${schema}.erasure`)).rows[0]?.done_at).not.toBeNull(), {
    timeout: 20_000,
  })
  await server.close()
  await queue.stop()
  expect(await erasures()).toMatchObject([{ state: 'done', backupsUntil: null, counts: { user: 1, chat_session: 1 } }])
  expect((await run('user', 'erasures', '--organisation', 'acme')).stdout).toMatch(
    /by the operator .*done .*SARDONYX_BACKUPS_KEPT_DAYS is not set/,
  )
  expect((await world.sql(`select from ${schema}."user" where id = $1`, [alice.me.user.id])).rowCount).toBe(0)
  const again = await run('user', 'erase', '--organisation', 'acme', '--email', 'alice@acme.test')
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('Nobody in acme has the address')])
}, 60_000)

test('the last administrator is not erased, and nothing of theirs ends', async () => {
  const carol = await world.signIn('carol')
  const { code, stderr } = await run('user', 'erase', '--organisation', 'acme', '--email', 'carol@acme.test')
  expect([code, stderr]).toEqual([1, expect.stringContaining('without an administrator')])
  expect((await carol.call('GET', '/api/chats')).status).toBe(200)
})
