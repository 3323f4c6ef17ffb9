/**
 * Chats and their answers as a whole: made-up histories of people who ask, edit, answer again, stop, continue and read from any position
 * at two servers, one of which may be started anew and whose Redis may be away, are played to the product and to a model of what is
 * promised. At the end every reader has the same text, equal to what is kept. SARDONYX_MODEL_RUNS says how many histories.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OneServer, startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import { type Asked, asked, doneOf, type Event, type Exchange, messagesOf, openStream, shown, textOf } from '#tests/support/conversation.ts'
import { MISSING } from '#tests/support/redis.ts'
import { codeOf, type SignedIn } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/generations/model.test.ts: ${MISSING}\n`)

const RUNS = Number(process.env.SARDONYX_MODEL_RUNS ?? 4)
const LONGEST = 14
const PATIENT = { timeout: 30_000, interval: 20 }

/** What is promised of one answer: its text grows by words, in order, and ends in one of these ways. */
interface Answer {
  readonly asked: Asked
  /** What the model was asked, and so would say, unless it is stopped. */
  readonly parentId: string | null
  status: 'streaming' | 'stopped' | 'interrupted' | 'complete'
  server: number
  hasChildren: boolean
}

interface Reading {
  readonly answer: Answer
  readonly before: string
  readonly done: Promise<Event[]>
}

class Play {
  readonly all: TwoServers
  readonly servers: OneServer[]
  readonly alice: SignedIn
  readonly chatId: string
  readonly answers: Answer[] = []
  readonly questions: { id: string; parentId: string | null }[] = []
  readonly readings: Reading[] = []
  isRedisAway = false
  said = 0
  constructor(parts: { all: TwoServers; servers: OneServer[]; alice: SignedIn; chatId: string }) {
    this.all = parts.all
    this.servers = parts.servers
    this.alice = parts.alice
    this.chatId = parts.chatId
  }

  call<T>(server: number, method: string, path: string, body?: unknown) {
    return this.servers[server]!.as(this.alice)<T>(method, path, body)
  }

  took(server: number, exchange: Exchange): void {
    const { question } = exchange
    if (!this.questions.some(({ id }) => id === question.id)) this.questions.push({ id: question.id, parentId: question.parentId })
    const above = this.answers.find((answer) => answer.asked.answerId === question.parentId)
    if (above) above.hasChildren = true
    this.answers.push({ asked: asked(exchange), parentId: question.id, status: 'streaming', server, hasChildren: false })
  }
}

type Deed = { readonly name: string; go(play: Play): Promise<void> }
const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)]

const send = (server: number, at: number): Deed => ({
  name: `ask below ${at} at ${server}`,
  async go(play) {
    const parentId = at === 0 ? null : (pick(play.answers, at)?.asked.answerId ?? null)
    const text = `${++play.said} zwei drei vier fünf sechs 👩‍👩‍👧 acht`
    const body = { text, parentId, idempotencyKey: crypto.randomUUID() }
    const path = `/api/chats/${play.chatId}/messages`
    // Sent twice at once, by two servers, as a client does that heard nothing.
    const [one, two] = await Promise.all([0, 1].map((which) => play.call<Exchange>((server + which) % 2, 'POST', path, body)))
    const taken = [one!, two!].filter(({ status }) => status === 202)
    // Nothing is asked below what is still being written; it may have ended between the two.
    for (const reply of [one!, two!]) if (reply.status !== 202) expect(codeOf(reply)).toBe('message.unfinished')
    expect(new Set(taken.map(({ body: { answer } }) => answer.id)).size).toBe(taken.length > 0 ? 1 : 0)
    if (taken[0]) play.took(server, taken[0].body)
  },
})

const again = (server: number, at: number): Deed => ({
  name: `answer ${at} again at ${server}`,
  async go(play) {
    const question = pick(play.questions, at)
    if (!question) return
    const reply = await play.call<Exchange>(server, 'POST', `/api/chats/${play.chatId}/generations`, { questionId: question.id })
    expect(reply.status).toBe(202)
    play.took(server, reply.body)
  },
})

const speak: Deed = {
  name: 'the model says a word',
  go: async (play) => play.all.models.release(),
}

const read = (server: number, at: number, seen: number): Deed => ({
  name: `read ${at} at ${server} from ${seen}`,
  async go(play) {
    const answer = pick(play.answers, at)
    if (!answer) return
    const now = (await messagesOf(play.alice, play.chatId)).find(({ id }) => id === answer.asked.answerId)!
    const kept = textOf(now)
    const before = kept.slice(0, Math.min(seen, kept.length))
    const runs = now.parts.filter(({ type }) => type === 'text')
    // They know what they have by the run in which they got it.
    const run = runs.findIndex((_, i) => textOf({ ...now, parts: runs.slice(0, i + 1) }).length >= before.length)
    play.readings.push({ answer, before, done: readOn(play, { answer, server, id: `${before.length}-0${run > 0 ? `-${run}` : ''}` }) })
  },
})

/** Reads to the end, coming back after each break at either server. */
async function readOn(play: Play, { answer, server, id }: { answer: Answer; server: number; id: string }): Promise<Event[]> {
  const events: Event[] = []
  for (let which = server; ; which = (which + 1) % 2) {
    const last = events.at(-1)?.id ?? id
    const stream = await openStream(play.servers[which]!.baseUrl, play.alice.token, answer.asked.path, { lastEventId: last }).catch(
      () => undefined,
    )
    await stream?.ended.catch(() => undefined)
    events.push(...(stream?.events ?? []))
    if (events.at(-1)?.event === 'done') return events
  }
}

