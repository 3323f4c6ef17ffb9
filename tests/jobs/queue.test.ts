/** The queue as servers use it: what is put in is done, by one of them, and again when it failed or its server died. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { JobId, TenantId } from '#contract/ids.ts'
import { type Message, Queue } from '#server/isolation/queue.ts'
import { urlAs } from '#server/ops/installation.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'
import { supervise } from '#tests/support/supervise.ts'
import { createWorld, type World } from '#tests/support/world.ts'

const TAKER = fileURLToPath(new URL('./taker.ts', import.meta.url))

let world: World
let connectionString: string
beforeAll(async () => {
  world = await createWorld()
  connectionString = urlAs('worker', world.installation)
})
afterEach(() => world.sql('delete from queue.job'))
afterAll(() => world.close())

/** A server's part in the queue. Nothing but what a test expects may be in its log. */
async function server(expected: number = 0): Promise<Queue> {
  const log = new KeptLog()
  const queue = await Queue.start({ connectionString }, log)
  onTestFinished(async () => {
    await queue.stop()
    expect(log.lines).toHaveLength(expected)
  })
  return queue
}

const message = (): Message => ({ tenantId: crypto.randomUUID() as TenantId, jobId: crypto.randomUUID() as JobId })
const states = async (name: string) => {
  const { rows } = await world.sql<{ state: string }>('select state::text from queue.job where name = $1 order by created_on', [name])
  return rows.map(({ state }) => state)
}
const become = (name: string, ...wanted: string[]) =>
  vi.waitFor(async () => expect(await states(name)).toEqual(wanted), { timeout: 10_000 })

test('every message is done once, by one server or another', async () => {
  const sent = Array.from({ length: 20 }, message)
  const done: string[] = []
  const [one, other] = [await server(), await server()]
  for (const queue of [one, other]) await queue.onJob('clean_up', async ({ jobId }) => void done.push(jobId))
  for (const each of sent) await one.put('clean_up', each)
  await become('clean_up', ...sent.map(() => 'completed'))
  expect(done.sort()).toEqual(sent.map(({ jobId }) => jobId).sort())
  expect((await world.sql('select data from queue.job order by created_on')).rows.map(({ data }) => data)).toEqual(sent)
})

test('a message that is put in again is done once, also when it was done before', async () => {
  const sent = message()
  const done = vi.fn(async () => undefined)
  const queue = await server()
  await Promise.all([1, 2, 3].map(() => queue.put('clean_up', sent)))
  await queue.onJob('clean_up', done)
  await become('clean_up', 'completed')
  await queue.put('clean_up', sent)
  await queue.put('clean_up', message())
  await become('clean_up', 'completed', 'completed')
  expect(done).toHaveBeenCalledTimes(2)
})

test('what is no message, or says more than one, is dropped and not tried again', async () => {
  const queue = await server(3)
  const done = vi.fn(async () => undefined)
  const { tenantId, jobId } = message()
  for (const data of [null, { tenantId, jobId, userId: jobId }, { tenantId: 'public', jobId }])
    await world.sql(`insert into queue.job (name, data) values ('clean_up', $1)`, [data])
  await queue.onJob('clean_up', done)
  await become('clean_up', 'completed', 'completed', 'completed')
  expect(done).not.toHaveBeenCalled()
})

test('one that failed is tried again later, and the queue keeps nothing of what was thrown', async () => {
  const queue = await server(1)
  const attempts: string[] = []
  await queue.onJob('clean_up', async ({ jobId }) => {
    attempts.push(jobId)
    if (attempts.length === 1) throw new Error('Merger with Initech')
  })
  const failing = message()
  await queue.put('clean_up', failing)
  await become('clean_up', 'retry')
  const { rows } = await world.sql('select output::text, start_after > now() as later from queue.job')
  expect(rows).toEqual([{ output: expect.not.stringContaining('Initech'), later: true }])
  await world.sql('update queue.job set start_after = now()')
  await queue.put('clean_up', message())
  await become('clean_up', 'completed', 'completed')
  expect(attempts.filter((jobId) => jobId === failing.jobId)).toHaveLength(2)
})

test('one whose server was killed is taken up by another', async () => {
  const queue = await server()
  const sent = message()
  await queue.put('clean_up', sent)
  const child = spawn(process.execPath, [TAKER, connectionString], { stdio: ['ignore', 'pipe', 'inherit'] })
  const taken = new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim())))
  expect(await taken).toBe(sent.jobId)
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  await supervise(world)
  expect(await states('clean_up')).toEqual(['active'])
  await world.sql(`update queue.job set heartbeat_on = now() - interval '2 minutes'`)
  await supervise(world)
  expect(await states('clean_up')).toEqual(['retry'])
  await world.sql('update queue.job set start_after = now()')
  const done = vi.fn(async () => undefined)
  await queue.onJob('clean_up', done)
  await become('clean_up', 'completed')
  expect(done).toHaveBeenCalledExactlyOnceWith(sent, expect.any(AbortSignal))
})

test('a server that stops tells its work to, and gives back what is not done', async () => {
  const log = new KeptLog()
  const queue = await Queue.start({ connectionString }, log)
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  await queue.onJob('clean_up', async (_, signal) => {
    begin()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    signal.throwIfAborted()
  })
  await queue.put('clean_up', message())
  await begun
  await queue.stop()
  expect(await states('clean_up')).toEqual(['retry'])
  expect(log.lines).toEqual([])
})

test('it goes on when its connections were cut', async () => {
  const queue = await Queue.start({ connectionString }, new KeptLog())
  onTestFinished(() => queue.stop())
  const done = vi.fn(async () => undefined)
  await queue.onJob('clean_up', done)
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sardonyx queue' and datname = current_database()`
  expect((await world.sql(cut)).rowCount).toBeGreaterThan(0)
  await vi.waitFor(() => queue.put('clean_up', message()), { timeout: 10_000 })
  await become('clean_up', 'completed')
  expect(done).toHaveBeenCalledOnce()
})

test('the hour comes once for all servers, also when they slept through it', async () => {
  const passed = () => world.sql(`update queue.version set cron_on = now() - interval '2 days'`)
  await world.sql(`delete from queue.schedule where name <> 'clean_up_round'`)
  await world.sql(`update queue.schedule set created_on = now() - interval '3 days'`)
  const { promise: whileOpen, resolve: close } = Promise.withResolvers<void>()
  const rounds = vi.fn(() => whileOpen)
  // The first finds that the hour has passed, the second finds it too and hands it on, the third does it.
  for (const waitFor of ['__pgboss__send-it', 'clean_up_round', 'nothing']) {
    await passed()
    const queue = await server()
    await queue.onClock('clean_up_round', rounds)
    if (waitFor !== 'nothing') await vi.waitFor(async () => expect(await states(waitFor)).not.toEqual([]), { timeout: 10_000 })
  }
  await vi.waitFor(() => expect(rounds).toHaveBeenCalled(), { timeout: 10_000 })
  expect(await states('__pgboss__send-it')).toHaveLength(1)
  expect(await states('clean_up_round')).toEqual(['active'])
  close()
  await become('clean_up_round', 'completed')
  expect(rounds).toHaveBeenCalledOnce()
})
