/**
 * Row security, alone: no application filter, and raw SQL that names no owner, as the roles of request handling. Tables come from the
 * catalogue, so one that is added is attacked here without anybody thinking of it.
 */
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { Chat, Message } from '#contract/chats.ts'
import type { DatabaseRole } from '#server/isolation/database.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { enterJobStatement, enterStatement } from '#server/isolation/unit-of-work.ts'
import { PIXELS } from '#tests/support/examples.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, asRole, attacksOn, refusalOf, SECRET, secretChat, serverOver } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

/** Tables whose rows belong to the organisation, and how many of them Bob, who is no administrator, may see. */
const TENANT_WIDE: Record<string, number> = {
  user: 3,
  model_provider: 2,
  model_provider_key: 0,
  login_policy: 1,
  privacy_contact: 1,
  sign_in_provider: 0,
}

/** Shown to everyone of the organisation whom the directory shows their person, and changed by that person alone. */
const SHOWN = ['picture']

/** Where the job of a person sees others: a provider's key, to call it; and of people its own alone. */
const SEEN_BY_JOBS: Record<string, number> = { user: 1, model_provider_key: 1 }

/** Where a clean-up, which reads nothing, removes what is past its time: queue.test.ts. */
const CLEANED = [
  ...['auth_session', 'auth_token', 'challenge', 'chat_session', 'draft', 'export', 'happening', 'job', 'link', 'oidc_logout'],
  ...['oidc_way', 'recovery', 'scope', 'security_event', 'sign_in_ticket'],
]

/** What jobs of other kinds reach, each its own: tests/leaving/walls.test.ts. */
const OF_EXPORTS = ['branch', 'branch_choice', 'draft', 'export_part', 'picture']
const OF_ERASURES = ['erasure']

interface Table {
  readonly name: string
  readonly quoted: string
  /** The column that says whose a row is; undefined for what belongs to the organisation. */
  readonly scope: string | undefined
  /** The columns that a row is written with. */
  readonly written: string
  /** Columns by which a role may change rows. */
  readonly changeable: Record<'app' | 'worker', string[]>
  readonly may: Record<'app' | 'worker', readonly ('SELECT' | 'INSERT' | 'UPDATE' | 'DELETE')[]>
}

let world: World
let alice: SignedIn
let bob: SignedIn
let secret: AskedChat
let own: AskedChat
let other: AskedChat
let jobId: string
let schema: string
let tables: Table[]

beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  schema = schemaName(bob.me.organisation.id)
  secret = await secretChat(alice)
  own = await chatOf(bob, { description: 'Lunch', question: 'Where is lunch?' })
  other = await chatOf(bob, { description: 'Dinner', question: 'Where is dinner?' })
  await draft()
  await care()
  await alice.call('POST', `/api/chats/${secret.chatId}/messages/${secret.answerId}/feedback`, { rating: 'up' })
  for (const [person, chat] of [
    [alice, secret],
    [bob, own],
  ] as const) {
    const again = await person.call<{ answer: Message }>('POST', `/api/chats/${chat.chatId}/generations`, { questionId: chat.questionId })
    await person.call('GET', `/api/chats/${chat.chatId}/generations/${again.body.answer.id}/events`)
  }
  await world.sql(
    `insert into ${schema}.model_provider (id, config, has_key) values (gen_random_uuid(), '', true), (gen_random_uuid(), '', false)`,
  )
  for (const person of [alice, bob]) await person.call('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
  for (const person of [alice, bob]) await person.call('POST', '/api/me/exports')
  await world.queue.work()
  await world.sql(`insert into ${schema}.erasure (user_id, by, due_at) select id, 'self', now() + interval '1 day' from ${schema}."user"`)
  await world.sql(`insert into ${schema}.model_provider_key select id, '' from ${schema}.model_provider where has_key`)
  // Of messages, the app changes those that are being written.
  await world.sql(`update ${schema}.chat_message set status = 'streaming', lease_until = now() + interval '1 hour' where id = any($1)`, [
    [secret.answerId, own.answerId],
  ])
  const { rows } = await world.sql<{ id: string }>(`update ${schema}.job set state = 'running' where chat_session_id = $1 returning id`, [
    own.chatId,
  ])
  jobId = rows[0]!.id
  tables = await readTables()
})
afterAll(() => world.close())

async function draft(): Promise<void> {
  await bob.call('PATCH', `/api/drafts/${own.chatId}`, { text: 'And when' })
  await bob.call('POST', '/api/me/picture', { picture: PIXELS })
}

