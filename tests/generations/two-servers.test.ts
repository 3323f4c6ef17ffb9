/** One answer, two servers: what one writes is read, stopped and continued through the other, with Redis and without. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '#contract/chats.ts'
import { type OneServer, startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import { type Asked, begin, doneOf, type LiveStream, messageOf, openStream, schemaOf, shown, textOf } from '#tests/support/conversation.ts'
import { MISSING } from '#tests/support/redis.ts'
import { codeOf, type SignedIn, superuser } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/generations/two-servers.test.ts: ${MISSING}\n`)

const QUESTION = 'one two three four five six seven eight'
const WORDS = QUESTION.match(/\S+\s*/g)!
const PATIENT = { timeout: 15_000, interval: 20 }

/** The same bytes but for the last. */
function flip(bytes: Buffer): Buffer {
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) ^ 1
  return bytes
}

describe.skipIf(MISSING !== undefined)('two servers', () => {
  let all: TwoServers
  let a: OneServer
  let b: OneServer
  let alice: SignedIn
  let schema: string
  beforeAll(async () => {
    all = await startTwoServers()
    a = all.a
    b = all.b
    alice = await all.world.signIn('alice')
    schema = await schemaOf(all.world, 'acme')
  })
  afterAll(() => all?.close())

  const at = (server: OneServer, person = alice): SignedIn => ({ ...person, call: server.as(person) })
  const readAt = (server: OneServer, answer: Asked, lastEventId?: string) =>
    openStream(server.baseUrl, alice.token, answer.path, { lastEventId })
  const sees = (stream: LiveStream, text: string) => expect.poll(() => shown(stream.events), PATIENT).toBe(text)
  /** An answer that A writes a word at a time, and of which the first is there. */
  const stepping = async (): Promise<Asked> => {
    const answer = await begin(at(a), { model: all.model('steps'), text: QUESTION })
    const stream = await readAt(a, answer)
    await sees(stream, WORDS[0]!)
    stream.close()
    return answer
  }
  /** Lets the model say so many words, and sees each of them arrive. */
  const step = async (stream: LiveStream, from: number, to: number) => {
    for (let said = from; said < to; said++) {
      all.models.release()
      await sees(stream, WORDS.slice(0, said + 1).join(''))
    }
  }
  /** Keeps the answer's checkpoints from being written while it lasts. */
  const withoutCheckpoints = (answer: Asked, work: () => Promise<void>) =>
    superuser(all.world.url, async (client) => {
      await client.query('begin')
      await client.query(`select from ${schema}.chat_message where id = $1 for update`, [answer.answerId])
      await work().finally(() => client.query('rollback'))
    })
  const runToEnd = async (answer: Asked) => {
    const end = async () => {
      all.models.release()
      return (await messageOf(alice, answer)).status
    }
    await expect.poll(end, PATIENT).toBe('complete')
  }

  test('what one writes arrives at the other before it is kept, and a reader who resumes there gets exactly the rest', async () => {
    const answer = await stepping()
    await withoutCheckpoints(answer, async () => {
      const stream = await readAt(b, answer)
      await sees(stream, WORDS[0]!)
      await step(stream, 1, 4)
      const last = stream.events.at(-1)!.id
      stream.close()
      const resumed = await readAt(b, answer, last)
      await step(
        {
          ...resumed,
          get events() {
            return [{ id: '', event: '', data: { text: WORDS.slice(0, 4).join('') } }, ...resumed.events]
          },
        },
        4,
        6,
      )
      resumed.close()
    })
    const whole = await readAt(b, answer)
    await runToEnd(answer)
    await whole.ended
    expect([shown(whole.events), doneOf(whole.events)]).toEqual([QUESTION, await messageOf(alice, answer)])
  })

  test('many readers at both see the same, each character once', async () => {
    const answer = await stepping()
    const streams = await Promise.all([a, b, b, a, b].map((server) => readAt(server, answer)))
    await runToEnd(answer)
    await Promise.all(streams.map(({ ended }) => ended))
    for (const { events } of streams) expect([shown(events), textOf(doneOf(events))]).toEqual([QUESTION, QUESTION])
  })

  test('it is stopped through the other, and the reply is the answer as it is kept', async () => {
    const answer = await stepping()
    const reader = await readAt(a, answer)
    const stopped = await at(b).call<Message>('POST', `${answer.path}/stop`)
    expect(stopped.body).toMatchObject({ status: 'stopped', parts: [{ type: 'text', text: WORDS[0] }] })
    await reader.ended
    expect(doneOf(reader.events)).toEqual(stopped.body)
    expect(await messageOf(alice, answer)).toEqual(stopped.body)
  })

  test.each(['killed', 'frozen'] as const)(
    'while Redis is %s it is read and stopped all the same',
    async (how) => {
      const answer = await stepping()
      const stream = await readAt(b, answer)
      await sees(stream, WORDS[0]!)
      if (how === 'killed') await all.redis.kill()
      else all.redis.freeze()
      await step(stream, 1, 3)
      if (how === 'killed') await all.redis.start()
      else all.redis.thaw()
      await step(stream, 3, 5)
      if (how === 'killed') await all.redis.kill()
      else all.redis.freeze()
      const stopped = await at(b).call<Message>('POST', `${answer.path}/stop`)
      expect([stopped.body.status, textOf(stopped.body)]).toEqual(['stopped', WORDS.slice(0, 5).join('')])
      if (how === 'killed') await all.redis.start()
      else all.redis.thaw()
      await stream.ended
      expect(doneOf(stream.events)).toEqual(stopped.body)
    },
    60_000,
  )

  test('after Redis was away, pieces go by it again', async () => {
    const answer = await stepping()
    const stream = await readAt(b, answer)
    await all.redis.kill()
    await all.redis.start()
    all.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await withoutCheckpoints(answer, () => step(stream, 1, 4))
    await runToEnd(answer)
    await stream.ended
    expect(shown(stream.events)).toBe(QUESTION)
  }, 60_000)

  test('what is forged, repeated or garbled on the channels of an answer changes nothing', async () => {
    const heard: string[] = []
    const monitor = await all.redis.monitor((text) => heard.push(text))
    const answer = await stepping()
    const [here, there] = [await readAt(a, answer), await readAt(b, answer)]
    await step(there, 1, 3)
    const tenant = alice.me.organisation.id
    const channel = `t:${tenant}:answer:${answer.answerId}`
    const pieces = [...new Set([...heard.join('').matchAll(/"publish" "t:[^"]*:answer:[^"]*" "([^"]+)"/gi)].map(([, piece]) => piece!))]
    expect(pieces.length).toBeGreaterThan(1)
    const forged = JSON.stringify({ from: { text: 0, citations: 0, run: 0 }, text: 'forged', citations: [], continuedAt: [], isOver: true })
    const flipped = pieces.map((piece) => flip(Buffer.from(piece, 'base64')).toString('base64'))
    for (const noise of [...pieces, ...pieces.toReversed(), ...flipped, '', 'x', '{}', forged, Buffer.from(forged).toString('base64')])
      all.redis.cli('PUBLISH', channel, noise)
    const zero = { text: 0, citations: 0, run: 0 }
    for (const told of [
      { lookAt: answer.answerId, tenantId: tenant },
      { stop: answer.answerId, tenantId: tenant },
      { reads: answer.answerId, tenantId: tenant, at: zero },
      { reads: answer.answerId, tenantId: tenant, at: { text: 999_999, citations: 7, run: 3 } },
      { reads: answer.answerId, tenantId: tenant, at: { text: -1, citations: 0, run: 0 } },
      { reads: answer.answerId, tenantId: crypto.randomUUID(), at: zero },
    ])
      all.redis.cli('PUBLISH', `t:${tenant}:events`, JSON.stringify(told))
    await runToEnd(answer)
    await Promise.all([here.ended, there.ended])
    monitor.stop()
    for (const { events } of [here, there]) expect([shown(events), doneOf(events).status]).toEqual([QUESTION, 'complete'])
    expect(heard.join('')).not.toMatch(/three|seven/)
  })

  test('colleagues and other organisations neither read, stop nor continue it, at either server', async () => {
    const answer = await stepping()
    for (const name of ['bob', 'carol', 'mallory'] as const) {
      const person = await all.world.signIn(name)
      for (const server of [a, b]) {
        const call = server.as(person)
        for (const reply of [
          await call('GET', `${answer.path}/events`, undefined, { 'last-event-id': '3-0' }),
          await call('POST', `${answer.path}/stop`),
          await call('POST', `${answer.path}/continue`),
        ])
          expect([reply.status, codeOf(reply)]).toEqual([404, 'chat.not_found'])
      }
    }
    expect((await messageOf(alice, answer)).status).toBe('streaming')
    await runToEnd(answer)
  })

  test('a reader of many who hangs up leaves nothing behind, and the writer says no more than somebody hears', async () => {
    const heard: string[] = []
    const answer = await stepping()
    const one = await readAt(b, answer)
    await step(one, 1, 2)
    one.close()
    // What was asked for before the reader left may still come.
    await pause(5_000)
    const monitor = await all.redis.monitor((text) => heard.push(text))
    for (let i = 0; i < 3; i++) {
      all.models.release()
      await pause(50)
    }
    monitor.stop()
    expect(heard.filter((line) => line.includes(answer.answerId)).length).toBeLessThan(2)
    await runToEnd(answer)
  })
})
