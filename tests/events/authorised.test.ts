/** What happened is told to those who reach it at the moment of telling, and to nobody else: by scope, by token, and until the login ends. */
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatId } from '#contract/ids.ts'
import { share, takeBack } from '#tests/sharing/stage.ts'
import type { LiveStream } from '#tests/support/conversation.ts'
import { chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { type Elsewhere, elsewhere, followEvents, hears, kindsOf, lastIdOf, sentinel, toldBy } from './stage.ts'

let world: World
let origin: string
let there: Elsewhere
let alice: SignedIn
let bob: SignedIn
let others: SignedIn[]
beforeAll(async () => {
  world = await createWorld()
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
  there = await elsewhere(world)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
  others = [bob, await world.signIn('carol'), await world.signIn('trent'), await world.signIn('mallory')]
})
afterAll(async () => {
  await there.close()
  await world.close()
})

const follow = (person: Pick<SignedIn, 'token'>, lastEventId?: string) => followEvents(origin, person, lastEventId)
const close = (...streams: readonly LiveStream[]) => {
  for (const stream of streams) stream.close()
}

test('all that becomes of a chat is told to its person’s other pages, and nothing of it to anybody else', async () => {
  const [hers, ...theirs] = [await follow(alice), ...(await Promise.all(others.map((other) => follow(other))))]
  const { chatId, questionId, answerId } = await chatOf(alice, { description: 'Merger', question: 'When does it close?' })
  const path = `/api/chats/${chatId}`
  for (const [kind, act] of [
    ['chat.changed', () => alice.call('PATCH', path, { description: 'The merger' })],
    ['chat.deleted', () => alice.call('DELETE', path)],
    ['chat.restored', () => alice.call('POST', `${path}/restore`)],
  ] as const) {
    expect((await act()).status).toBeLessThan(300)
    await hears(hers!, chatId, kind)
  }
  const ofMessages = toldBy(hers!).filter(({ messageId }) => messageId !== null)
  expect(ofMessages.map(({ kind, messageId }) => [kind, messageId])).toEqual([
    ['message.created', questionId],
    ['answer.begun', answerId],
    ['answer.ended', answerId],
  ])
  for (const [at, stream] of theirs.entries()) await sentinel(others[at]!, [stream])
  for (const stream of theirs) expect(toldBy(stream)).toHaveLength(1)
  close(hers!, ...theirs)
})

test('nothing that was typed is in it, and a position says nothing', async () => {
  const stream = await follow(alice)
  const { chatId } = await chatOf(alice, { description: 'Canary 4711', question: 'Where is the canary 4711?' })
  await hears(stream, chatId, 'answer.ended')
  const all = JSON.stringify(stream.events)
  expect(all).not.toMatch(/canary/i)
  expect(Buffer.from(lastIdOf(stream), 'base64url').toString('latin1')).not.toMatch(/\d+:\d+:/)
  close(stream)
})

describe('a scope that several reach', () => {
  test('its members hear of it, from the commit on with which they join until that with which they leave', async () => {
    const [hers, his, carols] = [await follow(alice), await follow(bob), await follow(others[1]!)]
    const scope = await there.addScope(alice.me.user.id)
    const before = await there.addChat(alice.me.user.id, scope)
    await hears(hers, before, 'chat.created')
    await there.begin()
    await there.join(scope, bob.me.user.id)
    const joined = await there.addChat(alice.me.user.id, scope)
    await there.commit()
    await hears(his, joined, 'chat.created')
    const during = await there.addChat(alice.me.user.id, scope)
    await hears(his, during, 'chat.created')
    await there.begin()
    await there.leave(scope, bob.me.user.id)
    const left = await there.addChat(alice.me.user.id, scope)
    await there.commit()
    const after = await there.addChat(alice.me.user.id, scope)
    await hears(hers, after, 'chat.created')
    const [carol] = [others[1]!]
    await sentinel(bob, [his])
    await sentinel(carol, [carols])
    expect(toldBy(his).filter(({ chatId }) => chatId === left || chatId === after)).toEqual([])
    expect(toldBy(his).filter(({ kind }) => kind === 'access.changed')).toHaveLength(2)
    expect(toldBy(carols)).toHaveLength(1)
    const resumed = await follow(bob, lastIdOf(his))
    await sentinel(bob, [resumed])
    expect(toldBy(resumed)).toHaveLength(1)
    close(hers, his, carols, resumed)
  })

  test('a chat that goes from one to another has left for the ones, and has come for the others', async () => {
    const [hers, his] = [await follow(alice), await follow(bob)]
    const [both, onlyHers] = [await there.addScope(alice.me.user.id, bob.me.user.id), alice.me.personalScopeId]
    const chat = await there.addChat(alice.me.user.id, both)
    await hears(his, chat, 'chat.created')
    await hears(hers, chat, 'chat.created')
    await there.move(chat, onlyHers)
    await hears(his, chat, 'chat.left')
    await hears(hers, chat, 'chat.moved')
    await there.change(chat)
    await hears(hers, chat, 'chat.changed')
    await there.move(chat, both)
    await hears(his, chat, 'chat.moved')
    await there.erase(chat)
    await hears(his, chat, 'chat.erased')
    await hears(hers, chat, 'chat.erased')
    expect(kindsOf(his, chat)).toEqual(['chat.created', 'chat.left', 'chat.moved', 'chat.erased'])
    expect(kindsOf(hers, chat)).toEqual(['chat.created', 'chat.moved', 'chat.changed', 'chat.moved', 'chat.erased'])
    close(hers, his)
  })
})

test('whoever reads a chat is told when others come and go, and who has gone is told no more', async () => {
  const carol = others[1]!
  const { chatId } = await chatOf(alice, { description: 'Roster', question: 'Who is on call?' })
  const [hers, his, carols] = [await follow(alice), await follow(bob), await follow(carol)]
  await share(alice, chatId, [bob])
  await hears(his, chatId, 'chat.moved')
  await share(alice, chatId, [carol])
  await hears(his, chatId, 'chat.changed')
  expect((await takeBack(bob, chatId, bob)).status).toBe(204)
  await hears(carols, chatId, 'chat.changed')
  await Promise.all([sentinel(alice, [hers]), sentinel(bob, [his])])
  expect(kindsOf(hers, chatId).filter((kind) => kind === 'chat.changed')).toHaveLength(2)
  expect(kindsOf(his, chatId)).toEqual(['chat.moved', 'chat.changed'])
  close(hers, his, carols)
})

describe('an API token', () => {
  const tokenOf = async (...abilities: string[]) =>
    (await alice.call<{ token: string }>('POST', '/api/me/tokens', { name: abilities.join(), abilities, days: 1 })).body

  test('that reads hears of chats, and not of the account', async () => {
    const stream = await follow(await tokenOf('read'))
    await alice.call('PATCH', '/api/me/preferences', { theme: 'dark' })
    await sentinel(alice, [stream])
    expect(stream.events.map(({ event }) => event)).toEqual(['opened', 'happened'])
    close(stream)
  })

  test('that does not read may not follow', async () => {
    const carol = others[1]!
    const { token } = (await carol.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Admin', abilities: ['admin'], days: 1 })).body
    const answer = await world.call('GET', '/api/events', { headers: { authorization: `Bearer ${token}` } })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'token.not_enough'])
  })
})

