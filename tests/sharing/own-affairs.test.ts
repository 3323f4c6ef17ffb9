/** What stays the owner's own affair in a chat that others read: where they have put it, what it began as, and that they threw it away. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ChatId, JobId, MessageId } from '#contract/ids.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { followEvents, kindsOf, sentinel } from '#tests/events/stage.ts'
import type { LiveStream } from '#tests/support/conversation.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { raw } from '#tests/walls/attack.ts'
import { chatFor, share } from './stage.ts'

let world: World
let alice: SignedIn
let bob: SignedIn
let chat: AskedChat
let schema: string
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  schema = schemaName(alice.me.organisation.id)
})
afterAll(() => world.close())
beforeEach(async () => {
  chat = await chatOf(alice, { description: 'Harbour', question: 'Where is the harbour?' })
  expect((await share(alice, chat.chatId, [bob])).status).toBe(204)
})

describe('a reader is not told', () => {
  const PLACES = [{ pinned: true }, { archived: true }, { archived: false }]

  test('that its owner pinned or archived it: not in the chat, nor by the print of a list, nor that something was changed', async () => {
    const baseUrl = await world.server.app.listen({ host: '127.0.0.1', port: 0 })
    const [hers, his] = await Promise.all([followEvents(baseUrl, alice), followEvents(baseUrl, bob)])
    const list = () => bob.call('GET', '/api/chats?in=shared')
    const [before, listed] = [(await chatFor(bob, chat.chatId)).body, await list()]
    for (const place of PLACES) {
      expect((await alice.call('PATCH', `/api/chats/${chat.chatId}`, place)).body).toMatchObject(place)
      expect((await chatFor(bob, chat.chatId)).body).toEqual(before)
      const again = await list()
      expect([again.text, again.headers.etag]).toEqual([listed.text, listed.headers.etag])
    }
    const told = async (person: SignedIn, stream: LiveStream) => {
      await sentinel(person, [stream])
      return kindsOf(stream, chat.chatId).filter((kind) => kind === 'chat.changed')
    }
    expect(await told(bob, his)).toEqual([])
    expect((await told(alice, hers)).length).toBeGreaterThan(0)
    // Of what is not hers alone both are told.
    await alice.call('PATCH', `/api/chats/${chat.chatId}`, { description: 'Port', pinned: true })
    expect(await told(bob, his)).toEqual(['chat.changed'])
    for (const stream of [hers, his]) stream.close()
  })

  test('what it was forked from', async () => {
    const source = await chatOf(alice, { description: 'Private', question: 'Which port is best?' })
    const { body: fork } = await alice.call<{ id: ChatId }>('POST', `/api/chats/${source.chatId}/forks`, {
      messageId: source.answerId satisfies MessageId,
      idempotencyKey: crypto.randomUUID(),
    })
    const quoted = (await alice.call<{ quoted: { chatId: string }[] }>('GET', `/api/chats/${fork.id}/readers`)).body.quoted
    const seen = quoted.map(({ chatId }) => chatId)
    expect((await share(alice, fork.id, [bob], seen)).status).toBe(204)
    expect((await chatFor(alice, fork.id)).body.forkedFrom).toEqual({ chatId: source.chatId, messageId: source.answerId })
    expect((await chatFor(bob, fork.id)).body.forkedFrom).toBeNull()
  })
})

test('what its owner has thrown away the database hides from jobs of its readers, and not from theirs', async () => {
  const own = await chatOf(bob, { description: 'Own', question: 'What is there?' })
  const { rows } = await world.sql<{ id: JobId; chat_session_id: ChatId }>(
    `update ${schema}.job set state = 'running', time_created = now() returning id, chat_session_id`,
  )
  const jobOf = ({ chatId }: AskedChat) => rows.find((row) => row.chat_session_id === chatId)!.id
  const seenIn = async (jobId: JobId) => {
    const actor = await new Jobs(world.database).actorOf(bob.me.organisation.id, jobId)
    const seen = await new UnitsOfWork(world.database).read(actor, (tx) =>
      tx.all(raw<{ id: string }>(`select id from ${schema}.chat_session`)),
    )
    return seen.map(({ id }) => id).includes(chat.chatId)
  }
  expect([await seenIn(jobOf(own)), await seenIn(jobOf(chat))]).toEqual([true, true])
  await alice.call('DELETE', `/api/chats/${chat.chatId}`)
  expect([await seenIn(jobOf(own)), await seenIn(jobOf(chat))]).toEqual([false, true])
})
