/** The one expected kind of error: a code of the contract's catalogue, safe to show. Anything else thrown is a bug. */
import { FAILURES, type FailureCode } from '#contract/errors.ts'

export interface FailureDetails {
  /** Replaces the catalogue's sentence where more is known; never holds internals or another person's content. */
  readonly detail?: string
  readonly next?: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
  readonly retryAfterS?: number
}

export class Failure extends Error {
  readonly code: FailureCode
  readonly details: FailureDetails
  constructor(code: FailureCode, details: FailureDetails = {}) {
    super(details.detail ?? FAILURES[code].detail)
    this.name = 'Failure'
    this.code = code
    this.details = details
  }
}