/** A chat in the trash, and what is thought of an answer. */
async function care(): Promise<void> {
  await chatOf(bob, { description: 'Breakfast', question: 'Where is breakfast?' }).then(({ chatId }) =>
    bob.call('DELETE', `/api/chats/${chatId}`),
  )
  await bob.call('POST', `/api/chats/${own.chatId}/messages/${own.answerId}/feedback`, { rating: 'up' })
}

async function readTables(): Promise<Table[]> {
  const { rows } = await world.sql<Table>(
    `select c.relname as name, c.oid::regclass::text as quoted,
            case when c.relname = 'scope' then 'id' when c.relname in ('auth_session', 'auth_session_seen', 'erasure') then 'user_id' else (select attname::text from pg_attribute where attrelid = c.oid and attname = 'scope_id') end as scope,
            (select string_agg(quote_ident(attname), ', ') from pg_attribute
              where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as written,
            (select jsonb_object_agg(r, (select coalesce(jsonb_agg(attname), '[]') from pg_attribute
                where attrelid = c.oid and attnum > 0 and has_column_privilege('${world.installation.secrets.prefix}_' || r, c.oid, attnum, 'UPDATE')))
               from unnest(array['app', 'worker']) r) as changeable,
            (select jsonb_object_agg(r, (select coalesce(jsonb_agg(verb), '[]') from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) verb
                where case verb when 'DELETE' then has_table_privilege('${world.installation.secrets.prefix}_' || r, c.oid, verb)
                           else has_any_column_privilege('${world.installation.secrets.prefix}_' || r, c.oid, verb) end))
               from unnest(array['app', 'worker']) r) as may
       from pg_class c where c.relnamespace = '${schema}'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  )
  return rows.map((row) => ({ ...row, scope: row.scope ?? undefined }))
}

const having = (role: 'app' | 'worker', verb: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE') =>
  tables.filter(({ may }) => may[role].includes(verb))
const columns = ({ name }: Table) => (name === 'user' ? 'id, email, name, role, status' : '*')

/** One statement behind Bob's `enter`, or behind his job's, in one flight as the product sends it. */
async function asBob(
  text: string,
  values: unknown[] = [],
  { role = 'app', forWrite = false }: { role?: DatabaseRole; forWrite?: boolean } = {},
) {
  const { tenantId, tokenHash } = actorOf(bob)
  const enter = role === 'worker' ? enterJobStatement(tenantId, jobId, forWrite) : enterStatement(tenantId, tokenHash, forWrite)
  const outcomes = await world.database.fly(role, [enter, { text, values }])
  return outcomes[1]!
}

const DENIED = '42501'

test('the interface over it: no attack on the chat of Alice succeeds', async () => {
  const server = await serverOver(world, world.database)
  const call = server.as(bob)
  for (const attack of attacksOn(secret)) expect([attack.name, (await attack.run(call)).status]).toEqual([attack.name, 404])
  expect((await call('GET', '/api/chats')).text).not.toContain(secret.chatId)
  await server.close()
  expect((await alice.call<Chat>('GET', `/api/chats/${secret.chatId}`)).body).toMatchObject({ description: SECRET.title, deletedAt: null })
})

test('the catalogue: every table is either of a scope, of the organisation, or out of reach', () => {
  const reached = tables.filter(({ may }) => may.app.length > 0 || may.worker.some((verb) => verb !== 'DELETE'))
  const unexplained = reached.filter(({ name, scope }) => scope === undefined && !(name in TENANT_WIDE))
  expect(unexplained.map(({ name }) => name)).toEqual([])
  expect(reached.length).toBeGreaterThanOrEqual(9)
})

/** Whose rows of a table Bob sees, or a job of his that writes an answer. */
function seenBy(role: 'app' | 'worker', { name }: Table): string[] {
  if (role === 'worker' && [...OF_EXPORTS, ...OF_ERASURES].includes(name)) return []
  return SHOWN.includes(name) ? [alice.me.personalScopeId, bob.me.personalScopeId] : [bob.me.personalScopeId]
}

describe.each(['app', 'worker'] as const)('select without a where, as %s', (role) => {
  test('shows own rows only, of every table', async () => {
    for (const table of having(role, 'SELECT')) {
      const { rows } = await asBob(`select ${columns(table)} from ${table.quoted}`, [], { role })
      if (table.scope === undefined) {
        expect([table.name, rows.length]).toEqual([table.name, (role === 'worker' && SEEN_BY_JOBS[table.name]) || TENANT_WIDE[table.name]])
        continue
      }
      const seen = seenBy(role, table)
      expect([table.name, [...new Set(rows.map((row) => row[table.scope!]))].sort()]).toEqual([table.name, seen.sort()])
      const everyone = await world.sql(`select distinct ${table.scope} as scope from ${table.quoted}`)
      expect(everyone.rows.map(({ scope }) => scope)).toContain(alice.me.personalScopeId)
    }
  })

  test('shows nothing without a context, of any table', async () => {
    for (const table of having(role, 'SELECT')) {
      const [outcome] = await world.database.fly(role, [{ text: `select ${columns(table)} from ${table.quoted}`, values: [] }])
      expect([table.name, outcome!.rows]).toEqual([table.name, []])
    }
  })

  test('is refused on every other table', async () => {
    const out = tables.filter(({ may }) => !may[role].includes('SELECT'))
    expect(out.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['auth_token', 'credential', 'link', 'message_search', 'migration', 'tenant_state']),
    )
    for (const table of out)
      expect([table.name, await refusalOf(asBob(`select 1 from ${table.quoted}`, [], { role }))]).toEqual([table.name, DENIED])
  })
})

describe('changes without a where', () => {
  test('touch own rows only, as app', async () => {
    for (const table of having('app', 'UPDATE')) {
      const column = table.changeable.app[0]!
      const { rows } = await asBob(`update ${table.quoted} set ${column} = ${column} returning *`, [], { forWrite: true })
      const scopes = table.scope === undefined ? [] : [bob.me.personalScopeId]
      expect([table.name, [...new Set(rows.map((row) => row[table.scope ?? 'id']))]]).toEqual([table.name, scopes])
    }
    for (const table of having('app', 'DELETE')) {
      const { rows } = await asBob(`delete from ${table.quoted} returning *`, [], { forWrite: true })
      const scopes = table.scope === undefined ? [] : [bob.me.personalScopeId]
      expect([table.name, [...new Set(rows.map((row) => row.scope_id))]]).toEqual([table.name, scopes])
    }
    expect(having('app', 'DELETE').map(({ name }) => name)).toEqual([
      'chat_session',
      'draft',
      'export_part',
      'message_feedback',
      'model_provider',
      'model_provider_key',
      'picture',
    ])
    expect((await alice.call('GET', '/api/drafts')).text).toContain(SECRET.draft)
    await draft()
    await care()
  })

  test('touch the chat of the job only, as worker', async () => {
    const reached: Record<string, unknown[]> = {}
    for (const table of having('worker', 'UPDATE')) {
      const column = table.changeable.worker[0]!
      const { rows } = await asBob(`update ${table.quoted} set ${column} = ${column} returning *`, [], { role: 'worker', forWrite: true })
      reached[table.name] = [...new Set(rows.map((row) => row.chat_session_id ?? row.id))]
    }
    expect(reached).toEqual({ chat_session: [own.chatId], chat_message: [own.chatId], erasure: [], job: [own.chatId] })
    const theOther = await asBob(`select id from ${schema}.chat_session where id = $1`, [other.chatId], { role: 'worker' })
    expect(theOther.rows).toHaveLength(1)
    expect(having('worker', 'INSERT').map(({ name }) => name)).toEqual(['export_part'])
    const part = `insert into ${schema}.export_part select id, 100, user_id, scope_id, '' from jsonb_populate_record(null::${schema}.export, $1)`
    const { rows } = await world.sql<{ row: unknown }>(`select to_jsonb(t) as row from ${schema}.export t where user_id = $1`, [
      bob.me.user.id,
    ])
    expect(await refusalOf(asBob(part, [rows[0]!.row], { role: 'worker', forWrite: true }))).toBe(DENIED)
    expect(having('worker', 'DELETE').map(({ name }) => name)).toEqual(expect.arrayContaining(CLEANED))
    for (const { name, quoted } of having('worker', 'DELETE')) {
      const { rowCount } = await asBob(`delete from ${quoted}`, [], { role: 'worker', forWrite: true })
      expect([name, rowCount]).toEqual([name, 0])
    }
  })

  test('are refused in a unit that reads', async () => {
    expect(await refusalOf(asBob(`update ${schema}.chat_session set named = named`))).toBe('25006')
    expect(await refusalOf(asBob(`update ${schema}.chat_message set status = status`, [], { role: 'worker' }))).toBe('25006')
  })
})

describe('rows for others', () => {
  /** A row that is there, as another one: everything of it is right but its keys. */
  async function likeness(table: Table, where: string): Promise<Record<string, unknown>> {
    const { rows } = await world.sql<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from ${table.quoted} t where ${where} limit 1`,
    )
    const row = rows[0]!.row
    // There is one of each person, so it makes room.
    if (['picture', 'message_feedback'].includes(table.name)) await world.sql(`delete from ${table.quoted} where ${where}`)
    const { rows: keyless } = await world.sql<{ id: string }>(`select id from ${schema}.model_provider where not has_key`)
    return {
      ...row,
      id: crypto.randomUUID(),
      place: crypto.randomUUID(),
      idempotency_key: null,
      // There is one of each person in each chat.
      ...(table.name.startsWith('branch') ? { chat_session_id: crypto.randomUUID() } : {}),
      ...(table.name === 'model_provider_key' ? { provider_id: keyless[0]!.id } : {}),
    }
  }
  const insertion = (table: Table) =>
    `insert into ${table.quoted} (${table.written}) select ${table.written} from jsonb_populate_record(null::${table.quoted}, $1)`

  test('are refused in every table that takes rows, and would be good ones', async () => {
    const taking = having('app', 'INSERT')
    expect(taking.map(({ name }) => name)).toEqual([
      'branch',
      'branch_choice',
      'chat_message',
      'chat_session',
      'draft',
      'job',
      'message_feedback',
      'model_provider',
      'model_provider_key',
      'picture',
    ])
    for (const table of taking) {
      const row = await likeness(table, table.scope === undefined ? 'true' : `scope_id = '${alice.me.personalScopeId}'`)
      expect([table.name, await refusalOf(asBob(insertion(table), [row], { forWrite: true }))]).toEqual([table.name, DENIED])
      expect([table.name, (await world.sql(insertion(table), [row])).rowCount]).toEqual([table.name, 1])
    }
  })

  test('are refused in the name of somebody else', async () => {
    for (const table of having('app', 'INSERT').filter(({ scope }) => scope !== undefined)) {
      const row = await likeness(table, `scope_id = '${bob.me.personalScopeId}'`)
      const forged = { ...row, user_id: alice.me.user.id }
      expect([table.name, await refusalOf(asBob(insertion(table), [forged], { forWrite: true }))]).toEqual([table.name, DENIED])
      expect([table.name, (await asBob(insertion(table), [row], { forWrite: true })).rowCount]).toEqual([table.name, 1])
    }
  })

  test('do not come about by moving own ones', async () => {
    const others = [`scope_id = '${alice.me.personalScopeId}'`, `user_id = '${alice.me.user.id}'`]
    for (const change of [...others, `wrapped_key = ''`])
      expect(await refusalOf(asBob(`update ${schema}.chat_session set ${change}`, [], { forWrite: true }))).toBe(DENIED)
    for (const change of [...others, others.join(), `place = '${secret.chatId}'`])
      expect(await refusalOf(asBob(`update ${schema}.draft set ${change}`, [], { forWrite: true }))).toBe(DENIED)
  })
})

