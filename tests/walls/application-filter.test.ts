/**
 * The application filter, alone: every connection here is the superuser's, whom no policy holds. What Bob's queries still do not show or
 * change, the filter kept; and each attack is shown to succeed without it.
 */
import fc from 'fast-check'
import { type Compilable, type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import type { TenantId } from '#contract/ids.ts'
import type { Actor } from '#server/isolation/actor.ts'
import type { Database } from '#server/isolation/database.ts'
import { doorQueries, queriesFor } from '#server/isolation/queries.ts'
import type { TenantTables } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { type AskedChat, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, attacksOn, SECRET, secretChat, serverOver, withoutRowSecurity } from './attack.ts'

type Queries = Kysely<TenantTables>

let world: World
let database: Database
let units: UnitsOfWork
let alice: SignedIn
let bob: SignedIn
let actor: Actor
let secret: AskedChat
let own: Chat
let carolId: string
let filtered: Queries
let plain: Queries

beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
  units = new UnitsOfWork(database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carolId = (await world.signIn('carol')).me.user.id
  secret = await secretChat(alice)
  own = (await bob.call<Chat>('POST', '/api/chats', { description: 'Lunch' })).body
  actor = actorOf(bob)
  filtered = queriesFor(actor) as Queries
  plain = doorQueries(actor.tenantId as TenantId)
})
afterAll(async () => {
  await database.close()
  await world.close()
})

test('the interface over it: no attack on the chat of Alice succeeds', async () => {
  const server = await serverOver(world, database)
  const call = server.as(bob)
  for (const attack of attacksOn(secret)) {
    const answer = await attack.run(call)
    expect([attack.name, answer.status]).toEqual([attack.name, 404])
    expect(answer.text).not.toContain('Initech')
  }
  expect((await call('GET', '/api/chats')).text).not.toContain(secret.chatId)
  await server.close()
  expect((await alice.call<Chat>('GET', `/api/chats/${secret.chatId}`)).body).toMatchObject({ description: SECRET.title, deletedAt: null })
})

/** Whether a query of Bob's shows any row of Alice's scope; a query that does not compile shows none. */
async function showsAlice(query: () => Compilable<unknown>): Promise<boolean> {
  const rows = await units.read(actor, async (tx) => {
    try {
      return await tx.all(query())
    } catch (error) {
      if ((error as { code?: string }).code !== undefined) throw error
      return []
    }
  })
  return JSON.stringify(rows).includes(alice.me.personalScopeId)
}

