/** Flights: what is asked for together flies together, in its order, and fails together; what comes too late does not fly. */
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { type AnyReadTx, UnitsOfWork, type WriteTx } from '#server/isolation/unit-of-work.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf } from './attack.ts'

let world: World
let alice: SignedIn
let units: UnitsOfWork
let chatId: string

beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  units = new UnitsOfWork(world.database)
  chatId = (await alice.call<Chat>('POST', '/api/chats', {})).body.id
})
afterAll(() => world.close())

const actor = () => actorOf(alice)
/** The beginning of the transaction in which it is asked. */
const begun = async (tx: AnyReadTx) => {
  const row = await tx.first(tx.db.selectFrom('chat_session').select(sql<string>`now()::text`.as('at')).where('id', '=', chatId))
  return row!.at
}
const model = async () => (await alice.call<Chat>('GET', `/api/chats/${chatId}`)).body.model
const choose = (tx: WriteTx, name: string) => tx.change(tx.db.updateTable('chat_session').set({ model: name }).where('id', '=', chatId))

test('reads that are asked for together are of one moment; one after the other they are not', async () => {
  const [together, apart] = await units.read(actor(), async (tx) => [
    await Promise.all(Array.from({ length: 120 }, () => begun(tx))),
    [await begun(tx), await begun(tx)],
  ])
  // No more than fifty in one.
  expect(new Set(together).size).toBe(3)
  expect(new Set(apart).size).toBe(2)
})

test('writes are done in the order in which they are asked for, and all or none', async () => {
  await units.write(actor(), (tx) => Promise.all(['one', 'two', 'three'].map((name) => choose(tx, name))))
  expect(await model()).toBe('three')
  const failing = units.write(actor(), (tx) =>
    Promise.all([choose(tx, 'four'), tx.all(tx.db.selectFrom('chat_session').select(sql`1 / 0`.as('none'))), choose(tx, 'five')]),
  )
  await expect(failing).rejects.toThrow('division by zero')
  expect(await model()).toBe('three')
})

test('what was not waited for does not fly after the end, on a connection that is somebody else’s by then', async () => {
  let late: Promise<unknown> = Promise.resolve()
  await units.write(actor(), async (tx) => {
    await choose(tx, 'six')
    late = expect(choose(tx, 'seven')).rejects.toThrow('has ended')
  })
  await late
  expect(await model()).toBe('six')
  await units.write(actor(), async (tx) => {
    late = expect(choose(tx, 'eight')).rejects.toThrow('has ended')
  })
  await late
  expect(await model()).toBe('six')
})
