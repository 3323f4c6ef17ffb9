/** Formulas as models write them are drawn, prices are not taken for any, and none can do more than be read. */
import { renderToStaticMarkup } from 'react-dom/server'
import { beforeAll, describe, expect, test } from 'vitest'
import { maths, Rendered } from '../rendered.tsx'
import { toElements } from './drawn.ts'
import { drawing } from './formula.tsx'
import { type ToMarkup, toMarkup } from './markup.ts'

const html = (text: string, growing = false) => renderToStaticMarkup(<Rendered text={text} growing={growing} />)
/** The formulas of a text, by their source, with how they stand. */
const formulas = (text: string, growing = false) =>
  [...html(text, growing).matchAll(/(class="katex-display">)?<span class="katex">.*?<annotation[^>]*>(.*?)<\/annotation>/gs)].map(
    ([, block, source]) => (block ? { block: source } : source),
  )

const draw = (...formula: Parameters<ToMarkup>) => toElements(toMarkup(...formula) ?? '<none>')

beforeAll(async () => {
  await maths.load()
  await drawing.load()
})

describe('a formula', () => {
  test.each([
    ['$x_1 + y_1$ and $n$th', ['x_1 + y_1', 'n']],
    ['\\(a_b\\), \\( c*d*e \\)', ['a_b', 'c*d*e']],
    ['so $$a+b$$ is', [{ block: 'a+b' }]],
    ['so \\[ a+b \\] is', [{ block: 'a+b' }]],
    ['$$\na\n- b\n+ c_1\n> d\n$$', [{ block: 'a\n- b\n+ c_1\n&gt; d' }]],
    ['\\[\na\n+ b\n\\]\nand $c$', [{ block: 'a\n+ b' }, 'c']],
    ['> \\[\n> a\n> \\]\n\n- one\n\n  $$\n  b\n  $$', [{ block: 'a' }, { block: 'b' }]],
    ['| a |\n| - |\n| $b$ |', ['b']],
    ['$\\text{it costs \\$5}$', ['\\text{it costs \\$5}']],
    ['$$\\begin{cases} a \\\\ b \\end{cases}$$', [{ block: '\\begin{cases} a \\\\ b \\end{cases}' }]],
  ])('is found in %j', (text, found) => {
    expect(formulas(text)).toEqual(found)
  })

  test.each([
    'It costs $5 and $10.',
    'US$5, A$6 or $7.50 to $8',
    'from $20 to 30$ off',
    '($5)($6)',
    '$HOME/$USER and $PATH',
    '$1,000–$2,000',
    'a $ b $ c',
    '\\$a$ and $a\\$',
    '`$a$` and `\\(a\\)`',
    '```\n$$a$$\n```',
    'array\\[0\\], \\[x\\] done, \\[12\\]',
    '$$ is the process',
    'a $$$b$$$ c',
    '$a\n\nb$',
    '\\(a\n\nb\\)',
    '$$\na\n\nb\n$$',
  ])('is none: %j', (text) => {
    expect(formulas(text)).toEqual([])
    expect(html(text)).not.toContain('formula-source')
  })

  test('is shown as its source while it is being written, and never as an error', () => {
    const text = 'So \\(\\frac{a}{b_1}\\) is\n\n\\[\n\\sum_{i=1}^n\n- x_i\n\\]'
    for (let end = 1; end <= text.length; end += 1) {
      const shown = html(text.slice(0, end), true)
      expect(shown).not.toMatch(/error|<em>|<li>|color/)
    }
    expect(html(text.slice(0, -2), true)).toContain('formula-source')
    expect(formulas(text, true)).toHaveLength(2)
  })

  test('is shown as its source where it can’t be drawn', () => {
    expect(html('so $\\frac{a$ ends')).toContain('<code class="formula-source">\\frac{a</code>')
    expect(html('so $\\unknown{a}$ ends')).toContain('\\unknown{a}')
  })

  test('thousands that are begun and never ended are none', () => {
    for (const opener of ['\\(a ', '$a ', '\\[a ', '\\[a\nb ']) expect(html(opener.repeat(500))).not.toContain('formula')
  })
})

describe('a formula can’t', () => {
  test.each([
    '\\href{https://evil.example}{x}',
    '\\href{javascript:alert(1)}{x}',
    '\\url{https://evil.example}',
    '\\includegraphics{https://evil.example/x.png}',
    '\\htmlClass{fixed}{x}',
    '\\htmlId{root}{x}',
    '\\htmlStyle{background: url(https://evil.example)}{x}',
    '\\htmlData{onclick=alert(1)}{x}',
    '\\color{url(https://evil.example)}{x}',
    '\\text{<img src=x onerror=alert(1)>}',
  ])('link, fetch, name or style anything: %s', (source) => {
    const tags = renderToStaticMarkup(draw(source, false) ?? 'not drawn').match(/<[^>]*>/g) ?? []
    expect(tags.join('')).not.toMatch(/<(a|img|script)\b|\s(href|src|id|on\w+|data-\w+)=|url\(|class="[^"]*fixed/)
  })

  test.each([['\\rule{9999em}{9999em}'], ['\\kern{9999em}x'], ['\\raisebox{-9999em}{x}']])('be larger than a page: %s', (source) => {
    expect(renderToStaticMarkup(draw(source, false) ?? '').replace(/<math>.*<\/math>/, '')).not.toMatch(/[^.\d]\d{4,}em/)
  })

  test.each([
    ['\\def\\a{\\a\\a}\\a'],
    ['\\def\\a#1{#1#1#1#1}'.concat('\\a{'.repeat(20), 'x', '}'.repeat(20))],
    ['{'.repeat(4_000)],
    ['\\sqrt{'.repeat(400).concat('x', '}'.repeat(400))],
    ['x'.repeat(6_000)],
  ])('grow without end: %.30s', (source) => {
    expect(draw(source, true)).toBeNull()
  })

  test('be anything that is not on the list, should KaTeX ever write it', () => {
    expect(renderToStaticMarkup(toElements('<span class="a">&lt;b&gt;</span>'))).toBe('<span class="a">&lt;b&gt;</span>')
    for (const markup of [
      '<script>1</script>',
      '<span onclick="a">b</span>',
      '<a href="b">c</a>',
      '<span><b></span>',
      '<span>',
      '</span>',
      '<!-- a -->',
      '<span class=a>b</span>',
    ])
      expect(toElements(markup), markup).toBeNull()
    expect(
      renderToStaticMarkup(
        toElements('<span style="background-image:url(https://evil.example);position:fixed!;top:1em;color:var(--a)">a</span>'),
      ),
    ).toBe('<span style="top:1em">a</span>')
  })
})
