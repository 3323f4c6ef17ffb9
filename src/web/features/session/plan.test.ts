import { describe, expect, test } from 'vitest'
import type { SessionId } from '#contract/ids.ts'
import type { CurrentSession } from '#contract/sessions.ts'
import { endsOf, planOf } from './plan.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
const ENDS = { idleMs: DAY_MS, finalMs: 7 * DAY_MS }

describe('how long a login lasts', () => {
  test('is counted by the server, whatever the clock of the device shows', () => {
    const session: CurrentSession = {
      id: 'any' as SessionId,
      remembered: false,
      proven: true,
      now: '2026-01-01T00:00:00.000Z',
      idleEndsAt: '2026-01-02T00:00:00.000Z',
      endsAt: '2026-01-08T00:00:00.000Z',
    }
    expect(endsOf(session, 0)).toEqual(ENDS)
    expect(endsOf({ ...session, idleEndsAt: null }, 0).idleMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('nobody is asked, and the server neither, until two minutes before an idle end', () => {
    expect(planOf(ENDS, 0)).toEqual({ warnUntilMs: null, nearsEnd: false, nextMs: DAY_MS - 2 * MINUTE_MS })
    expect(planOf(ENDS, DAY_MS - 2 * MINUTE_MS - 1).warnUntilMs).toBeNull()
  })

  test('from then on somebody is asked, and the server again when the time is over', () => {
    const plan = planOf(ENDS, DAY_MS - 2 * MINUTE_MS)
    expect(plan).toEqual({ warnUntilMs: DAY_MS, nearsEnd: false, nextMs: DAY_MS + 1_000 })
  })

  test('after its end the server is asked again in a second, and not at once', () => {
    expect(planOf(ENDS, DAY_MS + 5_000).nextMs).toBe(DAY_MS + 6_000)
  })

  test('the end that comes in any case is told ten minutes before', () => {
    const ends = { idleMs: 8 * DAY_MS, finalMs: 7 * DAY_MS }
    expect(planOf(ends, 0)).toEqual({ warnUntilMs: null, nearsEnd: false, nextMs: 7 * DAY_MS - 10 * MINUTE_MS })
    expect(planOf(ends, 7 * DAY_MS - 10 * MINUTE_MS)).toMatchObject({ nearsEnd: true, nextMs: 7 * DAY_MS + 1_000 })
  })

  test('nobody is asked to put off an idle end that the final one comes before', () => {
    const ends = { idleMs: DAY_MS + MINUTE_MS, finalMs: DAY_MS }
    expect(planOf(ends, DAY_MS - MINUTE_MS).warnUntilMs).toBeNull()
  })
})
