/** Ends, proofs and changes at the same moment: each has its effect or is refused, none waits in a circle, and nothing slips through between them. */
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLogin } from '#server/auth/login.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { eventually } from '#tests/support/redis.ts'
import { type Answer, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let schema: string
beforeAll(async () => {
  world = await createWorld({ pool: { app: 8, worker: 2, auth: 8 } })
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())
beforeEach(() => world.sql(`update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where revoked_at is null`))

/** Locks something, so that whoever needs it waits; answers how to let go of it. */
async function hold(what: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: world.url })
  await client.connect()
  await client.query(`begin; ${what}`)
  return async () => {
    await client.query('commit')
    await client.end()
  }
}

/** Resolves once so many wait for locks, so many of them in line behind another who waits for the same row. */
const waiting = (count: number, inLine?: number) =>
  eventually(async () => {
    const [seen] = (
      await world.sql<{ count: number; line: number }>(
        `select count(*)::int, (count(*) filter (where wait_event = 'tuple'))::int as line
           from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).rows
    return seen?.count === count && (inLine ?? seen.line) === seen.line
  })

const login = ({ me }: SignedIn) => `select from ${schema}.auth_session where id = '${me.session.id}' for update`
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort()

/** Both are held up at the login of the other, the first for a shorter time: so each has locked before either goes on. */
async function inEachOthersWay(both: readonly SignedIn[], deed: (one: SignedIn) => Promise<Answer>): Promise<number[]> {
  const [first, second] = [await hold(login(both[0]!)), await hold(login(both[1]!))]
  const answers = Promise.all(both.map(deed))
  await waiting(2)
  await second()
  await waiting(2, 1)
  await first()
  return statuses(await answers)
}

test.each(['end-others', 'not-me'])('of two devices that end each other by %s at once one does, and the other is out', async (way) => {
  const both = [await world.signIn('alice'), await world.signIn('alice')]
  expect(await inEachOthersWay(both, (one) => one.call('POST', `/api/me/sessions/${way}`))).toEqual([200, 401])
})

test('of two administrators who end all other logins at once one does, and the other is out', async () => {
  const both = [await world.signIn('carol'), await world.signIn('carol')]
  const { body } = await both[0]!.call<{ sessions: number }>('GET', '/api/sessions/count')
  const end = { filter: {}, expected: body.sessions }
  expect(await inEachOthersWay(both, (one) => one.call('POST', '/api/sessions/end', end))).toEqual([200, 401])
})

test('an API token that another device is just making goes along when “this wasn’t me” is said', async () => {
  const [person, other] = [await world.signIn('alice'), await world.signIn('alice')]
  const letGo = await hold(`select from ${schema}."user" where id = '${person.me.user.id}' for update`)
  const making = other.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
  await waiting(1)
  const ending = person.call('POST', '/api/me/sessions/not-me')
  await waiting(2)
  await letGo()
  const [made, ended] = [await making, await ending]
  expect([made.status, ended.body]).toEqual([201, { ended: 2 }])
  const used = await world.call('GET', '/api/me', { headers: { authorization: `Bearer ${made.body.token}` } })
  expect(used.status).toBe(401)
})

test('somebody who is just signing in when they are suspended has no login left when they are reinstated', async () => {
  const { me } = await world.signIn('bob')
  const { ending } = await createLogin({ database: world.database, keyring: world.installation.keyring, log: world.log })
  const letGo = await hold(`lock table ${schema}.auth_token in exclusive mode`)
  const signingIn = world.call('POST', '/api/auth/sign-in', { body: { email: me.user.email, password: PASSWORD, organisation: 'acme' } })
  await waiting(1)
  const of = { chosen: { userId: me.user.id }, end: { reason: 'suspended', by: { kind: 'operator' } } } as const
  const suspending = ending.endAs(me.organisation.id, of, async (tx) => {
    await tx.change(tx.db.updateTable('user').set({ status: 'suspended' }).where('id', '=', me.user.id))
  })
  await waiting(2)
  await letGo()
  expect([(await signingIn).status, await suspending]).toEqual([401, 2])
  const { rows } = await world.sql(`select from ${schema}.auth_session where revoked_at is null`)
  expect(rows).toEqual([])
  await world.sql(`update ${schema}."user" set status = 'active'`)
})

test('changes of one’s preferences on two devices at once take turns', async () => {
  const both = [await world.signIn('alice'), await world.signIn('alice')]
  const letGo = await hold(`select from ${schema}."user" where id = '${both[0]!.me.user.id}' for share`)
  const changes = [{ theme: 'dark' }, { model: 'librarian' }]
  const answers = Promise.all(both.map((one, i) => one.call('PATCH', '/api/me/preferences', changes[i])))
  await waiting(2)
  await letGo()
  expect(statuses(await answers)).toEqual([200, 200])
  const { body } = await both[0]!.call('GET', '/api/me')
  expect(body).toMatchObject({ user: { preferences: { theme: 'dark', model: 'librarian' } } })
})
