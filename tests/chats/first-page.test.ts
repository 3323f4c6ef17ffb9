/**
 * The first page of a person's chats is kept, and is at every moment what the database has: after every endpoint that changes it, in
 * made-up histories of two people, two servers and a cache that forgets, is rolled back and lies, and while it is filled and changed at
 * once. SARDONYX_PAGE_RUNS says how many histories.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Chat, ChatList } from '#contract/chats.ts'
import { follow, send } from '#tests/support/conversation.ts'
import { ENDLESS, EXAMPLES, IN_ORDER, makeThings, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { withAnother } from './another-server.ts'

const RUNS = Number(process.env.SARDONYX_PAGE_RUNS ?? 12)

let world: World
let models: ModelServer
let another: Awaited<ReturnType<typeof withAnother>>
let alice: SignedIn
let bob: SignedIn
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow })
  another = await withAnother(world)
  alice = await world.signIn('alice')
  bob = await world.signIn('bob')
})
afterAll(async () => {
  await another.close()
  await world.close()
  await models.close()
})

type Call = SignedIn['call']
const callsOf = (person: SignedIn): readonly Call[] => [person.call, another.as(person)]
const LISTS = ChatList.options
const firstPage = async (call: Call, list: ChatList = 'chats') => (await call<{ items: Chat[] }>('GET', `/api/chats?in=${list}`)).body.items
/** A page of another size is read anew each time. */
const truth = async (call: Call, list: ChatList = 'chats') =>
  (await call<{ items: Chat[] }>('GET', `/api/chats?in=${list}&limit=100`)).body.items.slice(0, 50)
const isTrue = async (call: Call, list: ChatList) => {
  const [before, shown, after] = [await truth(call, list), await firstPage(call, list), await truth(call, list)]
  // An answer may end in between.
  expect([JSON.stringify(before), JSON.stringify(after)]).toContain(JSON.stringify(shown))
}
const pages = () => world.cache.keys().filter((key) => key.includes(':page:'))

test('a page is kept once, served as it is by every server, and kept anew after a change', async () => {
  const made = await alice.call<Chat>('POST', '/api/chats', { description: 'Kept' })
  const set = vi.spyOn(world.cache, 'set')
  const kept = () => set.mock.calls.filter(([key]) => key.includes(`:page:${alice.me.user.id}:`)).length
  for (const call of [...callsOf(alice), ...callsOf(alice)]) expect((await firstPage(call))[0]?.description).toBe('Kept')
  expect(kept()).toBe(1)
  await alice.call('PATCH', `/api/chats/${made.body.id}`, { description: 'Kept anew' })
  for (const call of [...callsOf(alice), ...callsOf(alice)]) expect((await firstPage(call))[0]?.description).toBe('Kept anew')
  expect(kept()).toBe(2)
  set.mockRestore()
})

test('it is the same reply, byte for byte, whether it was kept or read', async () => {
  world.cache.keys().forEach((key) => void world.cache.delete(key))
  const [read, kept] = [await bob.call('GET', '/api/chats'), await bob.call('GET', '/api/chats')]
  expect(kept.text).toBe(read.text)
  expect(kept.headers['content-type']).toBe(read.headers['content-type'])
})

describe('every endpoint', () => {
  let things: Things
  let owner: SignedIn
  beforeAll(async () => {
    owner = await world.signIn('alice')
    const carol = await world.signIn('carol')
    things = await makeThings({ ...world, alice: owner, carol, models, again: await world.signIn('alice') })
  })
  const NAMES = new Proxy({} as Things, { get: (_, name) => String(name) })
  /** Those of chats, and those whose request names one. */
  const ofChats = IN_ORDER.filter(
    ({ id, path }) => path.startsWith('/api/chats') || JSON.stringify(EXAMPLES[id]!(NAMES)).includes('"chatId"'),
  )

  test.each(ofChats.filter(({ id }) => !ENDLESS.includes(id)).map((endpoint) => [endpoint.id, endpoint] as const))(
    'after %s the list is what the database has',
    async (id, endpoint) => {
      const request = EXAMPLES[id]!(things)
      for (const list of LISTS) await firstPage(owner.call, list)
      const answer = await owner.call(endpoint.method, urlOf(endpoint, request), request.body)
      expect(answer.status, answer.text).toBeLessThan(300)
      for (const call of callsOf(owner)) for (const list of LISTS) await isTrue(call, list)
    },
  )
})

