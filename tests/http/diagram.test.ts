/** The document in which diagrams are drawn may run its own scripts and nothing else, has no origin, and asks nobody for anything. */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MISSING } from '#tests/support/browser.ts'
import { createWorld, type World } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/http/diagram.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('the document of diagrams', () => {
  let world: World
  beforeAll(async () => {
    world = await createWorld()
  })
  afterAll(() => world?.close())

  test('has a policy of its own', async () => {
    const { status, headers, bytes } = await world.call('GET', '/diagram.html')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    const text = gunzipSync(bytes!).toString()
    const scripts = [...text.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script)
    expect(scripts).toHaveLength(2)
    const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
    expect(headers['content-security-policy']).toBe(
      `default-src 'none';script-src ${hashes.join(' ')};style-src 'unsafe-inline';font-src data:;base-uri 'none';form-action 'none';frame-ancestors 'self';sandbox allow-scripts`,
    )
    expect(headers['x-frame-options']).toBeUndefined()
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  test('is fetched once for as long as it is the same', async () => {
    const { headers } = await world.call('GET', '/diagram.html')
    const again = await world.call('GET', '/diagram.html', { headers: { 'if-none-match': String(headers.etag) } })
    expect([again.status, again.text]).toEqual([304, ''])
    expect(again.headers['content-security-policy']).toBe(headers['content-security-policy'])
  })

  test('is the only one that may be framed, and only by this site', async () => {
    for (const path of ['/', '/theme.js', '/chats/1', '//diagram.html', '/diagram.html/', '/diagram%2ehtml']) {
      const { headers } = await world.call('GET', path)
      if (headers['x-frame-options'] !== 'DENY') expect(headers['content-security-policy'], path).toContain('sandbox allow-scripts')
    }
  })
})
