/**
 * Whatever dies, freezes, fills or breaks in the middle of use: no question that was taken is lost or doubled, no text is lost that was
 * kept, every answer comes to an end, and nobody reads what is another's. Counted from outside, over HTTP, on the product as it runs.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textOf } from '#tests/support/conversation.ts'
import { playRound, type Round } from './round.ts'
import { FAULTS } from './rounds.ts'
import { openStage, type Stage } from './stage.ts'
import { breachesOf, isUnsettled, promisesBroken } from './verdict.ts'

const ROUNDS = Number(process.env.SARDONYX_FAULT_ROUNDS ?? 5)
/** Long enough for the busiest machine; what it ends would never have ended. */
const UNHURRIED_MS = 180_000

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
      expect(await breachesOf(round)).toEqual([])
    })
  }
})

test('in the end every answer has an end, every reader was told all of it, and all that was promised still holds', {
  timeout: UNHURRIED_MS,
}, async () => {
  for (const round of rounds) {
    await expect.poll(() => isUnsettled(round), { timeout: UNHURRIED_MS / 2, interval: 200 }).toBe(false)
    for (const thread of round.threads) {
      const done = await thread.reader.done
      expect([round.fault.name, thread.reader.text]).toEqual([round.fault.name, textOf(done)])
      expect([round.fault.name, ...(await promisesBroken(round, thread))]).toEqual([round.fault.name])
    }
  }
})
