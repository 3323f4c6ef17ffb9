/**
 * The jobs of leaving, with the application filter down and raw SQL in hand: an export reads what is its person's and writes its own pieces;
 * an erasure removes exactly what is of one person; neither does the other's work, and no other job does theirs.
 */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { JobId, TenantId } from '#contract/ids.ts'
import { createLogin } from '#server/auth/login.ts'
import { OPERATOR } from '#server/auth/security-log.ts'
import type { AnyActor } from '#server/isolation/actor.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { CleanUp } from '#server/ops/clean-up.ts'
import { Erasures } from '#server/ops/erasure.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, asRole, raw, refusalOf, secretChat } from '../walls/attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('../walls/no-filter.ts'))

const REFUSED = 'SX403'
const DENIED = '42501'

let world: World
let units: UnitsOfWork
let jobs: Jobs
let alice: SignedIn
let bob: SignedIn
let secret: AskedChat
let schema: string
let tenantId: TenantId
beforeEach(async () => {
  await world?.close()
  world = await createWorld()
  units = new UnitsOfWork(world.database)
  jobs = new Jobs(world.database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  tenantId = bob.me.organisation.id
  schema = schemaName(tenantId)
  secret = await secretChat(alice)
  await chatOf(bob, { description: 'Lunch', question: 'Where is lunch?' })
  for (const person of [alice, bob]) {
    await person.call('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
    await person.call('POST', '/api/me/exports')
  }
  await world.queue.work()
})
afterAll(() => world.close())

const read = (actor: AnyActor, sql: string) => units.read(actor, (tx) => tx.all(raw(sql)))
const write = (actor: AnyActor, sql: string) => units.write(actor, (tx) => tx.change(raw(sql)))

/** Bob's export, as if it were being written. */
async function exportOfBob(): Promise<JobId> {
  const { rows } = await world.sql<{ id: JobId }>(`update ${schema}.export set state = 'running' where user_id = $1 returning id`, [
    bob.me.user.id,
  ])
  await world.sql(`update ${schema}.job set state = 'running' where id = $1`, [rows[0]!.id])
  return rows[0]!.id
}

async function erasureOf(person: SignedIn): Promise<JobId> {
  const login = await createLogin({ database: world.database, keyring: world.installation.keyring, log: world.log })
  const erasures = new Erasures({ ...login, jobs, units, log: world.log, backupsKeptDays: undefined })
  return (await erasures.begin(tenantId, person.me.user.id, { by: OPERATOR }))!.jobId
}

/** Tables that the worker may remove something from, and what says whose a row is. */
async function removable(): Promise<string[]> {
  const { rows } = await world.sql<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
      where c.relnamespace = '${schema}'::regnamespace and c.relkind = 'r' and has_table_privilege($1, c.oid, 'DELETE') order by 1`,
    [`${world.installation.secrets.prefix}_worker`],
  )
  return rows.map(({ name }) => name)
}

const all = async () => {
  const { rows } = await world.sql<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c where c.relnamespace = '${schema}'::regnamespace and c.relkind = 'r'`,
  )
  const found: string[] = []
  for (const { name } of rows)
    found.push(
      ...(await world.sql<{ row: string }>(`select '${name} ' || to_jsonb(t)::text as row from ${name} t`)).rows.map(({ row }) => row),
    )
  return found.sort()
}

describe('an export', () => {
  test('reads its person’s and nobody else’s, of every table that the worker may read', async () => {
    const actor = await jobs.actorOf(tenantId, await exportOfBob())
    const { rows } = await world.sql<{ name: string; whose: string }>(
      `select c.oid::regclass::text as name, case c.relname when 'scope' then 'id' when 'user' then 'id' else 'user_id' end as whose
         from pg_class c where c.relnamespace = '${schema}'::regnamespace and has_any_column_privilege($1, c.oid, 'SELECT')
          and (c.relname in ('user', 'scope') or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id'))`,
      [`${world.installation.secrets.prefix}_worker`],
    )
    expect(rows.length).toBeGreaterThanOrEqual(8)
    for (const { name, whose } of rows) {
      const seen = await read(actor, `select ${whose} as whose from ${name}`)
      expect([name, seen.filter((row) => row.whose !== bob.me.user.id)]).toEqual([name, []])
    }
    expect(await read(actor, `select id from ${schema}.chat_session`)).toHaveLength(1)
    expect(await read(actor, `select id from ${schema}.model_provider`)).toEqual([])
  })

  test('is handed its person’s own by the doors’ function, whatever it asks for, and no other job is', async () => {
    const actor = await jobs.actorOf(tenantId, await exportOfBob())
    for (const what of ['devices', 'api_tokens', 'security_events']) {
      const items = await units.read(actor, (tx) => tx.call<{ id: string }>('exported', what, null, 1_000))
      const table = what === 'security_events' ? 'security_event' : 'auth_session'
      const { rows } = await world.sql(`select from ${schema}.${table} where user_id <> $1 and id = any($2)`, [
        bob.me.user.id,
        items.map(({ id }) => id),
      ])
      expect([what, items.length > 0, rows.length]).toEqual([what, true, 0])
    }
    const { jobId } = await new CleanUp(world.database, world.log).begin(tenantId)
    const others = [jobs.cleanUpOf(tenantId, jobId), jobs.erasureOf(tenantId, await erasureOf(alice))]
    for (const other of others) expect(await refusalOf(units.read(other, (tx) => tx.call('exported', 'devices', null, 10)))).toBe(REFUSED)
    expect(await refusalOf(units.read(actorOf(bob), (tx) => tx.call('exported', 'devices', null, 10)))).toBe(DENIED)
    await asRole(world, 'worker', async (client) => {
      expect(await refusalOf(client.query(`select * from ${schema}.exported('devices', null, 10)`))).toBe(REFUSED)
    })
  })

  test('writes its own pieces and nothing else', async () => {
    const jobId = await exportOfBob()
    const actor = await jobs.actorOf(tenantId, jobId)
    const { rows } = await world.sql<{ id: string }>(`select id from ${schema}.export where user_id = $1`, [alice.me.user.id])
    const part = (exportId: string, person: SignedIn) =>
      `insert into ${schema}.export_part (export_id, number, user_id, scope_id, content) values ('${exportId}', 99, '${person.me.user.id}', '${person.me.user.id}', '')`
    expect(await refusalOf(write(actor, part(rows[0]!.id, alice)))).toBe(DENIED)
    expect(await refusalOf(write(actor, part(rows[0]!.id, bob)))).toBe(DENIED)
    expect(await write(actor, part(jobId, bob))).toBe(1)
    const before = (await all()).filter((row) => !row.startsWith(`${schema}.export_part`) && !row.startsWith(`${schema}.job`))
    for (const table of await removable()) await write(actor, `delete from ${table}`)
    for (const sql of [`update ${schema}.chat_session set time_updated = now()`, `update ${schema}.chat_message set status = status`])
      expect([sql, await write(actor, sql)]).toEqual([sql, 0])
    const index = `select ${schema}.index_message('${secret.chatId}', '${secret.answerId}', '${alice.me.personalScopeId}', '')`
    expect((await read(actor, index).catch(() => [{ index_message: null }]))[0]).toEqual({ index_message: null })
    expect((await all()).filter((row) => !row.startsWith(`${schema}.export_part`) && !row.startsWith(`${schema}.job`))).toEqual(before)
    expect((await world.sql(`select from ${schema}.export_part where user_id = $1`, [alice.me.user.id])).rowCount).toBeGreaterThan(0)
  })

  test('is begun by its door only, and not for somebody else’s row', async () => {
    const job = `insert into ${schema}.job (id, kind, user_id, scope_id) values (gen_random_uuid(), 'export', '${bob.me.user.id}', '${bob.me.user.id}')`
    expect(await refusalOf(units.write(actorOf(bob), (tx) => tx.change(raw(job))))).toBe(DENIED)
    const own = `insert into ${schema}.export (id, user_id, scope_id) values (gen_random_uuid(), '${bob.me.user.id}', '${bob.me.user.id}')`
    expect(await refusalOf(units.write(actorOf(bob), (tx) => tx.change(raw(own))))).toBe(DENIED)
    for (const table of ['export', 'export_part', 'erasure'])
      expect([table, await read(actorOf(bob), `select 1 from ${schema}.${table} where user_id = '${alice.me.user.id}'`)]).toEqual([
        table,
        [],
      ])
  })
})

describe('an erasure', () => {
  test('that forgets every condition removes what is its person’s, and nothing else', async () => {
    const jobId = await erasureOf(alice)
    const actor = jobs.erasureOf(tenantId, jobId)
    const { rows: own } = await world.sql<{ id: string }>(
      `select id from ${schema}.auth_session where user_id = $1 union select id from ${schema}.chat_session where user_id = $1`,
      [alice.me.user.id],
    )
    const ids = [alice.me.user.id, ...own.map(({ id }) => id)]
    const others = (await all()).filter((row) => !ids.some((id) => row.includes(id)))
    const tables = await removable()
    // Whichever refers to another goes first; of those that are left nothing can be removed any more.
    for (let round = 0; round < tables.length; round++) for (const table of tables) await refusalOf(write(actor, `delete from ${table}`))
    const left = await all()
    expect(left.filter((row) => !ids.some((id) => row.includes(id)))).toEqual(others)
    expect(left.filter((row) => ids.some((id) => row.includes(id))).map((row) => row.split(' ')[0])).toEqual([
      `${schema}.erasure`,
      `${schema}.job`,
    ])
  })

  test('sees no content of anybody else’s, and no other person', async () => {
    const actor = jobs.erasureOf(tenantId, await erasureOf(alice))
    for (const table of ['chat_session', 'chat_message', 'draft', 'picture', 'export_part', 'scope_member'])
      expect([table, await read(actor, `select 1 from ${schema}.${table} where user_id <> '${alice.me.user.id}'`)]).toEqual([table, []])
    expect(await read(actor, `select id from ${schema}."user"`)).toEqual([{ id: alice.me.user.id }])
    expect(await read(actor, `select id from ${schema}.model_provider`)).toEqual([])
  })

  test('is refused before it has begun, once it is done, when it is old, and in another organisation', async () => {
    const jobId = await erasureOf(alice)
    const actor = jobs.erasureOf(tenantId, jobId)
    const mallory = await world.signIn('mallory')
    expect(await refusalOf(read(actor, 'select 1'))).toBe('not refused')
    expect(await refusalOf(read(jobs.erasureOf(mallory.me.organisation.id, jobId), 'select 1'))).toBe(REFUSED)
    for (const [happening, back] of [
      [`update ${schema}.erasure set begun_at = null`, `update ${schema}.erasure set begun_at = now()`],
      [`update ${schema}.erasure set done_at = now()`, `update ${schema}.erasure set done_at = null`],
      [`update ${schema}.job set time_created = now() - interval '61 minutes'`, `update ${schema}.job set time_created = now()`],
      [`update ${schema}.job set state = 'ended'`, `update ${schema}.job set state = 'running'`],
      [`update ${schema}.tenant_state set status = 'frozen'`, `update ${schema}.tenant_state set status = 'active'`],
    ]) {
      await world.sql(happening!)
      expect([happening, await refusalOf(write(actor, `delete from ${schema}.draft`))]).toEqual([happening, REFUSED])
      await world.sql(back!)
    }
  })

  test('changes in others’ logs what its person did, and where from, and nothing else; nobody else changes anything there', async () => {
    const [hers, theirs] = [alice.me.user.id, bob.me.user.id]
    await world.sql(
      `insert into ${schema}.security_event (id, user_id, scope_id, kind, by, by_user_id, ip)
       values (gen_random_uuid(), $1, $1, 'sessions_viewed', 'administrator', $2, '203.0.113.7')`,
      [theirs, hers],
    )
    const logs = async () => (await all()).filter((row) => row.startsWith(`${schema}.security_event `))
    const [actor, ofBob] = [jobs.erasureOf(tenantId, await erasureOf(alice)), jobs.erasureOf(tenantId, await erasureOf(bob))]
    const carol = await world.signIn('carol')
    const before = await logs()
    const { jobId } = await new CleanUp(world.database, world.log).begin(tenantId)
    for (const other of [jobs.cleanUpOf(tenantId, jobId), ofBob]) await units.write(other, (tx) => tx.call('blank_events'))
    expect(await refusalOf(units.write(actorOf(carol), (tx) => tx.call('blank_events')))).toBe(DENIED)
    await asRole(world, 'auth', async (client) => {
      expect((await client.query(`update ${schema}.security_event set ip = null, device = null`)).rowCount).toBe(0)
    })
    expect(await logs()).toEqual(before)
    expect(await refusalOf(write(actor, `update ${schema}.security_event set ip = null`))).toBe(DENIED)
    await units.write(actor, (tx) => tx.call('blank_events'))
    const changed = before.filter((row) => row.includes('203.0.113.7'))
    expect(changed).toHaveLength(1)
    expect((await logs()).sort()).toEqual(before.map((row) => row.replace('"ip": "203.0.113.7"', '"ip": null')).sort())
  })

  test('is nobody else’s work: no job of a person, no clean-up and no request removes by its policies or its function', async () => {
    const cleanUp = await new CleanUp(world.database, world.log).begin(tenantId)
    const { rows } = await world.sql<{ id: JobId }>(
      `update ${schema}.job set state = 'running' where kind = 'generation' and user_id = $1 returning id`,
      [alice.me.user.id],
    )
    const before = (await all()).filter((row) => !row.startsWith(`${schema}.job`))
    for (const actor of [await jobs.actorOf(tenantId, rows[0]!.id), jobs.cleanUpOf(tenantId, cleanUp.jobId)]) {
      for (const table of await removable()) await write(actor, `delete from ${table}`)
      expect(await refusalOf(units.write(actor, (tx) => tx.call('erase', 10, null, true)))).toBe(REFUSED)
    }
    expect((await all()).filter((row) => !row.startsWith(`${schema}.job`))).toEqual(before)
    expect(await refusalOf(units.write(actorOf(alice), (tx) => tx.call('erase', 10, null, true)))).toBe(DENIED)
    const job = `insert into ${schema}.job (id, kind, subject_id) values (gen_random_uuid(), 'erasure', '${alice.me.user.id}')`
    expect(await refusalOf(units.write(actorOf(bob), (tx) => tx.change(raw(job))))).toBe(DENIED)
    expect(await refusalOf(units.write(actorOf(await world.signIn('carol')), (tx) => tx.change(raw(job))))).toBe(DENIED)
  })
})
