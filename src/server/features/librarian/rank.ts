/**
 * Finds the lines that fit a question best. A word weighs the more, the fewer sentences hold it (as in BM25); a line fits if
 * it holds enough of the question's weight, itself or by the title and neighbours it stands with. What does not fit is left
 * out: better no quotation than one beside the point.
 */
import { fold, queryTerms, type Term, terms } from '#server/kernel/words.ts'
import type { Passage } from './passage.ts'
import { LONGEST_QUOTE, paragraphsOf, sentencesOf } from './sentences.ts'

export interface Quotation {
  readonly passage: Passage
  readonly quote: string
}

const MOST_QUOTATIONS = 4
const MOST_TERMS = 40
/** Of what the search found, as much is read as takes a moment; the best passages come first. */
const MOST_CHARACTERS = 200_000
/** The part of the question's weight that a quoted line has to hold, and of the best line's score that it has to reach. */
const FITS = 0.35
const FITS_BESIDE_BEST = 0.75
/** What a word counts that stands in the line in another form; and one that stands in the title or next to the line. */
const INFLECTED = 0.85
const NEAR = 0.5
/** What is added for words that the title holds too, and for words that stand close together. */
const IN_TITLE = 0.1
const TOGETHER = 0.15
/** A quotation goes on to the next sentence up to this length, since a line alone seldom says all. */
const COMFORTABLE = 300
/** A line that begins so is not understood without the one before it. */
const LEANS_BACK = /^(?:it|its|they|their|this|that|these|those|he|his|she|her|then|there|but|so)\b/i

/** Words that ask instead of saying what about. */
const ASKING = new Set(
  queryTerms(
    'please tell explain show give find know want need many much long often thing things say says said mention mentions look search wonder wondering mean means could would happen',
  ).map(({ stem }) => stem),
)

/** Each word with the place where it comes first. */
type Words = ReadonlyMap<string, number>

interface Line {
  readonly text: string
  readonly paragraph: number
  readonly words: Words
}

interface Prepared {
  readonly passage: Passage
  readonly lines: readonly Line[]
  readonly title: Words
}

interface Scored extends Quotation {
  readonly score: number
  readonly words: Words
}

/** The best quotation of each passage that fits, best first; at most four, no two alike, and never the question itself. */
export function bestQuotations(question: string, passages: readonly Passage[], background: readonly Passage[]): Quotation[] {
  const asked = queryTerms(question)
  const telling = asked.filter(({ stem }) => !ASKING.has(stem))
  const wanted = (telling.length > 0 ? telling : asked).slice(0, MOST_TERMS)
  if (wanted.length === 0) return []
  const own = readable(passages).filter(({ text }) => spelled(text) !== spelled(question))
  const prepared = [...background, ...own].map((passage) => prepare(passage, wanted))
  const weights = weigh(wanted, prepared)
  const isQuestion = (line: Line) => spelled(line.text) === spelled(question)
  const scored = prepared
    .flatMap((one) => best(one, weights, isQuestion) ?? [])
    .sort((a, b) => b.score - a.score || b.passage.score - a.passage.score)
  return distinct(scored.filter(({ score }) => score >= FITS_BESIDE_BEST * (scored[0]?.score ?? 0)))
}

const spelled = (text: string) =>
  fold(text)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

function readable(passages: readonly Passage[]): Passage[] {
  let left = MOST_CHARACTERS
  return passages.flatMap((passage) => {
    const text = passage.text.slice(0, left)
    left -= text.length
    return text === '' ? [] : [{ ...passage, text }]
  })
}

/** Stemming is most of the work, so it is done where a look at the first letters says that a wanted word may be there. */
function prepare(passage: Passage, wanted: readonly Term[]): Prepared {
  const beginnings = wanted.map(({ exact }) => exact.slice(0, 3))
  const words = (sentence: string) => {
    const folded = fold(sentence)
    return beginnings.some((beginning) => folded.includes(beginning)) ? wordsOf(sentence) : NONE
  }
  const lines = paragraphsOf(passage.text).flatMap((text, paragraph) =>
    sentencesOf(text).map((sentence) => ({ text: sentence, paragraph, words: words(sentence) })),
  )
  return { passage, lines, title: wordsOf(passage.title) }
}

