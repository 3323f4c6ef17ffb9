/** Answers that are watched on the stream of events: word for word, from where their reader was, and no longer than they may read them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import { type Asked, begin, type Event, type LiveStream, openStream, shown } from '#tests/support/conversation.ts'
import { MISSING } from '#tests/support/redis.ts'
import { codeOf, type SignedIn } from '#tests/support/world.ts'
import { hears } from './stage.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/events/watching.test.ts: ${MISSING}\n`)

const WORDS = 'one two three four five six seven eight '
const HALF = 'one two three four '

describe.skipIf(MISSING !== undefined)('an answer that is watched', () => {
  let all: TwoServers
  let alice: SignedIn
  let bob: SignedIn
  let calls = 0
  const open: LiveStream[] = []
  beforeAll(async () => {
    all = await startTwoServers()
    alice = await all.world.signIn('alice')
    alice = { ...alice, call: all.a.as(alice) }
    bob = await all.world.signIn('bob')
  }, 60_000)
  afterAll(async () => {
    for (const stream of open) stream.close()
    await all?.close()
  })

  const ask = async (): Promise<Asked> => {
    const asked = await begin(alice, { model: all.slow, text: WORDS })
    calls += 1
    await all.models.reached(calls)
    return asked
  }
  /** The stream of a person at a server, watching these answers from there on. */
  async function watch(person: SignedIn, at: { server: TwoServers['a'] }, ...watched: [Asked, string][]): Promise<LiveStream> {
    const list = watched.map(([{ chatId, answerId }, from]) => `${chatId}.${answerId}.${from}`).join()
    const stream = await openStream(at.server.baseUrl, person.token, '/api', { watch: list })
    open.push(stream)
    return stream
  }
  const of = (stream: LiveStream, { answerId }: Asked): Event[] => stream.events.filter(({ data }) => data.answerId === answerId)
  const reads = (stream: LiveStream, asked: Asked, text: string) =>
    expect.poll(() => shown(of(stream, asked)), { timeout: 5_000 }).toBe(text)
  const ends = (stream: LiveStream, asked: Asked, how: string) =>
    expect.poll(() => of(stream, asked).at(-1)?.event, { timeout: 10_000 }).toBe(how)

  test.each([
    ['where it is written', () => all.a],
    ['at another server', () => all.b],
  ])(
    '%s arrives word for word, beside what else happens',
    async (_, server) => {
      const [asked, other] = [await ask(), await ask()]
      const stream = await watch(alice, { server: server() }, [asked, '0-0'], [other, '0-0'])
      await reads(stream, asked, HALF)
      await reads(stream, other, HALF)
      await alice.call('PATCH', `/api/chats/${asked.chatId}`, { description: 'Renamed meanwhile' })
      await hears(stream, asked.chatId, 'chat.changed')
      all.models.release()
      await ends(stream, asked, 'done')
      await ends(stream, other, 'done')
      expect([shown(of(stream, asked)), shown(of(stream, other))]).toEqual([WORDS, WORDS])
      expect(of(stream, asked).at(-1)?.data.message?.status).toBe('complete')
    },
    30_000,
  )

  test('goes on from where its reader was, on another stream at another server', async () => {
    const asked = await ask()
    const one = await watch(alice, { server: all.a }, [asked, '0-0'])
    await reads(one, asked, HALF)
    const at = of(one, asked).at(-1)?.data.at ?? ''
    one.close()
    const two = await watch(alice, { server: all.b }, [asked, at])
    all.models.release()
    await ends(two, asked, 'done')
    expect(HALF + shown(of(two, asked))).toBe(WORDS)
  }, 30_000)

  test('is lost to whoever may not read it, and they learn no more than of one that never was', async () => {
    const asked = await ask()
    const never = { ...asked, chatId: crypto.randomUUID(), answerId: crypto.randomUUID() } as Asked
    const his = await watch(bob, { server: all.a }, [asked, '0-0'], [never, '0-0'])
    await ends(his, asked, 'lost')
    await ends(his, never, 'lost')
    const data = his.events.filter(({ event }) => event === 'lost').map((event) => event.data)
    expect(data).toEqual(expect.arrayContaining([asked, never].map(({ answerId }) => ({ answerId, gone: true }))))
    all.models.release()
    const hers = await watch(alice, { server: all.a }, [asked, '0-0'])
    await ends(hers, asked, 'done')
    expect(JSON.stringify(his.events)).not.toContain('three')
  }, 30_000)

  test('is lost with the right to read it, at the commit that takes it, on every server', async () => {
    const asked = await ask()
    const streams = [await watch(alice, { server: all.a }, [asked, '0-0']), await watch(alice, { server: all.b }, [asked, '0-0'])]
    for (const stream of streams) await reads(stream, asked, HALF)
    await alice.call('DELETE', `/api/chats/${asked.chatId}`)
    for (const stream of streams) await ends(stream, asked, 'lost')
    all.models.release()
    for (const stream of streams) {
      await hears(stream, asked.chatId, 'chat.deleted')
      expect(shown(of(stream, asked))).toBe(HALF)
    }
  }, 30_000)

  test('is refused where it is no answer’s name, or the same one twice, or too many at once', async () => {
    const many = Array.from({ length: 33 }, () => `${crypto.randomUUID()}.${crypto.randomUUID()}.0-0`)
    for (const list of ['x', 'a.b.c', '', `${many[0]}.1`, many.join(), `${many[0]},${crypto.randomUUID()}.${many[0]!.slice(37)}`]) {
      const answer = await alice.call('GET', `/api/events?watch=${list}`)
      expect([list.slice(0, 20), answer.status, codeOf(answer)]).toEqual([list.slice(0, 20), 400, 'request.invalid'])
    }
  })
})
