/**
 * Login sessions as a whole: made-up histories of people, programs, thieves, administrators and accidents are played to two servers and
 * to a model of what is promised, and both agree at every step. SARDONYX_MODEL_RUNS says how many histories; one that failed is printed
 * with its seed, its path and its replayPath, which SARDONYX_MODEL_REPLAY takes, with spaces between, to play it again.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MISSING } from '#tests/support/redis.ts'
import * as deeds from './deeds.ts'
import * as model from './model.ts'
import * as happenings from './play.ts'
import { openStage, type Stage, type Which } from './stage.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/sessions/model.test.ts: ${MISSING}\n`)

const RUNS = Number(process.env.SARDONYX_MODEL_RUNS ?? 20)
const LONGEST = 100
const [seed, path, replayPath] = process.env.SARDONYX_MODEL_REPLAY?.split(' ') ?? []

/** Two browsers and a program of Alice, who is suspended at times; a browser of Carol, who administers. */
const CLIENTS = [
  { person: 'alice', via: 'cookie' },
  { person: 'alice', via: 'cookie' },
  { person: 'alice', via: 'header' },
  { person: 'carol', via: 'cookie' },
] as const
const ADMINISTRATOR = 3
/** How often each comes. Most of what happens to tokens happens to one browser. */
const OFTEN = { client: [5, 1, 2, 2], act: { read: 4, chat: 2, look: 2, manage: 1, extend: 1, prefer: 1 } }
/** Seconds, and how often they pass: less and more than a grace, than what is lost, than a token's age, than idle limits, than days. */
const TIMES = { 22: 5, 44: 5, 66: 2, 360: 1, 960: 9, 4200: 1, 7800: 1, 90000: 1, 691200: 1 }

/** One deed of a history. */
class Step implements fc.AsyncCommand<{ play: happenings.Play }, happenings.Play> {
  readonly #deed: happenings.Deed
  constructor(deed: happenings.Deed) {
    this.#deed = deed
  }

  check({ play }: { readonly play: happenings.Play }): boolean {
    return this.#deed.mayBe(play)
  }

  run(_: unknown, play: happenings.Play): Promise<void> {
    return play.go(this.#deed)
  }

  toString(): string {
    return this.#deed.name
  }
}

const keysOf = <T extends object>(of: T) => fc.constantFrom(...(Object.keys(of) as (keyof T)[]))
const weighed = <T>(often: readonly (readonly [T, number])[]) =>
  fc.oneof(...often.map(([one, weight]) => ({ weight, arbitrary: fc.constant(one) })))
const server = fc.constantFrom<Which>(0, 1)
const reply = fc.constantFrom('comes' as const, 'comes' as const, 'comes' as const, 'is lost' as const, 'is late' as const)
const comes = fc.constant('comes' as const)
const of = fc.record({ client: weighed(OFTEN.client.map((weight, i) => [i, weight])), server, reply })
const administrator = fc.record({ client: fc.constant(ADMINISTRATOR), server, reply })
const found = fc.record({ token: fc.nat(5), server, via: fc.constantFrom('cookie' as const, 'cookie' as const, 'header' as const) })
const act = weighed(Object.entries(OFTEN.act) as [deeds.ActName, number][])
const abilities = fc.subarray(['read', 'chat', 'admin'] as const, { minLength: 1 })
const isRight = fc.integer({ min: 0, max: 3 }).map((one) => one > 0)

const people = (wrap: (of: deeds.Of, deed: happenings.Deed) => happenings.Deed) =>
  fc.oneof(
    { weight: 14, arbitrary: fc.tuple(of, act).map(([one, name]) => wrap(one, deeds.request(one, name))) },
    { weight: 3, arbitrary: fc.tuple(of, isRight).map(([one, is]) => wrap(one, deeds.prove(one, is))) },
    { weight: 5, arbitrary: fc.tuple(found, act).map((args) => deeds.stolen(...args)) },
    { weight: 1, arbitrary: of.map((one) => wrap(one, deeds.refresh(one))) },
    { weight: 1, arbitrary: fc.tuple(of, abilities).map(([one, what]) => wrap(one, deeds.makeToken(one, what))) },
    { weight: 1, arbitrary: fc.tuple(found, act).map((args) => deeds.program(...args)) },
    { weight: 1, arbitrary: fc.tuple(of, keysOf(deeds.WAYS)).map(([one, way]) => wrap(one, deeds.end(one, way))) },
    { weight: 2, arbitrary: fc.tuple(administrator, keysOf(model.POLICIES)).map(([one, name]) => wrap(one, deeds.setPolicy(one, name))) },
  )
const circumstances = fc.oneof(
  { weight: 10, arbitrary: weighed(Object.entries(TIMES)).map((seconds) => happenings.pass(Number(seconds))) },
  { weight: 2, arbitrary: fc.tuple(server, fc.integer({ min: -4, max: 4 })).map((args) => happenings.misset(...args)) },
  { weight: 2, arbitrary: fc.constantFrom('flush', 'copy', 'restore', 'stop', 'start').map(happenings.toCache) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(9), fc.constantFrom(-120, 60)).map((args) => happenings.passTowardsEnd(...args)) },
  { weight: 1, arbitrary: fc.boolean().map((isSuspended) => happenings.suspend('alice', isSuspended)) },
  { weight: 1, arbitrary: server.map(happenings.restart) },
)
const deed = fc.oneof(
  { weight: 20, arbitrary: people(deeds.orSignIn) },
  { weight: 10, arbitrary: circumstances },
  {
    weight: 6,
    arbitrary: fc
      .array(
        people((_, one) => one),
        { minLength: 2, maxLength: 4 },
      )
      .map(happenings.sideBySide),
  },
  { weight: 1, arbitrary: fc.tuple(of, fc.boolean()).map((args) => deeds.signIn(...args)) },
  {
    weight: 6,
    arbitrary: fc.record({ client: fc.nat(CLIENTS.length - 1), server, reply: comes }).map((one) => deeds.comesLate(one, 'read')),
  },
)
const histories = fc.commands([deed.map((one) => new Step(one))], {
  maxCommands: LONGEST,
  size: 'max',
  ...(replayPath ? { replayPath } : {}),
})

describe.skipIf(MISSING !== undefined)('two servers and the model of login sessions', () => {
  let stage: Stage
  let known: Pick<happenings.Play, 'stage' | 'userIds' | 'refusal'>
  beforeAll(async () => {
    stage = await openStage()
    const { text } = await stage.call({ server: 0, token: null, via: 'header' }, 'GET', '/api/me')
    known = { stage, refusal: text, userIds: { alice: await stage.userId('alice'), carol: await stage.userId('carol') } }
  })
  afterAll(() => stage?.close())

  const agree = fc.asyncProperty(histories, async (history) => {
    await stage.settled()
    await stage.clear()
    const play = new happenings.Play({ ...known, clients: CLIENTS.map((client) => ({ ...client, token: null, late: null })) })
    await fc.asyncModelRun(() => ({ model: { play }, real: play }), history)
    await play.lookAround(Number.POSITIVE_INFINITY)
  })

  test('agree about every history', async () => {
    await fc.assert(agree, {
      numRuns: RUNS,
      unbiased: true,
      interruptAfterTimeLimit: RUNS * 20_000,
      markInterruptAsFailure: true,
      ...(seed ? { seed: Number(seed) } : {}),
      ...(path ? { path } : {}),
    })
    expect(stage.log.lines.filter((line) => line.includes('a login was not kept up'))).toEqual([])
  }, 7_200_000)
})
