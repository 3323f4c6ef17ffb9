/** Every text of the interface can be read: WCAG 2.2 AA contrast over the table of tokens, light and dark. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

type Colour = readonly [red: number, green: number, blue: number]

const TEXT = 4.5
const SHAPE = 3

const table = readFileSync(new URL('../../src/web/ui/tokens.css', import.meta.url), 'utf8')
const OKLCH = String.raw`oklch\(([\d.]+) ([\d.]+) ([\d.]+)(?: / [\d.]+)?\)`
const tokens = new Map(
  [...table.matchAll(new RegExp(String.raw`--color-([a-z-]+): light-dark\(${OKLCH}, ${OKLCH}\);`, 'g'))].map(([, name, ...numbers]) => {
    const [l1, c1, h1, l2, c2, h2] = numbers.map(Number) as [number, number, number, number, number, number]
    return [name as string, { light: fromOklch(l1, c1, h1), dark: fromOklch(l2, c2, h2) }]
  }),
)

const GROUNDS = ['ground', 'surface', 'sunken', 'hover']
/** What is written, on what, with at least how much contrast. */
const PAIRS: readonly (readonly [text: string, grounds: readonly string[], least: number])[] = [
  ['ink', [...GROUNDS, 'accent-soft', 'danger-soft', 'warn-soft'], TEXT],
  ['muted', GROUNDS, TEXT],
  ['accent', [...GROUNDS, 'accent-soft'], TEXT],
  ['accent-strong', ['ground', 'surface', 'sunken'], TEXT],
  ['accent-ink', ['accent', 'accent-strong'], TEXT],
  ['danger', ['ground', 'surface', 'danger-soft'], TEXT],
  ['warn', ['ground', 'surface', 'warn-soft'], TEXT],
  ['code-keyword', ['sunken'], TEXT],
  ['code-string', ['sunken'], TEXT],
  ['code-number', ['sunken'], TEXT],
  ['code-title', ['sunken'], TEXT],
  ['code-comment', ['sunken'], TEXT],
  // The outline of fields and the ring of focus are shapes that must be seen.
  ['control', ['ground', 'surface'], SHAPE],
]

describe('contrast', () => {
  test('the whole table is read', () => {
    expect(tokens.size).toBe(table.match(/--color-[a-z-]+:/g)?.length)
    expect(ratio([1, 1, 1], [0, 0, 0])).toBeCloseTo(21, 1)
    expect(ratio(fromOklch(0.628, 0.2577, 29.23), [1, 1, 1])).toBeCloseTo(4, 1)
  })

  for (const theme of ['light', 'dark'] as const)
    for (const [text, grounds, least] of PAIRS)
      for (const ground of grounds)
        test(`${text} on ${ground}, ${theme}`, () => {
          expect(ratio(of(text, theme), of(ground, theme))).toBeGreaterThanOrEqual(least)
        })
})

function of(name: string, theme: 'light' | 'dark'): Colour {
  const token = tokens.get(name)
  if (!token) throw new Error(`no token --color-${name}`)
  return token[theme]
}

function ratio(a: Colour, b: Colour): number {
  const [bright, dim] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (bright + 0.05) / (dim + 0.05)
}

function luminance([red, green, blue]: Colour): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Linear sRGB of an OKLCH colour, clipped to what screens show (Björn Ottosson's matrices). */
function fromOklch(lightness: number, chroma: number, hue: number): Colour {
  const angle = (hue * Math.PI) / 180
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)]
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const clip = (value: number) => Math.min(Math.max(value, 0), 1)
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}
