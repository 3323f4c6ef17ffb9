/** The queue's schema: made and owned by the migrator, used by the worker, out of everyone else's reach, and brought along by upgrades. */
import pg from 'pg'
import { getRollbackPlans, PgBoss } from 'pg-boss'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrateAll } from '#server/ops/installation.ts'
import { createWorld, type World } from '#tests/support/world.ts'
import { asRole, refusalOf } from '../walls/attack.ts'

const DENIED = '42501'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

/** What pg-boss itself finds wrong with its tables. */
async function drift(): Promise<unknown> {
  const boss = new PgBoss({ connectionString: world.url, schema: 'queue', migrate: false, supervise: false, schedule: false })
  boss.on('error', () => undefined)
  await boss.start()
  const report = await boss.detectSchemaDrift()
  await boss.stop({ graceful: false })
  return report
}

/** Everything that there is in it: tables, queues and the hour. */
async function contents(): Promise<unknown> {
  const { rows } = await world.sql(
    `select (select jsonb_agg(c.oid::regclass::text || ' ' || c.relowner::regrole order by c.oid) from pg_class c where relnamespace = 'queue'::regnamespace) as tables,
            (select jsonb_agg(jsonb_build_array(name, policy, retry_limit, heartbeat_seconds) order by name) from queue.queue) as queues,
            (select jsonb_agg(jsonb_build_array(name, cron, timezone, options ->> 'missed')) from queue.schedule) as clock`,
  )
  return rows[0]
}

test('it is as pg-boss wants it, and stays so when a server starts again', async () => {
  expect(await drift()).toMatchObject({ ok: true })
  const before = await contents()
  expect(before).toMatchObject({
    queues: [
      ['clean_up', 'standard', 5, 60],
      ['clean_up_round', 'exclusive', 5, 60],
      ['erasure', 'standard', 5, 60],
      ['erasure_round', 'exclusive', 5, 60],
      ['export', 'standard', 5, 60],
    ],
    clock: [
      ['clean_up_round', '17 3 * * *', 'UTC', 'once'],
      ['erasure_round', '47 3 * * *', 'UTC', 'once'],
    ],
  })
  expect(await migrateAll(world.installation)).toEqual([])
  expect(await contents()).toEqual(before)
})

test('an older one is brought up to date, with its indexes, and one of a newer version is left alone', async () => {
  const { rows } = await world.sql<{ version: number }>('select version from queue.version')
  for (let version = rows[0]!.version; version > rows[0]!.version - 5; version--) await world.sql(getRollbackPlans('queue', version))
  expect((await world.sql('select version from queue.version')).rows[0]!.version).toBe(rows[0]!.version - 5)
  await migrateAll(world.installation)
  expect(await drift()).toMatchObject({ ok: true, missing: [], mismatched: [] })
  await world.sql('update queue.version set version = version + 1')
  await expect(migrateAll(world.installation)).rejects.toThrow('newer version of Sardonyx')
  await world.sql('update queue.version set version = version - 1')
})

test('two migrators at once bring it up to date once', async () => {
  const { rows } = await world.sql<{ version: number }>('select version from queue.version')
  await world.sql(getRollbackPlans('queue', rows[0]!.version))
  await Promise.all([migrateAll(world.installation), migrateAll(world.installation), migrateAll(world.installation)])
  expect(await drift()).toMatchObject({ ok: true })
})

test.each<[string, string]>([
  ['makes a table in it', 'create table queue.mine (id int)'],
  ['makes a queue with a table', `select queue.create_queue('mine', '{"policy": "standard", "partition": "true"}')`],
  ['changes a table of it', 'alter table queue.job add column note text'],
  ['empties one', 'truncate queue.job'],
  [
    'leaves commands for others to run',
    `insert into queue.bam (name, version, table_name, command) values ('x', 1, 'job', 'drop table control.tenant')`,
  ],
  ['sets another hour', `insert into queue.schedule (name, cron) values ('clean_up', '* * * * *')`],
  ['changes the hour', `update queue.schedule set cron = '* * * * *'`],
])('the worker never %s', async (_, sql) => {
  expect(await asRole(world, 'worker', (client) => refusalOf(client.query(sql)))).toBe(DENIED)
})

test('roles of request handling neither look in nor put in', async () => {
  const attempts = [
    'select * from queue.job',
    `insert into queue.job (name) values ('clean_up')`,
    `select queue.job_now()`,
    'create table queue.mine (id int)',
  ]
  for (const role of ['app', 'auth'] as const)
    for (const sql of attempts) expect(await asRole(world, role, (client) => refusalOf(client.query(sql)))).toBe(DENIED)
  const client = new pg.Client({ connectionString: world.url })
  await client.connect()
  expect((await client.query(`select has_schema_privilege('public', 'queue', 'usage') as may`)).rows).toEqual([{ may: false }])
  await client.end()
})