describe('the index of words', () => {
  test('answers from own scopes only, and takes words for own scopes only', async () => {
    const { rows } = await world.sql<{ lexeme: string; scope_id: string }>(
      `select scope_id, (tsvector_to_array(lexemes))[1] as lexeme from ${schema}.message_search where scope_id = any($1)`,
      [[alice.me.personalScopeId, bob.me.personalScopeId]],
    )
    const lexemeOf = (person: SignedIn) => `'${rows.find(({ scope_id }) => scope_id === person.me.personalScopeId)!.lexeme}'`
    const scopes = [alice, bob].map(({ me }) => me.personalScopeId)
    const found = (query: string) => asBob(`select * from ${schema}.search_messages($1, $2, 10)`, [scopes, [query, query]])
    expect((await found(lexemeOf(alice))).rows).toEqual([])
    expect((await found(lexemeOf(bob))).rows.length).toBeGreaterThan(0)
    const index = (of: AskedChat, scopeId: string) =>
      asBob(`select * from ${schema}.index_message($1, $2, $3, '')`, [of.chatId, of.answerId, scopeId], { forWrite: true })
    expect((await index(secret, alice.me.personalScopeId)).rows).toEqual([{ index_message: null }])
    expect(await refusalOf(index(secret, bob.me.personalScopeId))).toMatch(/^23(503|505)$/)
  })
})