const stop = (server: number, at: number): Deed => ({
  name: `stop ${at} at ${server}`,
  async go(play) {
    const answer = pick(play.answers, at)
    if (!answer) return
    const reply = await play.call<{ status: string }>(server, 'POST', `${answer.asked.path}/stop`)
    expect(reply.status).toBe(200)
    expect(reply.body.status).not.toBe('streaming')
    if (answer.status === 'streaming') expect(['stopped', 'complete', 'interrupted']).toContain(reply.body.status)
    answer.status = reply.body.status as Answer['status']
  },
})

const goOn = (server: number, at: number): Deed => ({
  name: `continue ${at} at ${server}`,
  async go(play) {
    const answer = pick(play.answers, at)
    if (!answer) return
    const before = (await messagesOf(play.alice, play.chatId)).find(({ id }) => id === answer.asked.answerId)!
    // A text that is there stays.
    const reply = await play.call<typeof before>(server, 'POST', `${answer.asked.path}/continue`)
    expect([202, 409]).toContain(reply.status)
    if (reply.status === 409) expect(answer.hasChildren || before.status === 'complete' || textOf(before) === '').toBe(true)
    else {
      expect(textOf(reply.body).startsWith(textOf(before))).toBe(true)
      answer.status = 'streaming'
      answer.server = server
    }
  },
})

const restart = (server: number): Deed => ({
  name: `server ${server} is started anew`,
  async go(play) {
    const old = play.servers[server]!
    play.servers[server] = await play.all.another()
    await old.close()
  },
})

const redis: Deed = {
  name: 'Redis goes or comes back',
  async go(play) {
    if (play.isRedisAway) await play.all.redis.start()
    else await play.all.redis.kill()
    play.isRedisAway = !play.isRedisAway
  },
}

class Step implements fc.AsyncCommand<Play, Play> {
  readonly #deed: Deed
  constructor(deed: Deed) {
    this.#deed = deed
  }
  check(): boolean {
    return true
  }
  run(_: Play, play: Play): Promise<void> {
    return this.#deed.go(play)
  }
  toString(): string {
    return this.#deed.name
  }
}

const server = fc.nat(1)
const at = fc.nat(7)
const deeds = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(server, at).map((of) => send(...of)) },
  { weight: 1, arbitrary: fc.tuple(server, at).map((of) => again(...of)) },
  { weight: 5, arbitrary: fc.constant(speak) },
  { weight: 5, arbitrary: fc.tuple(server, at, fc.nat(30)).map((of) => read(...of)) },
  { weight: 2, arbitrary: fc.tuple(server, at).map((of) => stop(...of)) },
  { weight: 2, arbitrary: fc.tuple(server, at).map((of) => goOn(...of)) },
  { weight: 1, arbitrary: server.map(restart) },
  { weight: 1, arbitrary: fc.constant(redis) },
)
const histories = fc.commands([deeds.map((deed) => new Step(deed))], { maxCommands: LONGEST, size: 'max' })

describe.skipIf(MISSING !== undefined)('two servers and the model of chats and answers', () => {
  let all: TwoServers
  let alice: SignedIn
  let servers: OneServer[]
  beforeAll(async () => {
    all = await startTwoServers()
    alice = await all.world.signIn('alice')
    servers = [all.a, all.b]
  })
  afterAll(async () => {
    for (const one of servers.filter((each) => each !== all.a && each !== all.b)) await one.close()
    await all?.close()
  })

  const agree = fc.asyncProperty(histories, async (history) => {
    const chat = await alice.call<{ id: string }>('POST', '/api/chats', { model: all.model('steps') })
    const play = new Play({ all, servers, alice, chatId: chat.body.id })
    await fc.asyncModelRun(() => ({ model: play, real: play }), history)
    if (play.isRedisAway) await all.redis.start()
    const speaking = setInterval(() => all.models.release(), 5)
    try {
      await expect
        .poll(async () => (await messagesOf(alice, play.chatId)).some(({ status }) => status === 'streaming'), PATIENT)
        .toBe(false)
      const messages = new Map((await messagesOf(alice, play.chatId)).map((message) => [message.id, message]))
      for (const reading of play.readings) {
        const events = await reading.done
        const kept = messages.get(reading.answer.asked.answerId)!
        // Whoever was told an end before the answer was continued has its beginning.
        const end = doneOf(events)
        expect(shown(events, reading.before)).toBe(textOf(end))
        expect(textOf(kept).startsWith(textOf(end))).toBe(true)
        if (end.parts.length === kept.parts.length) expect(end).toEqual(kept)
      }
      const parents = new Map([...messages.values()].map(({ id, parentId }) => [id as string, parentId as string | null]))
      for (const { id, parentId } of play.questions) expect(parents.get(id)).toBe(parentId)
      for (const { asked: of, parentId } of play.answers) expect(parents.get(of.answerId)).toBe(parentId)
      expect(messages.size).toBe(play.questions.length + play.answers.length)
    } finally {
      clearInterval(speaking)
    }
  })

  test('agree about every history', async () => {
    await fc.assert(agree, { numRuns: RUNS, endOnFailure: false })
  }, 3_600_000)
})
