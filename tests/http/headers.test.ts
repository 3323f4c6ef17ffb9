/**
 * What every reply says to browsers, whoever asks for whatever: to run nothing foreign, to guess nothing, to frame nothing, to keep
 * nothing that is somebody's, and to come back over https. And what the cookie is, wherever it is set. Over https, as people reach it.
 */
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { type AddressInfo, connect as connectPlainly } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Endpoint } from '#contract/endpoint.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { type Certificate, ownCertificate } from '#server/http/certificate.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { CANARIES, ENDLESS, exampleOf, makeThings, type Things, urlOf } from '#tests/support/examples.ts'
import { type ModelServer, startModelServer } from '#tests/support/model-server.ts'
import { type Answer, createWorld, type World } from '#tests/support/world.ts'

const WEB = fileURLToPath(new URL('../../dist/web/', import.meta.url))
/** By this clock every token is old at once, so that each reply replaces the cookie it can replace. */
const clock = { now: () => Date.now() + 16 * 60_000 }

let directory: string
let certificate: Certificate
let world: World
let models: ModelServer
let port: number
let things: Things
let files: string[]
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-headers-'))
  certificate = await ownCertificate(directory, systemClock)
  models = await startModelServer({ key: CANARIES.key })
  const failuresAllowed = { perAccount: 2, perAddress: 1_000 }
  world = await createWorld({ certificate, baseUrl: 'https://sardonyx.test', egressAllow: models.allow, failuresAllowed, clock })
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  port = (world.server.app.server.address() as AddressInfo).port
  const [alice, again, carol] = [await world.signIn('alice'), await world.signIn('alice'), await world.signIn('carol')]
  things = await makeThings({ ...world, alice, carol, models, again })
  const entries = await readdir(WEB, { recursive: true, withFileTypes: true })
  files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => `/${relative(WEB, join(parentPath, name))}`)
})
afterAll(async () => {
  await world.close()
  await models.close()
  await rm(directory, { recursive: true })
})

type Headers = Answer['headers']

/** The directives of a content security policy. */
const directivesOf = (headers: Headers) =>
  Object.fromEntries(
    String(headers['content-security-policy'])
      .split(';')
      .map((directive) => [directive.trim().split(' ')[0], directive.trim().split(' ').slice(1).join(' ')]),
  )

function expectSafe(headers: Headers, what: string): void {
  expect(headers, what).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
  })
  const { 'default-src': otherwise, 'script-src': scripts = otherwise, ...directives } = directivesOf(headers)
  expect(directives, what).toMatchObject({ 'object-src': "'none'", 'base-uri': "'none'", 'frame-ancestors': "'none'" })
  for (const sources of [otherwise, scripts]) expect(sources, what).toMatch(/^'(self|none)'$/)
  const names = Object.keys(headers).filter((name) => /^(access-control-|x-powered-by$|server$)/.test(name))
  expect(names, what).toEqual([])
  // Only whoever comes back from a provider is sent on, and to our own pages.
  expect(headers.location ?? (what === '303' ? '' : '/'), what).toMatch(what === '303' ? /^\/[\w-]*(\?|$)/ : /^\/$/)
}

/** A reply of bytes is opened as nothing but what it is, and runs nothing even as a page. */
function expectBytes(headers: Headers, { bytes, kept }: Endpoint, what: string): void {
  expectSafe(headers, what)
  expect(bytes, what).toContain(String(headers['content-type']).split(';')[0])
  expect(directivesOf(headers), what).toMatchObject({ 'default-src': "'none'", sandbox: '' })
  expect(headers['content-disposition'], what).toMatch(/^(inline$|attachment; )/)
  expect(headers['cache-control'], what).toBe(kept ? 'private, no-cache' : 'no-store')
  if (kept) expect(headers, what).toMatchObject({ vary: 'Cookie, Authorization', etag: expect.stringMatching(/^"[\w-]+"$/) })
}