type Deed = (play: { person: SignedIn; call: Call }) => Promise<unknown>

let remembered: [string, string][] = []
const nth = async (call: Call, n: number) => {
  const all = await truth(call)
  return all[n % Math.max(all.length, 1)]?.id
}
const ofChat = (name: string, deed: (call: Call, chatId: string) => Promise<unknown>) =>
  fc.nat(5).map((n): readonly [string, Deed] => [
    `${name} ${n}`,
    async ({ call }) => {
      const chatId = await nth(call, n)
      if (chatId) await deed(call, chatId)
    },
  ])
const deed = (name: string, does: Deed) => fc.constant<readonly [string, Deed]>([name, does])

const deeds = fc.oneof(
  deed('begins a chat', ({ call }) => call('POST', '/api/chats', {})),
  ofChat('renames', (call, chatId) => call('PATCH', `/api/chats/${chatId}`, { description: `Name ${crypto.randomUUID()}` })),
  ofChat('deletes', (call, chatId) => call('DELETE', `/api/chats/${chatId}`)),
  ofChat('pins', (call, chatId) => call('PATCH', `/api/chats/${chatId}`, { pinned: true })),
  ofChat('archives', (call, chatId) => call('PATCH', `/api/chats/${chatId}`, { archived: true })),
  ofChat('deletes and restores', async (call, chatId) => {
    await call('DELETE', `/api/chats/${chatId}`)
    await firstPage(call)
    await call('POST', `/api/chats/${chatId}/restore`)
  }),
  ofChat('asks in', async (call, chatId) => {
    const { body } = await call<{ answer: { id: string } }>('POST', `/api/chats/${chatId}/messages`, {
      text: 'hello',
      parentId: null,
      idempotencyKey: crypto.randomUUID(),
    })
    await firstPage(call)
    await call('GET', `/api/chats/${chatId}/generations/${body.answer.id}/events`)
  }),
  deed('the cache is flushed', async () => {
    for (const key of pages()) await world.cache.delete(key)
  }),
  deed('the cache is copied', async () => {
    remembered = []
    for (const key of pages()) remembered.push([key, (await world.cache.get(key))!])
  }),
  deed('the cache is rolled back', async () => {
    for (const [key, value] of remembered) await world.cache.set(key, value, 3_600)
  }),
  deed('entries are exchanged', async () => {
    const [one, two] = pages()
    if (!one || !two) return
    const [first, second] = [await world.cache.get(one), await world.cache.get(two)]
    await world.cache.set(one, second!, 3_600)
    await world.cache.set(two, first!, 3_600)
  }),
  deed('the sealed part of an entry is put under another’s name', async () => {
    const [one, two] = pages()
    if (!one || !two) return
    const [first, second] = [JSON.parse((await world.cache.get(one))!), JSON.parse((await world.cache.get(two))!)]
    await world.cache.set(one, JSON.stringify({ ...first, sealed: second.sealed }), 3_600)
  }),
)

test('whatever happens, and whatever the cache holds, both see their own list as it is, on both servers', async () => {
  const step = fc.record({ deed: deeds, who: fc.nat(1), where: fc.nat(1) })
  const history = fc.array(step, { minLength: 1, maxLength: 12 })
  let run = 0
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      run++
      const people = [alice, bob]
      for (const [i, { deed, who, where }] of steps.entries()) {
        const person = people[who]!
        await deed[1]({ person, call: callsOf(person)[where]! })
        for (const seer of people)
          for (const call of callsOf(seer)) for (const list of ['chats', LISTS[i % LISTS.length]!] as const) await isTrue(call, list)
      }
    }),
    { numRuns: RUNS },
  )
  expect(run).toBeGreaterThanOrEqual(RUNS)
}, 120_000)

