/** Passwords: argon2id, verified with the same work whether or not there is an account; and what makes one too easy to guess. */
import { hash, verify } from '@node-rs/argon2'
import { LEAST_STRICT, lengthOf, ownWords, whyGuessable } from '#contract/password-rules.ts'
import { Failure } from '../../kernel/failure.ts'
import { loadEstimate } from './strength.ts'

/** OWASP's first choice for argon2id (the library's default algorithm): 19 MiB, 2 passes. About 11 ms, off the main thread. */
const WORK = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The hash to store. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), WORK)
}

let nobody: Promise<string> | undefined

/** Whether the password belongs to the hash; with no hash the same work is done, and the answer is no. */
export async function passwordMatches(password: string, stored: string | undefined): Promise<boolean> {
  nobody ??= hashPassword('the password of nobody at all')
  const matches = await verify(stored ?? (await nobody), password.normalize('NFKC'))
  return matches && stored !== undefined
}

/** What a new password is judged by. */
export interface PasswordRules {
  readonly least: number
  /** The person's and the organisation's: names, address, short name. */
  readonly own: readonly string[]
}

/** Throws `password.weak` with the reason. */
export async function refuseWeakPassword(password: string, { least, own }: PasswordRules): Promise<void> {
  const weak = (detail: string) => new Failure('password.weak', { detail })
  const length = lengthOf(password)
  if (length < least) throw weak(`That password has ${length} characters, and needs ${least} or more.`)
  const reason = whyGuessable(password, ownWords(own), await loadEstimate())
  if (reason !== undefined) throw weak(reason)
}

/** The greatest least length that is remembered of a password: all that is known of how long it is. */
export function longEnoughFor(password: string, least: number): number {
  return Math.min(lengthOf(password), Math.max(LEAST_STRICT, least))
}
