/** What every reply promises: headers that keep browsers from harm, problems of one shape from one catalogue, and a document of it all. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FAILURES, type FailureCode, Problem } from '#contract/errors.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
})
afterAll(() => world.close())

const POLICY = `default-src 'self';script-src 'self';style-src 'self';img-src 'self' data: blob:;font-src 'self';connect-src 'self';object-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'self'`

describe('headers', () => {
  test.each(['/', '/chats/x', '/api/status', '/api/me', '/api/nothing', '/api/chats/x', '/openapi.json', '/assets/none.js'])(
    '%s is sandboxed, not sniffed and not framed',
    async (path) => {
      const { headers } = await world.call('GET', path)
      expect(headers).toMatchObject({
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      })
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers['access-control-allow-origin']).toBeUndefined()
    },
  )

  test('nothing of the API is stored on the way, good or bad', async () => {
    for (const path of ['/api/me', '/api/chats', '/api/nothing', '/api/chats/x', '/api/status', '/api/%zz'])
      expect((await alice.call('GET', path)).headers['cache-control']).toBe('no-store')
  })

  test('an address that no router reads is answered just as safely', async () => {
    expect((await world.call('GET', '/api/%zz')).headers).toMatchObject({
      'content-security-policy': "default-src 'none';object-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
  })

  test('every reply has a request id, and a problem names the same one', async () => {
    for (const path of ['/api/me', '/api/%zz', '/api/nothing']) {
      const { headers, body } = await world.call('GET', path)
      expect(headers['x-request-id']).toBe((body as Problem).requestId)
    }
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await world.call('GET', '/api/me')).headers['x-request-id']))
    expect(new Set(ids).size).toBe(20)
  })
})

describe('problems', () => {
  test('every code of the catalogue is used, and every one that is used is in it', async () => {
    const source = (await Promise.all((await filesOf('src/server')).map((file) => readFile(file, 'utf8')))).join('\n')
    const declared = ENDPOINTS.flatMap(({ fails }) => fails)
    const unused = Object.keys(FAILURES).filter((code) => !source.includes(`'${code}'`) && !declared.includes(code as FailureCode))
    expect(unused).toEqual([])
    const thrown = [...source.matchAll(/(?:new Failure|\bfail)\('([^']+)'/g)].map(([, code]) => code)
    expect(thrown.filter((code) => !Object.hasOwn(FAILURES, code ?? ''))).toEqual([])
  })

  test.each(Object.entries(FAILURES))('%s says what happened and what to do', (_, { status, detail, next }) => {
    expect(status).toBeGreaterThanOrEqual(400)
    for (const sentence of [detail, next]) expect(sentence).toMatch(/^\p{Lu}.+\.$/u)
  })

  test('an unknown address is a problem under /api and a page elsewhere', async () => {
    const missing = await world.call('GET', '/api/nothing')
    expect(missing.headers['content-type']).toBe('application/problem+json')
    expect(Problem.parse(missing.body)).toMatchObject({ status: 404, code: 'request.unknown_address' })
    const page = await world.call('GET', '/nothing')
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect((await world.call('POST', '/nothing')).status).toBe(404)
  })

  test('a fault of ours is told by its request id alone, and logged with its kind', async () => {
    const schema = `t_${alice.me.organisation.id.replaceAll('-', '')}`
    await world.sql(`alter table ${schema}.chat_session rename to chat_session_away`)
    const broken = await alice.call('GET', '/api/chats')
    await world.sql(`alter table ${schema}.chat_session_away rename to chat_session`)
    expect(broken.status).toBe(500)
    expect(Problem.parse(broken.body)).toMatchObject({ code: 'server.internal' })
    expect(broken.text).not.toMatch(/chat_session|relation|42P01/)
    const { requestId } = Problem.parse(broken.body)
    expect(world.log.lines.find((line) => line.includes(requestId))).toContain('42P01')
    expect((await alice.call('GET', '/api/chats')).status).toBe(200)
  })
})

test('the document describes every endpoint, and only those', async () => {
  const { body } = await world.call<{ openapi: string; paths: Record<string, Record<string, { operationId: string }>> }>(
    'GET',
    '/openapi.json',
  )
  expect(body.openapi).toBe('3.1.0')
  const described = Object.values(body.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
  expect(described.sort()).toEqual(ENDPOINTS.map(({ id }) => id).sort())
})

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name))
}
