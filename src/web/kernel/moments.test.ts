/** Moments and spans are said in whole units, and never as a time to come. */
import { describe, expect, test } from 'vitest'
import { sayAgo, sayDay, saySpan } from './moments.ts'

const NOW = new Date(2026, 10, 28, 15, 30)
const earlier = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString()

describe('how long ago', () => {
  test.each([
    [-5, 'just now'],
    [0, 'just now'],
    [1.9, 'just now'],
    [2, '2 minutes ago'],
    [59.9, '59 minutes ago'],
    [60, '1 hour ago'],
    [719, '11 hours ago'],
  ])('%d minutes are “%s”', (minutes, words) => {
    expect(sayAgo(earlier(minutes), NOW)).toBe(words)
  })

  test('what is older is said as a moment, with its day', () => {
    expect(sayAgo(earlier(15 * 60), NOW)).toMatch(/^today .*30/)
    expect(sayAgo(earlier(16 * 60), NOW)).toMatch(/^yesterday .*30/)
    expect(sayAgo(earlier(50 * 60), NOW)).toMatch(/26.*30/)
  })
})

test('a day of another year carries it', () => {
  expect(sayDay(new Date(2026, 11, 3).toISOString(), NOW)).not.toContain('2026')
  expect(sayDay(new Date(2027, 0, 3).toISOString(), NOW)).toContain('2027')
})

test.each([
  [60, '1 minute'],
  [1_800, '30 minutes'],
  [3_600, '1 hour'],
  [86_400, '24 hours'],
  [129_600, '36 hours'],
  [604_800, '7 days'],
])('%d seconds are “%s”', (seconds, words) => {
  expect(saySpan(seconds)).toBe(words)
})
