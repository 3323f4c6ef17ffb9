/**
 * The queue, alone: no application filter. A job enters by its own row: whoever guesses, forges or edits one gets what its person may
 * read, writes its one chat, and nothing once it has ended or its person has lost the right.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ChatId, JobId } from '#contract/ids.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import { isRefusal, Jobs } from '#server/isolation/jobs.ts'
import { mintJobActor } from '#server/isolation/mint.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, asRole, raw, refusalOf, secretChat } from './attack.ts'

vi.mock('#server/isolation/filter.ts', () => import('./no-filter.ts'))

let world: World
let units: UnitsOfWork
let jobs: Jobs
let alice: SignedIn
let bob: SignedIn
let mallory: SignedIn
let secret: AskedChat
let own: AskedChat
let other: AskedChat
let schema: string
let jobId: JobId
let aliceJobId: JobId

const REFUSED = 'SX403'
const DENIED = '42501'

beforeAll(async () => {
  world = await createWorld()
  units = new UnitsOfWork(world.database)
  jobs = new Jobs(world.database)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  mallory = await world.signIn('mallory')
  schema = schemaName(bob.me.organisation.id)
  secret = await secretChat(alice)
  own = await chatOf(bob, { description: 'Lunch', question: 'Where is lunch?' })
  other = await chatOf(bob, { description: 'Dinner', question: 'Where is dinner?' })
  const { rows } = await world.sql<{ id: JobId; chat_session_id: ChatId }>(`select id, chat_session_id from ${schema}.job`)
  jobId = rows.find((row) => row.chat_session_id === own.chatId)!.id
  aliceJobId = rows.find((row) => row.chat_session_id === secret.chatId)!.id
})
beforeEach(() => world.sql(`update ${schema}.job set state = 'running', time_created = now()`))
afterEach(async () => {
  await world.sql(`update ${schema}."user" set status = 'active'`)
  await world.sql(`update ${schema}.scope_member set role = 'owner', scope_id = user_id`)
  await world.sql(`update ${schema}.tenant_state set status = 'active'`)
})
afterAll(() => world.close())

const actorOfJob = (id: JobId = jobId) => jobs.actorOf(bob.me.organisation.id, id)
const read = (actor: JobActor, sql: string) => units.read(actor, (tx) => tx.all(raw(sql)))
const write = (actor: JobActor, sql: string) => units.write(actor, (tx) => tx.change(raw(sql)))

test('a job acts for the person of its row: it reads what they may, and writes its one chat', async () => {
  const actor = await actorOfJob()
  expect(actor).toMatchObject({ userId: bob.me.user.id, readScopes: [bob.me.personalScopeId], writeScopes: [bob.me.personalScopeId] })
  const chats = await read(actor, `select id from ${schema}.chat_session`)
  expect(new Set(chats.map(({ id }) => id))).toEqual(new Set([own.chatId, other.chatId]))
  expect(await write(actor, `update ${schema}.chat_session set time_updated = now()`)).toBe(1)
  expect(await write(actor, `update ${schema}.chat_message set status = status where chat_session_id <> '${own.chatId}'`)).toBe(0)
  expect(await write(actor, `update ${schema}.job set state = state`)).toBe(1)
})

test('what a payload says beside the job is not believed', async () => {
  const claimed = mintJobActor({
    ...(await actorOfJob()),
    userId: alice.me.user.id,
    readScopes: [alice.me.personalScopeId],
    writeScopes: [alice.me.personalScopeId],
  })
  const chats = await read(claimed, `select scope_id from ${schema}.chat_session`)
  expect(new Set(chats.map(({ scope_id }) => scope_id))).toEqual(new Set([bob.me.personalScopeId]))
  expect(await write(claimed, `update ${schema}.chat_session set time_updated = now() where id = '${secret.chatId}'`)).toBe(0)
})

describe('a job does not act', () => {
  test.each<[string, () => string]>([
    ['that has ended', () => `update ${schema}.job set state = 'ended'`],
    ['that began more than an hour ago', () => `update ${schema}.job set time_created = now() - interval '61 minutes'`],
    ['of a person who was suspended', () => `update ${schema}."user" set status = 'suspended' where id = '${bob.me.user.id}'`],
    ['of an organisation that was frozen', () => `update ${schema}.tenant_state set status = 'frozen'`],
  ])('%s', async (_, happening) => {
    const actor = await actorOfJob()
    await world.sql(happening())
    for (const attempt of [() => actorOfJob(), () => read(actor, 'select 1'), () => write(actor, 'select 1')])
      expect(isRefusal(await attempt().catch((thrown: unknown) => thrown))).toBe(true)
  })

  test.each<[string, () => string]>([
    [
      'lost the scope',
      () => `update ${schema}.scope_member set scope_id = '${alice.me.personalScopeId}' where user_id = '${bob.me.user.id}'`,
    ],
    ['may only read it any more', () => `update ${schema}.scope_member set role = 'viewer' where user_id = '${bob.me.user.id}'`],
  ])('on what its person %s', async (happening, sql) => {
    const actor = await actorOfJob()
    await world.sql(sql())
    expect(await refusalOf(write(actor, 'select 1'))).toBe(REFUSED)
    const seen = await read(actor, `select id from ${schema}.chat_session where scope_id = '${bob.me.personalScopeId}'`)
    expect(seen).toHaveLength(happening === 'lost the scope' ? 0 : 2)
  })

  test('under a guessed id, or under its id in the other organisation', async () => {
    expect(await refusalOf(jobs.actorOf(bob.me.organisation.id, crypto.randomUUID() as JobId))).toBe(REFUSED)
    expect(await refusalOf(jobs.actorOf(mallory.me.organisation.id, jobId))).toBe(REFUSED)
  })
})

describe('request handling', () => {
  const asBob = (sql: string) => units.write(actorOf(bob), (tx) => tx.change(raw(sql)))
  const job = (values: { user: SignedIn; scope: SignedIn; chat: AskedChat; id?: string }) =>
    `insert into ${schema}.job (id, kind, user_id, scope_id, chat_session_id, message_id) values ('${values.id ?? crypto.randomUUID()}', 'generation',
      '${values.user.me.user.id}', '${values.scope.me.personalScopeId}', '${values.chat.chatId}', '${values.chat.answerId}')`

  test("takes no job by its id, not even Bob's own or Alice's", async () => {
    for (const id of [jobId, aliceJobId]) {
      const sql = `select * from ${schema}.enter_job('${id}', true)`
      expect(await refusalOf(asBob(sql))).toBe(DENIED)
      expect(await asRole(world, 'app', (client) => refusalOf(client.query(sql)))).toBe(DENIED)
    }
  })

  test('forges no job for somebody else, for a foreign scope, or for a foreign chat', async () => {
    expect(await refusalOf(asBob(job({ user: alice, scope: alice, chat: secret })))).toBe(DENIED)
    expect(await refusalOf(asBob(job({ user: alice, scope: bob, chat: own })))).toBe(DENIED)
    expect(await refusalOf(asBob(job({ user: bob, scope: alice, chat: secret })))).toBe(DENIED)
    expect(await refusalOf(asBob(job({ user: bob, scope: bob, chat: secret })))).toBe('23503')
    expect(await refusalOf(asBob(job({ user: bob, scope: bob, chat: own, id: jobId })))).toBe('23505')
    expect(await asBob(job({ user: bob, scope: bob, chat: own }))).toBe(1)
  })

  test('neither reads nor changes jobs', async () => {
    for (const sql of [`select * from ${schema}.job`, `update ${schema}.job set state = 'running'`, `delete from ${schema}.job`])
      expect(await refusalOf(asBob(sql))).toBe(DENIED)
  })
})

describe('the row of a job', () => {
  test('is not made to name the chat of Alice, whoever edits it', async () => {
    const edit = (changes: string) => refusalOf(world.sql(`update ${schema}.job set ${changes} where id = '${jobId}'`))
    expect(await edit(`chat_session_id = '${secret.chatId}'`)).toBe('23503')
    expect(await edit(`message_id = '${secret.answerId}'`)).toBe('23503')
    expect(await edit(`scope_id = '${alice.me.personalScopeId}'`)).toBe('23503')
    const actor = await actorOfJob()
    for (const changes of [`scope_id = '${alice.me.personalScopeId}'`, `user_id = '${alice.me.user.id}'`])
      expect(await refusalOf(write(actor, `update ${schema}.job set ${changes}`))).toBe(DENIED)
  })

  test('that names all of the chat of Alice but the person of Bob writes nothing there', async () => {
    await world.sql(
      `insert into ${schema}.job (id, kind, user_id, scope_id, chat_session_id, message_id)
       values ($1, 'generation', $2, $3, $4, $5)`,
      [FORGED, bob.me.user.id, alice.me.personalScopeId, secret.chatId, secret.answerId],
    )
    const actor = await actorOfJob(FORGED)
    expect(await read(actor, `select id from ${schema}.chat_message where chat_session_id = '${secret.chatId}'`)).toEqual([])
    expect(await refusalOf(write(actor, `update ${schema}.chat_message set status = status`))).toBe(REFUSED)
    // The person is what was in the way.
    await world.sql(`update ${schema}.job set user_id = $1 where id = $2`, [alice.me.user.id, FORGED])
    const asAlice = await actorOfJob(FORGED)
    expect(await read(asAlice, `select id from ${schema}.chat_message where chat_session_id = '${secret.chatId}'`)).toHaveLength(2)
    expect(await write(asAlice, `update ${schema}.chat_message set status = status`)).toBe(2)
  })
  const FORGED = '00000000-0000-7000-8000-000000000001' as JobId
})

test('the worker does not enter by a token, and sees nothing without a job', async () => {
  const { tokenHash } = actorOf(bob)
  await asRole(world, 'worker', async (client) => {
    expect(await refusalOf(client.query(`select * from ${schema}.enter($1, false)`, [tokenHash]))).toBe(DENIED)
    expect((await client.query(`select id from ${schema}.chat_session`)).rows).toEqual([])
    expect((await client.query(`select id from ${schema}.job`)).rows).toEqual([])
    expect((await client.query(`select provider_id from ${schema}.model_provider_key`)).rows).toEqual([])
  })
})
