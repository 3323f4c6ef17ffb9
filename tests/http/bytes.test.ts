/** Replies that are bytes: sent as they are, taken for nothing else by a browser, and kept only where their endpoint says so. */
import { Readable } from 'node:stream'
import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { type Endpoint, endpoint } from '#contract/endpoint.ts'
import { sendBytes } from '#server/http/bytes.ts'
import type { Bytes } from '#server/isolation/route.ts'

const declared = { id: 'things.get', method: 'GET', path: '/thing', summary: 'A thing', access: 'user', work: 'read' } as const
const ARCHIVE = endpoint({ ...declared, bytes: ['application/zip', 'text/csv'] })
const PICTURE = endpoint({ ...declared, bytes: ['image/webp'], kept: true })
const BYTES = Buffer.from([0, 1, 2, 0xff, 0xfe, 0x3c])

async function answerOf(of: Endpoint, bytes: Bytes | Bytes<never>, headers: Record<string, string> = {}) {
  const app = fastify()
  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))
  app.get('/thing', (request, reply) => sendBytes(reply, of, { request, bytes }))
  const answer = await app.inject({ url: '/thing', headers })
  await app.close()
  return answer
}

describe('bytes', () => {
  test('arrive as they were, from memory and from a stream', async () => {
    for (const content of [BYTES, Readable.from([BYTES.subarray(0, 2), BYTES.subarray(2)])]) {
      const answer = await answerOf(ARCHIVE, { type: 'application/zip', content })
      expect([answer.statusCode, answer.headers['content-type'], answer.rawPayload]).toEqual([200, 'application/zip', BYTES])
    }
  })

  test('run nothing and are kept by nobody', async () => {
    const { headers } = await answerOf(ARCHIVE, { type: 'text/csv', content: Buffer.from('<script>') })
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'inline',
      'content-security-policy': expect.stringMatching(/^default-src 'none';.*;sandbox$/),
      'cache-control': 'no-store',
    })
    expect(headers.etag).toBeUndefined()
  })

  test('of a type that is not declared are not sent', async () => {
    const answer = await answerOf(PICTURE, { type: 'application/zip', content: BYTES })
    expect(answer.statusCode).toBe(500)
    expect(answer.rawPayload.includes(BYTES)).toBe(false)
  })

  test('a stream that breaks is no whole reply', async () => {
    const content = Readable.from(
      (async function* () {
        yield BYTES
        throw new Error('the disk is gone')
      })(),
    )
    await expect(answerOf(ARCHIVE, { type: 'application/zip', content })).rejects.toThrow()
  })

  test.each([
    ['acme.zip', `attachment; filename="acme.zip"; filename*=UTF-8''acme.zip`],
    ['Zoë & co.zip', `attachment; filename="Zo_ _ co.zip"; filename*=UTF-8''Zo%C3%AB%20%26%20co.zip`],
    ['../../etc/x', `attachment; filename=".._.._etc_x"; filename*=UTF-8''.._.._etc_x`],
  ])('are saved as %j without a way out of the name', async (fileName, expected) => {
    const { headers } = await answerOf(ARCHIVE, { type: 'application/zip', content: BYTES, fileName })
    expect(headers['content-disposition']).toBe(expected)
  })

  test('are saved under no name that ends the header or turns around', async () => {
    const fileName = 'a"; b\r\nx: y\u202e\ud800\'(*).zip'
    const { headers } = await answerOf(ARCHIVE, { type: 'application/zip', content: BYTES, fileName })
    expect(headers['content-disposition']).toMatch(/^attachment; filename="[\w .-]+"; filename\*=UTF-8''[\w.%-]+$/)
    expect(headers.x).toBeUndefined()
  })
})

describe('bytes that may be kept', () => {
  const version = '0198c0de-aaaa-7bbb-8ccc-0123456789ab'
  const content = BYTES

  test('are asked for each time, by whoever wants them', async () => {
    const { headers } = await answerOf(PICTURE, { type: 'image/webp', content, version })
    expect(headers).toMatchObject({ 'cache-control': 'private, no-cache', vary: 'Cookie, Authorization', etag: `"${version}"` })
  })

  test.each([`"${version}"`, `W/"${version}"`, `"other", "${version}"`])('and not sent again to who has %s', async (given) => {
    const answer = await answerOf(PICTURE, { type: 'image/webp', content, version }, { 'if-none-match': given })
    expect([answer.statusCode, answer.rawPayload.length]).toEqual([304, 0])
  })

  test.each(['"other"', version, '*', ''])('but to who has %j', async (given) => {
    const answer = await answerOf(PICTURE, { type: 'image/webp', content, version }, { 'if-none-match': given })
    expect([answer.statusCode, answer.rawPayload]).toEqual([200, BYTES])
  })
})
