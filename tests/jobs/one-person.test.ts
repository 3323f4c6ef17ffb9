/** One person, whatever they wrote and however much, keeps nothing of their organisation from being cleaned up. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { schemaName } from '#server/isolation/tables.ts'
import { CleanUp } from '#server/ops/clean-up.ts'
import { share, takeBack } from '#tests/sharing/stage.ts'
import { pastOf } from '#tests/support/past.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, asRole } from '../walls/attack.ts'

let world: World
let cleanUp: CleanUp
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let acme: string
let past: Awaited<ReturnType<typeof pastOf>>
const triggers: string[] = []

beforeAll(async () => {
  world = await createWorld()
  cleanUp = new CleanUp(world.database, world.log)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  acme = schemaName(alice.me.organisation.id)
  past = await pastOf(world, alice, bob)
})
beforeEach(() => past.plant())
afterEach(async () => {
  for (const table of triggers.splice(0)) await world.sql(`drop trigger gives_up on ${acme}.${table}`)
})
afterAll(() => world.close())

/** Has the database give up, as it does when time is up, on a statement that removes more rows of a table than this. */
async function giveUpBeyond(table: string, most: number, code = 'query_canceled'): Promise<void> {
  await world.sql(`create or replace function ${acme}.give_up_on_${table}() returns trigger language plpgsql as $$ begin
    if (select count(*) from gone) > ${most} then raise exception 'too many at once' using errcode = '${code}'; end if; return null; end $$`)
  await world.sql(`create trigger gives_up after delete on ${acme}.${table} referencing old table as gone
    for each statement execute function ${acme}.give_up_on_${table}()`)
  triggers.push(table)
}
const begin = () => cleanUp.begin(alice.me.organisation.id)
const count = async (from: string) => (await world.sql<{ n: number }>(`select count(*)::int as n from ${acme}.${from}`)).rows[0]!.n

/** Adds so many messages in a line behind a chat's answer, whose ids follow no order. */
const fill = (person: SignedIn, { chatId, answerId }: AskedChat, messages: number) =>
  world.sql(
    `insert into ${acme}.chat_message (chat_session_id, id, scope_id, user_id, parent_id, message_type, message, depth)
     select $1::uuid, md5($1 || n::text)::uuid, $3::uuid, $3::uuid, case n when 2 then $2::uuid else md5($1 || (n - 1)::text)::uuid end, 'user', '', n
       from generate_series(2, $4::int + 1) n`,
    [chatId, answerId, person.me.user.id, messages],
  )

describe('what is too much for one statement', () => {
  test('is removed in smaller batches, down to single rows, and all else is removed as well', async () => {
    await world.sql(
      `insert into ${acme}.auth_session (id, user_id, idle_limit_s, expires_at)
       select gen_random_uuid(), $1, 60, now() - interval '31 days' from generate_series(1, 8)`,
      [bob.me.user.id],
    )
    await giveUpBeyond('auth_session', 1)
    expect(await cleanUp.run(await begin())).toMatchObject({ auth_session: 10, security_event: 1, chat_session: 2 })
    expect(await past.left()).toEqual(past.kept)
  })

  test('not even as a single row is thrown, once everything else has gone, and the next attempt has it', async () => {
    for (const code of ['query_canceled', 'disk_full']) {
      await past.plant()
      await giveUpBeyond('auth_session', 0, code)
      const message = await begin()
      await expect(cleanUp.run(message)).rejects.toThrow()
      const ended = ['auth_session: expired', 'auth_session: signed out', 'auth_token: of expired', 'auth_token: of signed out']
      expect(await past.left()).toEqual([...past.kept, ...ended].sort())
      await world.sql(`drop trigger gives_up on ${acme}.${triggers.pop()}`)
      expect(await cleanUp.run(message)).toMatchObject({ auth_session: 2 })
      expect(await past.left()).toEqual(past.kept)
    }
  }, 60_000)
})

