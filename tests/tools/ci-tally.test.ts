/** The last line of .ci/run is true. */
import { expect, test } from 'vitest'
import { type Report, tally } from '../../tools/ci-tally.ts'

const green: Report = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: 'passed', assertionResults: [{}] }],
}

test('all is well only if checks and tests ended well and nothing was left out', () => {
  expect(tally({ report: green, checked: true, tested: true })).toEqual({ passed: 5, failed: 0 })
})

test.each([
  ['a failed check', { report: green, checked: false, tested: true }, 5, 1],
  ['a failed test', { report: { ...green, numFailedTests: 2 }, checked: true, tested: false }, 5, 2],
  ['a failed test and a failed check', { report: { ...green, numFailedTests: 2 }, checked: false, tested: false }, 5, 3],
  ['a skipped test', { report: { ...green, numPendingTests: 1 }, checked: true, tested: true }, 5, 1],
  [
    'a file that did not load',
    { report: { ...green, testResults: [{ status: 'failed', assertionResults: [] }] }, checked: true, tested: false },
    5,
    1,
  ],
  ['an error outside every test', { report: green, checked: true, tested: false }, 5, 1],
  ['no report', { report: undefined, checked: true, tested: true }, 0, 1],
  ['no test at all', { report: { ...green, numPassedTests: 0 }, checked: true, tested: true }, 0, 1],
])('%s counts as failed', (_, outcome, passed, failed) => {
  expect(tally(outcome)).toEqual({ passed, failed })
})
