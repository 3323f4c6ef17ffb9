/** Sharing a chat with named people: they read along and do nothing else; what is taken back is gone for them; the owner loses nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import type { ChatId, JobId } from '#contract/ids.ts'
import { ChatStore } from '#server/features/chats/index.ts'
import { Place } from '#server/features/messages/place.ts'
import { Jobs } from '#server/isolation/jobs.ts'
import { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { ask, begin, doneOf, follow, messagesOf, offer, send, textOf } from '#tests/support/conversation.ts'
import { hold, waiting } from '#tests/support/locks.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf, attacksOn } from '#tests/walls/attack.ts'
import { chatFor, listFor, readersFor, share, takeBack, textsFor } from './stage.ts'

let models: ModelServer
let world: World
let alice: SignedIn
let bob: SignedIn
let carol: SignedIn
let mallory: SignedIn
let named: (name: string) => string
let schema: string

beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  carol = await world.signIn('carol')
  mallory = await world.signIn('mallory')
  named = await offer(carol, models, ['echo', 'slow'])
  schema = schemaName(alice.me.organisation.id)
})
afterAll(async () => {
  await world.close()
  await models.close()
})

const budget = () => chatOf(alice, { description: 'Budget', question: 'What is the budget of the harbour?', model: named('echo') })

describe('a chat that is shared', () => {
  let chat: AskedChat
  beforeAll(async () => {
    chat = await budget()
    expect((await share(alice, chat.chatId, [bob])).status).toBe(204)
  })

  test('is in a scope of its own, and both know whose it is and who reads it', async () => {
    const own = (await chatFor(alice, chat.chatId)).body
    const read = (await chatFor(bob, chat.chatId)).body
    expect(own).toMatchObject({ description: 'Budget', scope: { kind: 'chat' }, owner: null, people: 2, mayWrite: true })
    expect(read).toMatchObject({
      description: 'Budget',
      scope: own.scope,
      owner: { id: alice.me.user.id, name: alice.me.user.name },
      people: 2,
      mayWrite: false,
    })
    expect(own.scope.id).not.toBe(alice.me.personalScopeId)
    const people = [
      { id: alice.me.user.id, role: 'owner', email: 'alice@acme.test' },
      { id: bob.me.user.id, role: 'viewer', email: 'bob@acme.test' },
    ]
    for (const person of [alice, bob]) expect((await readersFor(person, chat.chatId)).body).toMatchObject({ people, quoted: [] })
  })

  test('is read by its readers as its owner reads it, in the list of what others share', async () => {
    expect(await messagesOf(bob, chat.chatId)).toEqual(await messagesOf(alice, chat.chatId))
    expect((await messagesOf(bob, chat.chatId)).map(textOf).join()).toContain('harbour')
    expect([await listFor(bob), await listFor(bob, 'chats')]).toEqual([[chat.chatId], []])
    expect(await listFor(alice)).toEqual([])
    expect(await listFor(alice, 'chats')).toContain(chat.chatId)
  })

  test('is changed by its owner alone: who reads it is told that they may not', async () => {
    const before = (await chatFor(alice, chat.chatId)).body
    for (const attack of attacksOn(chat).slice(3)) {
      const answer = await attack.run(bob.call)
      expect([attack.name, answer.status, codeOf(answer)]).toEqual([attack.name, 403, 'chat.not_yours'])
    }
    for (const answer of [
      await share(bob, chat.chatId, [carol]),
      await takeBack(bob, chat.chatId),
      await takeBack(bob, chat.chatId, alice),
    ])
      expect([answer.status, codeOf(answer)]).toEqual([403, 'chat.not_yours'])
    expect((await chatFor(alice, chat.chatId)).body).toEqual(before)
    expect((await messagesOf(alice, chat.chatId)).length).toBe(2)
  })

  test('does not exist for anybody else, administrators included', async () => {
    for (const person of [carol, mallory]) {
      for (const attack of attacksOn(chat)) expect([attack.name, (await attack.run(person.call)).status]).toEqual([attack.name, 404])
      for (const answer of [
        await readersFor(person, chat.chatId),
        await share(person, chat.chatId, [person]),
        await takeBack(person, chat.chatId),
      ])
        expect([answer.status, codeOf(answer)]).toEqual([404, 'chat.not_found'])
      expect((await person.call('GET', '/api/chats?in=shared')).text).not.toContain(chat.chatId)
    }
  })

  test('goes on: what its owner asks next is read as it is written', async () => {
    const at = (await messagesOf(alice, chat.chatId)).at(-1)!.id
    const next = await ask(alice, chat.chatId, { text: 'And of the lighthouse?', parentId: at, model: named('echo') })
    expect(textOf(doneOf(await follow(bob, next)))).toContain('lighthouse')
    expect(await textsFor(bob, chat.chatId)).toContain('lighthouse')
  })

  test('is gone for its readers while its owner has it in the trash', async () => {
    await alice.call('DELETE', `/api/chats/${chat.chatId}`)
    for (const answer of [await chatFor(bob, chat.chatId), await bob.call('POST', `/api/chats/${chat.chatId}/restore`)])
      expect([answer.status, codeOf(answer)]).toEqual([404, 'chat.not_found'])
    expect(await listFor(bob)).toEqual([])
    await alice.call('POST', `/api/chats/${chat.chatId}/restore`)
    expect(await listFor(bob)).toEqual([chat.chatId])
  })
})

describe('with whom', () => {
  test('people of the organisation who joined and can sign in; nobody else exists', async () => {
    const { chatId } = await budget()
    await carol.call('POST', '/api/members', { name: 'Dave Novak', email: 'dave@acme.test', role: 'user' })
    const { rows } = await world.sql<{ id: string }>(`select id from ${schema}."user" where email = 'dave@acme.test'`)
    const attempt = (id: string) => alice.call('POST', `/api/chats/${chatId}/readers`, { userIds: [bob.me.user.id, id], quoted: [] })
    for (const id of [rows[0]!.id, mallory.me.user.id, crypto.randomUUID()]) {
      const answer = await attempt(id)
      expect([answer.status, codeOf(answer)]).toEqual([404, 'member.not_found'])
    }
    await carol.call('POST', `/api/members/${bob.me.user.id}/suspend`)
    expect((await share(alice, chatId, [bob])).status).toBe(404)
    await carol.call('POST', `/api/members/${bob.me.user.id}/reinstate`)
    bob = await world.signIn('bob')
    expect((await chatFor(alice, chatId)).body.scope.kind).toBe('personal')
    expect((await share(alice, chatId, [bob])).status).toBe(204)
  })

  test('whom the directory does not show is not found; whoever reads a chat together is shown', async () => {
    const { chatId } = await budget()
    await carol.call('PATCH', '/api/directory', { shows: 'shared' })
    const hidden = await world.sql<{ shows: string }>(`select directory as shows from ${schema}.login_policy`)
    expect(hidden.rows).toEqual([{ shows: 'shared' }])
    await takeBackAll()
    const answer = await share(alice, chatId, [bob])
    expect([answer.status, codeOf(answer)]).toEqual([404, 'member.not_found'])
    expect((await share(alice, chatId, [carol])).status).toBe(204)
    expect((await readersFor(carol, chatId)).body.people.map(({ name }) => name)).toEqual(['Alice Moreau', 'Carol Lindqvist'])
    await carol.call('PATCH', '/api/directory', { shows: 'everyone' })
    expect((await share(alice, chatId, [bob])).status).toBe(204)
  })

  async function takeBackAll(): Promise<void> {
    for (const chatId of await listFor(bob)) expect((await takeBack(alice, chatId)).status).toBe(204)
  }
})

describe('taken back', () => {
  test('from one of two: the one does not find it, the other reads on', async () => {
    const { chatId } = await budget()
    await share(alice, chatId, [bob, carol])
    const scope = (await chatFor(alice, chatId)).body.scope.id
    expect((await takeBack(alice, chatId, bob)).status).toBe(204)
    expect([codeOf(await chatFor(bob, chatId)), (await chatFor(carol, chatId)).status]).toEqual(['chat.not_found', 200])
    expect(await textsFor(carol, chatId)).toContain('harbour')
    expect((await chatFor(alice, chatId)).body).toMatchObject({ people: 2, scope: { kind: 'chat' } })
    expect((await chatFor(alice, chatId)).body.scope.id).not.toBe(scope)
    expect(await listFor(bob)).not.toContain(chatId)
    expect(codeOf(await takeBack(alice, chatId, bob))).toBe('member.not_found')
  })

  test('from the last one, or from all at once: it is personal again, and nothing is left of its scope', async () => {
    for (const back of [(chatId: string) => takeBack(alice, chatId, bob), (chatId: string) => takeBack(alice, chatId)]) {
      const { chatId } = await budget()
      await share(alice, chatId, [bob])
      expect((await back(chatId)).status).toBe(204)
      const { body } = await chatFor(alice, chatId)
      expect(body).toMatchObject({ scope: { id: alice.me.personalScopeId, kind: 'personal' }, people: 1 })
      expect(await textsFor(alice, chatId)).toContain('harbour')
      expect(codeOf(await chatFor(bob, chatId))).toBe('chat.not_found')
    }
    const { rows } = await world.sql(`select from ${schema}.scope where left_at is not null`)
    expect(rows).toEqual([])
  })

  test('by whoever reads it, who leaves; by nobody twice', async () => {
    const { chatId } = await budget()
    await share(alice, chatId, [bob, carol])
    expect((await takeBack(bob, chatId, bob)).status).toBe(204)
    for (const answer of [await chatFor(bob, chatId), await takeBack(bob, chatId, bob)]) expect(answer.status).toBe(404)
    expect((await chatFor(alice, chatId)).body.people).toBe(2)
  })

  test('from one while another leaves: they have left', async () => {
    const { chatId, answerId } = await budget()
    await share(alice, chatId, [bob, carol])
    const letGo = await hold(world, `select from ${schema}.chat_message where id = '${answerId}' for share`)
    const taken = takeBack(alice, chatId, carol)
    await waiting(world, 1)
    const left = bob.call('POST', '/api/chats/leave', { chatIds: [chatId] })
    await Promise.race([left, waiting(world, 2)])
    await letGo()
    expect([(await taken).status, (await left).body]).toEqual([204, { left: [chatId] }])
    expect([codeOf(await chatFor(bob, chatId)), (await chatFor(alice, chatId)).body.people]).toEqual(['chat.not_found', 1])
  })

  test('and shared again: it is read again, also what was written between', async () => {
    const { chatId } = await budget()
    await share(alice, chatId, [bob])
    await takeBack(alice, chatId)
    const at = (await messagesOf(alice, chatId)).at(-1)!.id
    await follow(alice, await ask(alice, chatId, { text: 'And of the quarry?', parentId: at, model: named('echo') }))
    await share(alice, chatId, [bob])
    expect(await textsFor(bob, chatId)).toContain('quarry')
  })
})

test('a chat that is thrown away in the same moment is not shared', async () => {
  const { chatId } = await budget()
  const letGo = await hold(world, `update ${schema}.chat_session set deleted_at = now() where id = '${chatId}'`)
  const shared = share(alice, chatId, [bob])
  await waiting(world, 1)
  await letGo()
  expect(codeOf(await shared)).toBe('chat.not_found')
  await alice.call('POST', `/api/chats/${chatId}/restore`)
  expect([(await chatFor(alice, chatId)).body.people, codeOf(await chatFor(bob, chatId))]).toEqual([1, 'chat.not_found'])
})

describe('an answer that is being written', () => {
  test('goes on in the scope to which its chat moves, there and back, and loses nothing', async () => {
    const asked = await begin(alice, { model: named('slow'), text: 'one two three four' })
    // Not merely some call: others come in the background, to find titles.
    await expect.poll(() => models.requests.some(({ body }) => JSON.stringify(body).includes('one two three four'))).toBe(true)
    expect((await share(alice, asked.chatId, [bob])).status).toBe(204)
    const reading = follow(bob, asked)
    expect((await takeBack(alice, asked.chatId)).status).toBe(204)
    expect((await share(alice, asked.chatId, [carol])).status).toBe(204)
    models.release()
    const done = doneOf(await follow(alice, asked))
    expect([done.status, textOf(done)]).toEqual(['complete', expect.stringContaining('four')])
    expect(textOf((await messagesOf(carol, asked.chatId)).at(-1)!)).toBe(textOf(done))
    expect(JSON.stringify(await reading)).not.toContain('four')
  })

  test('is written where its chat is, also where that has been elsewhere meanwhile and is back', async () => {
    const asked = await begin(alice, { model: named('slow'), text: 'one two' })
    const { rows } = await world.sql<{ id: JobId }>(`select id from ${schema}.job where message_id = $1`, [asked.answerId])
    const { tenantId, jobId, chatId } = { tenantId: alice.me.organisation.id, jobId: rows[0]!.id, chatId: asked.chatId }
    const [jobs, units] = [new Jobs(world.database), new UnitsOfWork(world.database)]
    const chats = new ChatStore(new ScopeKeys(world.installation.keyring))
    const actor = await jobs.actorOf(tenantId, jobId)
    const stored = (await units.read(actor, (tx) => chats.find(tx, chatId)))!
    const place = new Place({ jobs, units, chats }, { tenantId, jobId, chatId }, { actor, stored, stays: false })
    let tries = 0
    const written = await place.write(async (_, { chat }) => {
      if (tries++ > 0) return chat.scope.id
      await share(alice, chatId, [bob])
      await takeBack(alice, chatId)
      return null
    })
    expect(written).toBe(alice.me.personalScopeId)
    models.release()
    expect(doneOf(await follow(alice, asked)).status).toBe('complete')
  })

  test('that may quote its owner’s other chats keeps a chat from being shared until it is complete', async () => {
    const { chatId, answerId } = await chatOf(alice, { description: 'Sources', question: 'budget harbour' })
    await world.sql(`update ${schema}.chat_message set status = 'streaming', lease_until = now() + interval '1 minute' where id = $1`, [
      answerId,
    ])
    expect(codeOf(await share(alice, chatId, [bob]))).toBe('sharing.answering')
    await world.sql(`update ${schema}.chat_message set status = 'complete', lease_until = null where id = $1`, [answerId])
    expect(codeOf(await share(alice, chatId, [bob]))).toBe('sharing.quotes')
  })
})

describe('what is quoted', () => {
  test('from other chats is listed before, and what was not listed is not shared', async () => {
    const source = await chatOf(alice, {
      description: 'Ferry times',
      question: 'The ferry to Gotland leaves at noon.',
      model: named('echo'),
    })
    const { chatId } = await chatOf(alice, { description: 'Travel', question: 'When does the ferry to Gotland leave?' })
    const { quoted } = (await readersFor(alice, chatId)).body
    expect(quoted.find((one) => one.chatId === source.chatId)).toMatchObject({ title: 'Ferry times' })
    expect(codeOf(await share(alice, chatId, [bob]))).toBe('sharing.quotes')
    expect(
      (
        await share(
          alice,
          chatId,
          [bob],
          quoted.map((one) => one.chatId),
        )
      ).status,
    ).toBe(204)
    expect((await readersFor(bob, chatId)).body.quoted).toEqual([])
    expect(await textsFor(bob, chatId)).toContain('noon')
    expect((await chatFor(bob, source.chatId)).status).toBe(404)
  })

  test('is called another’s in a fork of what another shares', async () => {
    const source = await chatOf(alice, { description: 'Tide tables', question: 'The tide at Visby is low at dawn.', model: named('echo') })
    const { chatId, answerId } = await chatOf(alice, { description: 'Tides', question: 'When is the tide at Visby low?' })
    const { quoted } = (await readersFor(alice, chatId)).body
    expect(quoted).toContainEqual(expect.objectContaining({ chatId: source.chatId, shared: false }))
    await share(
      alice,
      chatId,
      [bob],
      quoted.map((one) => one.chatId),
    )
    const forkOf = async (person: SignedIn) => {
      const { body } = await person.call<Chat>('POST', `/api/chats/${chatId}/forks`, {
        messageId: answerId,
        idempotencyKey: crypto.randomUUID(),
      })
      return (await readersFor(person, body.id)).body.quoted
    }
    expect(await forkOf(bob)).toEqual(quoted.map((one) => ({ ...one, shared: true })))
    expect(await forkOf(alice)).toEqual(quoted)
  })

  test('in a chat that others read, and in no other, is from that chat alone', async () => {
    await chatOf(alice, { description: 'Salaries', question: 'The salary of the harbour master is secret: 91000.', model: named('echo') })
    const { chatId } = await chatOf(alice, { description: 'Harbour', question: 'The harbour master is called Nils.', model: named('echo') })
    await share(alice, chatId, [bob])
    const at = (await messagesOf(alice, chatId)).at(-1)!.id
    const question = { text: 'What is the salary of the harbour master?', parentId: at, model: 'librarian' }
    const answer = JSON.stringify(doneOf(await follow(alice, await ask(alice, chatId, question))))
    expect(answer).not.toContain('91000')
    await takeBack(alice, chatId)
    const alone = (await send(alice, chatId, { ...question, parentId: (await messagesOf(alice, chatId)).at(-1)!.id })).body
    const path = `/api/chats/${chatId}/generations/${alone.answer.id}`
    expect((await alice.call('GET', `${path}/events`)).text).toContain('91000')
  })
})

/** Ten thousand take half a minute on a busy machine. */
const MANY = Number(process.env.SHARED_MESSAGES ?? 2_000)

