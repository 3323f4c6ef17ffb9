/**
 * Shared and taken back while its readers read, on two servers with one cache, in generated orders: from the commit of the taking back on
 * nothing that is new reaches them. SHARING_RUNS says how many orders are tried; ten thousand take hours on a busy machine.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import type { SignedIn } from '#tests/support/world.ts'
import { share, takeBack } from './stage.ts'

const RUNS = Number(process.env.SHARING_RUNS ?? 16)
/** Of them so many with a stream that is open all the while. */
const STREAMS = Math.max(8, Math.floor(RUNS / 40))
const AT_ONCE = 4

let two: TwoServers
let alice: SignedIn
let bob: SignedIn
beforeAll(async () => {
  two = await startTwoServers()
  alice = await two.world.signIn('alice')
  bob = await two.world.signIn('bob')
})
afterAll(() => two.close())

type Server = 'a' | 'b'
const READS = ['chat', 'messages', 'readers', 'shared', 'found', 'chats'] as const
type Read = (typeof READS)[number]
const as = (server: Server, person: SignedIn) => ({ call: two[server].as(person) })

/** What a reader asks for, of a chat that is or was shared with them. */
function pathOf(read: Read, chatId: string): string {
  const chat = `/api/chats/${chatId}`
  return {
    chat,
    messages: `${chat}/messages`,
    readers: `${chat}/readers`,
    shared: '/api/chats?in=shared',
    found: '/api/chats/find?words=canary',
    chats: '/api/chats',
  }[read]
}

/** One order of things: who acts through which server, and what is under way while the chat is taken back. */
const order = fc.record({
  ownerAt: fc.constantFrom<Server>('a', 'b'),
  backAt: fc.constantFrom<Server>('a', 'b'),
  all: fc.boolean(),
  before: fc.array(fc.tuple(fc.constantFrom(...READS), fc.constantFrom<Server>('a', 'b')), { maxLength: 3 }),
  under: fc.array(fc.tuple(fc.constantFrom(...READS), fc.constantFrom<Server>('a', 'b')), { maxLength: 3 }),
  during: fc.array(fc.tuple(fc.constantFrom(...READS), fc.constantFrom<Server>('a', 'b'), fc.nat(3)), { minLength: 1, maxLength: 4 }),
  after: fc.array(fc.tuple(fc.constantFrom(...READS), fc.constantFrom<Server>('a', 'b')), { minLength: 1, maxLength: 3 }),
})

const ask = (person: Pick<SignedIn, 'call'>, chatId: string, text: string) =>
  person.call('POST', `/api/chats/${chatId}/messages`, { text, parentId: null, model: two.slow, idempotencyKey: crypto.randomUUID() })

type Shown = { readonly status: number; readonly text: string }

async function expectNothingNew(chatId: string, canary: string, shown: readonly Shown[]): Promise<void> {
  expect(shown.map(({ status }) => status).filter((status) => status !== 200 && status !== 404)).toEqual([])
  expect(shown.filter(({ text }) => text.includes(canary))).toEqual([])
  const late = await Promise.all((['a', 'b'] as const).map((at) => as(at, bob).call('GET', pathOf('chat', chatId))))
  expect(late.map(({ status }) => status)).toEqual([404, 404])
}

test('what is written after it was taken back reaches nobody whom it was taken back from', async () => {
  let made = 0
  /** Chats are used again and again, one order at a time, so that caches and kept pages are warm. */
  const free: string[] = []
  const property = fc.asyncProperty(order, async ({ ownerAt, backAt, all, before, under, during, after }) => {
    const chatId = free.pop() ?? (await alice.call<{ id: string }>('POST', '/api/chats', { description: 'Shared now and then' })).body.id
    const canary = `canary${made++}x`
    const owner = as(ownerAt, alice)
    expect((await share(owner, chatId, [bob])).status).toBe(204)
    for (const [read, at] of before) expect((await as(at, bob).call('GET', pathOf(read, chatId))).status).toBe(200)
    const seen: Promise<Shown>[] = []
    const look = (read: Read, at: Server) => seen.push(as(at, bob).call('GET', pathOf(read, chatId)))
    for (const [read, at] of under) look(read, at)
    const back = takeBack(as(backAt, alice), chatId, all ? undefined : bob)
    for (const [read, at, wait] of during) setTimeout(look, wait, read, at)
    expect((await back).status).toBe(204)
    // From here on it is new. It is titled with the canary as well, so that every list would show it.
    const renamed = owner.call('PATCH', `/api/chats/${chatId}`, { description: canary })
    for (const [read, at] of after) look(read, at)
    expect((await renamed).status).toBe(200)
    for (const [read, at] of after) look(read, at)
    await new Promise((resolve) => setTimeout(resolve, 4))
    await expectNothingNew(chatId, canary, await Promise.all(seen))
    expect((await owner.call('GET', pathOf('chat', chatId))).text).toContain(canary)
    free.push(chatId)
  })
  await Promise.all(Array.from({ length: AT_ONCE }, () => fc.assert(property, { numRuns: Math.ceil(RUNS / AT_ONCE), endOnFailure: true })))
}, 3_600_000)

test('an answer that is followed ends for them before the next word of it, whichever server writes it', async () => {
  for (let done = 0; done < STREAMS; done += 8) {
    const streams = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const { body } = await alice.call<{ id: string }>('POST', '/api/chats', { model: two.slow })
        const writer = as(i % 2 ? 'a' : 'b', alice)
        const asked = (await ask(writer, body.id, `first word and then canary${i}x`)).body as { answer: { id: string } }
        expect((await share(as('a', alice), body.id, [bob])).status).toBe(204)
        const path = `/api/chats/${body.id}/generations/${asked.answer.id}/events`
        return { chatId: body.id, path, followed: as(i % 3 ? 'a' : 'b', bob).call('GET', path), i }
      }),
    )
    // Each of them is being written, and followed, when it is taken back.
    await expect.poll(async () => (await as('a', bob).call('GET', '/api/chats?in=shared')).text.match(/"answering":true/g)?.length).toBe(8)
    for (const { chatId, i } of streams) expect((await takeBack(as(i % 2 ? 'b' : 'a', alice), chatId)).status).toBe(204)
    await two.models.reached(done + 8)
    two.models.release()
    for (const { chatId, path, followed, i } of streams) {
      expect((await followed).text).not.toContain(`canary${i}x`)
      expect((await as('a', bob).call('GET', path)).status).toBe(404)
      const whole = await as('b', alice).call('GET', path)
      expect([chatId, whole.text.includes(`canary${i}x`), whole.text.includes('"status":"complete"')]).toEqual([chatId, true, true])
    }
  }
}, 600_000)
