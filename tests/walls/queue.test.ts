/**
 * The queue, alone: no application filter. A job enters by its own row: whoever guesses, forges or edits one gets what its person may
 * read, writes its one chat, and nothing once it has ended or its person has lost the right. A clean-up has no person; whoever has it
 * in hand reads nothing, and removes what is past its time and nothing else.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ChatId, JobId } from '#contract/ids.ts'
import type { AnyActor, CleanUpActor } from '#server/isolation/actor.ts'
import { isRefusal, Jobs } from '#server/isolation/jobs.ts'
import { mintJobActor } from '#server/isolation/mint.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { CleanUp } from '#server/ops/clean-up.ts'
import { pastOf } from '#tests/support/past.ts'
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
const read = (actor: AnyActor, sql: string) => units.read(actor, (tx) => tx.all(raw(sql)))
const write = (actor: AnyActor, sql: string) => units.write(actor, (tx) => tx.change(raw(sql)))

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

describe('a clean-up', () => {
  const CLEANED = [
    ...['auth_session', 'auth_token', 'challenge', 'chat_session', 'draft', 'export', 'happening', 'link', 'oidc_logout', 'oidc_way'],
    ...['recovery', 'scope', 'security_event', 'sign_in_ticket', 'job'],
  ]
  /** A column of each that a clean-up might be made to change. */
  const COLUMN: Readonly<Record<string, string>> = {
    auth_token: 'session_id',
    oidc_logout: 'token_hash',
    happening: 'scope_id',
    scope: 'owner_id',
  }
  const newJob = () => new CleanUp(world.database, world.log).begin(bob.me.organisation.id)
  const newActor = async (): Promise<CleanUpActor> => jobs.cleanUpOf(bob.me.organisation.id, (await newJob()).jobId)
  let past: Awaited<ReturnType<typeof pastOf>>
  beforeAll(async () => {
    past = await pastOf(world, alice, bob)
  })
  beforeEach(() => past.plant())

  /** Those chats it is shown that it removes: sealed, and without a key. */
  const DUE_CHATS = ['deleted', 'temporary']

  test('acts for nobody and sees nobody: no person, no chat that is not due, no key', async () => {
    const actor = await newActor()
    const { rows } = await world.sql<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.table_privileges
        where table_schema = '${schema}' and privilege_type = 'SELECT' and grantee = $1 and table_name not in ('job', 'chat_session', 'draft')`,
      [`${world.installation.secrets.prefix}_worker`],
    )
    expect(rows.length).toBeGreaterThanOrEqual(7)
    for (const { name } of [...rows, { name: `(select id from ${schema}."user") u` }])
      expect([name, await read(actor, `select 1 from ${name.startsWith('(') ? name : `${schema}.${name}`}`)]).toEqual([name, []])
    expect(await read(actor, `select model from ${schema}.chat_session order by 1`)).toEqual(DUE_CHATS.map((model) => ({ model })))
    expect(await read(actor, `select place from ${schema}.draft where ends_at is null or ends_at > now()`)).toEqual([])
    expect(await read(await actorOfJob(), `select id from ${schema}."user"`)).toEqual([{ id: bob.me.user.id }])
  })

  test('that forgets every condition removes what is due, of its own organisation, and nothing else', async () => {
    const others = await pastOf(world, await world.signIn('trent'), mallory)
    await others.plant()
    const actor = await newActor()
    for (const table of CLEANED) await write(actor, `delete from ${schema}.${table}`)
    expect(await past.left()).toEqual(past.kept)
    for (const table of CLEANED) expect(await write(actor, `delete from ${schemaName(mallory.me.organisation.id)}.${table}`)).toBe(0)
    expect(await others.left()).toEqual(others.all)
  })

  test('sees and removes messages of chats that are due, and changes none; of other chats it has none', async () => {
    const due = await chatOf(bob, { description: 'Past', question: 'What was?' })
    await world.sql(`update ${schema}.chat_session set deleted_at = now() - interval '31 days' where id = $1`, [due.chatId])
    const actor = await newActor()
    const messages = `from ${schema}.chat_message`
    expect(await read(actor, `select distinct chat_session_id ${messages}`)).toEqual([{ chat_session_id: due.chatId }])
    expect(await write(actor, `update ${schema}.chat_message set status = status`)).toBe(0)
    const of = async (where: string) => (await world.sql(`select ${messages} where ${where}`)).rowCount
    const others = await of(`chat_session_id <> '${due.chatId}'`)
    expect(await write(actor, `delete ${messages}`)).toBe(2)
    expect([await of(`chat_session_id <> '${due.chatId}'`), await of(`chat_session_id = '${due.chatId}'`)]).toEqual([others, 0])
    await write(actor, `delete from ${schema}.chat_session where id = '${due.chatId}'`)
  })

  test('that is made to read or change the rows it removes is refused', async () => {
    const actor = await newActor()
    // Of chats and drafts it sees what it removes, sealed, and may change nothing of it.
    expect(await refusalOf(write(actor, `update ${schema}.draft set text = ''`))).toBe(DENIED)
    expect(await refusalOf(write(actor, `update ${schema}.chat_session set time_updated = now(), description = ''`))).toBe(DENIED)
    for (const table of CLEANED.filter((name) => !['job', 'chat_session', 'draft'].includes(name))) {
      for (const sql of [
        `select * from ${schema}.${table}`,
        `select count(*) from ${schema}.${table}`,
        `delete from ${schema}.${table} returning *`,
      ])
        expect([sql, await refusalOf(units.write(actor, (tx) => tx.all(raw(sql))))]).toEqual([sql, DENIED])
      const column = COLUMN[table] ?? 'user_id'
      expect(await refusalOf(write(actor, `update ${schema}.${table} set ${column} = ${column}`))).toBe(DENIED)
    }
    for (const table of ['chat_message', 'message_feedback', '"user"', 'credential', 'scope_key', 'picture'])
      expect([table, await write(actor, `delete from ${schema}.${table}`)]).toEqual([table, 0])
    for (const table of ['model_provider', 'login_policy', 'tenant_state', 'message_search'])
      expect(await refusalOf(write(actor, `delete from ${schema}.${table}`))).toBe(DENIED)
    expect(await refusalOf(write(actor, `update ${schema}.job set kind = 'generation'`))).toBe(DENIED)
    expect(await past.left()).toEqual(past.all)
  })

  test('is no job of a person, and a job of a person is none: neither removes, in its context or with its function', async () => {
    for (const actor of [await actorOfJob(), jobs.cleanUpOf(bob.me.organisation.id, jobId)]) {
      for (const table of CLEANED) expect([table, await write(actor, `delete from ${schema}.${table}`)]).toEqual([table, 0])
      expect(await refusalOf(units.write(actor, (tx) => tx.call('clean_up', 'job', 5_000)))).toBe(REFUSED)
    }
    await asRole(world, 'worker', async (client) => {
      for (const table of CLEANED) expect((await client.query(`delete from ${schema}.${table}`)).rowCount).toBe(0)
      expect(await refusalOf(client.query(`select * from ${schema}.clean_up('job', 5000)`))).toBe(REFUSED)
    })
    expect(await past.left()).toEqual(past.all)
  })

  test('and a job of a person that enter one after the other have nothing of each other', async () => {
    const enter = (id: JobId) => raw(`select from ${schema}.enter_job('${id}', true)`)
    const { jobId: cleanUpId } = await newJob()
    const asPerson = await actorOfJob()
    const changed = units.write(asPerson, async (tx) => {
      expect(await tx.all(raw(`select id from ${schema}.chat_session`))).not.toEqual([])
      await tx.all(enter(cleanUpId))
      const seen = await tx.all(raw<{ model: string }>(`select model from ${schema}.chat_session order by 1`))
      expect(seen.map(({ model }) => model)).toEqual(DUE_CHATS)
      await tx.change(raw(`update ${schema}.chat_session set time_updated = now()`))
    })
    expect(await refusalOf(changed)).toBe(DENIED)
    await units.write(jobs.cleanUpOf(bob.me.organisation.id, cleanUpId), async (tx) => {
      await tx.all(enter(jobId))
      expect(await tx.change(raw(`delete from ${schema}.auth_session`))).toBe(0)
    })
  })

  test('enters nowhere but in its own organisation', async () => {
    const { jobId: cleanUpId } = await newJob()
    expect(await refusalOf(read(jobs.cleanUpOf(mallory.me.organisation.id, cleanUpId), 'select 1'))).toBe(REFUSED)
    expect(await refusalOf(read(jobs.cleanUpOf(bob.me.organisation.id, cleanUpId), 'select 1'))).toBe('not refused')
  })

  test('is begun by its door only, which begins no other kind', async () => {
    const insert = (columns: string, values: string) => `insert into ${schema}.job (id, ${columns}) values (gen_random_uuid(), ${values})`
    const cleanUp = insert('kind', `'clean_up'`)
    expect(await refusalOf(units.write(actorOf(bob), (tx) => tx.change(raw(cleanUp))))).toBe(DENIED)
    expect(await refusalOf(units.write(actorOf(bob), (tx) => tx.call('clean_up', 'job', 1)))).toBe(DENIED)
    expect(await refusalOf(write(await newActor(), cleanUp))).toBe(DENIED)
    await asRole(world, 'auth', async (client) => {
      const persons = `'generation', '${bob.me.user.id}', '${bob.me.personalScopeId}', '${own.chatId}', '${own.answerId}'`
      expect(await refusalOf(client.query(insert('kind, user_id, scope_id, chat_session_id, message_id', persons)))).toBe(DENIED)
      expect(await refusalOf(client.query(insert('kind', `'generation'`)))).toBe(DENIED)
      expect((await client.query(`update ${schema}.job set state = 'ended' where kind = 'generation'`)).rowCount).toBe(0)
      expect((await client.query(cleanUp)).rowCount).toBe(1)
    })
    expect(await refusalOf(world.sql(insert('kind, user_id', `'clean_up', '${bob.me.user.id}'`)))).toBe('23514')
    expect(await refusalOf(world.sql(insert('kind, user_id', `'generation', '${bob.me.user.id}'`)))).toBe('23514')
  })
})
