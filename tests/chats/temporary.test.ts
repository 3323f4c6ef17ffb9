/** Temporary chats: in no list, no search, no export and no answer of the Librarian; and at their end nobody's, whether or not anybody cleaned up. */
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Chat, Message } from '#contract/chats.ts'
import type { ChatId, JobId, MessageId } from '#contract/ids.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { type AnyReadTx, UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { CleanUp } from '#server/ops/clean-up.ts'
import { begin, follow, messagesOf, offer, schemaOf, send, textOf } from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf } from '../walls/attack.ts'

const WORD = 'zanzibar'
let world: World
let models: ModelServer
let echo: string
let alice: SignedIn
let bob: SignedIn
let schema: string
let chatId: ChatId
let answerId: MessageId
let questionId: MessageId
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  schema = await schemaOf(world, 'acme')
  echo = (await offer(await world.signIn('carol'), models, ['echo']))('echo')
})
afterAll(async () => {
  await world.close()
  await models.close()
})
beforeEach(async () => {
  await world.sql(`delete from ${schema}.chat_session`)
  await world.sql(`delete from ${schema}.draft`)
  const made = await alice.call<Chat>('POST', '/api/chats', { model: echo, temporaryHours: 2 })
  chatId = made.body.id
  const { answer, question } = (await send(alice, chatId, { text: `Where is ${WORD}?`, parentId: null })).body
  answerId = answer.id
  questionId = question.id
  await alice.call('GET', `/api/chats/${chatId}/generations/${answerId}/events`)
})

const end = async () => {
  await world.sql(`update ${schema}.chat_session set temporary_until = now() where id = $1`, [chatId])
  await world.sql(`update ${schema}.draft set ends_at = now() where ends_at is not null`)
}
const lists = async () => {
  const found: string[] = []
  for (const list of ['chats', 'pinned', 'archive', 'trash'])
    found.push(...(await alice.call<{ items: Chat[] }>('GET', `/api/chats?in=${list}`)).body.items.map(({ id }) => id))
  return found
}
const found = async () => (await alice.call<{ items: Chat[] }>('GET', `/api/chats/find?words=${WORD}&chatId=${chatId}`)).body.items
const exported = async () => {
  const made = await alice.call<{ id: string }>('POST', '/api/me/exports')
  await world.queue.work()
  const archive = await alice.call('POST', `/api/me/exports/${made.body.id}/archive`)
  await alice.call('DELETE', `/api/me/exports/${made.body.id}`)
  return archive
}

test('says until when it is there, and is read and asked in by its address', async () => {
  const chat = (await alice.call<Chat>('GET', `/api/chats/${chatId}`)).body
  expect(chat).toMatchObject({ description: 'Temporary chat', named: false, pinned: false, archived: false })
  expect(Date.parse(chat.temporaryUntil!) - Date.parse(chat.timeCreated)).toBe(2 * 3_600_000)
  expect((await send(alice, chatId, { text: 'And now?', parentId: answerId })).status).toBe(202)
  for (const hours of [0, 721, 1.5]) expect((await alice.call('POST', '/api/chats', { temporaryHours: hours })).status).toBe(400)
})

test('is in no list, not found, not titled, and the Librarian does not quote it', async () => {
  expect(await lists()).toEqual([])
  expect(await found()).toEqual([])
  expect((await world.sql(`select count(*)::int as n from ${schema}.message_search where chat_session_id = $1`, [chatId])).rows).toEqual([
    { n: 0 },
  ])
  expect((await alice.call<Chat>('GET', `/api/chats/${chatId}`)).body.description).toBe('Temporary chat')
  const asked = await begin(alice, { model: 'librarian', text: `What do my chats say of ${WORD}?` })
  await follow(alice, asked)
  const quoted = JSON.stringify((await messagesOf(alice, asked.chatId)).find(({ id }) => id === asked.answerId))
  expect(quoted).not.toContain(chatId)
  await alice.call('DELETE', `/api/chats/${chatId}`)
  expect(await lists()).not.toContain(chatId)
})