describe('reading', () => {
  const shapes: Record<string, (db: Queries) => Compilable<unknown>> = {
    'a table': (db) => db.selectFrom('chat_session').selectAll(),
    'a table by another name': (db) => db.selectFrom('chat_message as m').selectAll('m'),
    'a row by its id': (db) => db.selectFrom('chat_session').select('scope_id').where('id', '=', secret.chatId),
    'an or of the builder': (db) =>
      db
        .selectFrom('chat_session')
        .select('scope_id')
        .where((eb) => eb.or([eb('model', '=', 'none'), eb('id', 'is not', null)])),
    'an or in text': (db) => db.selectFrom('chat_session').select('scope_id').where(sql<boolean>`true or model = 'none'`),
    'an or behind another': (db) =>
      db.selectFrom('chat_session').select('scope_id').where('named', '=', true).where(sql<boolean>`true or false`),
    'the scopes': (db) => db.selectFrom('scope').select('id'),
    'the members of scopes': (db) => db.selectFrom('scope_member').select('scope_id'),
    'the keys of scopes': (db) => db.selectFrom('scope_key').select('scope_id'),
    'the jobs': (db) => db.selectFrom('job').select('scope_id'),
    'the drafts': (db) => db.selectFrom('draft').select('scope_id'),
    'a join to the directory': (db) =>
      db.selectFrom('user').innerJoin('chat_session', 'chat_session.user_id', 'user.id').select('chat_session.scope_id'),
    'a left join': (db) => db.selectFrom('user').leftJoin('chat_message as m', 'm.user_id', 'user.id').select('m.scope_id'),
    'a join on an or': (db) =>
      db
        .selectFrom('user')
        .innerJoin('chat_session as c', (on) => on.on(sql<boolean>`true or false`))
        .select('c.scope_id'),
    'a right join': (db) => db.selectFrom('user').rightJoin('chat_session as c', 'c.id', 'user.id').select('c.scope_id'),
    'a full join': (db) => db.selectFrom('user').fullJoin('chat_session as c', 'c.id', 'user.id').select('c.scope_id'),
    'a cross join': (db) => db.selectFrom('user').crossJoin('chat_session as c').select('c.scope_id'),
    'a lateral join': (db) =>
      db
        .selectFrom('user')
        .innerJoinLateral(
          (eb) => eb.selectFrom('chat_session').select('scope_id').whereRef('user_id', '=', 'user.id').as('c'),
          (on) => on.onTrue(),
        )
        .select('c.scope_id'),
    'several tables': (db) => db.selectFrom(['user', 'chat_message as m']).select('m.scope_id'),
    'a subquery in from': (db) => db.selectFrom((eb) => eb.selectFrom('chat_message').select('scope_id').as('x')).selectAll(),
    'a subquery in select': (db) =>
      db.selectFrom('user').select((eb) =>
        eb
          .selectFrom('scope_key')
          .select('scope_id')
          .where('scope_id', '=', alice.me.user.id as never)
          .as('x'),
      ),
    'a subquery in where': (db) =>
      db
        .selectFrom('user')
        .select('id')
        .where('id', 'in', (eb) => eb.selectFrom('chat_session').select('user_id')),
    'a subquery in a join': (db) =>
      db
        .selectFrom('user')
        .innerJoin(
          (eb) => eb.selectFrom('chat_session').select('scope_id').as('c'),
          (on) => on.onTrue(),
        )
        .select('c.scope_id'),
    'a union': (db) =>
      db.selectFrom('chat_session').select('scope_id').where('id', '=', own.id).unionAll(db.selectFrom('chat_message').select('scope_id')),
    'an aggregate': (db) => db.selectFrom('chat_message').select(({ fn }) => fn.agg('json_agg', ['scope_id']).as('all')),
    'a group': (db) => db.selectFrom('chat_message').select('scope_id').groupBy('scope_id').having(sql<boolean>`count(*) > 0`),
    'a common table expression': (db) =>
      db
        .with('c', (q) => q.selectFrom('chat_session').select('scope_id'))
        .selectFrom('c')
        .selectAll(),
    'a common table expression named as a table': (db) =>
      db
        .with('user', (q) => q.selectFrom('chat_session').select('scope_id'))
        .selectFrom('user')
        .select(sql`scope_id`.as('s')),
    'a table named in text': (db) =>
      db.selectFrom(sql<{ scope_id: string }>`${sql.table(schemaOf('chat_session'))}`.as('c')).select('c.scope_id'),
    'a subquery in text': (db) =>
      db.selectFrom('user').select(sql`(select json_agg(scope_id) from ${sql.table(schemaOf('chat_session'))})`.as('x')),
    'rows as json': (db) => db.selectFrom('chat_message as m').select(sql`to_jsonb(m)`.as('row')),
  }
  const schemaOf = (table: string) => `t_${actor.tenantId.replaceAll('-', '')}.${table}`

  test.each(Object.keys(shapes))('%s', async (name) => {
    expect(await showsAlice(() => shapes[name]!(plain)), 'without the filter').toBe(true)
    expect(await showsAlice(() => shapes[name]!(filtered)), 'with the filter').toBe(false)
  })

  test('a picture is shown to others, and nothing else of its scope', async () => {
    expect(await showsAlice(() => filtered.selectFrom('picture as p').select('p.scope_id'))).toBe(true)
    const chats = filtered.selectFrom('picture as p').innerJoin('chat_session as c', 'c.user_id', 'p.user_id').select('c.scope_id')
    expect(await showsAlice(() => chats)).toBe(false)
  })

  test('own rows are shown all the same', async () => {
    const rows = await units.read(actor, (tx) => tx.all(filtered.selectFrom('chat_session').select('id')))
    expect(rows).toEqual([{ id: own.id }])
  })

  test('a query built for stale scopes shows those, so that it is the scopes that decide', async () => {
    const stale = actorOf(bob, { readScopes: [alice.me.personalScopeId] })
    const rows = await units.read(stale, (tx) => tx.all(tx.db.selectFrom('chat_session').select('id')))
    expect(rows).toEqual([{ id: secret.chatId }])
  })
})

