/** The two ways a call can fail, each carrying a sentence for the person and one on what to do next. */
import type { FailureCode, Problem } from '#contract/errors.ts'
import { fieldName, t } from './text.ts'

/** The server refused, and said why. */
export class ApiProblem extends Error {
  readonly problem: Problem
  /** How long the server asked to wait before trying again; null when it named no time. */
  readonly retryAfterS: number | null

  constructor(problem: Problem, retryAfterS: number | null) {
    super(problem.detail)
    this.problem = problem
    this.retryAfterS = retryAfterS
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

/** Something here failed, and what failed knows the two sentences. */
export class Explained extends Error {
  readonly next: string

  constructor(what: string, next: string) {
    super(what)
    this.next = next
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
    if (errors.length > 0) return { what: errors.map(sayError).join(' '), next: '' }
    if ((error.is('auth.too_many_attempts') || error.is('address.asked_just_now')) && error.retryAfterS !== null)
      return { what: detail, next: sayWhen(error.retryAfterS) }
    return { what: detail, next: status >= 500 ? `${next} (${t('failure.requestId', { id: requestId })})` : next }
  }
  if (error instanceof Explained) return { what: error.message, next: error.next }
  if (error instanceof Unreachable) return { what: error.message, next: t('connection.check') }
  return { what: t('failure.unexpected'), next: t('failure.reload') }
}

/** Tells whether the same call may succeed later: the connection broke, or the server is busy or down. Other refusals stay. */
export function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiProblem && (error.problem.status >= 500 || error.problem.status === 429))
}

/** The contract says what is wrong as “must …”; with the name of the field before it that is a sentence. */
function sayError({ path, message }: { path: string; message: string }): string {
  const name = fieldName(path)
  return /^must /.test(message) ? `${name} ${message}.` : `${name}: ${message}.`
}

function sayWhen(seconds: number): string {
  if (seconds < 60) return t('failure.inSeconds', { count: Math.max(seconds, 1) })
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? t('failure.inMinutes', { count: minutes }) : t('failure.inHours', { count: Math.ceil(minutes / 60) })
}

/** Tells whether the failure means that nobody is signed in any more. */
export function isSessionEnd(error: unknown): boolean {
  return error instanceof ApiProblem && error.is('auth.required')
}
