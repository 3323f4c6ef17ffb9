/** Reaching a server from elsewhere: its own certificate or a given one, TLS 1.2 and newer, and plain http explained. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '#server/config.ts'
import { type Certificate, givenCertificate, ownCertificate } from '#server/http/certificate.ts'
import { createHttpsServer } from '#server/http/secure-server.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { codeOf, createWorld, type World } from '#tests/support/world.ts'

let directory: string
let certificate: Certificate
let world: World
let port: number
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-tls-'))
  certificate = await ownCertificate(join(directory, 'tls'), systemClock)
  world = await createWorld({ certificate, baseUrl: 'https://sardonyx.test' })
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  port = (world.server.app.server.address() as AddressInfo).port
})
afterAll(async () => {
  await world.close()
  await rm(directory, { recursive: true })
})

function get(path: string, options: { maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {}): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port,
        path,
        ca: certificate.cert,
        ...options,
        ...(options.maxVersion === 'TLSv1.1' ? { minVersion: 'TLSv1.1' } : {}),
      },
      (reply) => {
        let text = ''
        reply.on('data', (data: Buffer) => (text += data)).on('end', () => resolve({ status: reply.statusCode, text }))
      },
    )
      .on('error', reject)
      .end()
  })
}

test('the certificate that it makes is verified by whoever was given it, and its key is for this user alone', async () => {
  expect(await get('/api/status')).toMatchObject({ status: 200 })
  expect((await stat(join(directory, 'tls', 'key.pem'))).mode & 0o777).toBe(0o600)
  expect(await ownCertificate(join(directory, 'tls'), systemClock)).toEqual(certificate)
})

test('a request has to arrive within half a minute, over https and without', async () => {
  const plain = await createWorld()
  for (const { app } of [world.server, plain.server])
    expect([app.server.requestTimeout, app.server.headersTimeout]).toEqual([30_000, 30_000])
  await plain.close()
})

test.each<[string, string | Uint8Array]>([
  ['says nothing', ''],
  ['begins a handshake', Uint8Array.of(0x16)],
  ['begins plain http', 'GET / HTTP/1.1\r\n'],
])('a connection that %s and no more is ended', async (_, first) => {
  const server = createHttpsServer(certificate, () => undefined, { requestTimeoutMs: 30_000, beginTimeoutMs: 50 }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => first.length > 0 && socket.write(first))
  socket.on('error', () => undefined).resume()
  await once(socket, 'close', { signal: AbortSignal.timeout(2_000) })
  server.close()
})

test('a certificate about to run out is made anew', async () => {
  const later = { now: () => systemClock.now() + 390 * 24 * 3_600_000 }
  const copy = join(directory, 'later')
  const first = await ownCertificate(copy, systemClock)
  expect((await ownCertificate(copy, later)).fingerprint).not.toBe(first.fingerprint)
})

test('TLS 1.2 is spoken, 1.1 is not', async () => {
  expect(await get('/livez', { maxVersion: 'TLSv1.2' })).toEqual({ status: 200, text: 'alive\n' })
  await expect(get('/livez', { maxVersion: 'TLSv1.1' })).rejects.toThrow()
})

test('plain http on the same port is answered with an explanation, and with nothing else', async () => {
  const { status, text } = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    plainRequest({ host: '127.0.0.1', port, path: '/api/status' }, (reply) => {
      let body = ''
      reply.on('data', (data: Buffer) => (body += data)).on('end', () => resolve({ status: reply.statusCode, text: body }))
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(426)
  expect(text).toContain('This server speaks https only')
  expect(text).toContain(`https://127.0.0.1:${port}/`)
})

test('a page that was opened over plain http is told so, instead of losing its login without a word', async () => {
  const answer = await world.call('POST', '/api/auth/sign-in', {
    body: { email: 'a@b.test', password: 'x' },
    headers: { origin: 'http://sardonyx.test' },
  })
  expect(answer.status).toBe(400)
  expect(codeOf(answer)).toBe('request.not_secure')
})

test('a given certificate is used, and one whose key is another is refused in a sentence', async () => {
  for (const name of ['one', 'two']) {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.crt`,
      ],
      { cwd: directory, stdio: 'pipe' },
    )
  }
  const at = (file: string) => join(directory, file)
  expect(await givenCertificate(at('one.crt'), at('one.key'))).toMatchObject({
    isSelfMade: false,
    cert: await readFile(at('one.crt'), 'utf8'),
  })
  await expect(givenCertificate(at('one.crt'), at('two.key'))).rejects.toThrow(/cannot be used together/)
})

test('ready while there is a database, and not when it is going down', async () => {
  expect(await world.call('GET', '/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
})

test.each([
  { of: 'a certificate without its key', given: { 'tls-cert-file': 'a.pem' }, says: 'go together' },
  { of: 'no TLS on an address that others reach', given: { host: '0.0.0.0', tls: 'off' }, says: 'in the clear' },
])('settings that contradict each other stop the start: $of', ({ given, says }) => {
  expect(() => readConfig(given, {})).toThrow(says)
})

test('an address that others reach means https by itself', () => {
  expect(readConfig({ host: '0.0.0.0' }, {})).toMatchObject({ tls: 'own', baseUrl: expect.stringMatching(/^https:/) })
  expect(readConfig({}, {})).toMatchObject({ tls: 'off', baseUrl: 'http://localhost:4700' })
  expect(readConfig({ host: '0.0.0.0', tls: 'off', 'base-url': 'https://chat.acme.test/' }, {})).toMatchObject({
    tls: 'off',
    baseUrl: 'https://chat.acme.test',
  })
})
