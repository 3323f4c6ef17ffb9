/** Boot: start-up compares the catalogue with the rules and refuses, naming the object and the mend. Each hole is cut on a clone. */

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootCheck } from '#server/isolation/boot-check.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { PREFIX } from '#tests/support/cast.ts'
import { cloneTemplate } from '#tests/support/world.ts'

let client: pg.Client
let acme: string
let globexId: string

beforeAll(async () => {
  client = new pg.Client({ connectionString: await cloneTemplate() })
  await client.connect()
  const { rows } = await client.query('select id, slug from control.tenant')
  acme = schemaName(rows.find(({ slug }) => slug === 'acme').id)
  globexId = rows.find(({ slug }) => slug === 'globex').id
})
afterAll(() => client.end())

/** What the check says about a database in which `sql` was run. Nothing is committed. */
async function refusal(sql: string, prefix = PREFIX): Promise<string> {
  await client.query('begin')
  await client.query(sql)
  // The check rolls its own transaction back, and with it the hole; a savepoint in its place keeps both apart.
  const nested = { query: (text: string, values?: unknown[]) => client.query(nestedForm[text] ?? text, values) } as pg.Client
  const found = await bootCheck(nested, prefix).then(
    () => 'nothing',
    (error: Error) => error.message,
  )
  await client.query('rollback')
  return found
}
const nestedForm: Record<string, string> = { begin: 'savepoint check_begins', rollback: 'rollback to savepoint check_begins' }

const wall = (id: string) => `(select nullif(current_setting('app.tenant_id', true), '')) = '${id}'`

test('a database as the migrations leave it passes', async () => {
  await expect(bootCheck(client, PREFIX)).resolves.toBeUndefined()
})

describe('refused, with the object and the mend', () => {
  test.each<[string, (schema: string) => string, (schema: string) => string]>([
    [
      'a table that nobody walled',
      (s) => `create table ${s}.note (id uuid primary key)`,
      (s) => `${s}.note is not walled: row security is not on. Mend: add {wall note} to the migration that makes it.`,
    ],
    [
      'a table whose owner passes',
      (s) => `alter table ${s}.chat_message no force row level security`,
      (s) => `${s}.chat_message is not walled: row security is not forced.`,
    ],
    [
      'a partition that nobody walled',
      (s) => `create table ${s}.event (id uuid, at date) partition by range (at);
              create table ${s}.event_2026 partition of ${s}.event for values from ('2026-01-01') to ('2027-01-01')`,
      (s) => `${s}.event_2026 is not walled`,
    ],
    ['a wall that was dropped', (s) => `drop policy tenant_wall on ${s}.chat_session`, (s) => `${s}.chat_session has no tenant_wall`],
    [
      'a wall that was widened',
      (s) => `do $$ begin execute (select format('alter policy tenant_wall on ${s}.job using (%s or true)', pg_get_expr(polqual, polrelid))
                from pg_policy where polrelid = '${s}.job'::regclass and polname = 'tenant_wall'); end $$`,
      (s) => `${s}.job has no tenant_wall, or not the one of its own tenant. Mend: restore the policy that db/tenant/wall.sql makes.`,
    ],
    [
      "another tenant's wall",
      (s) => `alter policy tenant_wall on ${s}.scope using (${wall(globexId)}) with check (${wall(globexId)})`,
      (s) => `${s}.scope has no tenant_wall`,
    ],
    [
      'a wall that lets writes through',
      (s) => `alter policy tenant_wall on ${s}.scope_key with check (true)`,
      (s) => `${s}.scope_key has no tenant_wall`,
    ],
    [
      'a wall that is not for the worker',
      (s) => `alter policy tenant_wall on ${s}.chat_message to ${PREFIX}_app`,
      (s) => `${s}.chat_message has no tenant_wall`,
    ],
    [
      'a view',
      (s) => `create view ${s}.latest as select * from ${s}.chat_session`,
      (s) => `${s}.latest is a view that reads with its owner's rights`,
    ],
    [
      'a materialized view',
      (s) => `create materialized view ${s}.totals as select count(*) from ${s}.chat_session`,
      (s) => `${s}.totals is a view that reads with its owner's rights, or a table without row security. Mend: drop it`,
    ],
    [
      'a table that belongs to a role of request handling',
      (s) => `alter table ${s}.job owner to ${PREFIX}_app`,
      (s) => `${s}.job belongs to ${PREFIX}_app. Mend: alter table ${s}.job owner to the migrator.`,
    ],
    [
      'a definer function that looks names up',
      (s) => `alter function ${s}.enter(bytea, boolean) reset search_path`,
      (s) => `${s}.enter(bytea,boolean) runs with its owner's rights, but without a pinned search_path. Mend: add set search_path`,
    ],
    [
      'a definer function that looks names up in public after all',
      (s) => `alter function ${s}.own_preferences() set search_path = pg_catalog, pg_temp, public`,
      (s) => `${s}.own_preferences() runs with its owner's rights, but without a pinned search_path`,
    ],
    [
      "a definer function with the migrator's rights",
      (s) => `create function ${s}.everything() returns bigint language sql security definer set search_path = pg_catalog, pg_temp
                as 'select count(*) from ${s}.chat_message'; revoke all on function ${s}.everything() from public`,
      (s) =>
        `${s}.everything() runs with its owner's rights, but its owner is postgres. Mend: alter its owner to one of ${PREFIX}_auth, ${PREFIX}_search.`,
    ],
    [
      'a definer function for everyone',
      (s) => `grant execute on function ${s}.enter_job(uuid, boolean) to public`,
      (s) => `${s}.enter_job(uuid,boolean) runs with its owner's rights, but PUBLIC may call it. Mend: revoke all on it from public.`,
    ],
  ])('%s', async (_, hole, sentence) => {
    const said = await refusal(hole(acme))
    expect(said).toContain('Sardonyx does not start, because a wall is missing:')
    expect(said).toContain(sentence(acme))
  })
})

