/** The two ways a call can fail, each carrying a sentence for the person and one on what to do next. */
import type { FailureCode, Problem } from '#contract/errors.ts'
import { t } from './text.ts'

/** The server refused, and said why. */
export class ApiProblem extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }

  /** Tells whether the refusal carries this code. */
  is(code: FailureCode): boolean {
    return this.problem.code === code
  }
}

/** No answer came at all: the device is offline, or the server cannot be reached. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super(t('connection.unreachable'), { cause })
  }
}

export interface Explanation {
  readonly what: string
  readonly next: string
}

/** Explains any failure in two sentences: what happened, and what to do. */
export function explain(error: unknown): Explanation {
  if (error instanceof ApiProblem) {
    const { status, detail, next, requestId, errors = [] } = error.problem
    if (errors.length > 0) return { what: errors.map(({ path, message }) => `“${path}” ${message}.`).join(' '), next: '' }
    return { what: detail, next: status >= 500 ? `${next} (${t('failure.requestId', { id: requestId })})` : next }
  }
  if (error instanceof Unreachable) return { what: error.message, next: t('connection.retrying') }
  return { what: t('failure.unexpected'), next: t('failure.reload') }
}

/** Tells whether the failure means that nobody is signed in any more. */
export function isSessionEnd(error: unknown): boolean {
  return error instanceof ApiProblem && error.is('auth.required')
}