test('a chat of thousands of messages is shared and taken back, with its words', async () => {
  const { chatId, questionId } = await budget()
  await multiply(chatId, questionId, MANY)
  const words = async () =>
    (
      await world.sql(`select distinct scope_id, count(*)::int as n from ${schema}.message_search where chat_session_id = $1 group by 1`, [
        chatId,
      ])
    ).rows
  const before = await words()
  expect((await share(alice, chatId, [bob])).status).toBe(204)
  const scope = (await chatFor(bob, chatId)).body.scope.id
  expect(await words()).toEqual([{ scope_id: scope, n: MANY + 2 }])
  expect(before).toEqual([{ scope_id: alice.me.personalScopeId, n: 2 }])
  expect((await takeBack(alice, chatId, bob)).status).toBe(204)
  expect(await words()).toEqual([{ scope_id: alice.me.personalScopeId, n: MANY + 2 }])
  expect((await chatFor(bob, chatId)).status).toBe(404)
}, 60_000)

/** Puts so many more questions into a chat of Alice's, each sealed for its own place. */
async function multiply(chatId: ChatId, parentId: string, count: number): Promise<void> {
  const keys = new ScopeKeys(world.installation.keyring)
  await new UnitsOfWork(world.database).read(actorOf(alice), async (tx) => {
    const row = await tx.first(tx.db.selectFrom('chat_session').select('wrapped_key').where('id', '=', chatId))
    const sealer = await keys.ofChat(tx, { id: chatId, scopeId: alice.me.personalScopeId, wrappedKey: row!.wrapped_key }, 'chat_message')
    const ids = Array.from({ length: count }, () => crypto.randomUUID())
    const sealed = ids.map((id, i) =>
      sealer.seal(JSON.stringify([{ type: 'text', text: `The ${i}th barrel of herring. `.repeat(8) }]), id, 'message'),
    )
    await world.sql(
      `insert into ${schema}.chat_message (id, chat_session_id, scope_id, user_id, parent_id, depth, message_type, message)
       select id, $2, $3, $3, $4, 1, 'user', message from unnest($1::uuid[], $5::bytea[]) as t(id, message)`,
      [ids, chatId, alice.me.user.id, parentId, sealed],
    )
    // As PostgreSQL does by itself after a while: until then it looks for rows as in a table of ten.
    await world.sql(`analyze ${schema}.chat_message`)
  })
}
