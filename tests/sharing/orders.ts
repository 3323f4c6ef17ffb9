/**
 * Generated orders of sharing a chat, reading it and taking it back, on two servers with one cache; and what of that which is written
 * after the taking back reaches whoever it was taken back from. Chats are used again and again, one order at a time, so that caches,
 * kept pages and cached logins are warm, and readers follow their events all the while.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { schemaName } from '#server/isolation/tables.ts'
import type { TwoServers } from '#tests/cache/two-servers.ts'
import { hears, toldBy } from '#tests/events/stage.ts'
import { type Asked, ask, type LiveStream, openStream } from '#tests/support/conversation.ts'
import type { SignedIn } from '#tests/support/world.ts'
import { share, takeBack } from './stage.ts'

type Server = 'a' | 'b'
/** What a reader asks for. The last two change something: a fork copies, and the Librarian answers in a chat of the reader's own. */
export const READS = ['chat', 'messages', 'path', 'readers', 'shared', 'chats', 'found', 'fork', 'librarian'] as const
type Read = (typeof READS)[number]
/** Afterwards they are answered as those of a chat that never was. */
const OF_CHAT: readonly Read[] = ['chat', 'messages', 'path', 'readers', 'fork']
/** And what they follow. */
const FOLLOWED = ['answer', 'watched answer', 'events'] as const
type Leak = Read | (typeof FOLLOWED)[number]
export const ALL_READS: readonly Leak[] = [...READS.filter((read) => read !== 'chats'), ...FOLLOWED]

const server = fc.constantFrom<Server>('a', 'b')
const WEIGHTS: Partial<Record<Read, number>> = { fork: 2, librarian: 1 }
const read = fc.oneof(...READS.map((one) => ({ arbitrary: fc.constant(one), weight: WEIGHTS[one] ?? 6 })))
/** Ends a little after the taking back is answered, on a machine that has nothing else to do. */
const LATEST_MS = 30

/** One order of things: who acts through which server, what is known before, under way meanwhile and asked for afterwards. */
export const anyOrder = fc.record({
  owner: fc.constantFrom('alice', 'carol'),
  ownerAt: server,
  backAt: server,
  /** Whether somebody else reads along: from before, at the same time, or not. */
  other: fc.constantFrom('before', 'with', 'none'),
  how: fc.constantFrom('from one', 'from all', 'left'),
  before: fc.array(fc.tuple(read, server), { maxLength: 2 }),
  during: fc.array(fc.tuple(read, server, fc.nat(LATEST_MS)), { minLength: 1, maxLength: 4 }),
  news: fc.constantFrom('title', 'title', 'title', 'question', 'answer'),
  after: fc.array(fc.tuple(read, server), { minLength: 1, maxLength: 2 }),
})
export type Order = typeof anyOrder extends fc.Arbitrary<infer T> ? T : never

type People = Readonly<Record<'alice' | 'bob' | 'carol', SignedIn>>

interface UsedChat {
  readonly id: ChatId
  readonly first: Asked
  used: number
}

const MOST_USED = 8
/** Orders; fewer forks than one person may make within an hour are made in them. */
const FORKS_AGE_AFTER = 50

export class Play {
  readonly #two: TwoServers
  readonly #people: People
  readonly #streams: readonly LiveStream[]
  readonly #free: Record<string, UsedChat[]> = { alice: [], carol: [] }
  /** Messages that were begun, or an answer that ended, when the reader read no more: no event is to name them. */
  readonly #unheard = new Set<MessageId>()
  readonly #shared = new Set<string>()
  #made = 0

  private constructor(two: TwoServers, people: People, streams: readonly LiveStream[]) {
    this.#two = two
    this.#people = people
    this.#streams = streams
  }

  static async begin(two: TwoServers): Promise<Play> {
    const [alice, bob, carol] = await Promise.all([two.world.signIn('alice'), two.world.signIn('bob'), two.world.signIn('carol')])
    const streams = await Promise.all([two.a, two.b].map(({ baseUrl }) => openStream(baseUrl, bob.token, '/api')))
    return new Play(two, { alice, bob, carol }, streams)
  }