describe('shapes that nobody thought of', () => {
  const SCOPE = {
    chat_session: 'scope_id',
    chat_message: 'scope_id',
    scope: 'id',
    scope_member: 'scope_id',
    scope_key: 'scope_id',
    job: 'scope_id',
    draft: 'scope_id',
    branch: 'scope_id',
  } as const
  const table = fc.constantFrom(...(Object.keys(SCOPE) as (keyof typeof SCOPE)[]))
  const shape = fc.record({
    from: table,
    joins: fc.array(fc.record({ table, how: fc.constantFrom('innerJoin', 'leftJoin') }), { maxLength: 2 }),
    or: fc.constantFrom('none', 'text', 'builder'),
    nested: fc.integer({ min: 0, max: 2 }),
  })
  type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never

  // The shapes are made at run time, so the builder's types have nothing to say about them.
  // biome-ignore lint/suspicious/noExplicitAny: as above
  function build(db: any, { from, joins, or, nested }: Shape): Compilable<unknown> {
    let query = db.selectFrom(`${from} as t`).select(sql.ref(`t.${SCOPE[from]}`).as('s'))
    joins.forEach(({ table: joined, how }, i) => {
      query = query[how](`${joined} as j${i}`, (on: { on(e: unknown): unknown }) => on.on(sql`true or false`)).select(
        sql.ref(`j${i}.${SCOPE[joined]}`).as(`s${i}`),
      )
    })
    if (or === 'text') query = query.where(sql`true or false`)
    if (or === 'builder')
      query = query.where((eb: { or(of: unknown[]): unknown; lit(value: boolean): unknown }) => eb.or([eb.lit(false), eb.lit(true)]))
    for (let level = 0; level < nested; level++) query = db.selectFrom(query.as(`n${level}`)).selectAll()
    return query
  }

  test('show nothing of Alice, and do without the filter', async () => {
    let seen = 0
    await fc.assert(
      fc.asyncProperty(shape, async (one) => {
        if (await showsAlice(() => build(plain, one))) seen++
        expect(await showsAlice(() => build(filtered, one))).toBe(false)
      }),
      { numRuns: 60, seed: 20_261_122 },
    )
    expect(seen).toBe(60)
  })
})

/** How many rows a change of Bob's touches; undefined when it does not compile. Nothing of it is kept. */
async function touched(query: () => Compilable<unknown>): Promise<number | undefined> {
  let count: number | undefined
  const undone = new Error('undone')
  await units
    .write(actor, async (tx) => {
      try {
        count = await tx.change(query())
      } catch (error) {
        if ((error as { code?: string }).code !== undefined) throw error
      }
      throw undone
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error
    })
  return count
}

