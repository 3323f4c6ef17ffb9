/**
 * Whatever dies, freezes, fills or breaks in the middle of use: no question that was taken is lost or doubled, no text is lost that was
 * kept, every answer comes to an end, and nobody reads what is another's. Counted from outside, over HTTP, on the product as it runs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesUnder, formsOf } from '#tests/support/canaries.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { textOf } from '#tests/support/conversation.ts'
import { CANARY, playRound, type Round } from './round.ts'
import { FAULTS } from './rounds.ts'
import { openStage, type Stage } from './stage.ts'
import { breachesOf, isUnsettled, promisesBroken } from './verdict.ts'

const ROUNDS = Number(process.env.SARDONYX_FAULT_ROUNDS ?? 5)
/** Long enough for the busiest machine; what it ends would never have ended. */
const UNHURRIED_MS = 180_000
/** The last looks go over all that the rounds left. */
const AT_THE_END = { timeout: UNHURRIED_MS * Math.ceil(ROUNDS / 5) }
const SETTLING = { timeout: UNHURRIED_MS / 2, interval: 100 }

for (const { name, missing } of FAULTS) if (missing) process.stderr.write(`\nSKIPPED: tests/faults: ${name}: ${missing}\n`)

const rounds: Round[] = []
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
}, UNHURRIED_MS)
afterAll(() => stage?.close(), UNHURRIED_MS)

// In turn, so that each fault meets what the others left.
describe.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))('round %i', { timeout: UNHURRIED_MS }, () => {
  for (const fault of FAULTS) {
    test.skipIf(fault.missing !== undefined)(fault.name, async () => {
      const round = await playRound(stage, fault)
      rounds.push(round)
      // What a dead server was writing ends with its lease, which is waited for at the end of all.
      if (!fault.endsServer) await expect.poll(() => isUnsettled(round), SETTLING).toBe(false)
      expect(await breachesOf(round)).toEqual([])
    })
  }
})

test('in the end every answer has an end, every reader was told all of it, and all that was promised still holds', AT_THE_END, async () => {
  for (const round of rounds) {
    await expect.poll(() => isUnsettled(round), SETTLING).toBe(false)
    for (const thread of round.threads) {
      const done = await thread.reader.done
      expect([round.fault.name, thread.reader.text]).toEqual([round.fault.name, textOf(done)])
      expect([round.fault.name, ...(await promisesBroken(round, thread))]).toEqual([round.fault.name])
    }
  }
})

test('nothing that was typed, and no token, is in a log, in Redis, or in a file of the database', AT_THE_END, async () => {
  stage.redis?.cli('SAVE')
  const kept = [...(await filesUnder(stage.disk.path)), ...(stage.redis ? await filesUnder(stage.redis.directory) : [])]
  const places = [...kept, { path: 'the logs of the servers', text: stage.said() }]
  const holding = (words: readonly string[]) =>
    places.filter(({ text }) => words.some((word) => text.includes(word))).map(({ path }) => path)
  const secrets = [CANARY, PASSWORD, ...stage.people.map(({ token }) => token)]
  expect(holding(secrets.flatMap(formsOf))).toEqual([])
  // So that the search is known to see: who is a member stands in the clear, and the key of a session names its organisation.
  expect(holding(['milton@initech.test']).some((path) => path.includes('/cluster/'))).toBe(true)
  if (stage.redis)
    expect(holding([`t:${stage.people[0]?.me.organisation.id}:auth:session:`])).toContain(`${stage.redis.directory}/dump.rdb`)
})
