/** Rows on both sides of the time at which they are removed: for each table of the clean-up, what is due, and what just is not. */
import { schemaName } from '#server/isolation/tables.ts'
import { chatOf, type SignedIn, type World } from './world.ts'

type Row = readonly [label: string, values: string]

interface Planting {
  readonly table: string
  /** The first is the one that a label is written to. */
  readonly columns: string
  /** How a label is written and read back. */
  readonly write: (label: string) => string
  readonly read: string
  readonly due: readonly Row[]
  readonly kept: readonly Row[]
}

const ago = (interval: string) => `now() - interval '${interval}'`
const LIVE = '00000000-0000-7000-8000-00000000000a'

function plantings(person: SignedIn, other: SignedIn, job: string): Planting[] {
  const user = `'${person.me.user.id}'`
  const text = (label: string) => `'${label}'`
  const bytes = (label: string) => `convert_to('${label}', 'utf8')`
  return [
    {
      table: 'auth_session',
      columns: 'user_agent, id, user_id, idle_limit_s, expires_at, revoked_at, revoked_reason',
      write: text,
      read: 'user_agent',
      due: [
        ['signed out', `gen_random_uuid(), ${user}, 60, now() + interval '1 day', ${ago('30 days 1 minute')}, 'signed_out'`],
        ['expired', `gen_random_uuid(), ${user}, 60, ${ago('30 days 1 minute')}, null, null`],
      ],
      kept: [
        ['signed out lately', `gen_random_uuid(), ${user}, 60, ${ago('40 days')}, ${ago('29 days 23 hours')}, 'signed_out'`],
        ['expired lately', `gen_random_uuid(), ${user}, 60, ${ago('29 days 23 hours')}, null, null`],
        ['idled out long ago', `gen_random_uuid(), ${user}, 60, now() + interval '1 day', null, null`],
        ['live', `'${LIVE}', ${user}, 60, now() + interval '1 day', null, null`],
      ],
    },
    {
      table: 'auth_token',
      columns: 'hash, session_id, retires_at',
      write: bytes,
      read: `encode(hash, 'escape')`,
      due: [['replaced', `'${LIVE}', ${ago('90 days 1 minute')}`]],
      kept: [
        ['replaced lately', `'${LIVE}', ${ago('89 days 23 hours')}`],
        ['in use', `'${LIVE}', null`],
      ],
    },
    {
      table: 'link',
      columns: 'token_hash, user_id, kind, email, expires_at',
      write: bytes,
      read: `encode(token_hash, 'escape')`,
      due: [['expired', `${user}, 'reset', 'x@acme.test', ${ago('30 days 1 minute')}`]],
      kept: [['expired lately', `'${other.me.user.id}', 'reset', 'x@acme.test', ${ago('29 days 23 hours')}`]],
    },
    ...(['challenge', 'sign_in_ticket', 'oidc_way', 'oidc_logout'] as const).map((table) => begun(table, user)),
    {
      table: 'recovery',
      columns: 'email, id, user_id, with_factors, state, expires_at',
      write: text,
      read: 'email',
      due: [
        ['used', `gen_random_uuid(), ${user}, true, 'used', ${ago('30 days 1 minute')}`],
        ['never decided', `gen_random_uuid(), ${user}, true, 'asked', ${ago('30 days 1 minute')}`],
      ],
      kept: [
        ['used lately', `gen_random_uuid(), ${user}, true, 'used', ${ago('29 days 23 hours')}`],
        ['under way', `gen_random_uuid(), '${other.me.user.id}', true, 'asked', now() + interval '1 hour'`],
      ],
    },
    {
      table: 'security_event',
      columns: 'device, id, user_id, scope_id, kind, by, time_created',
      write: text,
      read: 'device',
      due: [['old', `gen_random_uuid(), ${user}, ${user}, 'signed_in', 'self', ${ago('400 days 1 minute')}`]],
      kept: [['younger', `gen_random_uuid(), ${user}, ${user}, 'signed_in', 'self', ${ago('399 days 23 hours')}`]],
    },
    {
      table: 'chat_session',
      columns: 'model, id, user_id, scope_id, description, wrapped_key, time_created, deleted_at, temporary_until',
      write: text,
      read: 'model',
      due: [
        ['deleted', `gen_random_uuid(), ${user}, ${user}, '', '', ${ago('90 days')}, ${ago('30 days 1 minute')}, null`],
        ['temporary', `gen_random_uuid(), ${user}, ${user}, '', '', ${ago('1 day')}, null, ${ago('1 minute')}`],
      ],
      kept: [
        ['deleted lately', `gen_random_uuid(), ${user}, ${user}, '', '', ${ago('90 days')}, ${ago('29 days 23 hours')}, null`],
        ['temporary still', `gen_random_uuid(), ${user}, ${user}, '', '', ${ago('1 day')}, null, now() + interval '1 hour'`],
      ],
    },
    {
      table: 'draft',
      columns: 'place, user_id, scope_id, text, ends_at',
      write: (label) => `md5('${label}')::uuid::text`,
      read: `(select label from unnest(array['of a chat that is gone', 'of one that went lately', 'of a chat that stays']) label where md5(label)::uuid::text = place)`,
      due: [['of a chat that is gone', `${user}, ${user}, '', ${ago('1 minute')}`]],
      kept: [
        ['of one that went lately', `${user}, ${user}, '', now() + interval '1 hour'`],
        ['of a chat that stays', `${user}, ${user}, '', null`],
      ],
    },
    {
      table: 'export',
      columns: 'id, user_id, scope_id, state, expires_at',
      write: (label) => `md5('${label}')::uuid`,
      read: `(select label from unnest(array['over', 'still kept']) label where md5(label)::uuid = id)`,
      due: [['over', `${user}, ${user}, 'ready', ${ago('1 minute')}`]],
      kept: [['still kept', `${user}, ${user}, 'ready', now() + interval '1 hour'`]],
    },
    {
      table: 'happening',
      columns: 'chat_session_id, scope_id, kind, time_created',
      write: (label) => `md5('${label}')::uuid`,
      read: `(select label from unnest(array['forgotten', 'told lately']) label where md5(label)::uuid = chat_session_id)`,
      due: [['forgotten', `${user}, 'chat.changed', ${ago('2 days 1 minute')}`]],
      kept: [['told lately', `${user}, 'chat.changed', ${ago('1 day 23 hours')}`]],
    },
    {
      table: 'scope',
      columns: 'id, kind, owner_id, left_at',
      write: (label) => `md5('${label}')::uuid`,
      read: `(select label from unnest(array['left', 'of a chat']) label where md5(label)::uuid = id)`,
      due: [['left', `'chat', ${user}, now()`]],
      kept: [['of a chat', `'chat', ${user}, null`]],
    },
    {
      table: 'job',
      columns: 'id, kind, user_id, scope_id, chat_session_id, message_id, state, time_created',
      write: (label) => `md5('${label}')::uuid`,
      read: `(select label from unnest(array['ended', 'of a dead server', 'ended lately', 'a clean-up', 'a clean-up lately']) label where md5(label)::uuid = id)`,
      due: [
        ['ended', `'generation', ${job}, 'ended', ${ago('30 days 1 minute')}`],
        ['of a dead server', `'generation', ${job}, 'running', ${ago('30 days 1 minute')}`],
        ['a clean-up', `'clean_up', null, null, null, null, 'ended', ${ago('30 days 1 minute')}`],
      ],
      kept: [
        ['ended lately', `'generation', ${job}, 'ended', ${ago('29 days 23 hours')}`],
        ['a clean-up lately', `'clean_up', null, null, null, null, 'ended', ${ago('29 days 23 hours')}`],
      ],
    },
  ]
}