describe('changing', () => {
  const bytes = Buffer.of(1)
  const chatIn = (scopeId: string, id: string = crypto.randomUUID()) => ({
    id,
    user_id: bob.me.user.id,
    scope_id: scopeId,
    description: bytes,
    model: 'librarian',
    wrapped_key: bytes,
  })
  const theirs = () => alice.me.personalScopeId
  const shapes: Record<string, (db: Queries) => Compilable<unknown>> = {
    'an update of everything': (db) => db.updateTable('chat_session').set({ named: true }).where('scope_id', '=', theirs()),
    'an update by id': (db) => db.updateTable('chat_message as m').set({ message: bytes }).where('m.id', '=', secret.questionId),
    'an update with an or': (db) =>
      db.updateTable('chat_session').set({ named: true }).where(sql<boolean>`scope_id = ${theirs()} or false`),
    'an update from a foreign row': (db) =>
      db
        .updateTable('chat_session')
        .from('chat_message as m')
        .set((eb) => ({ description: eb.ref('m.message') }))
        .where('chat_session.id', '=', own.id)
        .where('m.id', '=', secret.questionId),
    'an update from a subquery': (db) =>
      db
        .updateTable('chat_session')
        .set({ named: true })
        .where('id', '=', own.id)
        .where((eb) => eb.exists(eb.selectFrom('chat_message').select('id').where('id', '=', secret.questionId))),
    'own row put into a foreign scope': (db) => db.updateTable('chat_session').set({ scope_id: theirs() }).where('id', '=', own.id),
    'own row put into a scope found by a query': (db) =>
      db
        .updateTable('chat_session')
        .set((eb) => ({
          scope_id: eb
            .selectFrom('user')
            .select('id')
            .where('id', '=', theirs() as never),
        }))
        .where('id', '=', own.id),
    'a deletion': (db) => db.deleteFrom('scope_key').where('scope_id', '=', theirs()),
    'a deletion of everything': (db) => db.deleteFrom('draft'),
    'a deletion by way of a foreign row': (db) =>
      db.deleteFrom('chat_session').using('chat_message as m').where('chat_session.id', '=', own.id).where('m.id', '=', secret.questionId),
    'an update of what is shown': (db) => db.updateTable('picture').set({ content: bytes }),
    'a deletion of what is shown': (db) => db.deleteFrom('picture'),
    'an addition to what is shown': (db) =>
      db.insertInto('picture').values({ user_id: carolId, scope_id: carolId, version: theirs(), content: bytes }),
    'an addition': (db) => db.insertInto('chat_session').values(chatIn(theirs())),
    'an addition among own ones': (db) => db.insertInto('chat_session').values([chatIn(bob.me.personalScopeId), chatIn(theirs())]),
    'an addition whose scope is a text': (db) =>
      db.insertInto('chat_session').values({ ...chatIn(theirs()), scope_id: sql`${theirs()}::uuid` }),
    'an addition from a query': (db) =>
      db
        .insertInto('scope_member')
        .columns(['scope_id', 'user_id', 'role'])
        .expression((eb) =>
          eb
            .selectFrom('user')
            .select([sql<string>`${theirs()}::uuid`.as('s'), 'id', sql<'owner'>`'owner'`.as('r')])
            .where('id', '=', bob.me.user.id),
        ),
    'an addition that changes the row it finds': (db) =>
      db
        .insertInto('chat_session')
        .values(chatIn(bob.me.personalScopeId, secret.chatId))
        .onConflict((found) => found.column('id').doUpdateSet({ description: bytes })),
    'a change inside a common table expression': (db) =>
      db
        .with('c', (q) => q.deleteFrom('scope_key').where('scope_id', '=', theirs()).returning('version'))
        .updateTable('chat_session')
        .from('c')
        .set({ named: true })
        .where('id', '=', own.id),
  }

  test.each(Object.keys(shapes))('%s', async (name) => {
    expect(await touched(() => shapes[name]!(plain)), 'without the filter').toBeGreaterThan(0)
    expect((await touched(() => shapes[name]!(filtered))) ?? 0, 'with the filter').toBe(0)
  })

  test('own rows are changed all the same', async () => {
    expect(await touched(() => filtered.updateTable('chat_session').set({ named: true }))).toBe(1)
    expect(await touched(() => filtered.insertInto('chat_session').values(chatIn(bob.me.personalScopeId)))).toBe(1)
  })

  test('what one may only read is not changed', async () => {
    const reader = { ...actor, readScopes: [...actor.readScopes, alice.me.personalScopeId] } as Actor
    const db = queriesFor(reader) as Queries
    expect(await showsAlice(() => db.selectFrom('chat_session').select('scope_id'))).toBe(true)
    expect(await touched(() => db.updateTable('chat_session').set({ named: true }).where('id', '=', secret.chatId))).toBe(0)
    expect(await touched(() => db.insertInto('chat_session').values(chatIn(theirs())))).toBeUndefined()
  })
})

test('a table that the filter does not know is refused', () => {
  expect(() => filtered.selectFrom('credential').selectAll().compile()).toThrow('does not know the table credential')
  expect(() => (filtered as unknown as Kysely<{ 'control.tenant': object }>).selectFrom('control.tenant').selectAll().compile()).toThrow(
    'does not know the table tenant',
  )
})