describe('the role of request handling', () => {
  test.each([
    ['says who it is', () => `select set_config('app.user_id', '${alice.me.user.id}', true)`],
    ['says who it is by way of the settings', () => `update pg_settings set setting = 'off' where name = 'row_security'`],
    ['becomes another role', () => `set role ${world.installation.secrets.prefix}_auth`],
    ['becomes the superuser', () => 'set session authorization postgres'],
    ['enters as a job', () => `select * from ${schema}.enter_job('${jobId}', false)`],
    ['makes a table', () => `create table ${schema}.note (id int)`],
    ['makes a table in public', () => 'create table public.note (id int)'],
    ['makes a schema', () => 'create schema notes'],
    ['makes a function', () => `create function ${schema}.note() returns int language sql as 'select 1'`],
    ['alters a table', () => `alter table ${schema}.chat_session disable row level security`],
    ['alters a policy', () => `alter policy reach_read on ${schema}.chat_session using (true)`],
    [
      'makes a trigger',
      () => `create trigger note before insert on ${schema}.chat_session execute function suppress_redundant_updates_trigger()`,
    ],
    ['empties a table', () => `truncate ${schema}.chat_message`],
    ['reads the passwords', () => `select * from ${schema}.credential`],
    ['reads the preferences of others', () => `select preferences from ${schema}."user"`],
    ['reads the directory of organisations', () => 'select * from control.tenant'],
    ['reads password hashes of roles', () => 'select * from pg_authid'],
    ['reads files', () => `select pg_read_file('/etc/passwd')`],
    ['copies to a program', () => `copy ${schema}.chat_session to program 'cat'`],
    ['reads with row security off', () => `set row_security = off; select * from ${schema}.chat_session`],
  ])('never %s', async (_, sql) => {
    expect(await asRole(world, 'app', (client) => refusalOf(client.query(sql())))).toBe(DENIED)
  })
})