const NONE: Words = new Map()
function wordsOf(text: string): Words {
  const words = new Map<string, number>()
  for (const { stem, exact, position } of terms(text)) {
    for (const word of [stem, exact]) if (!words.has(word)) words.set(word, position)
  }
  return words
}

const placeOf = (words: Words, { stem, exact }: Term) => words.get(exact) ?? words.get(stem)
const holds = (words: Words, term: Term) => placeOf(words, term) !== undefined

type Weights = ReadonlyMap<Term, number>

/** Weights that add up to 1. */
function weigh(wanted: readonly Term[], prepared: readonly Prepared[]): Weights {
  const lines = prepared.flatMap((one) => one.lines)
  const rarity = wanted.map((term) => {
    const holding = lines.filter(({ words }) => holds(words, term)).length
    return Math.log(1 + (lines.length - holding + 0.5) / (holding + 0.5))
  })
  const total = rarity.reduce((sum, weight) => sum + weight, 0)
  return new Map(wanted.map((term, i) => [term, (rarity[i] ?? 0) / total]))
}

function best({ passage, lines, title }: Prepared, weights: Weights, isQuestion: (line: Line) => boolean): Scored | undefined {
  let found: Scored | undefined
  for (const [i, line] of lines.entries()) {
    const near = [lines[i - 1], lines[i + 1]].filter((other) => other?.paragraph === line.paragraph).map((other) => other?.words ?? NONE)
    const score = scoreOf(line, { title, near }, weights)
    if (score > (found?.score ?? 0) && !isQuestion(line)) found = { passage, score, words: line.words, quote: whole(lines, i) }
  }
  return found
}

/** How well a line fits; 0 if not well enough to be quoted. */
function scoreOf(line: Line, { title, near }: { title: Words; near: readonly Words[] }, weights: Weights): number {
  const around = [title, ...near]
  let fit = 0
  let titled = 0
  for (const [term, weight] of weights) {
    fit += weight * presence(term, line.words, around)
    titled += holds(title, term) ? weight : 0
  }
  // Another question is seldom an answer, and a word or two seldom say anything.
  fit *= (/[?？]$/.test(line.text) ? 0.4 : 1) * (line.words.size < 4 ? 0.5 : 1)
  const places = [...weights.keys()].map((term) => placeOf(line.words, term)).filter((place) => place !== undefined)
  if (places.length === 0 || fit < FITS) return 0
  return fit + IN_TITLE * titled + TOGETHER * togetherness(places)
}

/** From 0 to 1: how close the words stand, and whether in the order in which they were asked for. */
function togetherness(places: readonly number[]): number {
  if (places.length < 2) return 0
  const inOrder = places.every((place, i) => place > (places[i - 1] ?? 0))
  return ((inOrder ? 1 : 0.5) * places.length) / (Math.max(...places) - Math.min(...places) + 1)
}

function presence(term: Term, words: Words, around: readonly Words[]): number {
  if (words.has(term.exact)) return 1
  if (words.has(term.stem)) return INFLECTED
  return around.some((other) => holds(other, term)) ? NEAR : 0
}

/** The line, with what it takes to understand it and, where there is room, what follows. */
function whole(lines: readonly Line[], at: number): string {
  const { text = '', paragraph } = lines[at] ?? {}
  const before = lines[at - 1]
  let quote = text
  if (before && before.paragraph === paragraph && LEANS_BACK.test(text) && before.text.length + text.length < LONGEST_QUOTE) {
    quote = `${before.text} ${text}`
  }
  for (const next of lines.slice(at + 1)) {
    if (next.paragraph !== paragraph || next.text.endsWith('?') || quote.length + next.text.length > COMFORTABLE) break
    quote += ` ${next.text}`
  }
  return quote
}

function distinct(scored: readonly Scored[]): Quotation[] {
  const kept: Scored[] = []
  for (const one of scored) {
    if (kept.length === MOST_QUOTATIONS) break
    if (!kept.some((other) => alike(one.words, other.words))) kept.push(one)
  }
  return kept.map(({ passage, quote }) => ({ passage, quote }))
}

function alike(a: Words, b: Words): boolean {
  const shared = [...a.keys()].filter((word) => b.has(word)).length
  return shared > 0.8 * Math.min(a.size, b.size)
}
