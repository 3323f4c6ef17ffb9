/** Which Redis a setting means, and what a start says of one that it cannot use. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '#server/config.ts'
import { redisSettings } from '#server/isolation/cache/redis-settings.ts'
import { RedisStore } from '#server/isolation/cache/redis-store.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'
import { aclOf, MISSING, startTlsRedis } from '#tests/support/redis.ts'

const none = { ca: undefined, prefix: '' }
const read = (url: string) => redisSettings(url, none)

describe('the address', () => {
  test.each([
    ['redis://cache', { kind: 'single', nodes: [{ host: 'cache', port: 6379 }], tls: false, database: 0, username: undefined }],
    [
      'rediss://ann:p%2Cw%40@cache:7000/3',
      { kind: 'single', nodes: [{ host: 'cache', port: 7000 }], tls: true, database: 3, username: 'ann', password: 'p,w@' },
    ],
    ['redis://:only@[::1]:6380', { nodes: [{ host: '::1', port: 6380 }], username: undefined, password: 'only' }],
    [
      'redis://u:p@a:1, redis://u:p@b',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
        username: 'u',
        password: 'p',
      },
    ],
    [
      'redis+sentinel://u:p@a,b:2/main',
      {
        kind: 'sentinel',
        masterName: 'main',
        nodes: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 2 },
        ],
        username: 'u',
        password: 'p',
        tls: false,
      },
    ],
    ['rediss+sentinel://a/main', { kind: 'sentinel', nodes: [{ host: 'a', port: 26379 }], tls: true }],
  ])('%s', (url, expected) => expect(read(url)).toMatchObject(expected))

  test.each([
    ['localhost:6379', 'Write redis://'],
    ['http://cache', 'Write redis://'],
    ['redis://a:1,rediss://b:2', 'begin alike'],
    ['redis://u:secret@a:1,redis://u:other@b:2', 'same user and password'],
    ['redis://u:secret@cache/one', 'number of a database'],
    ['redis://a/1,redis://b/1', 'Only a single server'],
    ['redis+sentinel://u:secret@a:1', 'Write redis://'],
    ['redis://u:sec,ret@cache', 'special characters'],
    ['redis://cache?timeout=1', 'Write redis://'],
    ['redis://u:secret%zz@cache', 'written %25'],
  ])('%s is refused in a sentence that holds no password', (url, sentence) => {
    expect(() => read(url)).toThrow(/^SARDONYX_REDIS_URL: /)
    expect(() => read(url)).toThrow(sentence)
    expect(() => read(url)).not.toThrow(/secret|sec,ret/)
  })
})

test('settings of the cache without its address are refused', () => {
  expect(() => readConfig({}, { SARDONYX_REDIS_PREFIX: 'x:' })).toThrow('mean nothing without SARDONYX_REDIS_URL')
  expect(() => readConfig({}, { SARDONYX_REDIS_URL: 'redis://cache', SARDONYX_REDIS_PREFIX: 'a*' })).toThrow('SARDONYX_REDIS_PREFIX')
  expect(readConfig({}, { SARDONYX_REDIS_URL: 'redis://cache', SARDONYX_REDIS_PREFIX: 'x:' }).redis).toMatchObject({ prefix: 'x:' })
  expect(readConfig({}, {}).redis).toBeUndefined()
})

if (MISSING) process.stderr.write(`\nSKIPPED: tests/cache/settings.test.ts, starts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('a start', () => {
  let redis: Awaited<ReturnType<typeof startTlsRedis>>
  beforeAll(async () => {
    redis = await startTlsRedis(aclOf('', 'secret'), ['--user', 'trusted', '--pass', 'trusted', '--no-auth-warning'])
  })
  afterAll(() => redis?.remove())
  const open = (url: string, ca?: string, log = new KeptLog()) =>
    RedisStore.open(redisSettings(url, { ca, prefix: '' }), { clock: systemClock, log })

  test('a wrong password is a sentence without it', async () => {
    await expect(open(redis.url.replace('//', '//sardonyx:wr0ng@'), redis.ca)).rejects.toThrow(
      'Redis refuses the user or password of SARDONYX_REDIS_URL.',
    )
    await expect(open(redis.url, redis.ca)).rejects.toThrow('Redis refuses the user or password of SARDONYX_REDIS_URL.')
  })

  test('a user that may not listen is a sentence that says what is missing', async () => {
    redis.cli('ACL', 'SETUSER', 'narrow', 'on', '>secret', '~*', '&*', '+get', '+set', '+hello', '+ping')
    await expect(open(redis.url.replace('//', '//narrow:secret@'), redis.ca)).rejects.toThrow(
      /may not do what it must: NOPERM.*client\|tracking/,
    )
  })

  test('a certificate that nobody vouches for is a sentence', async () => {
    await expect(open(redis.url.replace('//', '//sardonyx:secret@'))).rejects.toThrow(
      /certificate of Redis is not trusted.*SARDONYX_REDIS_CA_FILE/,
    )
  })

  test('a Redis that is not there stops nothing and is used once it comes', async () => {
    const log = new KeptLog()
    await redis.kill()
    const store = await open(redis.url.replace('//', '//sardonyx:secret@'), redis.ca, log)
    expect(await store.get('t:a:auth:session:b')).toBeUndefined()
    expect(await store.delete('t:a:auth:session:b')).toBe(false)
    await redis.start()
    await expect.poll(() => store.delete('t:a:auth:session:b'), { timeout: 8_000 }).toBe(true)
    await store.close()
    expect(log.lines.join('\n')).not.toContain('secret')
  })
})
