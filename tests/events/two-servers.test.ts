/** Two servers of one installation: what is done at one is told at the other, at once over Redis, and within a second or so without. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatId } from '#contract/ids.ts'
import { startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import { type Asked, begin, type LiveStream } from '#tests/support/conversation.ts'
import { MISSING } from '#tests/support/redis.ts'
import type { SignedIn } from '#tests/support/world.ts'
import { followEvents, hears, kindsOf, lastIdOf, sentinel, toldBy } from './stage.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/events/two-servers.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('two servers', () => {
  let all: TwoServers
  let laptop: SignedIn
  let phone: SignedIn
  let bob: SignedIn
  let calls = 0
  /** A person who calls that server. */
  const at = (server: TwoServers['a'], person: SignedIn): SignedIn => ({ ...person, call: server.as(person) })
  beforeAll(async () => {
    all = await startTwoServers()
    laptop = at(all.a, await all.world.signIn('alice'))
    phone = at(all.b, await all.world.signIn('alice'))
    bob = at(all.b, await all.world.signIn('bob'))
  }, 60_000)
  afterAll(() => all?.close())

  /** A chat with an answer in it, renamed and deleted at one server; gives what a reader at the other was told of it. */
  async function live(reader: LiveStream): Promise<string[]> {
    const asked: Asked = await begin(laptop, { model: all.slow, text: 'one two three four' })
    await hears(reader, asked.chatId, 'answer.begun')
    calls += 1
    await all.models.reached(calls)
    all.models.release()
    await hears(reader, asked.chatId, 'answer.ended')
    await laptop.call('PATCH', `/api/chats/${asked.chatId}`, { description: 'Renamed' })
    await laptop.call('DELETE', `/api/chats/${asked.chatId}`)
    await hears(reader, asked.chatId, 'chat.deleted')
    return kindsOf(reader, asked.chatId)
  }

  test.each([
    ['over Redis', () => Promise.resolve()],
    ['with Redis dead', () => all.redis.kill()],
    ['with Redis back', () => all.redis.start()],
  ] as const)(
    '%s: what is done at one is told at the other, to its person alone',
    async (_, change) => {
      await change()
      const [hers, his] = [await followEvents(all.b.baseUrl, phone), await followEvents(all.b.baseUrl, bob)]
      const kinds = await live(hers)
      expect(kinds).toEqual(expect.arrayContaining(['message.created', 'answer.begun', 'answer.ended', 'chat.deleted']))
      await sentinel(bob, [his])
      expect(toldBy(his)).toHaveLength(1)
      hers.close()
      his.close()
    },
    30_000,
  )

  test('a reader goes on at the other server where they were at the first, while that one is gone', async () => {
    const third = await all.another()
    const stream = await followEvents(third.baseUrl, phone)
    const seen = await sentinel(laptop, [stream])
    await third.close()
    await stream.ended
    const { body } = await laptop.call<{ id: ChatId }>('POST', '/api/chats', {})
    const resumed = await followEvents(all.b.baseUrl, phone, lastIdOf(stream))
    await hears(resumed, body.id, 'chat.created')
    expect(toldBy(resumed).map(({ chatId }) => chatId)).toEqual([body.id])
    expect(kindsOf(stream, seen)).toEqual(['chat.created'])
    resumed.close()
  })
})
