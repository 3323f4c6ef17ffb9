/**
 * References, alone: foreign keys ignore row security, so everything here is done by the superuser. A reference carries the scope with
 * it, and a row that points across scopes is refused, whoever writes it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, superuser, type World } from '#tests/support/world.ts'
import { refusalOf, secretChat } from './attack.ts'

interface ForeignKey {
  readonly name: string
  readonly child: string
  readonly parent: string
  /** Pairs of a column here and the one there, written `here>there`. */
  readonly pairs: readonly string[]
}

const CROSSES_SCOPES = '23503'
let world: World
let alice: SignedIn
let bob: SignedIn
let secret: AskedChat
let own: AskedChat
let schema: string

beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  schema = schemaName(bob.me.organisation.id)
  secret = await secretChat(alice)
  own = await chatOf(bob, { description: 'Lunch', question: 'Where is lunch?' })
})
afterAll(() => world.close())

/** Of every table of content: those that say which scope a row is in. */
async function catalogue(): Promise<{ scoped: Set<string>; keys: ForeignKey[] }> {
  const tables = await world.sql<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'scope_id'
      where c.relnamespace = '${schema}'::regnamespace and c.relkind in ('r', 'p')`,
  )
  const keys = await world.sql<ForeignKey>(
    `select k.conname as name, k.conrelid::regclass::text as child, c.relname as child, p.relname as parent,
            (select json_agg(a.attname || '>' || b.attname)
               from unnest(k.conkey, k.confkey) pair (here, there)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = here
               join pg_attribute b on b.attrelid = k.confrelid and b.attnum = there) as pairs
       from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
      where k.contype = 'f' and k.connamespace = '${schema}'::regnamespace order by 1`,
  )
  return { scoped: new Set(tables.rows.map(({ name }) => name)), keys: keys.rows }
}

test('every reference between tables of content carries the scope, itself or by a key that does', async () => {
  const { scoped, keys } = await catalogue()
  const between = keys.filter(({ child, parent }) => scoped.has(child) && scoped.has(parent))
  const carries = ({ pairs }: ForeignKey) => pairs.includes('scope_id>scope_id')
  /** Both rows hang on the same row of a third table by this column, and that one's scope is theirs. */
  const shares = (key: ForeignKey) =>
    key.pairs.some((pair) => {
      const [here, there] = pair.split('>')
      const anchor = (table: string, column: string | undefined) =>
        between.find((other) => other.child === table && carries(other) && other.pairs.some((own) => own.startsWith(`${column}>`)))
      const anchored = anchor(key.child, here)
      return anchored !== undefined && anchored === anchor(key.parent, there)
    })
  expect(between.filter((key) => !carries(key) && !shares(key)).map(({ name }) => name)).toEqual([])
  expect(between.map(({ name }) => name)).toEqual([
    'chat_message_chat',
    'chat_message_parent',
    'export_part_export',
    'job_message',
    'message_feedback_message',
    'message_search_message',
  ])
})

test('what hangs on a chat goes where its chat goes: every reference to one, or to a message, that carries the scope', async () => {
  const { rows } = await world.sql<{ name: string; follows: boolean }>(
    `select k.conname as name, k.confupdtype = 'c' as follows from pg_constraint k
      where k.contype = 'f' and k.confrelid in ('${schema}.chat_session'::regclass, '${schema}.chat_message'::regclass)
        and exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey) and a.attname = 'scope_id')`,
  )
  expect(rows.length).toBeGreaterThanOrEqual(3)
  expect(rows.filter(({ follows }) => !follows)).toEqual([])
})

test('every table of content hangs on a scope', async () => {
  const { scoped, keys } = await catalogue()
  const hangs = new Set(keys.filter(({ parent, pairs }) => parent === 'scope' && pairs.includes('scope_id>id')).map(({ child }) => child))
  // In several rounds, since a table may hang on one that hangs on one.
  for (const _ of scoped)
    for (const { child, parent, pairs } of keys) if (hangs.has(parent) && pairs.includes('scope_id>scope_id')) hangs.add(child)
  expect([...scoped].filter((name) => !hangs.has(name))).toEqual([])
})

describe('rows that point across scopes', () => {
  const message = (chat: AskedChat, scope: SignedIn, parent: string | null = null) =>
    `insert into ${schema}.chat_message (chat_session_id, id, scope_id, user_id, parent_id, depth, message_type, message)
     values ('${chat.chatId}', gen_random_uuid(), '${scope.me.personalScopeId}', '${bob.me.user.id}', ${parent ? `'${parent}', 1` : 'null, 0'}, 'user', '')`
  const job = (chat: AskedChat, scope: SignedIn) =>
    `insert into ${schema}.job (id, kind, user_id, scope_id, chat_session_id, message_id)
     values (gen_random_uuid(), 'generation', '${bob.me.user.id}', '${scope.me.personalScopeId}', '${chat.chatId}', '${chat.answerId}')`
  const words = (chat: AskedChat, scope: SignedIn) =>
    `delete from ${schema}.message_search; insert into ${schema}.message_search (chat_session_id, message_id, scope_id, lexemes)
     values ('${chat.chatId}', '${chat.answerId}', '${scope.me.personalScopeId}', '')`

  const attacks: [string, () => string, () => string, string, string][] = [
    ["a message in Alice's chat", () => message(secret, bob), () => message(own, bob), 'chat_message', 'chat_message_chat'],
    [
      "a message in Bob's chat that Alice's scope reads",
      () => message(own, alice),
      () => message(secret, alice),
      'chat_message',
      'chat_message_chat',
    ],
    [
      "an answer to Alice's question",
      () => message(own, bob, secret.questionId),
      () => message(own, bob, own.questionId),
      'chat_message',
      'chat_message_parent',
    ],
    ["a job for Alice's answer", () => job(secret, bob), () => job(own, bob), 'job', 'job_message'],
    ["words for Alice's answer", () => words(secret, bob), () => words(own, bob), 'message_search', 'message_search_message'],
    [
      'a message, put into another scope than its chat',
      () => `update ${schema}.chat_message set scope_id = '${bob.me.personalScopeId}' where id = '${secret.answerId}'`,
      () => `update ${schema}.chat_message set scope_id = scope_id where id = '${secret.answerId}'`,
      'chat_message',
      'chat_message_chat',
    ],
  ]

  /** Runs as the superuser, whom no policy binds, and keeps nothing. */
  const attempt = (...statements: string[]) =>
    superuser(world.url, async (client) => {
      await client.query('begin')
      for (const sql of statements) await client.query(sql)
    })

  test.each(attacks)('%s', async (_, attack, likeness, table, constraint) => {
    expect(await refusalOf(attempt(likeness()))).toBe('not refused')
    expect(await refusalOf(attempt(attack()))).toBe(CROSSES_SCOPES)
    expect(await refusalOf(attempt(`alter table ${schema}.${table} drop constraint ${constraint}`, attack()))).toBe('not refused')
  })
})
