/** The first level and the breaker, by a clock that the test moves. */
import { beforeEach, describe, expect, test } from 'vitest'
import { AWAY, Breaker } from '#server/isolation/cache/breaker.ts'
import { FirstLevel } from '#server/isolation/cache/first-level.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'

let nowMs: number
const clock = { now: () => nowMs }
beforeEach(() => {
  nowMs = 1_000_000
})

describe('the first level', () => {
  let near: FirstLevel
  let fetched: number
  const fetch = async () => `value ${++fetched}`
  beforeEach(() => {
    near = new FirstLevel(clock)
    fetched = 0
  })

  test('keeps nothing until changes are heard of', async () => {
    expect([await near.get('a', fetch), await near.get('a', fetch)]).toEqual(['value 1', 'value 2'])
    near.open()
    expect([await near.get('a', fetch), await near.get('a', fetch)]).toEqual(['value 3', 'value 3'])
    near.close()
    expect(await near.get('a', fetch)).toBe('value 4')
  })

  test('what it kept before it was closed does not come back when it opens', async () => {
    near.open()
    await near.get('a', fetch)
    near.close()
    near.open()
    expect(await near.get('a', fetch)).toBe('value 2')
  })

  test('a value ends after a second, and when the clock was set back', async () => {
    near.open()
    await near.get('a', fetch)
    nowMs += 999
    expect(await near.get('a', fetch)).toBe('value 1')
    nowMs += 1
    expect(await near.get('a', fetch)).toBe('value 2')
    nowMs -= 3_600_000
    expect(await near.get('a', fetch)).toBe('value 3')
  })

  test('a change while a value is fetched keeps the old one out', async () => {
    near.open()
    let arrive: (value: string) => void = () => undefined
    const fetching = near.get('a', () => new Promise<string>((resolve) => (arrive = resolve)))
    near.drop('a')
    arrive('old')
    expect(await fetching).toBe('old')
    expect(await near.get('a', fetch)).toBe('value 1')
  })

  test('so does losing the connection, and getting it back, in between', async () => {
    near.open()
    let arrive: (value: string) => void = () => undefined
    const fetching = near.get('a', () => new Promise<string>((resolve) => (arrive = resolve)))
    near.close()
    near.open()
    arrive('old')
    await fetching
    expect(await near.get('a', fetch)).toBe('value 1')
  })

  test('a lease begins when the value was asked for, not when it came', async () => {
    near.open()
    await near.get('a', async () => {
      nowMs += 900
      return 'slow'
    })
    nowMs += 100
    expect(await near.get('a', fetch)).toBe('value 1')
  })

  test('an absent value is not kept', async () => {
    near.open()
    expect(await near.get('a', async () => undefined)).toBeUndefined()
    expect(await near.get('a', fetch)).toBe('value 1')
  })
})

describe('the breaker', () => {
  let log: KeptLog
  let breaker: Breaker
  let tried: number
  const fail = async () => {
    tried++
    throw new Error('connect ECONNREFUSED')
  }
  beforeEach(() => {
    log = new KeptLog()
    breaker = new Breaker({ clock, log })
    tried = 0
  })

  test('after a failure nobody waits until it has rested, then one tries for all', async () => {
    expect(await breaker.attempt(fail)).toBe(AWAY)
    expect(await breaker.attempt(fail)).toBe(AWAY)
    expect(tried).toBe(1)
    nowMs += 1_000
    expect(await Promise.all([breaker.attempt(fail), breaker.attempt(fail), breaker.attempt(fail)])).toEqual([AWAY, AWAY, AWAY])
    expect(tried).toBe(2)
    nowMs += 1_000
    expect(await breaker.attempt(async () => 'there')).toBe('there')
    expect(await breaker.attempt(async () => 'there')).toBe('there')
  })

  test('it is logged once when it goes and once when it comes back', async () => {
    for (let i = 0; i < 3; i++) {
      await breaker.attempt(fail)
      nowMs += 1_000
    }
    await breaker.attempt(async () => 'there')
    await breaker.attempt(async () => 'there')
    expect(log.lines.map((line) => JSON.parse(line).msg)).toEqual([
      'the cache is away; requests ask the database instead',
      'the cache is back',
    ])
  })

  test('what never answers is given up', async () => {
    expect(await breaker.attempt(() => new Promise(() => undefined))).toBe(AWAY)
  })
})