describe('a chat of more messages than one statement removes', () => {
  const MESSAGES = 12_000
  let long: AskedChat
  beforeAll(async () => {
    long = await chatOf(bob, { description: 'All of it', question: 'What is there?' })
    await bob.call('DELETE', `/api/chats/${long.chatId}`)
    await fill(bob, long, MESSAGES)
  })

  test('goes with all of them, and with other people’s chats', async () => {
    await giveUpBeyond('chat_message', 5_000)
    await cleanUp.run(await begin())
    expect(await count(`chat_message where chat_session_id = '${long.chatId}'`)).toBe(MESSAGES + 2)
    await past.plant()
    await world.sql(`update ${acme}.chat_session set deleted_at = now() - interval '31 days' where id = $1`, [long.chatId])
    expect(await cleanUp.run(await begin())).toMatchObject({ chat_session: 3 })
    for (const table of ['chat_session where id', 'chat_message where chat_session_id'])
      expect([table, await count(`${table} = '${long.chatId}'`)]).toEqual([table, 0])
    expect(await past.left()).toEqual(past.kept)
  }, 60_000)
})

test('a chat that is past its time in the trash is nobody’s, so that none is restored of which half is gone', async () => {
  const { chatId } = await chatOf(bob, { description: 'Old', question: 'How old?' })
  await bob.call('DELETE', `/api/chats/${chatId}`)
  const deleted = (ago: string) =>
    world.sql(`update ${acme}.chat_session set deleted_at = now() - $2::interval where id = $1`, [chatId, ago])
  const trash = async () => (await bob.call('GET', '/api/chats?in=trash')).text.includes(chatId)
  await deleted('29 days 23 hours')
  expect(await trash()).toBe(true)
  await deleted('30 days 1 minute')
  expect([await trash(), (await bob.call('POST', `/api/chats/${chatId}/restore`)).status]).toEqual([false, 404])
  expect((await bob.call('POST', `/api/chats/${chatId}/erase`)).status).toBe(404)
  await deleted('29 days 23 hours')
  expect((await bob.call('POST', `/api/chats/${chatId}/restore`)).status).toBe(200)
})

describe('a scope that its chat has left', () => {
  const scopesOf = (person: SignedIn) => count(`scope where owner_id = '${person.me.user.id}'`)

  test('goes while a reader of it writes, who entered after it was left', async () => {
    const { chatId } = await chatOf(alice, { description: 'Read along', question: 'Who reads?' })
    expect((await share(alice, chatId, [bob])).status).toBe(204)
    await world.sql(`delete from ${acme}.chat_session where id = $1`, [chatId])
    await asRole(world, 'app', async (client) => {
      await client.query('begin isolation level read committed')
      await client.query(`select from ${acme}.enter($1, true)`, [actorOf(bob).tokenHash])
      expect((await cleanUp.run(await begin()))!.scope).toBe(1)
      await client.query('commit')
    })
    // But for the one that is planted and was not left.
    expect(await scopesOf(alice)).toBe(1)
  })

  test('goes with every other of its owner while a reader writes without a pause, who is never kept waiting for good or refused', async () => {
    let isOver = false
    const statuses = new Set<number>()
    const writers = Array.from({ length: 6 }, async () => {
      const { chatId } = await chatOf(bob, { description: 'Own', question: 'Busy?' })
      while (!isOver) statuses.add((await bob.call('PATCH', `/api/drafts/${chatId}`, { text: 'and on' })).status)
    })
    try {
      const kept = await scopesOf(alice)
      for (let i = 0; i < 6; i++) {
        const { chatId } = await chatOf(alice, { description: 'Read along', question: 'Who reads?' })
        expect((await share(alice, chatId, [bob, carol])).status).toBe(204)
        if (i % 2) expect((await takeBack(alice, chatId, i === 1 ? bob : undefined)).status).toBe(204)
        await alice.call('DELETE', `/api/chats/${chatId}`)
        await world.sql(`update ${acme}.chat_session set deleted_at = now() - interval '31 days' where id = $1`, [chatId])
      }
      expect(await scopesOf(alice)).toBeGreaterThan(kept)
      await cleanUp.run(await begin())
    } finally {
      isOver = true
      await Promise.all(writers)
    }
    expect([await scopesOf(alice), [...statuses]]).toEqual([1, [200]])
  }, 60_000)
})