test('is neither pinned nor archived, alone or among others', async () => {
  for (const body of [{ pinned: true }, { archived: true }]) {
    const refused = await alice.call('PATCH', `/api/chats/${chatId}`, body)
    expect([refused.status, codeOf(refused)]).toEqual([409, 'chat.temporary'])
  }
  const many = await alice.call<{ failed: object[] }>('POST', '/api/chats/bulk', { act: 'archive', chatIds: [chatId] })
  expect(many.body.failed).toMatchObject([{ code: 'chat.temporary' }])
})

test('once its time is up no endpoint has it, before any clean-up, and it is as one that never was', async () => {
  await alice.call('PATCH', `/api/drafts/${chatId}`, { text: `A draft on ${WORD}` })
  expect((await alice.call('GET', '/api/drafts')).text).toContain(WORD)
  await end()
  const requests = (id: string): [string, string, object?][] => [
    ['GET', `/api/chats/${id}`],
    ['PATCH', `/api/chats/${id}`, { description: 'Mine again' }],
    ['DELETE', `/api/chats/${id}`],
    ['POST', `/api/chats/${id}/restore`],
    ['POST', `/api/chats/${id}/keep`],
    ['POST', `/api/chats/${id}/erase`],
    ['GET', `/api/chats/${id}/messages`],
    ['POST', `/api/chats/${id}/messages`, { text: 'hello', parentId: answerId, idempotencyKey: crypto.randomUUID() }],
    ['POST', `/api/chats/${id}/generations`, { questionId }],
    ['GET', `/api/chats/${id}/generations/${answerId}/events`],
    ['POST', `/api/chats/${id}/generations/${answerId}/stop`],
    ['POST', `/api/chats/${id}/messages/${answerId}/feedback`, { rating: 'up' }],
    ['DELETE', `/api/chats/${id}/messages/${answerId}/feedback`],
  ]
  const never = requests(crypto.randomUUID())
  for (const [index, [method, path, body]] of requests(chatId).entries()) {
    const answer = await alice.call(method, path, body)
    const [, absent] = never[index]!
    const other = await alice.call(method, absent, body)
    const said = ({ status, body: problem }: typeof answer) => [status, { ...(problem as object), requestId: null }]
    expect([method, path, ...said(answer)]).toEqual([method, path, 404, said(other)[1]])
  }
  for (const act of ['delete', 'restore', 'pin', 'erase']) {
    const { body } = await alice.call<{ failed: object[] }>('POST', '/api/chats/bulk', { act, chatIds: [chatId] })
    expect([act, body.failed]).toMatchObject([act, [{ code: 'chat.not_found' }]])
  }
  expect(await found()).toEqual([])
  expect((await alice.call('GET', '/api/drafts')).text).not.toContain(WORD)
  const cleanUp = new CleanUp(world.database, world.log)
  expect(await cleanUp.run(await cleanUp.begin(alice.me.organisation.id))).toMatchObject({ chat_session: 1 })
  for (const table of ['chat_session', 'chat_message', 'job', 'draft'])
    expect([table, (await world.sql(`select * from ${schema}.${table} t where to_jsonb(t)::text like $1`, [`%${chatId}%`])).rows]).toEqual([
      table,
      [],
    ])
})

test.each([['while the row of the one before is there'], ['after it was removed']])(
  'what is typed after its end, %s, is kept for a day and no longer, and not exported',
  async (when) => {
    await alice.call('PATCH', `/api/drafts/${chatId}`, { text: 'In time' })
    await end()
    const cleanUp = new CleanUp(world.database, world.log)
    const clean = async () => cleanUp.run(await cleanUp.begin(alice.me.organisation.id))
    if (when === 'after it was removed') await clean()
    expect((await alice.call('PATCH', `/api/drafts/${chatId}`, { text: 'Too late' })).status).toBe(200)
    const listed = (await alice.call('GET', '/api/drafts')).text
    expect([listed.includes('Too late'), listed.includes('In time')]).toEqual([true, false])
    expect(strFromU8(unzipSync((await exported()).bytes!)['drafts.json']!)).not.toContain('Too late')
    const { rows } = await world.sql(
      `select ends_at between now() + interval '23 hours' and now() + interval '1 day' as a_day from ${schema}.draft`,
    )
    expect(rows).toEqual([{ a_day: true }])
    await world.sql(`update ${schema}.draft set ends_at = now() - interval '1 second'`)
    expect((await alice.call('GET', '/api/drafts')).text).not.toContain('Too late')
    await clean()
    expect((await world.sql(`select from ${schema}.draft`)).rows).toEqual([])
  },
)

