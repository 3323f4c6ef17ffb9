/** What docs/topics/sessions.md says of how long logins last is how long they last. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { createApiToken } from '#contract/security.ts'
import { EndReason, LoginPolicy, PRESETS } from '#contract/sessions.ts'

const page = await readFile(new URL('../../docs/topics/sessions.md', import.meta.url), 'utf8')
/** The rows of the table below a heading, as cells, without its head. */
const tableBelow = (heading: string) => {
  const below = page.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!
  const rows = below.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3_600, day: 86_400 }
/** Seconds of “24 hours”; undefined for “off”. */
function secondsOf(text: string): number | undefined {
  if (text === 'off') return undefined
  const [, count, unit] = /^(\d+) (minute|hour|day)s?$/.exec(text) ?? []
  if (unit === undefined) throw new Error(`“${text}” is no duration`)
  return Number(count) * SECONDS[unit]!
}

const FIELDS = ['idleLimitS', 'absoluteLimitS', 'rememberIdleLimitS', 'rememberAbsoluteLimitS', 'proofGoodForS'] as const
const ROWS = tableBelow('How long it lasts')

test('the table has a row for every limit there is', () => {
  expect(ROWS).toHaveLength(FIELDS.length)
  expect(Object.keys(LoginPolicy.shape).sort()).toEqual([...FIELDS, 'preset', 'remember', 'leastPasswordLength'].sort())
})

describe.each(FIELDS.map((field, i) => [field, ROWS[i]!] as const))('%s', (field, [, everyday, strict, own]) => {
  test.each([
    ['everyday', everyday],
    ['strict', strict],
  ] as const)('is as written where the rules are %s', (preset, text) => {
    const policy = PRESETS[preset]
    const written = secondsOf(text!)
    if (written !== undefined) return expect(policy[field]).toBe(written)
    expect(policy.remember).toBe(false)
    expect([policy.rememberIdleLimitS, policy.rememberAbsoluteLimitS]).toEqual([policy.idleLimitS, policy.absoluteLimitS])
  })

  test('is bounded as written where they are an organisation’s own', () => {
    const { minValue, maxValue } = LoginPolicy.shape[field] as z.ZodNumber
    expect([minValue, maxValue]).toEqual(own!.split(' and ').map(secondsOf))
  })
})

test('API tokens are good for as many days as written', () => {
  const [, least, most] = /good for (\d+) to (\d+) days/.exec(page)!
  const { minValue, maxValue } = createApiToken.body.shape.days
  expect([minValue, maxValue]).toEqual([Number(least), Number(most)])
})

test('every reason for an end is written down, and no other', () => {
  const written = tableBelow('How it ends').flatMap(([reasons]) => [...reasons!.matchAll(/`(\w+)`/g)].map(([, reason]) => reason))
  expect([...written, 'unknown'].sort()).toEqual([...EndReason.options].sort())
})
