/** Whatever a model writes, whole or in pieces, only listed elements with listed attributes come of it, at every moment. */
import fc from 'fast-check'
import { renderToStaticMarkup } from 'react-dom/server'
import { beforeAll, describe, expect, test } from 'vitest'
import { ATTACKS } from '#tests/support/rendering-attacks.ts'
import { drawing } from '#web/ui/markdown/maths/formula.tsx'
import { maths, Rendered } from '#web/ui/markdown/rendered.tsx'

const TAGS = new Set(
  (
    'div p span a bdi b blockquote br code pre del em strong h3 h4 h5 h6 hr li ol ul sup section table thead tbody tr th td input button ' +
    'svg path line math semantics annotation mrow mi mo mn mtext mspace msup msub msubsup mfrac msqrt mroot mtable mtr mtd mover munder ' +
    'munderover mstyle mpadded mphantom menclose'
  ).split(' '),
)
/** Where nothing is said here, an attribute is drawn only by this folder, from no word of the text. */
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  href: /^(https?:\/\/[^/]|mailto:[^?]|#_R_\w*_-fn)/,
  id: /^_R_\w*_-fn/,
  title: /^/,
  target: /^_blank$/,
  rel: /^noopener noreferrer nofollow$/,
  referrerpolicy: /^no-referrer$/,
  class: /^[\w\s:!./[\]()-]*$/,
  style: /^([a-z-]+:[\w.#% -]+;?)+$/,
  tabindex: /^0$/,
  type: /^(checkbox|button)$/,
}
const HARMLESS =
  /^(aria-[a-z]+|d|dir|start|disabled|checked|viewbox|width|height|fill|stroke(-\w+)*|[xy][12]|preserveaspectratio|encoding|display|math\w+|stretchy|fence|separator|symmetric|movablelimits|accent|accentunder|[lr]space|minsize|maxsize|linethickness|notation|depth|voffset|scriptlevel|displaystyle|(row|column)\w+|side)$/

/** What of the markup is not on the list. */
function unlisted(markup: string): string[] {
  return [...markup.matchAll(/<(?!\/)([^\s/>]*)([^>]*)>/g)].flatMap(([whole, tag = '', attributes = '']) => {
    const bad = [...attributes.matchAll(/([^\s=/]+)(?:="([^"]*)")?/g)].filter(([, name = '', value = '']) => {
      const known = ATTRIBUTES[name.toLowerCase()]
      return known ? !known.test(value) : !HARMLESS.test(name.toLowerCase())
    })
    return TAGS.has(tag) && bad.length === 0 ? [] : [whole.slice(0, 200)]
  })
}

const draw = (text: string, growing = false) =>
  renderToStaticMarkup(<Rendered text={text} growing={growing} mark={(number) => (number === 1 ? <b>1</b> : null)} />)

beforeAll(async () => {
  await maths.load()
  await drawing.load()
})

test('the list would notice', () => {
  for (const markup of [
    '<script>',
    '<img src="a">',
    '<p onclick="a">',
    '<a href="javascript:a">',
    '<a href="#root">',
    '<p id="root">',
    '<p style="background:url(a)">',
  ])
    expect(unlisted(markup), markup).toHaveLength(1)
})

test('there are at least 150 attacks', () => {
  expect(new Set(Object.values(ATTACKS).flat()).size).toBeGreaterThanOrEqual(150)
})

describe.each(Object.entries(ATTACKS))('%s', (_family, attacks) => {
  test('whole', () => {
    for (const attack of attacks) expect(unlisted(draw(attack)), attack.slice(0, 100)).toEqual([])
  }, 120_000)

  test('cut off anywhere, as while it is written', () => {
    for (const attack of attacks.filter(({ length }) => length < 400)) {
      for (let end = 1; end < attack.length; end += 1) {
        expect(unlisted(draw(attack.slice(0, end), true)), attack.slice(0, end)).toEqual([])
      }
    }
  }, 120_000)
})

test('any mixture of them, cut off anywhere, is drawn with what is listed only', () => {
  const small = Object.values(ATTACKS)
    .flat()
    .filter(({ length }) => length < 300)
  const bits = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...small) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '[',
        '](',
        ')',
        '<',
        '>',
        '`',
        '```\n',
        '$',
        '$$',
        '\\(',
        '\\)',
        '\n\n',
        '\n',
        '- ',
        '> ',
        '|',
        '!',
        '"',
        '&',
        ':',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  )
  const runs = Number(process.env.SARDONYX_RENDERING_RUNS ?? 60)
  fc.assert(
    fc.property(
      fc.array(bits, { maxLength: 8 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
      (pieces, cuts) => {
        const text = pieces.join('')
        for (const cut of cuts) expect(unlisted(draw(text.slice(0, Math.floor(cut * text.length)), true))).toEqual([])
        const end = draw(text)
        expect(unlisted(end)).toEqual([])
      },
    ),
    { numRuns: runs },
  )
})