test('what is typed while it is made one that is kept is kept with it', async () => {
  const kept = await hold(world, `update ${schema}.chat_session set temporary_until = null where id = '${chatId}'`)
  const typed = alice.call('PATCH', `/api/drafts/${chatId}`, { text: 'At the same moment' })
  await waiting(world, 1)
  await kept()
  expect((await typed).status).toBe(200)
  expect((await world.sql(`select ends_at from ${schema}.draft`)).rows).toEqual([{ ends_at: null }])
})

test('no context of its owner reads the row of one whose time is up, without any condition', async () => {
  const kept = await begin(alice, { model: echo, text: 'What is kept?' })
  await follow(alice, kept)
  await world.sql(`update ${schema}.job set state = 'running' where message_id = $1`, [kept.answerId])
  await alice.call('POST', '/api/me/exports')
  const { rows: jobs } = await world.sql<{ id: JobId }>(`select id from ${schema}.job where state = 'running' order by kind`)
  const tenantId = alice.me.organisation.id
  const actors = await Promise.all(jobs.map(({ id }) => new Jobs(world.database).actorOf(tenantId, id)))
  const units = new UnitsOfWork(world.database)
  const readBy = async () => {
    const select = (tx: AnyReadTx) => tx.all(tx.db.selectFrom('chat_session').select('id').orderBy('id', 'desc'))
    const rows = await Promise.all([units.read(actorOf(alice), select), ...actors.map((actor) => units.read(actor, select))])
    return rows.map((some) => some.map(({ id }) => id))
  }
  const both = [kept.chatId, chatId]
  expect(await readBy()).toEqual([both, both, both])
  await end()
  expect(await readBy()).toEqual([[kept.chatId], [kept.chatId], [kept.chatId]])
  await world.queue.work()
})

test('is in no export, neither while it is there nor afterwards', async () => {
  const kept = await begin(alice, { model: echo, text: 'What is kept?' })
  await follow(alice, kept)
  for (const [id, messageId] of [
    [kept.chatId, kept.answerId],
    [chatId, answerId],
  ])
    expect((await alice.call('POST', `/api/chats/${id}/branch`, { messageId })).status).toBe(200)
  for (const place of [kept.chatId, chatId]) await alice.call('PATCH', `/api/drafts/${place}`, { text: `begun in ${place}` })
  for (const step of [async () => undefined, end]) {
    await step()
    const archive = await exported()
    expect(archive.status).toBe(200)
    const names = archive.bytes!.toString('latin1')
    expect(names).toContain(kept.chatId.slice(-12))
    expect(names).not.toContain(chatId.slice(-12))
    const files = unzipSync(archive.bytes!)
    for (const file of ['drafts.json', 'branches.json']) {
      const text = strFromU8(files[file]!)
      expect([file, text.includes(kept.chatId), text.includes(chatId)]).toEqual([file, true, false])
    }
  }
})

test('kept before its end it is a chat like the others: listed, titled, found, and its drafts stay', async () => {
  await alice.call('PATCH', `/api/drafts/${chatId}`, { text: 'A draft' })
  for (const person of [bob, await world.signIn('mallory')])
    expect((await person.call('POST', `/api/chats/${chatId}/keep`)).status).toBe(404)
  const kept = await alice.call<Chat>('POST', `/api/chats/${chatId}/keep`)
  expect(kept.body).toMatchObject({ id: chatId, temporaryUntil: null, description: `Where is ${WORD}?`, named: false })
  expect((await alice.call<Chat>('POST', `/api/chats/${chatId}/keep`)).body).toEqual(kept.body)
  expect(await lists()).toEqual([chatId])
  expect((await found()).map(({ id }) => id)).toEqual([chatId])
  expect((await messagesOf(alice, chatId)).map((message: Message) => textOf(message)).join()).toContain(WORD)
  const { rows } = await world.sql(`select count(*)::int as n from ${schema}.message_search where chat_session_id = $1`, [chatId])
  expect(rows).toEqual([{ n: 2 }])
  expect((await world.sql(`select ends_at from ${schema}.draft where place = $1`, [chatId])).rows).toEqual([{ ends_at: null }])
})
