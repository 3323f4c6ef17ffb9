/** Passwords: argon2id, verified with the same work whether or not there is an account; and what makes one too easy to guess. */
import { hash, verify } from '@node-rs/argon2'
import { Failure } from '../kernel/failure.ts'

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

const COMMON = [
  'password',
  'passwort',
  'qwerty',
  'azerty',
  '123456',
  'abcdef',
  'letmein',
  'welcome',
  'sardonyx',
  'iloveyou',
  'administrator',
]

/** Throws `password.weak` with the reason. `ownWords` are the person's and the organisation's: name, address. */
export function refuseWeakPassword(password: string, ownWords: readonly string[]): void {
  const plain = password.normalize('NFKC').toLowerCase()
  const weak = (detail: string) => new Failure('password.weak', { detail })
  if (new Set(plain).size < 5) throw weak('That password uses fewer than five different characters.')
  let rest = plain
  for (const word of [...COMMON, ...ownWords.flatMap((own) => own.toLowerCase().split(/[^\p{L}\p{N}]+/u))]) {
    if (word.length >= 4) rest = rest.replaceAll(word, '')
  }
  if (rest.length < 6) throw weak('That password is little more than common words, your name or your address.')
}
