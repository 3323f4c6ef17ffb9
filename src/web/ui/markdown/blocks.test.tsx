/** Rendering in pieces gives what rendering the whole gives, also while the text grows. */
import fc from 'fast-check'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { toBlocks } from './blocks.ts'
import { type Drawing, draw } from './draw.tsx'
import { tagsFor } from './headings.ts'
import { Formula, drawing as formulas } from './maths/formula.tsx'
import { syntaxes } from './maths/reading.ts'
import { read } from './reading.ts'

const drawing: Drawing = { headings: tagsFor(''), trusted: false, prefix: '', Formula }
const { toMarkup } = await formulas.load()
const html = (text: string) =>
  renderToStaticMarkup(read(text, { syntax: syntaxes.whole, toMarkup })?.nodes.map((node, index) => draw(node, drawing, index)))
const bare = (markup: string) => markup.replace(/\s+/g, ' ').replace(/> </g, '><').trim()
const inPieces = (text: string) => bare(toBlocks(text).map(html).join('\n'))

const FRAGMENTS = [
  'A line of text, with *stress* and `code`.',
  '## A heading',
  '- one\n- two',
  '- one\n\n- two, loose\n\n  and more of it',
  '1. first\n\n   still first\n2. second',
  '> quoted\n> on two lines',
  '```ts\nconst a = 1\n\nconst b = 2\n```',
  '~~~~\n~~~\nnot closed yet\n\n~~~~',
  '| a | b |\n| - | -: |\n| 1 | 2 |',
  '---',
  '    indented\n\n    code',
  'Heading below\n===',
  '* * *',
  'https://example.org/a_b_c',
  '[words](https://example.org) [3]',
  '- [ ] open\n- [x] done',
  '<b>not a tag</b>',
  '$$\na\n- b\n$$',
  'A formula \\(a_b\\), $c$ and $5.\n\\[ d \\]',
]

test('the pieces of any text render as the whole does', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 8 }), (fragments) => {
      const text = fragments.join('\n\n')
      expect(inPieces(text)).toBe(bare(html(text)))
    }),
    { numRuns: 100 },
  )
})

test('a text cut off anywhere, as while it is written, renders in pieces as it does whole', () => {
  const text = FRAGMENTS.join('\n\n')
  for (let end = 1; end <= text.length; end += 7) expect(inPieces(text.slice(0, end))).toBe(bare(html(text.slice(0, end))))
})

test('the pieces joined are the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '`', '~', '-', ' ', '#', '1', '.') }), (text) => {
      expect(toBlocks(text).join('\n')).toBe(text)
    }),
  )
})

test('a definition acts on the whole text, which is then not cut', () => {
  expect(toBlocks('See [it].\n\nMore.\n\n[it]: https://example.org')).toHaveLength(1)
})
