/** Settings: what nobody knows or nobody can mean stops the start, in a sentence that names the setting and shows no secret. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OPTIONS, readConfig } from '#server/config.ts'

test.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
  ['an unknown setting', {}, { SARDONYX_PROT: '1' }, /^There is no setting SARDONYX_PROT\. Did you mean SARDONYX_PORT\?$/],
  ['a port that is no number', { port: 'abc' }, {}, /^--port: .+\.$/],
  ['a port out of range', { port: '70000' }, {}, /^--port: .+\.$/],
  ['half a port', { port: '80.5' }, {}, /^--port: .+\.$/],
  ['a base address that is none', { 'base-url': 'chat' }, {}, /^--base-url: .+\.$/],
  ['a base address of another kind', { 'base-url': 'ftp://x' }, {}, /^--base-url: .+\.$/],
  ['a log level that is none', { 'log-level': 'loud' }, {}, /^--log-level: .+\.$/],
  ['a limit that is no number', { 'requests-per-login': 'many' }, {}, /^--requests-per-login: must be a whole number\.$/],
  ['a limit below nothing', {}, { SARDONYX_REQUESTS_PER_NETWORK: '-1' }, /^SARDONYX_REQUESTS_PER_NETWORK: must not be negative\.$/],
  ['a role prefix that is no name', { 'role-prefix': 'Robert"; --' }, {}, /^--role-prefix: must be lower-case letters/],
])('%s is refused', (_, options, environment, sentence) => {
  expect(() => readConfig(options, environment)).toThrow(sentence)
})

test('a secret of the wrong form is refused without being shown', () => {
  const refused = () => readConfig({}, { SARDONYX_MASTER_KEY: 'hunter2-hunter2' })
  expect(refused).toThrow(/^SARDONYX_MASTER_KEY: must be 64 hexadecimal digits\.$/)
  expect(refused).not.toThrow(/hunter2/)
})

test('several mistakes are named together', () => {
  expect(() => readConfig({ port: 'x' }, { SARDONYX_LOG_LEVEL: 'y', SARDONYX_NONE: '1' })).toThrow(/--port: .+\n.*SARDONYX_LOG_LEVEL: /)
})

test('options come before the environment, and empty settings count as none', () => {
  const config = readConfig({ port: '81' }, { SARDONYX_PORT: '82', SARDONYX_HOST: '', PATH: '/bin' })
  expect(config).toMatchObject({ port: 81, host: '127.0.0.1', baseUrl: 'http://localhost:81', logLevel: 'warn' })
  const { perNetwork } = readConfig({ 'requests-per-network': '' }, { SARDONYX_REQUESTS_PER_NETWORK: '7' }).requestsAllowed
  expect(perNetwork).toBe(600)
})

test('requests are limited unless the limit is 0', () => {
  expect(readConfig({}, {}).requestsAllowed).toEqual({ perLogin: 1_200, perNetwork: 600 })
  const given = readConfig({ 'requests-per-login': '0' }, { SARDONYX_REQUESTS_PER_NETWORK: '60' })
  expect(given.requestsAllowed).toEqual({ perLogin: Number.POSITIVE_INFINITY, perNetwork: 60 })
})

test('every setting may stand on the command line, but no secret', () => {
  expect(OPTIONS).toEqual(expect.arrayContaining(['port', 'tls-key-file', 'database-ca-file', 'redis-prefix']))
  expect(OPTIONS.filter((name) => /url$|master/.test(name))).toEqual(['base-url'])
})

test('a token for the client keeps nobody from starting a server', () => {
  expect(readConfig({}, { SARDONYX_TOKEN: 'eyJ…' })).toEqual(readConfig({}, {}))
})

test('a secret may lie in a file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sardonyx-config-'))
  await writeFile(join(directory, 'key'), `${'ab'.repeat(32)}\n`)
  expect(readConfig({}, { SARDONYX_MASTER_KEY_FILE: join(directory, 'key') }).masterKey).toEqual(Buffer.alloc(32, 0xab))
  await rm(directory, { recursive: true })
  expect(() => readConfig({}, { DATABASE_URL_FILE: join(directory, 'key') })).toThrow(join(directory, 'key'))
})
