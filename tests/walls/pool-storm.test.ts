/**
 * Many principals of two tenants through few connections, with everything going wrong that can: never a foreign row, never a context
 * left on a connection. 100,000 units in CI, a tenth of it elsewhere (SARDONYX_STORM_UNITS says another number).
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Actor } from '#server/isolation/actor.ts'
import type { Database } from '#server/isolation/database.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import { connect } from '#server/ops/installation.ts'
import { PEOPLE, type Person } from '#tests/support/cast.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import { chatOf, createWorld, type World } from '#tests/support/world.ts'
import { actorOf } from './attack.ts'

const UNITS = Number(process.env.SARDONYX_STORM_UNITS ?? (process.env.CI === undefined ? 10_000 : 100_000))
const AT_ONCE = 24

let world: World
let actors: Actor[]
beforeAll(async () => {
  world = await createWorld()
  actors = await Promise.all(
    (Object.keys(PEOPLE) as Person[]).map(async (person) => {
      const signedIn = await world.signIn(person)
      await chatOf(signedIn, { description: `of ${person}`, question: `asked by ${person}` })
      return actorOf(signedIn)
    }),
  )
})
afterAll(() => world.close())

/** A raw statement, which the application filter does not see: row security alone holds it. */
const raw = <O>(sql: string) => ({ compile: () => ({ sql, parameters: [] }) }) as unknown as import('kysely').Compilable<O>

type Deed = (units: UnitsOfWork, actor: Actor) => Promise<unknown>

const seen = { rows: 0, foreign: 0 }
const look = (actor: Actor, rows: readonly { user_id: string }[]) => {
  seen.rows += rows.length
  seen.foreign += rows.filter((row) => row.user_id !== actor.userId).length
}
const everything = (actor: Actor) => raw<{ user_id: string }>(`select user_id from ${schemaName(actor.tenantId)}.chat_message`)

/** What units do, from the everyday to the rude; how often each comes is its weight. */
const DEEDS: readonly { weight: number; mayFail: boolean; deed: Deed }[] = [
  { weight: 40, mayFail: false, deed: (units, actor) => units.read(actor, async (tx) => look(actor, await tx.all(everything(actor)))) },
  {
    weight: 20,
    mayFail: false,
    deed: (units, actor) =>
      units.write(actor, async (tx) => {
        look(actor, await tx.all(everything(actor)))
        await tx.change(tx.db.updateTable('chat_session').set({ named: true }))
        look(actor, await tx.all(everything(actor)))
      }),
  },
  {
    weight: 12,
    mayFail: true,
    deed: (units, actor) =>
      units.write(actor, async (tx) => {
        look(actor, await tx.all(everything(actor)))
        throw new Error('rolled back')
      }),
  },
  { weight: 8, mayFail: true, deed: (units, actor) => units.read(actor, (tx) => tx.all(raw('select 1 / 0'))) },
  {
    weight: 8,
    mayFail: true,
    deed: (units, actor) =>
      units.write(actor, async (tx) => {
        await tx.all(raw('select 1 / 0')).catch(() => undefined)
        return tx.all(everything(actor))
      }),
  },
  {
    weight: 8,
    mayFail: true,
    deed: (units, actor) => units.read({ ...actor, tokenHash: Buffer.alloc(32, 1) }, (tx) => tx.all(everything(actor))),
  },
  {
    weight: 1,
    mayFail: true,
    deed: (units, actor) =>
      units.write(actor, async (tx) => {
        await tx.all(raw("set local statement_timeout = '5ms'"))
        return tx.all(raw('select pg_sleep(1)'))
      }),
  },
]

/** A small generator of its own, so that a run can be repeated. */
function* chances(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

/** The deed that a number from 0 to 1 falls on. */
function chosenBy(chance: number): (typeof DEEDS)[number] {
  const lots = DEEDS.flatMap((one) => Array.from({ length: one.weight }, () => one))
  return lots[Math.floor(chance * lots.length)]!
}

async function storm(database: Database, units: number): Promise<{ refused: number; unexpected: unknown[] }> {
  const work = new UnitsOfWork(database)
  const chance = chances(20_261_122)
  const next = () => chance.next().value
  const result = { refused: 0, unexpected: [] as unknown[] }
  let left = units
  const run = async () => {
    while (left-- > 0) {
      const chosen = chosenBy(next())
      const actor = actors[Math.floor(next() * actors.length)]!
      await chosen.deed(work, actor).catch((error: unknown) => {
        // A connection that the database ended, or an answer that it cancelled, is the storm's own doing.
        if (chosen.mayFail || (error instanceof Failure && error.code === 'server.unavailable')) result.refused++
        else result.unexpected.push(error)
      })
      if (left % 40 === 0) await expectNoContext(database)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  return result
}

async function expectNoContext(database: Database): Promise<void> {
  const bare = await database
    .fly('app', [
      {
        text: `select current_setting('app.user_id', true) as who, (select count(*)::int from ${schemaName(actors[0]!.tenantId)}.chat_message) as rows`,
        values: [],
      },
    ])
    .catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'server.unavailable') return undefined
      throw error
    })
  if (bare) expect(bare[0]!.rows[0]).toSatisfy((row: { who: string | null; rows: number }) => !row.who && row.rows === 0)
}

/** Cancels statements and ends connections of the application, now and then, until told to stop. */
function makeTrouble(): () => Promise<void> {
  let isOver = false
  const trouble = (async () => {
    for (let i = 0; !isOver; i++) {
      const how = i % 3 === 0 ? 'pg_terminate_backend' : 'pg_cancel_backend'
      await world.sql(
        `select ${how}(pid) from pg_stat_activity where usename like '%\\_app' and datname = current_database() order by random() limit 1`,
      )
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  })()
  return async () => {
    isOver = true
    await trouble
  }
}

test.each([{ connections: 1 }, { connections: 4 }])(
  'through $connections connections',
  async ({ connections }) => {
    const database = connect({ ...world.installation }, quietLog, { app: connections, worker: 1, auth: 1 })
    const before = seen.rows
    const calm = makeTrouble()
    try {
      const { refused, unexpected } = await storm(database, UNITS / 2)
      expect(unexpected).toEqual([])
      expect(refused).toBeGreaterThan(0)
    } finally {
      await calm()
      await database.close()
    }
    expect(seen.rows).toBeGreaterThan(before)
    expect(seen.foreign).toBe(0)
  },
  600_000,
)

test('the count of foreign rows is not blind: without row security it sees them', async () => {
  const [actor] = actors
  const rows = (await world.sql<{ user_id: string }>(`select user_id from ${schemaName(actor!.tenantId)}.chat_message`)).rows
  expect(rows.filter((row) => row.user_id !== actor!.userId).length).toBeGreaterThan(0)
})
