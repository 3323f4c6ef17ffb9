/** What the walls cost in the database: the one-flight unit, row security and the application filter, each against going without. */
import type { Compilable } from 'kysely'
import type pg from 'pg'
import type { Actor } from '#server/isolation/actor.ts'
import { Database } from '#server/isolation/database.ts'
import type { Statement } from '#server/isolation/flight.ts'
import { doorQueries, queriesFor } from '#server/isolation/queries.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { enterStatement, type ReadTx } from '#server/isolation/unit-of-work.ts'
import { compare, type Row, type Stage, wallMs } from '../measure.ts'
import { addChats, settle } from '../seed.ts'
import { bareList, guardedList, listUnopened } from '../statements.ts'
import type { World } from '../world.ts'

const LANES = 8

const amount = ({ quick }: Stage, lanes = LANES) => ({ calls: quick ? 100 : 500, lanes })

/** Alice with a thousand chats, and nine people with as many. */
async function populated(stage: Stage) {
  const world = await stage.world()
  const alice = await world.signIn('alice')
  await addChats(world, alice, { count: 1_000 })
  for (let i = 0; i < 9; i++) await addChats(world, await world.addPerson(`person-${i}`), { count: 1_000 })
  await settle(world)
  return { world, alice }
}

const guardedUnit: Row = {
  name: 'guarded unit against bare query',
  unit: '×',
  goal: { atMost: 1.35 },
  how: 'First page of the chat list, rows left unopened, 8 at a time: Kysely, `enter`, filter and row security in one flight, against the same SQL as a named statement of the superuser through node-postgres.',
  control: 'The classic unit: begin, enter, statement and commit, each in a trip of its own.',
  finding:
    'The walls looked selective to the planner, so a list was read whole and sorted (1 ms for a thousand chats, and more for more); spelled as cases, they let it follow its index (0.04 ms). PostgreSQL also planned each list anew (0.25 ms); the roles now plan once per connection, and the other side here does, too. Of what is left, building the query takes about 45 µs of the server’s time, and `enter` about 50 µs of the database’s.',
  async measure(stage) {
    const { world, alice } = await populated(stage)
    const bare = await bareList(world, alice.actor)
    return compare(stage.rounds, {
      base: () => wallMs(amount(stage), () => world.superuser.query({ name: 'list', text: bare.text, values: [...bare.values] })),
      subject: () => wallMs(amount(stage), () => world.units.read(alice.actor, (tx) => listUnopened(world, tx))),
      control: () => wallMs(amount(stage), () => classicList(world, alice.actor)),
    })
  },
}

/** The list as the product builds it, in a unit of four trips. */
async function classicList(world: World, actor: Actor): Promise<void> {
  const enter = enterStatement(actor.tenantId, actor.tokenHash, false)
  const all = async <O>(query: Compilable<O>): Promise<O[]> => {
    const { sql, parameters } = query.compile()
    await world.database.connected('app', (connection) => inTrips(connection, [enter, { text: sql, values: parameters }]))
    return []
  }
  await listUnopened(world, { actor, db: queriesFor(actor), all })
}

async function inTrips(connection: { fly(steps: Statement[]): Promise<unknown> }, steps: readonly Statement[]): Promise<void> {
  await connection.fly([{ text: 'begin', values: [] }])
  for (const step of steps) await connection.fly([step])
  await connection.fly([{ text: 'commit', values: [] }])
}

const rowSecurity: Row = {
  name: 'row security on against off',
  unit: '×',
  goal: { atMost: 1.1 },
  how: 'The same flight (`enter` and the list), one after the other, so that no wait hides behind another: as the app role, against a role with the same rights that bypasses row security.',
  control: 'A role for which one more policy looks the membership up, row by row, four times, in a function.',
  finding: 'The settings are read once per query, and each row is compared with them.',
  async measure(stage) {
    const { world, alice } = await populated(stage)
    const { actor } = alice
    const steps = [enterStatement(actor.tenantId, actor.tokenHash, false), await guardedList(world, actor)]
    const without = await roleLikeApp(world, 'bypassrls')
    const slow = await roleLikeApp(world, 'nobypassrls')
    await lookUpEachRow(world, schemaName(actor.tenantId), slow.role)
    const turn = (database: Database) => () => wallMs(amount(stage, 1), () => database.fly('app', steps))
    try {
      return await compare(stage.rounds, {
        base: turn(without.database),
        subject: turn(world.database),
        control: turn(slow.database),
      })
    } finally {
      await without.close()
      await slow.close()
    }
  },
}

/** A role with the app role's rights and settings, and connections as it. */
async function roleLikeApp(world: World, attribute: 'bypassrls' | 'nobypassrls') {
  const role = `bench_${attribute}`
  const url = new URL(world.url)
  url.username = role
  url.password = 'bench'
  const app = `${world.installation.secrets.prefix}_app`
  await world.superuser.query(`create role ${role} login ${attribute} password 'bench' in role ${app};
    alter role ${role} set default_transaction_isolation = 'repeatable read'`)
  const urls = { app: url.toString(), worker: url.toString(), auth: url.toString() }
  const database = new Database({ urls, size: { app: LANES, worker: 1, auth: 1 }, onIdleError: () => undefined })
  return {
    role,
    database,
    close: async () => {
      await database.close()
      await world.superuser.query(`drop owned by ${role}; drop role ${role}`)
    },
  }
}

async function lookUpEachRow({ superuser }: { superuser: pg.Pool }, schema: string, role: string): Promise<void> {
  await superuser.query(`create function ${schema}.bench_is_member(scope uuid) returns boolean language plpgsql security definer as $$
      begin
        for time in 1..4 loop
          perform from ${schema}.scope_member m where m.scope_id = scope and m.user_id = current_setting('app.user_id')::uuid;
        end loop;
        return found;
      end $$;
    create policy bench_lookup on ${schema}.chat_session as restrictive for select to ${role} using (${schema}.bench_is_member(scope_id))`)
}

const applicationFilter: Row = {
  name: 'application filter on against off',
  unit: '×',
  goal: { atMost: 1.1 },
  how: 'The list built by Kysely, compiled and flown behind `enter`, 8 at a time: with the filter plugin, against the builder of the doors, which has none.',
  control: 'The statement built and filtered ten times over before it flies.',
  finding: 'The filter is about 15 µs of the 45 that building and compiling take; the statement itself gets no slower.',
  async measure(stage) {
    const { world, alice } = await populated(stage)
    const { actor } = alice
    const enter = enterStatement(actor.tenantId, actor.tokenHash, false)
    const flown = (db: unknown, times: number) => async () => {
      const all = async (query: { compile(): { sql: string; parameters: readonly unknown[] } }) => {
        for (let time = 1; time < times; time++) query.compile()
        const { sql, parameters } = query.compile()
        return world.database.fly('app', [enter, { text: sql, values: parameters }])
      }
      await listUnopened(world, { actor, db, all } as unknown as ReadTx)
    }
    const turn =
      (makeDb: () => unknown, times = 1) =>
      () =>
        wallMs(amount(stage), () => flown(makeDb(), times)())
    return compare(stage.rounds, {
      base: turn(() => doorQueries(actor.tenantId)),
      subject: turn(() => queriesFor(actor)),
      control: turn(() => queriesFor(actor), 10),
    })
  },
}

export const databaseRows: readonly Row[] = [guardedUnit, rowSecurity, applicationFilter]
