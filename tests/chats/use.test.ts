/** When chats were last looked at: across devices and servers, by one's own person only, for an hour, and never more than a hint. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { type AskedChat, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { withAnother } from './another-server.ts'

let world: World
let another: Awaited<ReturnType<typeof withAnother>>
let laptop: SignedIn
let phone: SignedIn
let bob: SignedIn
let chat: AskedChat
let aheadMs = 0
beforeAll(async () => {
  world = await createWorld({ clock: { now: () => systemClock.now() + aheadMs } })
  another = await withAnother(world)
  laptop = await world.signIn('alice')
  phone = await world.signIn('alice')
  bob = await world.signIn('bob')
  chat = await chatOf(laptop, { description: 'Budget', question: 'hello' })
})
afterAll(async () => {
  await another.close()
  await world.close()
})

type Used = { items: { chatId: string; lastAccessed: string }[] }
const used = async (call: SignedIn['call'], ...chatIds: string[]) =>
  (await call<Used>('GET', `/api/chats/used?chatIds=${chatIds.join(',')}`)).body.items
const look = (call: SignedIn['call'], chatId: string = chat.chatId) => call('POST', `/api/chats/${chatId}/use`)
const keyOf = (chatId: string, person = laptop) => `t:${person.me.organisation.id}:session:${chatId}:${person.me.user.id}`

test('what is used on one device and server is known on another, by a key of that chat and person, with its owner, for an hour', async () => {
  const set = vi.spyOn(world.cache, 'set')
  expect((await look(laptop.call)).status).toBe(204)
  expect(set.mock.calls.find(([key]) => key === keyOf(chat.chatId))?.[2]).toBe(3_600)
  set.mockRestore()
  const entry = JSON.parse((await world.cache.get(keyOf(chat.chatId)))!)
  expect(entry).toEqual({ user_id: laptop.me.user.id, tenant_id: laptop.me.organisation.id, last_accessed: expect.any(String) })
  expect(await used(another.as(phone), chat.chatId)).toEqual([{ chatId: chat.chatId, lastAccessed: entry.last_accessed }])
  aheadMs += 3_600_000
  expect(await used(another.as(phone), chat.chatId)).toEqual([])
})

test('what was looked at is not new on the other device; what was only followed is', async () => {
  const { chatId } = await chatOf(laptop, { description: 'Followed', question: 'hello' })
  expect(await used(phone.call, chatId)).toEqual([])
  await look(laptop.call, chatId)
  const [entry] = await used(phone.call, chatId)
  const { timeUpdated } = (await phone.call<Chat>('GET', `/api/chats/${chatId}`)).body
  expect(entry!.lastAccessed >= timeUpdated).toBe(true)
})

test('nobody learns of somebody else’s use, and a refused one is none', async () => {
  await look(laptop.call)
  expect(codeOf(await look(bob.call))).toBe('chat.not_found')
  expect(await used(bob.call, chat.chatId, crypto.randomUUID())).toEqual([])
  expect((await used(phone.call, chat.chatId)).map(({ chatId }) => chatId)).toEqual([chat.chatId])
})

test.each<[string, (entry: object) => unknown]>([
  ['somebody else’s', (entry) => ({ ...entry, user_id: bob.me.user.id })],
  ['of another organisation', (entry) => ({ ...entry, tenant_id: bob.me.user.id })],
  ['with more in it', (entry) => ({ ...entry, data: {} })],
  ['with no time in it', (entry) => ({ ...entry, last_accessed: 'yesterday' })],
  ['null', () => null],
])('an entry that is %s is none, and lets nobody into the chat', async (_, bent) => {
  await look(laptop.call)
  const entry = JSON.parse((await world.cache.get(keyOf(chat.chatId)))!)
  await world.cache.set(keyOf(chat.chatId), JSON.stringify(bent(entry)), 3_600)
  expect(await used(phone.call, chat.chatId)).toEqual([])
  expect(codeOf(await bob.call('GET', `/api/chats/${chat.chatId}/messages`))).toBe('chat.not_found')
})

test('without the cache nothing is known and nothing fails', async () => {
  await look(laptop.call)
  for (const key of world.cache.keys()) await world.cache.delete(key)
  expect(await used(phone.call, chat.chatId)).toEqual([])
  expect((await phone.call('GET', `/api/chats/${chat.chatId}/messages`)).status).toBe(200)
})

test('more than fifty, or what is no id, is refused', async () => {
  const many = Array.from({ length: 51 }, () => crypto.randomUUID()).join(',')
  for (const ids of [many, 'x', '']) expect((await laptop.call('GET', `/api/chats/used?chatIds=${ids}`)).status).toBe(400)
  expect((await laptop.call('GET', `/api/chats/used?chatIds=${many.slice(37)}`)).status).toBe(200)
})
