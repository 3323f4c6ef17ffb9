/** The bench: one row runs from beginning to end, and a row whose control would meet the goal is refused. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { compare, quantile } from '../../bench/measure.ts'
import { resultOf } from '../../bench/report.ts'

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url))
const ROW = { name: 'a row', unit: '×', goal: { atMost: 1.1 }, control: 'None.' } as const

test('a quick row is measured on a database of its own', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--quick', '--only', 'sign-in'])
  expect(stdout).toMatch(/^(met {3}|MISSED) {2}sign-in without the password hash: [\d.]+ ms/)
}, 60_000)

test('a name that no row has is refused with the names there are', async () => {
  await expect(promisify(execFile)(process.execPath, [MAIN, '--only', 'nothing like it'])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('row security on against off'),
  })
})

test('a row whose control meets the goal is refused', () => {
  expect(() => resultOf(ROW, { value: 1, control: 1.05, rounds: 3, spread: [1, 1] })).toThrow('sees nothing')
})

test('a goal that is missed is a result', () => {
  expect(resultOf(ROW, { value: 1.2, control: 3, rounds: 3, spread: [1.1, 1.3] })).toMatchObject({ met: false, value: 1.2, goal: '≤ 1.1' })
})

test('sides are compared within their round, and the first round does not count', async () => {
  const series = (costs: number[]) => async () => costs.shift()!
  const measured = await compare(3, {
    base: series([1, 1, 10, 100]),
    subject: series([50, 2, 30, 200]),
    control: series([1, 5, 50, 500]),
  })
  expect(measured).toEqual({ value: 2, control: 5, rounds: 3, spread: [2, 2.5] })
})

test('quantiles lie between their neighbours', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
  expect(quantile([1, 2, 3], 0)).toBe(1)
  expect(quantile([1, 2, 3], 1)).toBe(3)
})
