/** Words of many languages, and any string at all: what an index and a question must agree on. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold, prefixes, queryTerms, type Term, terms } from './words.ts'

const stems = (text: string) => terms(text).map(({ stem }) => stem)
const exacts = (text: string) => terms(text).map(({ exact }) => exact)
/** Whether a question finds a text, as an index that holds stems and exact words would. */
const finds = (question: string, text: string) => {
  const index = new Set(terms(text).flatMap(({ stem, exact }) => [stem, exact]))
  const wanted = queryTerms(question)
  return wanted.length > 0 && wanted.every(({ stem, exact }) => index.has(stem) || index.has(exact))
}

describe('terms', () => {
  test('are stemmed and exact, at their place', () => {
    expect(terms('Budgets were discussed')).toEqual([
      { stem: 'budget', exact: 'budgets', position: 1 },
      { stem: 'were', exact: 'were', position: 2 },
      { stem: 'discuss', exact: 'discussed', position: 3 },
    ])
  })

  test('fold case, accents, ligatures and width', () => {
    expect(exacts('CAFÉ Straße ﬁsh Ｗｉｄｅ Łódź Ærø ΣΊΣΥΦΟΣ İstanbul')).toEqual([
      'cafe',
      'strasse',
      'fish',
      'wide',
      'lodz',
      'aero',
      'σισυφοσ',
      'istanbul',
    ])
  })

  test('keep what is not an accent: Russian й, kana with marks, Hindi vowels', () => {
    expect(exacts('Йод край が हिन्दी')).toEqual(['йод', 'край', 'が', 'हिन्दी'])
  })

  test('divide at every punctuation, so that the parts of names are found', () => {
    expect(exacts("budget.xlsx l'idée well-known foo_bar a/b 3.14 x@y.com don’t")).toEqual(
      'budget xlsx l idee well known foo bar a b 3 14 x y com don t'.split(' '),
    )
  })

  test('keep numbers and words with digits as they are', () => {
    expect(stems('Q3 2026 gpt4 v2s')).toEqual(['q3', '2026', 'gpt4', 'v2s'])
  })

  test('of Chinese, Japanese and Korean are pairs and single characters', () => {
    expect(terms('東京都 x')).toEqual([
      { stem: '東京', exact: '東', position: 1 },
      { stem: '京都', exact: '京', position: 2 },
      { stem: '都', exact: '都', position: 3 },
      { stem: 'x', exact: 'x', position: 4 },
    ])
  })

  test('of Thai are the words of its dictionary', () => {
    expect(exacts('สวัสดีชาวโลก')).toEqual(['สวัสดี', 'ชาว', 'โลก'])
  })
})

describe('a question finds a text', () => {
  const pairs: [question: string, text: string][] = [
    ['When was the budget discussed?', 'We discuss budgets on Monday'],
    ['Wann kündigen wir die Verträge?', 'Der Vertrag wird im März gekündigt, und wir kündigen auch die anderen Verträge.'],
    ['quelles sont les idées', "Voici l'idée de la réunion et les autres dans le projet"],
    ['¿Dónde están los informes?', 'El informe de la reunión está en la carpeta de los informes'],
    ['résumé', 'please send your RESUME'],
    ['встречи', 'Встреча была вчера, а встречи на завтра нет'],
    ['京都', '東京都と京都'],
    ['猫', '黒い猫がいる'],
    ['회의', '오늘 회의가 있습니다'],
  ]
  test.each(pairs)('%s | %s', (question, text) => expect(finds(question, text)).toBe(true))

  test('and not another', () => {
    expect(finds('京東', '東京')).toBe(false)
    expect(finds('budget', 'bud get')).toBe(false)
  })

  test('by an exact word even where the languages were guessed differently', () => {
    expect(finds('Verträge', 'Wir haben die Verträge und das ist gut')).toBe(true)
  })
})

describe('query terms', () => {
  test('leave out stop words of the language, and repetitions', () => {
    expect(queryTerms('Who can read my chats, and who reads chats?').map(({ exact }) => exact)).toEqual(['read', 'chats', 'reads'])
    expect(queryTerms('Wer kann meine Nachrichten lesen?').map(({ exact }) => exact)).toEqual(['nachrichten', 'lesen'])
  })

  test('are empty where there is nothing to ask for', () => {
    for (const text of ['', '   ', '?!', 'who are you', '👩‍👩‍👧']) expect(queryTerms(text)).toEqual([])
  })
})

test('prefixes are the beginnings of 3 to 8 letters, folded', () => {
  expect(prefixes('Élan')).toEqual(['ela', 'elan'])
  expect(prefixes('organisation')).toEqual(['org', 'orga', 'organ', 'organi', 'organis', 'organisa'])
  expect(prefixes('ab')).toEqual([])
})

describe('any string at all', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', 'é', '東', ' ', '\u0301', 'ς', 'ﷺ', 'ไ', 'İ', '\u0000') }),
  )

  test('folding twice changes nothing more', () => {
    fc.assert(
      fc.property(anything, (text) => fold(fold(text)) === fold(text)),
      { numRuns: 2_000 },
    )
  })

  test('gives terms that are not empty, at positions one after the other', () => {
    const wellFormed = (found: Term[]) => found.every(({ stem, exact, position }, i) => stem !== '' && exact !== '' && position === i + 1)
    fc.assert(
      fc.property(anything, (text) => {
        expect(wellFormed(terms(text))).toBe(true)
        queryTerms(text)
        expect(prefixes(text).every((prefix) => [...prefix].length >= 3 && [...prefix].length <= 8)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('finds itself, unless it is stop words only', () => {
    fc.assert(
      fc.property(anything, (text) => queryTerms(text).length === 0 || finds(text, text)),
      { numRuns: 2_000 },
    )
  })

  test.each(['\u0301\u0316', '\uFF9E\u0301', '\u0344\u0316'])('is folded with 30 marks on a letter at most: %j', (marks) => {
    const folded = fold(`я${marks.repeat(50_000)}`)
    expect(folded.length).toBeLessThanOrEqual(32)
    expect(fold(folded)).toBe(folded)
  })

  test('however long, gives a bounded result', () => {
    for (const unit of ['word ', '東京', 'x', 'ﷺ', 'ไทย', '\u0301', 'a\u0301'.repeat(9)]) {
      const found = terms(unit.repeat(300_000 / unit.length))
      expect(found.length).toBeLessThanOrEqual(16_383)
      expect(found.at(-1)?.position ?? 0).toBe(found.length)
      expect(found.every(({ exact }) => [...exact].length <= 64)).toBe(true)
    }
  })
})
