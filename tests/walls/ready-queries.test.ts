/** Queries that are built once for all of a tenant, with row security down: whoever had it built, each is held to what is theirs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '#server/isolation/database.ts'
import { ready } from '#server/isolation/queries.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, withoutRowSecurity } from './attack.ts'

let world: World
let database: Database
beforeAll(async () => {
  world = await createWorld()
  database = withoutRowSecurity(world)
})
afterAll(async () => {
  await database.close()
  await world.close()
})

const own = ready(({ db, actor }, { title }: { title: string }) =>
  db.selectFrom('chat_session').select(['id', 'user_id']).where('user_id', '=', actor.userId).where('model', '<>', title),
)
const anyones = ready(({ db }, { id }: { id: string }) => db.selectFrom('chat_session').select('id').where('id', '=', id))

test('each finds their own and nothing of others, in whatever order they ask', async () => {
  const people = await Promise.all((['alice', 'bob', 'trent'] as const).map((person) => world.signIn(person)))
  const chats = await Promise.all(people.map((person, i) => chatOf(person, { description: `of ${i}`, question: `asked by ${i}` })))
  const units = new UnitsOfWork(database)
  const seenBy = (person: SignedIn) =>
    units.read(actorOf(person), async (tx) => ({
      own: (await tx.all(own(tx.actor, { title: 'none' }))).map(({ id }) => id),
      found: (await Promise.all(chats.map(({ chatId }) => tx.all(anyones(tx.actor, { id: chatId }))))).flat().map(({ id }) => id),
    }))
  for (const at of [0, 1, 2, 1, 0]) expect(await seenBy(people[at]!)).toEqual({ own: [chats[at]!.chatId], found: [chats[at]!.chatId] })
})

test('one that looks at a value instead of asking with it is not built', async () => {
  const person = await world.signIn('alice')
  const adding = ready(({ db, actor }) => {
    const adder = db as unknown as import('#server/isolation/queries.ts').AppQueries
    return adder.insertInto('branch').values({ chat_session_id: '', leaf_id: '', scope_id: actor.userId, user_id: actor.userId })
  })
  expect(() => adding(actorOf(person), {})).toThrow()
})