  /** Plays it, and answers by what something new reached Bob. Throws where something else went wrong. */
  async play(order: Order): Promise<Leak[]> {
    const mark = this.#made++
    await this.#ageForks(mark)
    const news = { word: `canary${mark}x`, secret: `secret${mark}x`, text: `canary${mark}x secret${mark}x` }
    const { bob } = this.#people
    const owner = this.#people[order.owner as 'alice']
    const other = this.#people[order.owner === 'alice' ? 'carol' : 'alice']
    const own = { call: this.#two[order.ownerAt].within(owner) }
    const chat = this.#free[order.owner]!.pop() ?? (await this.#newChat(owner))
    const answer = order.news === 'answer' ? await this.#askHeld(own as SignedIn, chat, `held${mark}x`) : null
    if (order.other === 'before') sound(await share(own, chat.id, [other]), 204)
    sound(await share(own, chat.id, order.other === 'with' ? [other, bob] : [bob]), 204)
    this.#shared.add(chat.id)
    const of = { chat, news }
    for (const [one, at] of order.before) sound(await this.#ask(one, at, of), 200)

    const seen: Promise<Leak | null>[] = []
    if (answer) {
      const watched = await this.#watch(answer, order.ownerAt, news)
      seen.push(this.#follow(answer, order.backAt, news), watched())
    }
    const look = async (one: Read, at: Server, isAfter: boolean) => {
      const shown = await this.#ask(one, at, of)
      return showsNews(one, shown, of) || (isAfter && OF_CHAT.includes(one) && shown.status !== 404) ? one : null
    }
    for (const [one, at, ms] of order.during) seen.push(sleep(ms).then(() => look(one, at, false)))
    const back = { call: this.#two[order.backAt].within(order.how === 'left' ? bob : owner) }
    sound(await takeBack(back, chat.id, order.how === 'from all' ? undefined : bob), 204)
    // From here on it is new.
    const written = this.#write(own as SignedIn, { order, of, answer })
    for (const [one, at] of order.after) seen.push(look(one, at, true))
    await written
    for (const [one, at] of order.after) seen.push(look(one, at, true))
    const leaks = (await Promise.all(seen)).filter((one) => one !== null)
    if (order.how === 'left' || order.other !== 'none') sound(await takeBack(own, chat.id), 204)
    if (++chat.used < MOST_USED) this.#free[order.owner]!.push(chat)
    return leaks
  }

  /** Now and then, as if an hour had passed since the forks so far. */
  async #ageForks(mark: number): Promise<void> {
    if (mark % FORKS_AGE_AFTER !== FORKS_AGE_AFTER - 1) return
    const schema = schemaName(this.#people.bob.me.organisation.id)
    await this.#two.world.sql(
      `update ${schema}.chat_session set time_created = time_created - interval '2 hours' where forked_from is not null`,
    )
  }

  /** Whether Bob's events told of what was new, once all that happened so far is told of. */
  async told(): Promise<Leak[]> {
    const { body } = await this.#two.a.within(this.#people.bob)<{ id: ChatId }>('POST', '/api/chats', {})
    for (const stream of this.#streams) await hears(stream, body.id, 'chat.created')
    const items = this.#streams.map(toldBy)
    const heardOf = items.map((of) => new Set(of.map(({ chatId }) => chatId)))
    // They are worth something only if they do tell.
    if (heardOf.some((ids) => [...this.#shared].filter((id) => ids.has(id as ChatId)).length < this.#shared.size / 2))
      throw new Error('the events do not tell what they may')
    return items.flat().some(({ messageId }) => messageId && this.#unheard.has(messageId)) ? ['events'] : []
  }

  close(): void {
    for (const stream of this.#streams) stream.close()
  }

  async #newChat(owner: SignedIn): Promise<UsedChat> {
    const call = this.#two.a.within(owner)
    const { body } = await call<{ id: ChatId }>('POST', '/api/chats', {
      description: 'Shared now and then',
      model: this.#two.model('echo'),
    })
    const first = await ask({ ...owner, call }, body.id, { text: 'First words', parentId: null })
    await call('GET', `${first.path}/events`)
    return { id: body.id, first, used: 0 }
  }

  /** An answer that waits for what it is to say. */
  #askHeld(owner: SignedIn, chat: UsedChat, key: string): Promise<Asked> {
    return ask(owner, chat.id, { text: `Go on ${key}`, parentId: chat.first.answerId, model: this.#two.model('told') })
  }

  async #write(owner: SignedIn, { order, of, answer }: { order: Order; of: Of; answer: Asked | null }): Promise<void> {
    const { chat, news } = of
    const path = `/api/chats/${chat.id}`
    if (order.news === 'title') {
      sound(await owner.call('PATCH', path, { description: news.text }), 200)
      return has(await owner.call('GET', path), news.secret)
    }
    if (answer) {
      this.#unheard.add(answer.answerId)
      this.#two.models.tell(news.word.replace('canary', 'held'), news.text)
    }
    const written = answer ?? (await ask(owner, chat.id, { text: news.text, parentId: chat.first.answerId }))
    if (!answer) for (const id of [written.questionId, written.answerId]) this.#unheard.add(id)
    has(await owner.call('GET', `${written.path}/events`), news.secret)
  }

  async #follow(answer: Asked, at: Server, { secret }: News): Promise<Leak | null> {
    const followed = await this.#two[at].within(this.#people.bob)('GET', `${answer.path}/events`)
    const again = await this.#two[at].within(this.#people.bob)('GET', `${answer.path}/events`)
    return [followed, again].some(({ text }) => text.includes(secret)) ? 'answer' : null
  }

  /** Resolves once the stream is open; it says that the answer is lost, or goes on to its end. */
  async #watch(answer: Asked, at: Server, { secret }: News): Promise<() => Promise<Leak | null>> {
    const watch = `${answer.chatId}.${answer.answerId}.0-0`
    const stream = await openStream(this.#two[at].baseUrl, this.#people.bob.token, '/api', { watch })
    if (stream.status !== 200) throw new Error(`the answer is not watched: ${stream.status}`)
    const isOver = () => stream.events.some(({ event }) => event === 'done' || event === 'lost')
    return async () => {
      while (!isOver()) await Promise.race([sleep(5), stream.ended])
      stream.close()
      return JSON.stringify(stream.events).includes(secret) ? 'watched answer' : null
    }
  }

  async #ask(one: Read, at: Server, { chat, news }: Of): Promise<Shown> {
    const call = this.#two[at].within(this.#people.bob)
    const path = `/api/chats/${chat.id}`
    if (one === 'fork') return call('POST', `${path}/forks`, { messageId: chat.first.answerId, idempotencyKey: crypto.randomUUID() })
    if (one !== 'librarian') return call('GET', PATHS[one](path, { chat, news }))
    const { body } = await call<{ id: ChatId }>('POST', '/api/chats', { model: 'librarian', description: 'Asked' })
    const asked = await ask({ ...this.#people.bob, call }, body.id, { text: `What of ${news.word}?`, parentId: null })
    return call('GET', `${asked.path}/events`)
  }
}

interface News {
  readonly word: string
  readonly secret: string
  readonly text: string
}
interface Of {
  readonly chat: UsedChat
  readonly news: News
}
type Shown = { readonly status: number; readonly text: string }

const PATHS: Record<Exclude<Read, 'fork' | 'librarian'>, (path: string, of: Of) => string> = {
  chat: (path) => path,
  messages: (path) => `${path}/messages`,
  path: (path, { chat }) => `${path}/messages?through=${chat.first.questionId}&limit=100`,
  readers: (path) => `${path}/readers`,
  shared: () => '/api/chats?in=shared',
  chats: () => '/api/chats',
  found: (_, { news }) => `/api/chats/find?words=${news.word}`,
}

/** Whether what somebody was shown has in it what is new: its words, or that they were found. */
function showsNews(one: Read, { status, text }: Shown, { chat, news }: Of): boolean {
  if (![200, 201, 404].includes(status)) throw new Error(`${one} was answered ${status}: ${text}`)
  return text.includes(news.secret) || (one === 'found' && text.includes(chat.id))
}

function sound({ status, text }: Shown, wanted: number): void {
  if (status !== wanted && !(wanted === 200 && status === 201)) throw new Error(`answered ${status} in place of ${wanted}: ${text}`)
}

function has({ status, text }: Shown, secret: string): void {
  if (!text.includes(secret)) throw new Error(`what is new is not there for its owner: ${status} ${text}`)
}
