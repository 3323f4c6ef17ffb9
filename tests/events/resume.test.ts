/**
 * A reader who comes back goes on where they were: of what happened meanwhile nothing is lost and nothing is told twice, also where
 * transactions overlap and are over in another order than they began in. SARDONYX_EVENT_RUNS says how many histories are made up.
 */
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knows } from '#server/isolation/happenings.ts'
import type { LiveStream } from '#tests/support/conversation.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { type Elsewhere, elsewhere, followEvents, hears, kindsOf, lastIdOf, sentinel, toldBy } from './stage.ts'

const RUNS = Number(process.env.SARDONYX_EVENT_RUNS ?? 25)
const WRITERS = 3

let world: World
let origin: string
let alice: SignedIn
let writers: Elsewhere[]
beforeAll(async () => {
  world = await createWorld()
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
  alice = await world.signIn('alice')
  writers = await Promise.all(Array.from({ length: WRITERS }, () => elsewhere(world)))
})
afterAll(async () => {
  for (const writer of writers) await writer.close()
  await world.close()
})

const add = (writer: Elsewhere) => writer.addChat(alice.me.user.id, alice.me.personalScopeId)

test('what happened while nobody followed is told to whoever comes back, once', async () => {
  const before = await followEvents(origin, alice)
  before.close()
  const { body } = await alice.call<{ id: string }>('POST', '/api/chats', { description: 'Lunch' })
  await alice.call('PATCH', `/api/chats/${body.id}`, { description: 'Dinner' })
  const after = await followEvents(origin, alice, lastIdOf(before))
  await hears(after, body.id, 'chat.changed')
  expect(kindsOf(after, body.id)).toEqual(['chat.changed'])
  after.close()
  const again = await followEvents(origin, alice, lastIdOf(after))
  await sentinel(alice, [again])
  expect(toldBy(again)).toHaveLength(1)
  again.close()
})

test('a transaction that began first and is over last is told, though what came after it was told already', async () => {
  const [first, second] = writers as [Elsewhere, Elsewhere]
  await first.begin()
  const early = await add(first)
  const late = await add(second)
  const stream = await followEvents(origin, alice)
  const reader = await followEvents(origin, alice)
  const seen = await sentinel(alice, [stream, reader])
  stream.close()
  await first.commit()
  const resumed = await followEvents(origin, alice, lastIdOf(stream))
  await hears(resumed, early, 'chat.created')
  await hears(reader, early, 'chat.created')
  expect(toldBy(resumed).map(({ chatId }) => chatId)).toEqual([early])
  expect(toldBy(reader).map(({ chatId }) => chatId)).toEqual([seen, early])
  expect(toldBy(reader).map(({ chatId }) => chatId)).not.toContain(late)
  resumed.close()
  reader.close()
})

/** What a writer does, or the reader who comes and goes. */
interface Deed {
  readonly writer: number
  readonly act: 'add' | 'commit' | 'rollback' | 'leave' | 'come back'
}
const deed: fc.Arbitrary<Deed> = fc.record({
  writer: fc.nat(WRITERS - 1),
  act: fc.constantFrom('add', 'add', 'add', 'commit', 'commit', 'rollback', 'leave', 'come back'),
})

/** Plays a history; answers what is to have been told, and what two readers were told: one who comes and goes, and one who stays. */
async function play(deeds: readonly Deed[]) {
  const staying = await followEvents(origin, alice)
  let coming: LiveStream | null = await followEvents(origin, alice)
  let lastId = lastIdOf(coming)
  const committed: string[] = []
  const told: string[] = []
  const open: string[][] = writers.map(() => [])
  const isOpen = writers.map(() => false)
  const leave = () => {
    if (!coming) return
    coming.close()
    told.push(...toldBy(coming).map(({ chatId }) => String(chatId)))
    lastId = lastIdOf(coming) || lastId
    coming = null
  }
  const end = async (at: number, how: 'commit' | 'rollback') => {
    if (!isOpen[at]) return
    await writers[at]![how]()
    if (how === 'commit') committed.push(...open[at]!)
    open[at] = []
    isOpen[at] = false
  }
  for (const next of deeds) {
    if (next.act === 'leave') leave()
    else if (next.act === 'come back') coming ??= await followEvents(origin, alice, lastId)
    else if (next.act !== 'add') await end(next.writer, next.act)
    else {
      if (!isOpen[next.writer]) await writers[next.writer]!.begin()
      isOpen[next.writer] = true
      open[next.writer]!.push(await add(writers[next.writer]!))
    }
  }
  for (const at of writers.keys()) await end(at, 'commit')
  leave()
  coming = await followEvents(origin, alice, lastId)
  committed.push(await sentinel(alice, [staying, coming]))
  leave()
  staying.close()
  return { committed, told, stayed: toldBy(staying).map(({ chatId }) => String(chatId)) }
}

test('whatever overlaps with whatever, each that was committed is told once, and none that was not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 4, maxLength: 24 }), async (deeds) => {
      const { committed, told, stayed } = await play(deeds)
      expect(told.toSorted()).toEqual(committed.toSorted())
      expect(stayed.toSorted()).toEqual(committed.toSorted())
    }),
    { numRuns: RUNS },
  )
}, 120_000)

describe('who cannot be told all of it is told to look again', () => {
  const resumes = async (lastId: string) => {
    const stream = await followEvents(origin, alice, lastId)
    await expect.poll(() => stream.events.map(({ event }) => event)).toEqual(['resumed'])
    await sentinel(alice, [stream])
    stream.close()
  }

  test('after an id that is none, or none of theirs', async () => {
    const mallory = await world.signIn('mallory')
    const hers = await followEvents(origin, mallory)
    hers.close()
    for (const id of ['3-0', 'a'.repeat(200), lastIdOf(hers)]) await resumes(id)
  })

  test('after more than is told one by one, and from there on goes on', async () => {
    const before = await followEvents(origin, alice)
    before.close()
    const writer = writers[0]!
    await writer.begin()
    for (let i = 0; i < 250; i++) await add(writer)
    await writer.commit()
    await resumes(lastIdOf(before))
  })
})

test('what a snapshot knows is what PostgreSQL says that it knows', async () => {
  const client = writers[0]!
  await fc.assert(
    fc.asyncProperty(
      fc.bigInt(3n, 40n),
      fc.array(fc.tuple(fc.bigInt(0n, 12n), fc.boolean()), { maxLength: 6 }),
      fc.bigInt(0n, 60n),
      async (least, gaps, tx) => {
        let at = least
        const underway: bigint[] = []
        for (const [gap, isUnderway] of gaps) {
          at += gap + 1n
          if (isUnderway) underway.push(at)
        }
        const snapshot = `${underway[0] ?? at}:${at + 1n}:${underway.join(',')}`
        const { rows } = await client.sql('select pg_visible_in_snapshot($1::xid8, $2::pg_snapshot) as known', [String(tx), snapshot])
        expect([snapshot, tx, knows(snapshot, tx)]).toEqual([snapshot, tx, rows[0].known])
      },
    ),
    { numRuns: 60 },
  )
})