/** What belongs to a sign-in under way, by when it is over. */
function begun(table: 'challenge' | 'sign_in_ticket' | 'oidc_way' | 'oidc_logout', user: string): Planting {
  const [hash, others, values] = {
    challenge: ['hash', ', purpose', `, 'sign_in'`],
    sign_in_ticket: ['hash', ', user_id, way, remember', `, ${user}, 'password', false`],
    oidc_way: [
      'state_hash',
      ', browser_hash, purpose, revision, wish, found',
      `, sha256(gen_random_uuid()::text::bytea), 'sign_in', gen_random_uuid(), 'wish', 'who it is'`,
    ],
    oidc_logout: ['token_hash', '', ''],
  }[table] as [string, string, string]
  const row = (label: string, at: string): Row => [label, `${at}${values}`]
  const isOver = table === 'oidc_way'
  return {
    table,
    columns: `${hash}, expires_at${others}`,
    write: (label) => `convert_to('${label}', 'utf8')`,
    read: `encode(${hash}, 'escape')`,
    due: [row('abandoned', ago(isOver ? '1 minute' : '1 day 1 minute'))],
    kept: [row('under way', isOver ? `now() + interval '9 minutes'` : ago('23 hours'))],
  }
}

/** Rows for the organisation of a person; `plant` puts them there, as often as it is called. */
export async function pastOf(world: World, person: SignedIn, other: SignedIn) {
  const schema = schemaName(person.me.organisation.id)
  const { chatId, answerId } = await chatOf(person, { description: 'Lunch', question: 'Where is lunch?' })
  const { user, personalScopeId } = person.me
  const planted = plantings(person, other, `'${user.id}', '${personalScopeId}', '${chatId}', '${answerId}'`)
  const named = (which: 'due' | 'kept') => planted.flatMap(({ table, [which]: rows }) => rows.map(([label]) => `${table}: ${label}`))
  const due = [...named('due'), 'auth_token: of expired', 'auth_token: of signed out'].sort()
  const kept = named('kept').sort()
  const all = [...due, ...kept].sort()

  async function plant(): Promise<void> {
    for (const { table, columns, write, due: some, kept: others } of planted)
      for (const [label] of [...some, ...others])
        await world.sql(`delete from ${schema}.${table} where ${columns.split(',')[0]} = ${write(label)}`)
    for (const { table, columns, write, due: some, kept: others } of planted)
      for (const [label, values] of [...some, ...others])
        await world.sql(`insert into ${schema}.${table} (${columns}) values (${write(label)}, ${values})`)
    // What hangs on a session goes with it.
    const ended = `from ${schema}.auth_session where user_agent in ('signed out', 'expired')`
    await world.sql(`insert into ${schema}.auth_session_seen (session_id, user_id) select id, user_id ${ended}`)
    await world.sql(`insert into ${schema}.auth_token (hash, session_id) select convert_to('of ' || user_agent, 'utf8'), id ${ended}`)
    await world.sql(`insert into ${schema}.session_end (session_id) select id ${ended}`)
  }

  /** Those of them that are still there. */
  async function left(): Promise<string[]> {
    const found: string[] = []
    for (const { table, read } of planted) {
      const { rows } = await world.sql<{ label: string }>(`select ${read} as label from ${schema}.${table}`)
      found.push(...rows.map(({ label }) => `${table}: ${label}`))
    }
    return found.filter((name) => all.includes(name)).sort()
  }

  return { due, kept, all, plant, left }
}
