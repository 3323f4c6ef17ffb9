/** docs/topics/asvs.md has every requirement once, and each of them a test that exists, or a plain word why there is none. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = await read('docs/topics/asvs.md')
const items = [...page.matchAll(/^- \*\*(\d+\.\d+\.\d+)\*\* (.+)$/gm)].map(([, number = '', text = '']) => ({ number, text }))

/** How many requirements each section of the chapters has, in ASVS 5.0.0. */
const SECTIONS: Readonly<Record<string, readonly number[]>> = {
  3: [1, 3, 5, 8, 8, 1, 5],
  6: [3, 12, 8, 6, 8, 4, 0, 4],
  7: [3, 4, 2, 5, 3, 2],
  9: [3, 4],
  14: [2, 8, 3],
}

/** What a text cites: files, each with the names that follow it. */
function citedIn(text: string): Map<string, string[]> {
  const cited = new Map<string, string[]>()
  let file: string | undefined
  for (const [, quoted = ''] of text.matchAll(/`([^`]+)`/g)) {
    if (/\.test\.tsx?$/.test(quoted)) {
      file = quoted
      cited.set(file, cited.get(file) ?? [])
    } else if (file) cited.get(file)?.push(quoted)
  }
  return cited
}

/** The names of tests and of groups of them, as they are written in a file. */
const namesIn = (source: string) =>
  new Set([...source.matchAll(/(?:\b(?:test|describe)|\))\(\s*(['"`])((?:(?!\1).)+)\1,/g)].map(([, , name]) => name))

test('every requirement of the chapters stands there once, in order', () => {
  const numbers = Object.entries(SECTIONS).flatMap(([chapter, counts]) =>
    counts.flatMap((count, section) => Array.from({ length: count }, (_, i) => `${chapter}.${section + 1}.${i + 1}`)),
  )
  expect(items.map(({ number }) => number)).toEqual(numbers)
})

test('nothing is cited outside of a requirement but what checks the page', () => {
  const elsewhere = page.split('\n').filter((line) => !line.startsWith('- **'))
  expect([...citedIn(elsewhere.join('\n')).keys()]).toEqual(['tests/tools/asvs.test.ts'])
})

describe.each(items)('$number', ({ text }) => {
  const cited = citedIn(text)

  test('is shown by a test, or says plainly that it is not met or does not apply', () => {
    if (!/\*\*(Not met|Does not apply)\*\*/.test(text)) expect([...cited.values()].flat()).not.toEqual([])
    for (const [file, names] of cited) expect(names, file).not.toEqual([])
  })

  test('names tests that there are', async () => {
    for (const [file, names] of cited) {
      const known = namesIn(await read(file))
      expect(
        names.filter((name) => !known.has(name)),
        file,
      ).toEqual([])
    }
  })
})