test('the role of request handling never makes a passing table', async () => {
  // Rights on a database are not part of what a clone takes over, so the template is asked, which was migrated.
  const may = `select has_database_privilege('${world.installation.secrets.prefix}_app', $1, 'temporary') as may`
  expect((await world.sql(may, [inject('templateDatabase')])).rows).toEqual([{ may: false }])
})

describe('the context', () => {
  const forged = () => `app.read_scopes = '{${alice.me.personalScopeId}}'`

  test('could be forged by a statement of its own, so none may be smuggled in: one text is one statement', async () => {
    const rows = await asRole(world, 'app', async (client) => {
      await client.query(`set ${forged()}; set app.tenant_id = '${alice.me.organisation.id}'`)
      return (await client.query(`select scope_id from ${schema}.chat_session`)).rows
    })
    expect(rows).toContainEqual({ scope_id: alice.me.personalScopeId })
    expect(await refusalOf(asBob(`select 1; set ${forged()}`))).toBe('42601')
    expect(await refusalOf(asBob(`set ${forged()}; select 1`))).toBe('42601')
  })

  test.each([
    ['set_config', (set: string) => `set_config('app.read_scopes', '${set}', true)`],
    [
      'a query in a function, as XML',
      (set: string) => `query_to_xml($q$select set_config('app.read_scopes', '${set}', true)$q$, true, true, '')::text`,
    ],
    ['a set in a function, as XML', (set: string) => `query_to_xml($q$set app.read_scopes = '${set}'$q$, true, true, '')::text`],
    [
      'a query in a text search',
      (set: string) => `(select word from ts_stat($q$select set_config('app.read_scopes', '${set}', true)::tsvector$q$))`,
    ],
    [
      'a rewritten query',
      (set: string) => `ts_rewrite('a', $q$select 'a'::tsquery, set_config('app.read_scopes', '${set}', true)::tsquery$q$)::text`,
    ],
    ['a job', () => `(select user_id::text from ${schema}.enter_job('${jobId}', false))`],
    ['a guessed token', () => `(select user_id::text from ${schema}.enter('\\x00', false))`],
  ])('cannot be forged by an injected expression: %s', async (_, expression) => {
    const injected = `select scope_id, ${expression(`{${alice.me.personalScopeId}}`)} from ${schema}.chat_session`
    expect(await refusalOf(asBob(injected))).toMatch(/^(42501|0A000|22023|auth\.required|.*sign in.*)/i)
  })
})
