/** Counts a run of the checks and tests. Whatever went wrong is at least one failure: nothing adds up to success by being absent. */

/** The parts of Vitest's JSON report that count. */
export interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly object[] }[]
}

interface Outcome {
  /** Absent if the tests ended without one. */
  readonly report: Report | undefined
  /** Whether the static checks, and the test run as a whole, ended well. */
  readonly checked: boolean
  readonly tested: boolean
}

/** Counts tests; a skipped test, a file that did not load, a failed check and a run that ended badly each count as failed. */
export function tally({ report, checked, tested }: Outcome): { passed: number; failed: number } {
  const unloaded =
    report?.testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length ?? 0
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
  const passed = report?.numPassedTests ?? 0
  const failed = (report?.numFailedTests ?? 0) + unloaded + skipped
  const endedBadly = (!tested || passed === 0) && failed === 0 ? 1 : 0
  return { passed, failed: failed + endedBadly + (checked ? 0 : 1) }
}