test('a login that ends hears why, and nothing that happened after it', async () => {
  const other = await world.signIn('alice')
  const stream = await follow(other)
  await other.call('POST', '/api/auth/sign-out')
  const { body } = await alice.call<{ id: ChatId }>('POST', '/api/chats', {})
  await stream.ended
  expect(stream.events.map(({ event, data }) => [event, data.reason])).toEqual([
    ['opened', undefined],
    ['ended', 'signed_out'],
  ])
  expect(kindsOf(stream, body.id)).toEqual([])
})

test('a token that was replaced ends its stream without a word, and its successor goes on behind it', async () => {
  const person = await world.signIn('alice')
  const stream = await follow(person)
  await there.sql('update {schema}.auth_token set retires_at = now() where session_id = $1', [person.me.session.id])
  const { body } = await alice.call<{ id: ChatId }>('POST', '/api/chats', {})
  await stream.ended
  expect(stream.events.map(({ event }) => event)).toEqual(['opened'])
  await there.sql('update {schema}.auth_token set retires_at = null where session_id = $1', [person.me.session.id])
  const next = await follow(person, lastIdOf(stream))
  await hears(next, body.id, 'chat.created')
  close(next)
})

test('nobody who serves requests writes what happened, or makes a trigger write it', async () => {
  const { prefix } = world.installation.secrets
  const { rows } = await there.sql(
    `select r.rolname as role, verb from pg_roles r, unnest(array['insert', 'update', 'delete']) verb
      where r.rolname = any($1) and has_table_privilege(r.oid, '{schema}.happening', verb)
      union all
     select r.rolname, p.proname from pg_roles r, pg_proc p
      where r.rolname = any($1) and p.pronamespace = '{schema}'::regnamespace and p.proname like 'note\\_%' and p.proname <> 'note_export'
        and has_function_privilege(r.oid, p.oid, 'execute')`,
    [[`${prefix}_app`, `${prefix}_worker`]],
  )
  expect(rows).toEqual([{ role: `${prefix}_worker`, verb: 'delete' }])
})
