/** What a model writes can't fetch anything, run anything, or hide where a link goes. */
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Rendered } from './rendered.tsx'

const html = (text: string) => renderToStaticMarkup(<Rendered text={text} />)

test('HTML is shown, not run', () => {
  const shown = html(
    'a <script>alert(1)</script> <img src=x onerror=alert(1)> <iframe src="https://evil.example"></iframe>\n\n<style>*{}</style>',
  )
  expect(shown).not.toMatch(/<(script|img|iframe|style)/)
  expect(shown).toContain('&lt;script&gt;')
})

test('an image is named and not fetched, whatever its address', () => {
  for (const address of ['https://evil.example/?q=secret', '/api/me', 'data:image/png;base64,AAAA', 'javascript:alert(1)']) {
    const shown = html(`![what it shows](${address})`)
    expect(shown).not.toContain('src=')
    expect(shown).toContain('what it shows')
  }
})

test('a link shows its host when its words do not, and tells the other side nothing', () => {
  const shown = html('[your bank](https://evil.example/login)')
  expect(shown).toContain('(evil.example)')
  expect(shown).toContain('rel="noopener noreferrer"')
  expect(html('[https://evil.example/login](https://evil.example/login)')).not.toContain('(evil.example)')
  expect(html('[bank.example](https://bank.example.evil.example)')).toContain('(bank.example.evil.example)')
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
  ])
    expect(html(`[words](${address})`)).not.toContain('href')
  expect(html('[words](mailto:a@example.org)')).toContain('href="mailto:a@example.org"')
})

test('headings begin below those of the page and skip none', () => {
  expect(html('#### deep\n\n###### deeper').match(/<h\d/g)).toEqual(['<h3', '<h4'])
})

test('a number in brackets is drawn by the page, but not within a link or code', () => {
  const mark = (number: number) => (number === 2 ? <b>source</b> : null)
  const shown = renderToStaticMarkup(<Rendered text={'yes [2], no [3], `[2]`, [[2]](https://a.example)'} mark={mark} />)
  expect(shown.match(/source/g)).toHaveLength(1)
  expect(shown).toContain('no [3]')
})
