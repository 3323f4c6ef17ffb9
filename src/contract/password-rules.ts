/** What a new password must be: the same for the server and for a page that helps somebody choose one. Loads nothing. */

/** Beside a second factor, and for nobody else: NIST SP 800-63B-4. */
export const LEAST_BESIDE_FACTOR = 8
/** Unless the organisation asks for more. */
export const LEAST_USUAL = 12
export const LEAST_STRICT = 15
/** So that hashing stays bounded. */
export const MOST_CHARACTERS = 128

/** How long a password is: in characters, and not in the halves of which some of them are made. */
export const lengthOf = (password: string): number => [...password].length

/** How long a password of somebody must be at least, by the rules of their organisation; fewer are enough beside a second factor. */
export function leastLength(policy: { readonly leastPasswordLength: number }, hasSecondFactor: boolean): number {
  return hasSecondFactor ? LEAST_BESIDE_FACTOR : policy.leastPasswordLength
}

/** What an estimate of how hard a password is to guess says of one; `warning` is its reason where there is one. */
export interface Guessed {
  readonly guesses: number
  readonly feedback: { readonly warning: string | null }
}

/** How the estimate is made, wherever it is: longer passwords are judged by their beginning, so that none keeps a processor busy. */
export const ESTIMATE = { maxLength: 64, l33tMaxSubstitutions: 10 } as const
/** As many guesses as eight characters of no pattern take. */
const ENOUGH_GUESSES = 1e8
/** Fewer characters than this beside words that everybody expects are no secret. */
const ENOUGH_BESIDE = 6

const EXPECTED = [
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

const STAND_INS = { '@': 'a', 4: 'a', 3: 'e', 1: 'i', l: 'i', '!': 'i', '|': 'i', 0: 'o', 5: 's', $: 's', 7: 't', '+': 't' }

/** Letters for the digits and signs that stand for them, so that a word is found in each of its spellings. */
function spelledOut(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase()
  return plain.replace(/[@4315l!|0$7+]/g, (sign) => STAND_INS[sign as keyof typeof STAND_INS])
}

/** The words of a person's and an organisation's own: of names, of an address, of a short name. */
export function ownWords(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length > 2))]
}

/** Why a password is too easy to guess, as a sentence; undefined when it is not. `own` are `ownWords`. */
export function whyGuessable(
  password: string,
  own: readonly string[],
  estimate: (password: string, own: string[]) => Guessed,
): string | undefined {
  const plain = spelledOut(password)
  let rest = plain
  for (const word of [...EXPECTED, ...own].toSorted((a, b) => b.length - a.length)) rest = rest.replaceAll(spelledOut(word), '')
  if (lengthOf(rest.replace(/[^\p{L}\p{N}]/gu, '')) < ENOUGH_BESIDE && rest !== plain)
    return 'That password is little more than common words, your name or your address.'
  const { guesses, feedback } = estimate(password.normalize('NFKC'), [...EXPECTED, ...own])
  if (guesses >= ENOUGH_GUESSES) return undefined
  return feedback.warning ?? 'That password is too easy to guess.'
}
