/** What every store behind the cache's port promises; each implementation is put through it. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TenantId, UserId } from '#contract/ids.ts'
import { type CacheStore, onTold, TenantCache } from '#server/isolation/cache.ts'
import { eventually } from '#tests/support/redis.ts'

/** `open` makes a store; stores that it opens on the same thing are the servers of one installation. */
export function keepsTheContract(name: string, open: () => Promise<CacheStore>): void {
  describe(name, () => {
    let store: CacheStore
    const key = () => `t:${randomUUID()}:auth:session:${randomUUID()}`
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store.close())

    test('a value that is set is there, until it is set anew', async () => {
      const one = key()
      expect(await store.get(one)).toBeUndefined()
      await store.set(one, '{"a":"ä ✓"}', 60)
      expect(await store.get(one)).toBe('{"a":"ä ✓"}')
      expect(await store.get(one)).toBe('{"a":"ä ✓"}')
      await store.set(one, 'later', 60)
      expect(await store.get(one)).toBe('later')
      expect(await store.get(key())).toBeUndefined()
    })

    test('a deleted one is gone, and deleting it again is no error', async () => {
      const one = key()
      await store.set(one, 'x', 60)
      await store.get(one)
      expect(await store.delete(one)).toBe(true)
      expect(await store.get(one)).toBeUndefined()
      expect(await store.delete(one)).toBe(true)
    })

    test('a value ends with its time to live', async () => {
      const one = key()
      await store.set(one, 'x', 0.6)
      expect(await store.get(one)).toBe('x')
      await eventually(async () => (await store.get(one)) === undefined)
    })

    test('what is said is heard, until one stops listening', async () => {
      const heard: string[] = []
      const stop = store.subscribe((channel, message) => heard.push(`${channel} ${message}`))
      const channel = `t:${randomUUID()}:events`
      // A listener that has only just connected may have missed the first.
      await eventually(async () => (await store.publish(channel, 'first')) && heard.includes(`${channel} first`))
      stop()
      expect(await store.publish(channel, 'second')).toBe(true)
      await eventually(() => true)
      expect(heard).not.toContain(`${channel} second`)
    })

    test('what is said on a channel of its own is heard by those who asked for it, until they stop, and by nobody else', async () => {
      const heard: string[] = []
      const all: string[] = []
      const [one, other] = [`t:${randomUUID()}:answer:${randomUUID()}`, `t:${randomUUID()}:answer:${randomUUID()}`]
      const stopAll = store.subscribe((channel) => all.push(channel))
      const stop = store.hear(one, (message) => heard.push(message))
      await eventually(async () => (await store.publish(one, 'first')) && heard.includes('first'))
      await store.publish(other, 'elsewhere')
      await eventually(async () => (await store.publish(one, 'second')) && heard.includes('second'))
      stop()
      expect(await store.publish(one, 'third')).toBe(true)
      const again: string[] = []
      store.hear(one, (message) => again.push(message))
      await eventually(async () => (await store.publish(one, 'fourth')) && again.includes('fourth'))
      expect(heard.filter((message) => message !== 'first' && message !== 'second')).toEqual([])
      expect(all.filter((channel) => channel === one || channel === other)).toEqual([])
      stopAll()
    })

    test('a tenant cannot read, write or delete the entries of another', async () => {
      const [acme, globex] = [randomUUID(), randomUUID()] as unknown as [TenantId, TenantId]
      const value = { user_id: randomUUID() as UserId, tenant_id: acme }
      const ours = new TenantCache(store, acme)
      const theirs = new TenantCache(store, globex)
      await ours.set('auth:session:aa', value, 60)
      expect(await theirs.get('auth:session:aa')).toBeUndefined()
      await theirs.delete('auth:session:aa')
      expect(await ours.get('auth:session:aa')).toEqual(value)
      await expect(theirs.set('auth:session:aa', value, 60)).rejects.toThrow('names its own tenant')
    })

    test('what is not ours is a miss: no JSON, no object, another tenant', async () => {
      const acme = randomUUID() as unknown as TenantId
      for (const poison of ['{', '', 'null', '7', '"text"', '[]', `{"tenant_id":"${randomUUID()}"}`, '\u0000']) {
        await store.set(`t:${acme}:auth:session:bb`, poison, 60)
        expect(await new TenantCache(store, acme).get('auth:session:bb')).toBeUndefined()
      }
    })

    test('what is told of a tenant is heard as it was meant, and noise as nothing', async () => {
      const heard: unknown[] = []
      const stop = onTold(store, (message) => heard.push(message))
      const acme = randomUUID() as unknown as TenantId
      await eventually(async () => (await new TenantCache(store, acme).tell({ ended: acme })) && heard.length > 0)
      await store.publish(`t:${acme}:events`, 'noise')
      await eventually(() => heard.includes(undefined))
      expect(heard[0]).toEqual({ ended: acme })
      stop()
    })
  })
}
