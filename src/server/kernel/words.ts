/**
 * Turns text into the words it can be found by. The same text always gives the same terms, so an index and a query meet;
 * a language guessed wrong makes stems less clever, never a word unfindable, since the exact word is a term as well.
 */
import snowball from 'snowball-stemmers'
import { type Language, STOP_WORDS } from './stop-words.ts'

export interface Term {
  /** What inflections have in common; for Chinese, Japanese and Korean, two neighbouring characters. */
  readonly stem: string
  /** The folded word; for Chinese, Japanese and Korean the one character. */
  readonly exact: string
  /** From 1, in steps of one. */
  readonly position: number
}

/** Positions end where PostgreSQL's tsvector ends: the first 16,383 words of a text can be found, the rest cannot. */
const LAST_POSITION = 16_383
const MAX_LETTERS = 200_000
/** Stemming is most of the work: of a text with more different words, the later ones are found by their exact form alone. */
const MAX_STEMMED = 4_000

const CJK = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々〆`
const UNSPACED = String.raw`\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`
/**
 * Runs of one kind: CJK, scripts that write no spaces, any other letters and digits. Punctuation always divides, also
 * inside `budget.xlsx` and `l'idée`, where the Unicode rules would not. A word longer than 64 letters becomes several.
 */
const RUNS = new RegExp(
  `(?<cjk>[${CJK}]+)|(?<unspaced>[${UNSPACED}\\p{M}]+)|(?<word>(?:(?![${CJK}${UNSPACED}])[\\p{L}\\p{N}\\p{M}]){1,64})`,
  'gu',
)
const MARKED = /([\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu
/** Normalising sorts the marks on a letter, which takes the square of their number: Unicode's Stream-Safe Text keeps 30, no script needs more. */
const SURPLUS_MARKS = /([\p{M}\uFF9E\uFF9F]{30})[\p{M}\uFF9E\uFF9F]+/gu
const CYRILLIC = /^\p{Script=Cyrillic}/u
const STEMMED = /^(?:\p{Script=Latin}+|\p{Script=Cyrillic}+)$/u
const LETTERS = new Map(Object.entries({ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ς: 'σ' }))
const UNFOLDED = new RegExp(`[${[...LETTERS.keys()].join('')}]`, 'g')

const stemmers = new Map([...STOP_WORDS.keys()].map((language) => [language, snowball.newStemmer(language)]))
const segmenter = new Intl.Segmenter('th', { granularity: 'word' })

/** One spelling for what people take for the same: compatibility forms, case, and the accents of Latin and Greek letters are gone. */
export function fold(text: string): string {
  return text
    .replace(SURPLUS_MARKS, '$1')
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKD')
    .replace(MARKED, '$1')
    .replace(UNFOLDED, (letter) => LETTERS.get(letter) ?? letter)
    .normalize('NFKC')
    .replace(SURPLUS_MARKS, '$1')
}

/** The terms of a text in order, for an index. Work and result are bounded, however long the text. */
export function terms(text: string): Term[] {
  return termsOf(text, (run) => run.map((exact, i) => ({ stem: exact + (run[i + 1] ?? ''), exact })))
}

/** The terms worth asking for, each once and in order: no stop words. Empty if the text holds nothing else. */
export function queryTerms(text: string): Term[] {
  const pairs = (run: readonly string[]) =>
    run.length < 2
      ? run.map((exact) => ({ stem: exact, exact }))
      : run.slice(1).map((next, i) => ({ stem: run[i] + next, exact: run[i] + next }))
  const all = termsOf(text, pairs)
  const stops = STOP_WORDS.get(languageOf(all))
  const wanted = new Map(all.filter(({ exact }) => !stops?.has(exact)).map((term) => [term.exact, term]))
  return [...wanted.values()]
}

/** The beginnings of the folded word that are indexed for search while typing: 3 to 8 letters, the whole word included. */
export function prefixes(word: string): string[] {
  const letters = [...fold(word.slice(0, 64))]
  const lengths = Array.from({ length: 6 }, (_, i) => i + 3)
  return lengths.filter((length) => length <= letters.length).map((length) => letters.slice(0, length).join(''))
}

type Unplaced = Omit<Term, 'position'>

function termsOf(text: string, cjk: (run: readonly string[]) => Unplaced[]): Term[] {
  const found: Unplaced[] = []
  for (const { groups } of fold(text.slice(0, MAX_LETTERS)).slice(0, MAX_LETTERS).matchAll(RUNS)) {
    if (groups?.word) found.push({ stem: groups.word, exact: groups.word })
    else if (groups?.cjk) found.push(...cjk([...groups.cjk.slice(0, LAST_POSITION * 2)]))
    else if (groups?.unspaced) found.push(...segments(groups.unspaced))
    if (found.length > LAST_POSITION) break
  }
  const stem = stemmer(languageOf(found))
  return found
    .slice(0, LAST_POSITION)
    .map((term, i) => ({ stem: term.stem === term.exact ? stem(term.exact) : term.stem, exact: term.exact, position: i + 1 }))
}

const segments = (run: string) =>
  [...segmenter.segment(run)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => ({ stem: segment, exact: segment }))

/** The language whose commonest words occur most often; English if none does. */
function languageOf(found: readonly Unplaced[]): Language {
  let best: Language = 'english'
  let most = 0
  for (const [language, stops] of STOP_WORDS) {
    let votes = 0
    for (const { exact } of found.slice(0, 500)) if (stops.has(exact)) votes += 1
    if (votes > most) [best, most] = [language, votes]
  }
  return best
}

/** Stems Latin words as of this language and Cyrillic ones as Russian; each different word once. */
function stemmer(language: Language): (word: string) => string {
  const known = new Map<string, string>()
  return (word) => {
    const stemmed = known.get(word)
    if (stemmed !== undefined) return stemmed
    if (known.size >= MAX_STEMMED || !STEMMED.test(word)) return word
    const fresh = stemmers.get(CYRILLIC.test(word) ? 'russian' : language)?.stem(word) || word
    known.set(word, fresh)
    return fresh
  }
}
