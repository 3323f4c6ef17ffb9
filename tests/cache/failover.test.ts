/** A cluster that loses a master, and a master that sentinels replace: the store finds the new one by itself, and answers all along. */
import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { redisSettings } from '#server/isolation/cache/redis-settings.ts'
import { RedisStore } from '#server/isolation/cache/redis-store.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import { MISSING, startCluster, startSentinels, type TestRedisGroup } from '#tests/support/redis.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/cache/failover.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('a failover', () => {
  let group: TestRedisGroup | undefined
  const stores: RedisStore[] = []
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    await group?.remove()
  })
  const open = async () => {
    const store = await RedisStore.open(redisSettings(group?.url ?? '', { ca: undefined, prefix: '' }), {
      clock: systemClock,
      log: quietLog,
    })
    stores.push(store)
    return store
  }
  const keys = Array.from({ length: 40 }, () => `t:${randomUUID()}:auth:session:${randomUUID()}`)

  /** Kills the first member, asks all the while, and sees that two stores soon share every key again, with changes heard of. */
  const survives = async () => {
    const [here, there] = [await open(), await open()]
    for (const key of keys) await here.set(key, 'before', 60)
    await group?.members[0]?.kill()
    const works = async () => {
      const deleted = await Promise.all(keys.map((key) => here.delete(key)))
      return deleted.every(Boolean)
    }
    await expect.poll(works, { timeout: 25_000, interval: 200 }).toBe(true)
    const shared = async () => {
      const value = randomUUID()
      for (const key of keys) await here.set(key, value, 60)
      const read = await Promise.all(keys.map((key) => there.get(key)))
      return read.every((one) => one === value)
    }
    await expect.poll(shared, { timeout: 15_000, interval: 200 }).toBe(true)
    const heard: string[] = []
    there.subscribe((_channel, message) => heard.push(message))
    await expect.poll(async () => (await here.publish('t:x:events', 'after')) && heard.includes('after'), { timeout: 10_000 }).toBe(true)
  }

  test('of a cluster', async () => {
    group = await startCluster()
    await survives()
  }, 90_000)

  test('by sentinels', async () => {
    group = await startSentinels()
    await survives()
  }, 90_000)
})
