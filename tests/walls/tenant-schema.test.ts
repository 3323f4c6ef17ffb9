/**
 * The tenant's schema, alone: no application filter, raw SQL that names the other organisation's tables, `reach` policies replaced by
 * ones that let everything through, and one connection for everybody. What is left is the restrictive wall and the context's end.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from '#server/isolation/database.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { connect } from '#server/ops/installation.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, raw, refusalOf, secretChat } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

let world: World
let database: Database
let units: UnitsOfWork
let alice: SignedIn
let trent: SignedIn
let acme: string
let globex: string

beforeAll(async () => {
  world = await createWorld()
  database = connect(world.installation, world.log, { app: 1, worker: 1, auth: 1 })
  units = new UnitsOfWork(database)
  alice = await world.signIn('alice')
  trent = await world.signIn('trent')
  acme = schemaName(alice.me.organisation.id)
  globex = schemaName(trent.me.organisation.id)
  await secretChat(alice)
  await secretChat(trent)
  await world.sql(`do $$ declare t record; begin
    for t in select c.oid::regclass as name from pg_class c where c.relkind = 'r' and c.relnamespace in ('${acme}'::regnamespace, '${globex}'::regnamespace) and c.relname <> 'migration' loop
      execute format('create policy wide_open on %s to ${world.installation.secrets.prefix}_app, ${world.installation.secrets.prefix}_worker using (true) with check (true)', t.name);
    end loop; end $$`)
})
afterAll(async () => {
  await database.close()
  await world.close()
})

const everywhere = (table: string, column = 'id') =>
  raw<{ tenant: string }>(
    `select 'acme' as tenant, ${column} from ${acme}.${table} union all select 'globex', ${column} from ${globex}.${table}`,
  )
const tenantsIn = async (person: SignedIn, table: string, column?: string) =>
  new Set((await units.read(actorOf(person), (tx) => tx.all(everywhere(table, column)))).map(({ tenant }) => tenant))

const READABLE = {
  user: 'id',
  scope: 'id',
  scope_member: 'scope_id',
  scope_key: 'scope_id',
  chat_session: 'id',
  chat_message: 'id',
  draft: 'place',
  branch: 'leaf_id',
} as const

test('raw SQL that names both organisations shows one, whichever way round', async () => {
  for (const [table, column] of Object.entries(READABLE)) {
    const name = table === 'user' ? '"user"' : table
    expect([table, await tenantsIn(alice, name, column)]).toEqual([table, new Set(['acme'])])
    expect([table, await tenantsIn(trent, name, column)]).toEqual([table, new Set(['globex'])])
  }
})

test('raw SQL changes and adds nothing there', async () => {
  const attempt = (sql: string) => units.write(actorOf(alice), (tx) => tx.change(raw(sql)))
  expect(await attempt(`update ${globex}.chat_session set named = named`)).toBe(0)
  expect(await attempt(`delete from ${globex}.model_provider`)).toBe(0)
  expect(await attempt(`delete from ${globex}.draft`)).toBe(0)
  const copied = `insert into ${globex}.chat_session (id, user_id, scope_id, description, model, wrapped_key)
    values (gen_random_uuid(), '${trent.me.user.id}', '${trent.me.personalScopeId}', '', 'librarian', '')`
  expect(await refusalOf(attempt(copied))).toBe('42501')
  expect(await attempt(`update ${acme}.chat_session set named = named`)).toBe(1)
})

test("the other organisation's own functions answer nothing", async () => {
  const ask = (sql: string) => units.write(actorOf(alice), (tx) => tx.all(raw(sql)))
  expect(await ask(`select * from ${globex}.own_preferences()`)).toEqual([{ own_preferences: null }])
  expect(await ask(`select * from ${globex}.set_own_preferences('{"theme": "dark"}')`)).toEqual([{ set_own_preferences: null }])
  const { rows } = await world.sql(`select scope_id, (tsvector_to_array(lexemes))[1] as lexeme from ${globex}.message_search`)
  const words = `array['${rows[0]!.scope_id}'::uuid], array['${rows[0]!.lexeme}']`
  expect(await ask(`select * from ${globex}.search_messages(${words}, 10)`)).toEqual([])
  const { tokenHash } = actorOf(alice)
  expect(await refusalOf(ask(`select * from ${globex}.enter('\\x${tokenHash.toString('hex')}', false)`))).toBe('auth.required')
})

test('an actor that claims the other organisation does not get in with its own token', async () => {
  const forged = actorOf(alice, { tenantId: trent.me.organisation.id })
  expect(await refusalOf(units.read(forged, (tx) => tx.all(tx.db.selectFrom('user').select('id'))))).toBe('auth.required')
  expect(await refusalOf(units.write(forged, (tx) => tx.all(tx.db.selectFrom('user').select('id'))))).toBe('auth.required')
})

test('two organisations at once over one connection each see their own', async () => {
  const work = Array.from({ length: 60 }, async (_, i) => {
    const person = i % 2 ? alice : trent
    const own = i % 2 ? 'acme' : 'globex'
    const query = everywhere('chat_message')
    const unit = i % 3 ? units.read(actorOf(person), (tx) => tx.all(query)) : units.write(actorOf(person), (tx) => tx.all(query))
    return (await unit).every(({ tenant }) => tenant === own) && (await unit).length === 2
  })
  expect(new Set(await Promise.all(work))).toEqual(new Set([true]))
  expect(database.usage('app').open).toBe(1)
})

describe('no context is left on the connection', () => {
  const sleep = (tx: { all(query: ReturnType<typeof raw>): Promise<unknown> }) => tx.all(raw('select pg_sleep(5)'))
  const cancel = (how: 'cancel' | 'terminate') => async () => {
    for (;;) {
      const { rows } = await world.sql(
        `select pg_${how}_backend(pid) as done from pg_stat_activity where datname = current_database() and query like 'select pg_sleep%' and state = 'active'`,
      )
      if (rows.length > 0) return
    }
  }

  test.each<[string, () => Promise<unknown>, string]>([
    ['a read', () => units.read(actorOf(alice), (tx) => tx.all(everywhere('scope'))), 'not refused'],
    ['a commit', () => units.write(actorOf(alice), (tx) => tx.all(everywhere('scope'))), 'not refused'],
    [
      'a rollback',
      () =>
        units.write(actorOf(alice), async (tx) => {
          await tx.all(everywhere('scope'))
          throw new Error('changed my mind')
        }),
      'changed my mind',
    ],
    ['an error in a read', () => units.read(actorOf(alice), (tx) => tx.all(raw('select 1 / 0'))), '22012'],
    ['an error in a write', () => units.write(actorOf(alice), (tx) => tx.all(raw('select 1 / 0'))), '22012'],
    ['a text that does not parse', () => units.read(actorOf(alice), (tx) => tx.all(raw('selec'))), '42601'],
    [
      'a value that cannot be sent',
      () => units.write(actorOf(alice), (tx) => tx.all(raw('select $1', { toPostgres: () => cannotBeSent() }))),
      'no such value',
    ],
    [
      'a statement that took too long',
      () =>
        units.write(actorOf(alice), async (tx) => {
          await tx.all(raw(`set local statement_timeout = '30ms'`))
          await sleep(tx)
        }),
      'server.unavailable',
    ],
    ['a statement that was cancelled', () => Promise.all([units.read(actorOf(alice), sleep), cancel('cancel')()]), 'server.unavailable'],
    ['a connection that was cut', () => Promise.all([units.write(actorOf(alice), sleep), cancel('terminate')()]), 'server.unavailable'],
  ])('after %s', async (_, unit, outcome) => {
    expect(await refusalOf(unit())).toBe(outcome)
    const settings = ['tenant_id', 'user_id', 'role', 'session_id', 'read_scopes', 'write_scopes', 'manage_scopes']
    const [left] = await database.fly('app', [
      { text: `select ${settings.map((name) => `coalesce(current_setting('app.${name}', true), '') as ${name}`).join(', ')}`, values: [] },
    ])
    expect(Object.values(left!.rows[0]!).join('')).toBe('')
    const [seen] = await database.fly('app', [{ text: `select id from ${acme}.chat_session`, values: [] }])
    expect(seen!.rows).toEqual([])
    const [state] = await database.fly('app', [{ text: 'show transaction_read_only', values: [] }])
    expect(state!.rows).toEqual([{ transaction_read_only: 'off' }])
    expect(database.usage('app').open).toBeLessThanOrEqual(1)
  })

  function cannotBeSent(): never {
    throw new Error('no such value')
  }
})

test('a write whose handler carried on after a failed statement is not reported as kept', async () => {
  const effects: string[] = []
  const unit = units.write(actorOf(alice), async (tx) => {
    tx.afterCommit(() => void effects.push('told'))
    await tx.change(raw(`update ${acme}.chat_session set named = true`))
    await refusalOf(tx.all(raw('select 1 / 0')))
  })
  expect(await refusalOf(unit)).toBe('nothing was committed, because a statement had failed')
  expect(effects).toEqual([])
})

test('without the wall the same statement shows the other organisation', async () => {
  await world.sql(`drop policy tenant_wall on ${globex}.chat_session`)
  expect(await tenantsIn(alice, 'chat_session')).toEqual(new Set(['acme', 'globex']))
})
