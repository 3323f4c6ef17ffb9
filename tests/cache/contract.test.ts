/** The cache's contract, kept in process and by Redis in each of its forms. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { redisSettings } from '#server/isolation/cache/redis-settings.ts'
import { RedisStore } from '#server/isolation/cache/redis-store.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import { aclOf, MISSING, startCluster, startRedis, startSentinels, startTlsRedis } from '#tests/support/redis.ts'
import { keepsTheContract } from './contract.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/cache/contract.test.ts, but for the store in process: ${MISSING}\n`)

keepsTheContract('in process', async () => new InProcessStore(systemClock))

describe.skipIf(MISSING !== undefined)('on Redis', () => {
  const prefix = `${randomBytes(6).toString('hex')}:`
  const open = (url: string, ca?: string) => RedisStore.open(redisSettings(url, { ca, prefix }), { clock: systemClock, log: quietLog })
  const on = (name: string, start: () => Promise<{ url: string; ca?: string; remove(): Promise<void> }>) =>
    describe(name, () => {
      let redis: Awaited<ReturnType<typeof start>>
      beforeAll(async () => {
        redis = await start()
      })
      afterAll(() => redis?.remove())
      keepsTheContract('keeps it', () => open(redis.url, redis.ca))
    })

  on('a single server', startRedis)
  on('a user that may do no more than it must, over TLS', async () => {
    const redis = await startTlsRedis(aclOf(prefix, 'pass,word'), ['--user', 'trusted', '--pass', 'trusted', '--no-auth-warning'])
    return { ...redis, url: redis.url.replace('//', '//sardonyx:pass%2Cword@') }
  })
  on('a cluster of six', startCluster)
  on('a master that sentinels know', startSentinels)
})