function expectPrivate(headers: Headers, what: string): void {
  expectSafe(headers, what)
  expect(headers['cache-control'], what).toBe('no-store')
}

const ENDING = ENDPOINTS.filter(({ id }) => !ENDLESS.includes(id))
const ownerOf = ({ access }: Endpoint) => (access === 'admin' ? 'carol' : 'alice')

describe('every reply is safe, and kept by nobody', () => {
  const seen = new Set<number>()
  test.each(ENDING.map((endpoint): [string, Endpoint] => [endpoint.id, endpoint]))(
    'of %s: to its owner, to others, to nobody, and to a request that is none',
    async (_, endpoint) => {
      const { params = {}, query = {}, body } = exampleOf(endpoint, things)
      const [owner, bob] = [await world.signIn(ownerOf(endpoint)), await world.signIn('bob')]
      for (const answer of [
        await owner.call(endpoint.method, urlOf(endpoint, { params, query: { surprise: '1' } }), body),
        await bob.call(endpoint.method, urlOf(endpoint, { params, query }), body),
        await world.call(endpoint.method, urlOf(endpoint, { params, query }), { body }),
        await owner.call(endpoint.method, urlOf(endpoint, { params, query }), body),
      ]) {
        seen.add(answer.status)
        if (endpoint.bytes && answer.status === endpoint.status) {
          expectBytes(answer.headers, endpoint, String(answer.status))
          continue
        }
        expectPrivate(answer.headers, String(answer.status))
        if (answer.text !== '') expect(answer.headers['content-type']).toMatch(/^(application\/(problem\+)?json|text\/event-stream)(;|$)/)
      }
    },
  )

  test('of endpoints: of every kind there is, from done to refused', () => {
    expect([...seen]).toEqual(expect.arrayContaining([200, 201, 202, 204, 303, 400, 401, 403, 404]))
  })

  test('of a stream without an end', async () => {
    const { token } = await world.signIn('bob')
    const sent = request({
      host: '127.0.0.1',
      port,
      path: '/api/events',
      ca: certificate.cert,
      headers: { authorization: `Bearer ${token}` },
    })
    sent.end()
    const [reply] = await once(sent, 'response')
    expect(reply.statusCode).toBe(200)
    expectPrivate(reply.headers, 'the stream')
    sent.on('error', () => undefined).destroy()
  })

  test.each([
    ['GET', '/%61pi/me', 401],
    ['GET', '/%61pi/nothing', 404],
    ['GET', '/%2561pi/nothing', 200],
    ['GET', '/api%2fme', 404],
    ['GET', '/api/me/', 404],
    ['GET', '/api/me/style.css', 404],
    ['GET', '/api/me;style.css', 404],
    ['GET', '/api/me%2fstyle.css', 404],
    ['GET', '/api/me%00.css', 400],
    ['GET', '/api/me?style.css', 401],
    ['GET', '/api/%zz', 400],
    ['GET', '/nothing?%zz', 200],
    ['GET', '/nothing#%zz', 200],
    ['GET', '/%5c%5celsewhere.test', 400],
    ['GET', '//elsewhere.test/%2e%2e', 400],
    ['GET', '/assets/none.js', 404],
    ['GET', '/openapi.json', 200],
    ['GET', '/livez', 200],
    ['GET', '/readyz', 200],
    ['HEAD', '/nothing', 404],
    ['POST', '/nothing', 404],
    ['OPTIONS', '/api/me', 404],
    ['TRACE', '/', 404],
  ])('to %s %s', async (method, path, status) => {
    const { headers, status: answered } = await world.call(method, path)
    expect(answered).toBe(status)
    if (status === 200 && path.includes('nothing')) expectSafe(headers, path)
    else expectPrivate(headers, path)
  })

  test('spelled otherwise, an address of the API is the same to its owner', async () => {
    const alice = await world.signIn('alice')
    const answer = await alice.call('GET', '/%61pi/m%65')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual((await alice.call('GET', '/api/me')).body)
    expectPrivate(answer.headers, 'the other spelling')
  })

  test('of faults and limits', async () => {
    const schema = await schemaOf(world, 'acme')
    await world.sql(`alter table ${schema}.chat_session rename to chat_session_away`)
    const broken = await (await world.signIn('carol')).call('GET', '/api/chats')
    await world.sql(`alter table ${schema}.chat_session_away rename to chat_session`)
    const signIn = (body: unknown, headers = {}) => world.call('POST', '/api/auth/sign-in', { body, headers })
    const wrong = { email: 'nobody@acme.test', password: 'wrong horse battery staple', organisation: 'acme' }
    const refusals = [await signIn(wrong), await signIn(wrong), await signIn(wrong)]
    const answers = [
      broken,
      ...refusals,
      await signIn('{'),
      await signIn('x', { 'content-type': 'text/plain' }),
      await signIn({ email: 'x'.repeat(1_100_000) }),
      await signIn(wrong, { origin: 'http://sardonyx.test' }),
      await signIn(wrong, { 'sec-fetch-site': 'cross-site' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([500, 401, 401, 429, 400, 415, 413, 400, 403])
    for (const { headers, status } of answers) expectPrivate(headers, String(status))
  })
})

describe('what Node itself would answer', () => {
  async function speak(bytes: string, plainly = false): Promise<Headers & { status: number }> {
    const socket = plainly
      ? connectPlainly(port, '127.0.0.1')
      : connect({ host: '127.0.0.1', port, ca: certificate.cert, checkServerIdentity: () => undefined })
    await once(socket, plainly ? 'connect' : 'secureConnect')
    socket.write(bytes)
    const [first = '', ...lines] = (await readText(socket)).split('\r\n\r\n')[0]!.split('\r\n')
    const headers = lines.map((line) => [line.split(': ')[0]!.toLowerCase(), line.split(': ').slice(1).join(': ')])
    return { ...Object.fromEntries(headers), status: Number(first.split(' ')[1]) }
  }

  const END = 'Connection: close\r\n\r\n'
  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a head of 30 KB', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(30_000)}\r\n${END}`, 413],
    ['two lengths', `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n${END}`, 400],
    ['no host', `GET /api/status HTTP/1.1\r\n${END}`, 400],
    ['an expectation that nobody knows', `GET /api/me HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n${END}`, 401],
  ])('to %s is as safe', async (what, bytes, status) => {
    const headers = await speak(bytes)
    expect(headers.status).toBe(status)
    expectPrivate(headers, what)
  })

  test.each([
    ['a request', `GET /api/me HTTP/1.1\r\nHost: x\r\n${END}`],
    ['a request without a host', `GET /api/me HTTP/1.1\r\n${END}`],
    ['a request that expects something', `GET /api/me HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n${END}`],
  ])('to %s over plain http is as safe, and says nothing of https, which would count for nothing there', async (what, bytes) => {
    const headers = await speak(bytes, true)
    expect([headers.status, headers['strict-transport-security']]).toEqual([426, undefined])
    expectPrivate({ ...headers, 'strict-transport-security': 'max-age=31536000; includeSubDomains' }, what)
  })
})

describe('the files of the interface', () => {
  test('are safe; those that are named by their content are kept, and the others asked for anew', async () => {
    expect(files.length).toBeGreaterThan(20)
    for (const path of [...files, '/', '/chats/x', '/sign-in']) {
      const { headers, status } = await world.call('GET', path)
      expect(status, path).toBe(200)
      expectSafe(headers, path)
      expect(headers['cache-control'], path).toBe(path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    }
  })

  test('are sent compressed to whoever takes them so, and are the same then', async () => {
    const compressed = files.filter((path) => files.includes(`${path}.br`) && files.includes(`${path}.gz`))
    expect(compressed.length).toBeGreaterThan(20)
    for (const [encoding, open] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const)
      for (const path of [...compressed, '/chats/x']) {
        const reply = await world.server.app.inject({ url: path, headers: { 'accept-encoding': encoding } })
        expect([reply.headers['content-encoding'], reply.headers.vary], path).toEqual([encoding, 'accept-encoding'])
        expectSafe(reply.headers, path)
        expect(open(reply.rawPayload).toString() === (await world.call('GET', path)).text, path).toBe(true)
      }
  })

  test('are the same for everybody: no script holds anything of whoever asks for it', async () => {
    const cookie = await cookieOf('alice')
    for (const path of files.filter((file) => file.endsWith('.js')))
      expect((await world.call('GET', path, { headers: { cookie } })).text === (await world.call('GET', path)).text, path).toBe(true)
  })
})

test('no other origin is let in, whatever it calls itself', async () => {
  const origins = [
    'null',
    'https://elsewhere.test',
    'https://sardonyx.test',
    'https://SARDONYX.test',
    'https://sardonyx.test:444',
    'http://sardonyx.test',
    'https://sardonyx.test.elsewhere.test',
    'https://elsewheresardonyx.test',
    'https://sub.sardonyx.test',
    'https://sardonyx.test@elsewhere.test',
    'file://',
    '*',
    '',
  ]
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
  for (const origin of origins)
    for (const [method, path] of [
      ['GET', '/api/me'],
      ['GET', '/openapi.json'],
      ['GET', '/'],
      ['GET', files[0]!],
      ['POST', '/api/auth/sign-in'],
      ['OPTIONS', '/api/auth/sign-in'],
      ['OPTIONS', '/api/chats'],
    ] as const) {
      const { headers } = await world.call(method, path, {
        headers: { host: 'sardonyx.test', origin, ...(method === 'OPTIONS' ? asked : {}) },
      })
      expect(
        Object.keys(headers).filter((name) => name.startsWith('access-control-')),
        `${method} ${path} ${origin}`,
      ).toEqual([])
    }
})

const HOME = { 'sec-fetch-site': 'same-origin' }

async function cookieOf(name: string): Promise<string> {
  const body = { email: `${name}@acme.test`, password: PASSWORD, organisation: 'acme' }
  const answer = await world.call('POST', '/api/auth/sign-in', { body, headers: HOME })
  return String(answer.headers['set-cookie']).split(';')[0]!
}

/** Sends what an endpoint takes as the browser of its owner; gives the reply, the cookie that it sets, and the token it had. */
async function asBrowser(endpoint: Endpoint) {
  const example = exampleOf(endpoint, things)
  const body = example.body && 'deliver' in example.body ? { ...example.body, deliver: 'cookie' } : example.body
  const cookie = await cookieOf(ownerOf(endpoint))
  const answer = await world.call(endpoint.method, urlOf(endpoint, example), { body, headers: { cookie, ...HOME } })
  return { answer, set: [answer.headers['set-cookie'] ?? []].flat().map(String), cookie }
}

describe('the cookie', () => {
  const setting: string[] = []
  test.each(ENDING.map((endpoint): [string, Endpoint] => [endpoint.id, endpoint]))(
    'set by %s is for this host alone, over https, for no script, short enough to be kept, and in no body',
    async (id, endpoint) => {
      const { answer, set, cookie } = await asBrowser(endpoint)
      for (const one of set) {
        expect(one).toMatch(/^__Host-sardonyx-[0-9a-f]+=[\w.-]*; (Max-Age=0; )?Path=\/; (Expires=[^;]+; )?HttpOnly; Secure; SameSite=Lax$/)
        expect(one.split(';')[0]!.length).toBeLessThanOrEqual(4_096)
        setting.push(id)
      }
      const tokens = [cookie, ...set].map((one) => one.split(/[=;]/)[1]!).filter((token) => token !== '')
      for (const token of tokens) expect(answer.text).not.toContain(token)
    },
  )

  test('was set by signing in and out, by a proof, and by renewal with whatever else was asked', () => {
    const some = ['auth.sign_in', 'auth.sign_out', 'session.prove', 'auth.refresh', 'me.get', 'chats.list']
    expect(setting).toEqual(expect.arrayContaining(some))
  })
})
