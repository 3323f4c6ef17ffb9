/** The clean-up: all that is past its time goes, nothing else does, in one organisation at a time, and an interrupted one is taken up. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Message } from '#server/isolation/queue.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { CleanUp, cleanedLine, cleanUpNow, startCleanUps } from '#server/ops/clean-up.ts'
import { pastOf } from '#tests/support/past.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let cleanUp: CleanUp
let alice: SignedIn
let trent: SignedIn
let acme: string
let past: Awaited<ReturnType<typeof pastOf>>
let others: Awaited<ReturnType<typeof pastOf>>

beforeAll(async () => {
  world = await createWorld()
  cleanUp = new CleanUp(world.database, world.log)
  alice = await world.signIn('alice')
  trent = await world.signIn('trent')
  acme = schemaName(alice.me.organisation.id)
  past = await pastOf(world, alice, await world.signIn('bob'))
  others = await pastOf(world, trent, await world.signIn('mallory'))
  await others.plant()
})
beforeEach(() => past.plant())
afterAll(() => world.close())

const begin = () => cleanUp.begin(alice.me.organisation.id)
const stateOf = async ({ jobId }: Message) => (await world.sql(`select state from ${acme}.job where id = $1`, [jobId])).rows[0]?.state
const count = async (table: string) => (await world.sql<{ n: number }>(`select count(*)::int as n from ${acme}.${table}`)).rows[0]!.n

test('all that is due goes, and only that, with what hangs on it, and the job has ended', async () => {
  expect(await past.left()).toEqual(past.all)
  const [seen, ends] = [await count('auth_session_seen'), await count('session_end')]
  const message = await begin()
  expect(await cleanUp.run(message)).toEqual({
    ...{ auth_session: 2, auth_token: 1, link: 1, recovery: 2, security_event: 1, export: 1, happening: 1, job: 3, chat_session: 2 },
    ...{ challenge: 1, sign_in_ticket: 1, oidc_way: 1, oidc_logout: 1, scope: 1, draft: 1 },
  })
  expect(await past.left()).toEqual(past.kept)
  expect([seen - (await count('auth_session_seen')), ends - (await count('session_end'))]).toEqual([2, 2])
  expect(await stateOf(message)).toBe('ended')
  expect(Object.values((await cleanUp.run(await begin()))!)).toEqual(Array(15).fill(0))
})

test('another organisation keeps what is due in it, until it is its turn', async () => {
  await cleanUp.run(await begin())
  expect(await others.left()).toEqual(others.all)
  await cleanUp.run(await cleanUp.begin(trent.me.organisation.id))
  expect(await others.left()).toEqual(others.kept)
  await others.plant()
})

test('people notice nothing: who is signed in stays so, and devices, API tokens and the log of their account are as they were', async () => {
  const paths = ['/api/me', '/api/chats', '/api/me/sessions', '/api/me/tokens']
  const look = () => Promise.all(paths.map((path) => alice.call('GET', path)))
  const before = await look()
  await cleanUp.run(await begin())
  const after = await look()
  expect(before.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(after.map(({ body }) => body)).toEqual(before.map(({ body }) => body))
  expect((await alice.call<{ items: { kind: string }[] }>('GET', '/api/me/security-events')).body.items[0]).toMatchObject({
    kind: 'signed_in',
  })
  expect((await world.signIn('alice')).me.user.id).toBe(alice.me.user.id)
})

test('a thief who renewed a token is still found out when its owner comes back weeks later', async () => {
  const carol = await world.signIn('carol')
  const of = [carol.me.session.id]
  await world.sql(`update ${acme}.auth_token set retires_at = now() - interval '89 days' where session_id = $1`, of)
  await cleanUp.run(await begin())
  expect((await carol.call('GET', '/api/chats')).status).toBe(401)
  await vi.waitFor(async () =>
    expect((await world.sql(`select revoked_reason from ${acme}.auth_session where id = $1`, of)).rows).toEqual([
      { revoked_reason: 'theft' },
    ]),
  )
})

describe('of more than fits into a batch', () => {
  beforeEach(() =>
    world.sql(
      `insert into ${acme}.auth_session (id, user_id, idle_limit_s, expires_at)
       select gen_random_uuid(), $1, 60, now() - interval '31 days' from generate_series(1, 5001)`,
      [alice.me.user.id],
    ),
  )

  test('all goes', async () => {
    expect(await cleanUp.run(await begin())).toMatchObject({ auth_session: 5_003 })
  })

  test('what an attempt leaves that dies on the way, the next one removes', async () => {
    const message = await begin()
    let batches = 0
    const dying = {
      throwIfAborted: () => {
        if (batches++ > 0) throw new Error('the server died')
      },
    }
    await expect(cleanUp.run(message, dying as AbortSignal)).rejects.toThrow('the server died')
    expect(await stateOf(message)).toBe('running')
    expect(await cleanUp.run(message)).toMatchObject({ auth_session: 3, link: 0 })
    expect(await stateOf(message)).toBe('ended')
    expect(await past.left()).toEqual(past.kept)
  })
})

describe('nothing is removed, and that is no failure,', () => {
  test.each<[string, (message: Message) => Promise<unknown>, ((message: Message) => Message)?]>([
    ['when it has ended', ({ jobId }) => world.sql(`update ${acme}.job set state = 'ended' where id = $1`, [jobId])],
    [
      'when it was begun more than an hour ago',
      ({ jobId }) => world.sql(`update ${acme}.job set time_created = now() - interval '61 minutes' where id = $1`, [jobId]),
    ],
    ['when another took its place', begin],
    ['when the organisation is frozen', () => world.sql(`update ${acme}.tenant_state set status = 'frozen'`)],
    ['when the message names another organisation', async () => undefined, ({ jobId }) => ({ jobId, tenantId: trent.me.organisation.id })],
  ])('%s', async (_, happening, changed = (message: Message) => message) => {
    const message = await begin()
    await happening(message)
    expect(await cleanUp.run(changed(message))).toBeUndefined()
    await world.sql(`update ${acme}.tenant_state set status = 'active'`)
    expect(await past.left()).toEqual(past.all)
    expect(await others.left()).toEqual(others.all)
  })
})

test('by the queue every organisation is cleaned, and one that cannot be holds up no other and is tried again', async () => {
  const waiting = async () => (await world.sql(`select name from queue.job where state = 'retry'`)).rows.map(({ name }) => name)
  const complaints = () => world.log.lines.filter((line) => line.includes('could not be cleaned'))
  await world.sql(`alter table ${acme}.job add constraint broken check (kind <> 'clean_up') not valid`)
  await world.sql(`insert into queue.job (name) values ('clean_up_round')`)
  const queue = await startCleanUps(world.installation, world.database, world.log)
  await vi.waitFor(async () => expect(await others.left()).toEqual(others.kept), { timeout: 10_000 })
  await vi.waitFor(async () => expect(await waiting()).toEqual(['clean_up_round']), { timeout: 10_000 })
  expect(complaints()).toHaveLength(1)
  expect(await past.left()).toEqual(past.all)
  // The next attempt is made by a server that starts meanwhile.
  await world.sql(`alter table ${acme}.job drop constraint broken`)
  await world.sql('update queue.job set start_after = now()')
  const another = await startCleanUps(world.installation, world.database, world.log)
  await vi.waitFor(async () => expect(await past.left()).toEqual(past.kept), { timeout: 10_000 })
  await Promise.all([queue.stop(), another.stop()])
  expect(complaints()).toHaveLength(1)
})

test('an operator does it at once and reads what was removed', async () => {
  await cleanUpNow(world.installation, world.log)
  await past.plant()
  expect((await cleanUpNow(world.installation, world.log)).map(cleanedLine)).toEqual([
    'acme\tended sessions: 2, replaced tokens: 1, old challenges: 1, deleted and temporary chats: 2, drafts in chats that are gone: 1, old exports: 1, old happenings: 1, expired links: 1, old logout tokens: 1, old ways to a provider: 1, old recoveries: 2, scopes that their chats have left: 1, old security events: 1, old sign-in tickets: 1, old jobs: 3',
    'globex\tnothing was due',
  ])
  expect(await past.left()).toEqual(past.kept)
})

test('of an organisation that cannot be cleaned they hear after the others are', async () => {
  await world.sql(`alter table ${acme}.job add constraint broken check (kind <> 'clean_up') not valid`)
  await expect(cleanUpNow(world.installation, world.log)).rejects.toThrow(/^globex\t.*\nNot every organisation could be cleaned/)
  await world.sql(`alter table ${acme}.job drop constraint broken`)
})
