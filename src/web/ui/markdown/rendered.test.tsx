/** What a model writes can't fetch anything, run anything, or hide where a link goes. */
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { maths, Rendered } from './rendered.tsx'

const html = (text: string) => renderToStaticMarkup(<Rendered text={text} />)
/** The hosts that are shown beside links. */
const hosts = (shown: string) => [...shown.matchAll(/<bdi dir="ltr"[^>]*>([^<]*)<\/bdi>/g)].map(([, host]) => host)

test('HTML is shown, not run', () => {
  const shown = html(
    'a <script>alert(1)</script> <img src=x onerror=alert(1)> <iframe src="https://evil.example"></iframe>\n\n<style>*{}</style>',
  )
  expect(shown).not.toMatch(/<(script|img|iframe|style)/)
  expect(shown).toContain('&lt;script&gt;')
})

test('an image is named and never fetched; it is a link to where it is, if that is a good address', () => {
  for (const address of ['https://evil.example/?q=secret', '/api/me', 'data:image/png;base64,AAAA', 'javascript:alert(1)']) {
    const shown = html(`![what it shows](${address})`)
    expect(shown).not.toMatch(/<img|src=/)
    expect(shown).toContain('what it shows')
    expect(hosts(shown)).toEqual(address.startsWith('https:') ? ['evil.example'] : [])
  }
  expect(hosts(html('[![a](https://one.example/a.png)](https://two.example)'))).toEqual(['two.example'])
})

test('a link shows its host unless its words are that very address, and tells the other side nothing', () => {
  const shown = html('[your bank](https://evil.example/login)')
  expect(hosts(shown)).toEqual(['evil.example'])
  expect(shown).toContain('rel="noopener noreferrer nofollow"')
  for (const same of ['https://evil.example/login', 'evil.example', 'EVIL.example/login']) {
    expect(hosts(html(`[${same}](https://evil.example/login)`))).toEqual([])
  }
})

test.each([
  ['[bank.example](https://bank.example.evil.example)', 'bank.example.evil.example'],
  ['[https://bank.example](https://evil.example)', 'evil.example'],
  ['[not evil.example but bank.example](https://evil.example)', 'evil.example'],
  ['[https://bank.example@evil.example](https://evil.example)', 'evil.example'],
  ['<https://bank.example@evil.example/>', 'evil.example'],
  ['<https://bank.example%2F@evil.example/>', 'evil.example'],
  ['[bank.example:443](https://bank.example:444)', 'bank.example:444'],
  ['https://b\u0430nk.example/', 'xn--bnk-6cd.example'],
  ['[b\u0430nk.example](https://b\u0430nk.example/)', 'xn--bnk-6cd.example'],
  ['[evil.example\u202e/elpmaxe.knab](https://evil.example/)', 'evil.example'],
  ['[bank\u200b.example](https://bank.example/)', 'bank.example'],
  ['[**bank.example**](https://evil.example)', 'evil.example'],
  ['[it][1]\n\n[1]: https://evil.example', 'evil.example'],
  ['[write](mailto:a@evil.example?subject=b)', 'a@evil.example'],
  ['[p](https:evil.example)', 'evil.example'],
])('the real host of %j is shown', (written, host) => {
  const text = written.replace(/\\u(\w{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))).replaceAll('\\n', '\n')
  expect(hosts(html(text))).toEqual([host])
})

test('only web and mail addresses are links', () => {
  for (const address of [
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '/api/auth/sign-out',
    '//evil.example',
    'file:///etc/passwd',
    'ws://evil.example',
    'blob:https://evil.example/1',
    'JaVaScRiPt:alert(1)',
    '\tjavascript:alert(1)',
    'java&#10;script:alert(1)',
    'javascript&colon;alert(1)',
    '&#x6A;avascript:alert(1)',
    'view-source:https://evil.example',
    'mailto:',
    '#root',
  ])
    expect(html(`[words](${address})`)).not.toContain('href')
  expect(html('[words](mailto:a@example.org)')).toContain('href="mailto:a@example.org"')
})

test.each([
  ['#### deep\n\n###### deeper', ['h3', 'h4']],
  ['One\n===\n\n> ### two\n\nThree\n---', ['h3', 'h5', 'h4']],
  ['```sh\n# a comment\n```\n\n## a heading', ['h3']],
  ['# 1\n## 2\n### 3\n#### 4\n##### 5\n###### 6', ['h3', 'h4', 'h5', 'h6', 'h6', 'h6']],
])('headings begin below those of the page and skip none: %j', (text, tags) => {
  expect([...html(text).matchAll(/<(h\d)/g)].map(([, tag]) => tag)).toEqual(tags)
})

test('footnotes lead there and back within their own text, whatever other texts have', () => {
  const shown = renderToStaticMarkup(
    <>
      <Rendered text={'a[^1]\n\n[^1]: b'} />
      <Rendered text={'c[^1]\n\n[^1]: d'} />
    </>,
  )
  const ids = [...shown.matchAll(/ id="([^"]+)"/g)].map(([, id]) => `#${id}`)
  expect(new Set(ids).size).toBe(4)
  expect([...shown.matchAll(/ href="([^"]+)"/g)].map(([, href]) => href).sort()).toEqual(ids.sort())
})

test('a text too long to be laid out is shown as it was written', () => {
  const shown = html(`**${'a'.repeat(600_000)}**`)
  expect(shown).toContain('too heavy to lay out')
  expect(shown).not.toContain('<strong>')
})

test('a number in brackets is drawn by the page, but not within a link, a formula or code', async () => {
  const mark = (number: number) => (number === 2 ? <b>source</b> : null)
  const text = 'yes [2], no [3], `[2]`, [[2]](https://a.example), $a_{[2]}$\n\n| a |\n| - |\n| in a table [2] |\n\n```\n[2]\n```'
  await maths.load()
  const shown = renderToStaticMarkup(<Rendered text={text} mark={mark} />)
  expect(shown.match(/<b>source<\/b>/g)).toHaveLength(2)
  expect(shown).toContain('no [3]')
})