test.each([
  [
    'a directory for everyone',
    'grant select (slug) on control.tenant to public',
    `control.tenant is open to ${PREFIX}_app. Mend: revoke all on control.tenant from ${PREFIX}_app, public.`,
  ],
  [
    'counts of attempts that somebody else may wipe',
    `grant delete on control.attempt to ${PREFIX}_worker`,
    `control.attempt is open to ${PREFIX}_worker. Mend:`,
  ],
  [
    'a door without a tenant that everyone may use',
    `create function control.tenants() returns bigint language sql security definer set search_path = pg_catalog, pg_temp
       as 'select count(*) from control.tenant'`,
    "control.tenants() runs with its owner's rights, but PUBLIC may call it.",
  ],
])('what belongs to the doors, opened: %s', async (_, hole, sentence) => {
  expect(await refusal(hole)).toContain(sentence)
})

/** Roles are the whole cluster's: these are of another installation, and gone with their transaction. */
test.each([
  ['create role boot_app bypassrls', 'boot_app may bypass row security. Mend: alter role boot_app nosuperuser nobypassrls'],
  ['create role boot_worker createrole', 'boot_worker may bypass row security'],
  ['create role boot_auth superuser', 'boot_auth may bypass row security'],
  [
    'create role boot_auth; create role boot_app in role boot_auth',
    'boot_app is a member of boot_auth. Mend: revoke boot_auth from boot_app.',
  ],
  ['create role boot_search in role pg_read_all_data', 'boot_search is a member of pg_read_all_data'],
])('a role that was given too much: %s', async (sql, sentence) => {
  expect(await refusal(sql, 'boot')).toContain(sentence)
})

test('everything that is missing is said at once', async () => {
  const said = await refusal(`drop policy tenant_wall on ${acme}.job; create view ${acme}.latest as select 1 as one`)
  expect(said.split('\n')).toHaveLength(3)
})
