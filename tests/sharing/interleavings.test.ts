/**
 * Shared and taken back while its readers read, on two servers with one cache, in generated orders: from the commit of the taking back on
 * nothing that is new reaches them. SHARING_RUNS says how many orders are played, and SHARING_SEED with which one begins; what fails
 * prints both. docs/topics/sharing.md says how many were played.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { ALL_READS, anyOrder, type Order, Play, READS } from './orders.ts'

const RUNS = Number(process.env.SHARING_RUNS ?? 60)
const SEED = Number(process.env.SHARING_SEED ?? Date.now() % 1_000_000_000)
const AT_ONCE = 6
/** After so many, what the readers' events told is looked through. */
const ROUND = 300

let two: TwoServers
let play: Play
beforeAll(async () => {
  two = await startTwoServers()
  play = await Play.begin(two)
})
afterAll(async () => {
  play.close()
  await two.close()
})

test('what is written after it was taken back reaches nobody whom it was taken back from', async () => {
  const property = fc.asyncProperty(anyOrder, async (order) => {
    expect(await play.play(order)).toEqual([])
  })
  for (let played = 0; played < RUNS; played += ROUND) {
    const numRuns = Math.ceil(Math.min(ROUND, RUNS - played) / AT_ONCE)
    const lanes = Array.from({ length: AT_ONCE }, (_, lane) =>
      fc.assert(property, { numRuns, seed: SEED + played + lane, timeout: 60_000 }),
    )
    await Promise.all(lanes)
    expect(await play.told()).toEqual([])
    if (RUNS > ROUND) process.stdout.write(`${played + numRuns * AT_ONCE} orders, ${new Date().toISOString()}\n`)
  }
}, 3_600_000)

test('each way of reading finds it where the wall is down: where whoever it was taken back from stays a member', async () => {
  const schema = await schemaOf(two.world, 'acme')
  await two.world.sql(`create function ${schema}.stay() returns trigger language plpgsql security definer as $$ begin
    insert into ${schema}.scope_member (scope_id, user_id, role)
      select new.scope_id, m.user_id, 'viewer' from ${schema}.scope_member m where m.scope_id = old.scope_id and m.user_id <> new.user_id
      on conflict do nothing;
    return null;
  end $$`)
  await two.world.sql(`create trigger stay after update of scope_id on ${schema}.chat_session for each row
    when (old.scope_id <> old.user_id) execute function ${schema}.stay()`)
  const leaks = new Set<string>()
  const order: Omit<Order, 'how' | 'news' | 'after'> = { owner: 'alice', ownerAt: 'a', backAt: 'b', other: 'with', before: [], during: [] }
  for (const how of ['from one', 'from all'] as const)
    for (const news of ['title', 'question', 'answer'] as const)
      for (const leak of await play.play({ ...order, how, news, after: READS.map((read) => [read, 'a']) })) leaks.add(leak)
  for (const leak of await play.told()) leaks.add(leak)
  expect([...leaks].sort()).toEqual([...ALL_READS].sort())
}, 60_000)