test('a list that is asked for after a change was answered shows it, while others fill the cache', async () => {
  const made = await bob.call<Chat>('POST', '/api/chats', { description: 'Name 0' })
  let isOver = false
  const lanes = callsOf(bob).map(async (call) => {
    while (!isOver) await firstPage(call)
  })
  for (let i = 1; i <= 40; i++) {
    await callsOf(bob)[i % 2]!('PATCH', `/api/chats/${made.body.id}`, { description: `Name ${i}` })
    const shown = await Promise.all(callsOf(bob).map((call) => firstPage(call)))
    expect(shown.map((items) => items.find(({ id }) => id === made.body.id)?.description)).toEqual([`Name ${i}`, `Name ${i}`])
  }
  isOver = true
  await Promise.all(lanes)
})

test('a shared chat is in the kept page of its reader from the commit on, and from the commit on no more', async () => {
  const { body: chat } = await alice.call<Chat>('POST', '/api/chats', { description: 'For Bob' })
  const shown = async () =>
    Promise.all(callsOf(bob).map(async (call) => (await firstPage(call, 'shared')).map(({ description }) => description)))
  for (let round = 0; round < 3; round++) {
    const given = await alice.call('POST', `/api/chats/${chat.id}/readers`, { userIds: [bob.me.user.id], quoted: [] })
    expect(given.status, given.text).toBe(204)
    expect(await shown()).toEqual([['For Bob'], ['For Bob']])
    expect(await shown()).toEqual([['For Bob'], ['For Bob']])
    const taken = await alice.call('DELETE', `/api/chats/${chat.id}/readers/${bob.me.user.id}`)
    expect(taken.status, taken.text).toBe(204)
    expect(await shown()).toEqual([[], []])
  }
})

test('what lapses without a commit lapses in the kept page, too: an answer whose server died is not shown as being written', async () => {
  const made = await bob.call<Chat>('POST', '/api/chats', { description: 'Asked' })
  const asked = (await send(bob, made.body.id, { text: 'hello', parentId: null })).body.answer
  await follow(bob, {
    chatId: asked.chatId,
    questionId: asked.id,
    answerId: asked.id,
    path: `/api/chats/${asked.chatId}/generations/${asked.id}`,
  })
  const schema = (await world.sql<{ schema_name: string }>("select schema_name from control.tenant where slug = 'acme'")).rows[0]!
    .schema_name
  const lease = (until: string) =>
    world.sql(`update ${schema}.chat_message set status = 'streaming', lease_until = ${until} where id = $1`, [asked.id])
  const isAnswering = async () => (await firstPage(bob.call)).find(({ id }) => id === made.body.id)?.answering
  await lease("now() + interval '1 second'")
  expect(await isAnswering()).toBe(true)
  await expect.poll(isAnswering).toBe(false)
})

test('a page is sealed, and ends within the hour', async () => {
  await alice.call('POST', '/api/chats', { description: 'Overthrow' })
  const set = vi.spyOn(world.cache, 'set')
  await firstPage(alice.call)
  const [key, value, ttlS] = set.mock.calls.find(([name]) => name.includes(':page:'))!
  set.mockRestore()
  expect(key).toMatch(new RegExp(`^t:${alice.me.organisation.id}:page:${alice.me.user.id}:chats:[a-z]+:[0-9a-f]{8}$`))
  expect(Object.keys(JSON.parse(value))).toEqual(['user_id', 'tenant_id', 'sealed'])
  expect(Buffer.from(JSON.parse(value).sealed, 'base64').toString('latin1')).not.toContain('Overthrow')
  expect(ttlS).toBe(3_600)
})
