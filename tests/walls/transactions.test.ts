/** No transaction of a person or a job lives on because its code does: past its time it begins no statement, and nothing of it is kept. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { AnyActor } from '#server/isolation/actor.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { CleanUp } from '#server/ops/clean-up.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, raw } from './attack.ts'

let world: World
let alice: SignedIn
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => world.close())

const person = async (): Promise<AnyActor> => actorOf(alice)
const job = async (): Promise<AnyActor> => {
  const { tenantId, jobId } = await new CleanUp(world.database, world.log).begin(alice.me.organisation.id)
  return new Jobs(world.database).cleanUpOf(tenantId, jobId)
}

test.each([
  ['person', person],
  ['job', job],
])('one of a %s that goes on for a minute ends, is taken back, and gives its connection back', async (_, actor) => {
  const units = new UnitsOfWork(world.database)
  const acting = await actor()
  const begun = performance.now()
  let rounds = 0
  const endless = units.write(acting, async (tx) => {
    await tx.all(raw('select 1'))
    for (;;) {
      vi.spyOn(performance, 'now').mockReturnValue(begun + ++rounds * 20_000)
      await tx.all(raw('select 1'))
    }
  })
  await expect(endless).rejects.toMatchObject({ code: 'server.unavailable' })
  expect(rounds).toBe(4)
  vi.restoreAllMocks()
  const { rows } = await world.sql(`select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
  expect(rows).toEqual([])
  expect(await units.write(acting, (tx) => tx.all(raw<{ n: number }>('select 1 as n')))).toEqual([{ n: 1 }])
})
