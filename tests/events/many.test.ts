/**
 * Five hundred streams of a hundred people at once, each with a canary: a chat whose title and answer only its person knows. They come
 * back with the positions, and ask to watch the answers, of others; and no stream ever has anything in it that is another's.
 */
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogin } from '#server/auth/login.ts'
import { hashPassword } from '#server/auth/passwords/password.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { type LiveStream, offer, openStream } from '#tests/support/conversation.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type AskedChat, chatOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { type Elsewhere, elsewhere, lastIdOf } from './stage.ts'

const PEOPLE = 100
const STREAMS_EACH = 5

interface Person extends AskedChat {
  readonly person: SignedIn
  readonly canary: string
  /** Every id that is theirs; more are added as things happen. */
  readonly ids: string[]
}

let world: World
let models: ModelServer
let origin: string
let there: Elsewhere
let people: Person[]
let streams: LiveStream[] = []
beforeAll(async () => {
  models = await startModelServer()
  world = await createWorld({ egressAllow: models.allow, pool: { app: 12, worker: 6, auth: 6 } })
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
  there = await elsewhere(world)
  const carol = await world.signIn('carol')
  const echo = (await offer(carol, models, ['echo']))('echo')
  const login = await createLogin({ database: world.database, keyring: world.installation.keyring, log: world.log })
  const hash = await hashPassword(PASSWORD)
  people = await Promise.all(
    Array.from({ length: PEOPLE }, async (_, i) => {
      const email = `reader${i}@acme.test`
      await login.doors.open(carol.me.organisation.id, async (tx) => {
        await login.accounts.join(tx, await login.accounts.add(tx, { name: 'A reader', email, role: 'user' }), hash)
      })
      const person = await signIn(email)
      const canary = `canary-${i}-${crypto.randomUUID()}`
      const chat = await chatOf(person, { description: canary, question: `${canary} `, model: echo })
      return { ...chat, person, canary, ids: [chat.chatId, chat.questionId, chat.answerId, person.me.user.id] }
    }),
  )
}, 120_000)
afterAll(async () => {
  hangUp()
  await there?.close()
  await world?.close()
  await models?.close()
})

async function signIn(email: string): Promise<SignedIn> {
  const body = { email, password: PASSWORD, organisation: 'acme', deliver: 'token' }
  const { me, token } = (await world.call<{ me: SignedIn['me']; token: string }>('POST', '/api/auth/sign-in', { body })).body
  return {
    me,
    token,
    call: (method, path, given) => world.call(method, path, { body: given, headers: { authorization: `Bearer ${token}` } }),
  }
}

function hangUp(): void {
  for (const stream of streams) stream.close()
  streams = []
}

/** Opens all of them: what each comes back with, and asks to watch, is that of somebody so many places further on. */
async function openAll(further: number, positions: readonly string[]): Promise<void> {
  const opened = people.flatMap(({ person }, i) => {
    const { chatId, answerId } = people[(i + further) % PEOPLE]!
    const lastEventId = positions[(i + further) % PEOPLE]
    return Array.from({ length: STREAMS_EACH }, () =>
      openStream(origin, person.token, '/api', { lastEventId, watch: `${chatId}.${answerId}.0-0` }),
    )
  })
  streams = await Promise.all(opened)
}

const streamsOf = (i: number) => streams.slice(i * STREAMS_EACH, (i + 1) * STREAMS_EACH)
const textOf = ({ events }: LiveStream) => JSON.stringify(events)

/** Something happens to everybody; resolves once each stream has told all of its person's. */
async function happens(): Promise<void> {
  const made = await Promise.all(people.map(({ person }) => person.call<{ id: string }>('POST', '/api/chats', {})))
  for (const [i, { body }] of made.entries()) people[i]!.ids.push(body.id)
  for (const { person, ids } of people) ids.push(await there.addChat(person.me.user.id, person.me.personalScopeId))
  const complete = () =>
    people.every(({ ids }, i) => streamsOf(i).every((stream) => ids.slice(-2).every((id) => textOf(stream).includes(id))))
  await expect.poll(complete, { timeout: 30_000 }).toBe(true)
}

/** Whose canaries and ids are in the streams of somebody else; what a reader asked for by name is said to be lost, and nothing of it. */
function foreign(): string[] {
  const owners = new Map(people.flatMap(({ ids, canary }, i) => [...ids, canary].map((word) => [word, i] as const)))
  return people.flatMap((_, i) =>
    streamsOf(i).flatMap((stream) => {
      const text = JSON.stringify(stream.events.filter(({ event }) => event !== 'lost'))
      const words = text.match(/canary-\d+-[0-9a-f-]{36}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []
      return words.filter((word) => owners.has(word) && owners.get(word) !== i)
    }),
  )
}

const kinds = () => new Set(streams.flatMap(({ events }) => events.map(({ event }) => event)))

test('each tells its own person everything and nobody else anything, whatever they come back with', async () => {
  await openAll(0, [])
  await happens()
  const heard = () => people.every(({ canary }, i) => streamsOf(i).every((stream) => textOf(stream).includes(canary)))
  await expect.poll(heard, { timeout: 30_000 }).toBe(true)
  expect(foreign()).toEqual([])
  expect(kinds()).toEqual(new Set(['opened', 'happened', 'delta', 'done']))
  const positions = people.map((_, i) => lastIdOf(streamsOf(i)[0]!))
  hangUp()

  await openAll(1, positions)
  await happens()
  const lost = () => streams.every(({ events }) => events.some(({ event }) => event === 'lost'))
  await expect.poll(lost, { timeout: 30_000 }).toBe(true)
  expect(foreign()).toEqual([])
  expect(kinds()).toEqual(new Set(['resumed', 'happened', 'lost']))
}, 120_000)
