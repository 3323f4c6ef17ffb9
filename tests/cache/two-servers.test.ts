/** Two servers sharing one Redis and one PostgreSQL are one; and whatever happens to Redis in the middle of use is slower, never wrong. */
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Chat } from '#contract/chats.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { begin, openStream, schemaOf } from '#tests/support/conversation.ts'
import { eventually, MISSING } from '#tests/support/redis.ts'
import { chatOf, codeOf, type SignedIn } from '#tests/support/world.ts'
import { type OneServer, startTwoServers, type TwoServers } from './two-servers.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/cache/two-servers.test.ts: ${MISSING}\n`)

const CANARY = 'canary-5b1e90'

describe.skipIf(MISSING !== undefined)('two servers', () => {
  let all: TwoServers
  let a: OneServer
  let b: OneServer
  let schema: string
  beforeAll(async () => {
    all = await startTwoServers()
    a = all.a
    b = all.b
    schema = await schemaOf(all.world, 'acme')
  })
  afterAll(() => all?.close())

  const keyOf = (person: SignedIn) => `t:${person.me.organisation.id}:auth:session:${tokenHash(person.token).toString('hex')}`
  const untold = async () => Number((await all.world.sql<{ count: string }>(`select count(*) from ${schema}.session_end`)).rows[0]!.count)
  const statusAt = async (server: OneServer, person: SignedIn) => (await server.as(person)('GET', '/api/chats')).status
  /** After an outage it takes a server a moment to use Redis again. */
  const known = (server: OneServer, person: SignedIn) =>
    eventually(async () => (await statusAt(server, person)) === 200 && all.redis.cli('EXISTS', keyOf(person)) === '1')
  const signOut = (server: OneServer, person: SignedIn) => server.as(person)('POST', '/api/auth/sign-out')
  /** A stream of an answer that the same server writes: there it looks for the reader's right every five seconds only. */
  const streamAt = async (server: OneServer, person: SignedIn) => {
    const answer = await begin({ ...person, call: server.as(person) }, { model: all.slow, text: 'one two three four' })
    const stream = await openStream(server.baseUrl, person.token, answer.path)
    await eventually(() => stream.events.length > 0)
    return stream
  }
  test('who is known at one is known at the other, by one entry that names its owner and ends within a day', async () => {
    const alice = await all.world.signIn('alice')
    await known(a, alice)
    const entry = JSON.parse(all.redis.cli('GET', keyOf(alice)))
    expect(entry).toMatchObject({ user_id: alice.me.user.id, tenant_id: alice.me.organisation.id })
    expect(Number(all.redis.cli('TTL', keyOf(alice)))).toBeGreaterThan(86_000)
    expect(Number(all.redis.cli('TTL', keyOf(alice)))).toBeLessThanOrEqual(86_400)
    expect(await statusAt(b, alice)).toBe(200)
  })

  test('within a second the first level spares Redis the question, and a change is heard at once', async () => {
    const alice = await all.world.signIn('alice')
    await statusAt(a, alice)
    await statusAt(b, alice)
    const gets = () => Number(/cmdstat_get:calls=(\d+)/.exec(all.redis.cli('INFO', 'commandstats'))?.[1])
    const before = gets()
    for (let i = 0; i < 20; i++) await statusAt(b, alice)
    expect(gets() - before).toBeLessThan(10)
    all.redis.cli('SET', keyOf(alice), 'changed')
    await sleep(50)
    const changed = gets()
    expect(await statusAt(b, alice)).toBe(200)
    expect(gets() - changed).toBe(1)
  })

  test('a preference that is changed at one is told to an open page at the other, and to nobody else’s', async () => {
    const [alice, bob] = [await all.world.signIn('alice'), await all.world.signIn('bob')]
    const eventsAtB = (person: SignedIn) => fetch(`${b.baseUrl}/api/events`, { headers: { authorization: `Bearer ${person.token}` } })
    const [hers, his] = [await eventsAtB(alice), await eventsAtB(bob)]
    const reader = hers.body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('event: opened\n')
    await a.as(alice)('PATCH', '/api/me/preferences', { motion: 'reduced' })
    const { value } = await reader.read()
    expect(new TextDecoder().decode(value)).toContain('event: me\n')
    await signOut(a, bob)
    expect(await his.text()).not.toContain('event: me')
  })

  test('a sign-out at one is known to the next request at the other, ends its streams within a second, and leaves no entry', async () => {
    const alice = await all.world.signIn('alice')
    const bob = await all.world.signIn('bob')
    const [here, there, others] = [await streamAt(a, alice), await streamAt(b, alice), await streamAt(b, bob)]
    expect(await statusAt(b, alice)).toBe(200)
    expect((await signOut(a, alice)).status).toBe(204)
    expect(await statusAt(b, alice)).toBe(401)
    await Promise.all([here.ended, there.ended])
    expect(all.redis.cli('EXISTS', keyOf(alice))).toBe('0')
    expect(await untold()).toBe(0)
    expect(await Promise.race([others.ended, sleep(300, 'goes on')])).toBe('goes on')
    all.models.release()
    await others.ended
  })

  /** Everything that people do, while Redis is as it is; then it is mended, and what ended meanwhile arrives there. */
  const without = async (mend: () => Promise<void>) => {
    const [alice, bob] = [await all.world.signIn('alice'), await all.world.signIn('bob')]
    for (let i = 0; i < 10; i++)
      expect([await statusAt(a, alice), await statusAt(b, alice), await statusAt(b, bob)]).toEqual([200, 200, 200])
    expect((await a.as(alice)('POST', '/api/chats', { description: 'Meanwhile' })).status).toBe(201)
    const there = await streamAt(b, bob)
    expect((await signOut(a, bob)).status).toBe(204)
    expect([await statusAt(a, bob), await statusAt(b, bob)]).toEqual([401, 401])
    // Nobody could tell B; it looks at least every five seconds.
    await there.ended
    expect(await untold()).toBe(1)
    await mend()
    await expect.poll(untold, { timeout: 8_000 }).toBe(0)
    expect([await statusAt(a, alice), await statusAt(b, alice), await statusAt(a, bob), await statusAt(b, bob)]).toEqual([
      200, 200, 401, 401,
    ])
    expect(all.redis.cli('EXISTS', keyOf(bob))).toBe('0')
    all.models.release()
  }

  test('killed', async () => {
    await all.redis.kill()
    await without(() => all.redis.start())
  }, 40_000)

  test('frozen', async () => {
    all.redis.freeze()
    await without(async () => all.redis.thaw())
  }, 40_000)

  test('flushed', async () => {
    const alice = await all.world.signIn('alice')
    const stream = await streamAt(b, alice)
    for (let i = 0; i < 10; i++) {
      all.redis.cli('FLUSHALL')
      expect([await statusAt(a, alice), await statusAt(b, alice)]).toEqual([200, 200])
    }
    all.redis.cli('FLUSHALL')
    expect((await signOut(a, alice)).status).toBe(204)
    expect([await statusAt(a, alice), await statusAt(b, alice)]).toEqual([401, 401])
    await stream.ended
    all.models.release()
  })

  test('replaced by an old dump, in which somebody is still signed in', async () => {
    const alice = await all.world.signIn('alice')
    await known(a, alice)
    const dump = join(all.redis.directory, 'dump.rdb')
    all.redis.cli('SAVE')
    await copyFile(dump, `${dump}.old`)
    await signOut(a, alice)
    await all.redis.kill()
    await copyFile(`${dump}.old`, dump)
    await all.redis.start()
    expect(all.redis.cli('EXISTS', keyOf(alice))).toBe('1')
    for (let i = 0; i < 5; i++) expect([await statusAt(a, alice), await statusAt(b, alice)]).toEqual([401, 401])
    expect((await a.as(alice)('POST', '/api/chats', { description: 'Late' })).status).toBe(401)
    await eventually(async () => (await statusAt(b, alice)) === 401 && all.redis.cli('EXISTS', keyOf(alice)) === '0')
  })

  test('the first page of the list is the same at both and true, also when Redis is flushed, gone, or an old copy of itself', async () => {
    const alice = await all.world.signIn('alice')
    const titles = async (server: OneServer) =>
      (await server.as(alice)<{ items: Chat[] }>('GET', '/api/chats')).body.items.map(({ description }) => description)
    const made = await a.as(alice)<Chat>('POST', '/api/chats', { description: 'First' })
    const rename = (server: OneServer, description: string) => server.as(alice)('PATCH', `/api/chats/${made.body.id}`, { description })
    const pageKey = () =>
      all.redis
        .cli('KEYS', `t:*:page:${alice.me.user.id}:*`)
        .split('\n')
        .find((key) => key !== '')
    await eventually(async () => (await titles(a))[0] === 'First' && pageKey() !== undefined)
    const old = all.redis.cli('GET', pageKey()!)
    expect((await titles(b))[0]).toBe('First')
    await rename(b, 'Second')
    expect([(await titles(a))[0], (await titles(b))[0]]).toEqual(['Second', 'Second'])
    all.redis.cli('SET', pageKey()!, old)
    await sleep(20)
    expect([(await titles(a))[0], (await titles(b))[0]]).toEqual(['Second', 'Second'])
    all.redis.cli('FLUSHALL')
    await rename(a, 'Third')
    expect([(await titles(b))[0], (await titles(a))[0]]).toEqual(['Third', 'Third'])
    await all.redis.kill()
    await rename(a, 'Fourth')
    expect([(await titles(b))[0], (await titles(a))[0]]).toEqual(['Fourth', 'Fourth'])
    await all.redis.start()
    await rename(b, 'Fifth')
    expect([(await titles(b))[0], (await titles(a))[0]]).toEqual(['Fifth', 'Fifth'])
    await known(a, alice)
  })

  test('an end that a server wrote down before it died is told by the next that starts', async () => {
    const alice = await all.world.signIn('alice')
    const stream = await streamAt(b, alice)
    await known(a, alice)
    await all.world.sql(`update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where id = $1`, [
      alice.me.session.id,
    ])
    await all.world.sql(`insert into ${schema}.session_end (session_id) values ($1)`, [alice.me.session.id])
    const third = await all.another()
    await stream.ended
    await expect.poll(untold, { timeout: 8_000 }).toBe(0)
    expect(all.redis.cli('EXISTS', keyOf(alice))).toBe('0')
    await third.close()
    all.models.release()
  })

  test('poisoned entries show nobody anything foreign, and never make an administrator', async () => {
    const [alice, bob] = [await all.world.signIn('alice'), await all.world.signIn('bob')]
    const secret = await chatOf(alice, { description: 'Merger', question: 'When is the merger?' })
    await Promise.all([known(a, alice), known(a, bob)])
    const [hers, his] = [JSON.parse(all.redis.cli('GET', keyOf(alice))), JSON.parse(all.redis.cli('GET', keyOf(bob)))]
    const poisons = [
      hers,
      { ...his, user_id: hers.user_id },
      { ...his, session_id: hers.session_id },
      { ...his, read_scopes: hers.read_scopes, write_scopes: hers.write_scopes },
      { ...his, role: 'admin' },
      { ...his, expires_at: '2100-01-01T00:00:00.000Z' },
      { ...his, tenant_id: hers.user_id },
      { ...his, more: true },
      [],
      'text',
      null,
    ].map((poison) => JSON.stringify(poison))
    for (const poison of [...poisons, '{', '']) {
      const poisoned = async (method: string, path: string, body?: unknown) => {
        all.redis.cli('SET', keyOf(bob), poison)
        await sleep(20)
        return b.as(bob)(method, path, body)
      }
      expect((await poisoned('GET', `/api/chats/${secret.chatId}`)).status).toBe(404)
      expect((await poisoned('PATCH', `/api/chats/${secret.chatId}`, { description: 'Mine' })).status).toBe(404)
      expect((await poisoned('POST', '/api/members', { name: 'Eve', email: 'eve@acme.test', role: 'admin' })).status).toBe(403)
      expect((await poisoned('GET', '/api/chats')).text).not.toContain('Merger')
      expect((await poisoned('GET', '/api/me')).text).toContain(bob.me.user.id)
    }
    all.redis.cli('DEL', keyOf(bob))
    all.redis.cli('RPUSH', keyOf(bob), 'a list')
    await sleep(20)
    expect(await statusAt(b, bob)).toBe(200)
    expect(all.redis.cli('TYPE', keyOf(bob))).toBe('string')
    for (const noise of ['', '{', '{"ended":7}', '{"ended":"*"}', `{"ended":"${alice.me.session.id}","more":1}`])
      all.redis.cli('PUBLISH', `t:${alice.me.organisation.id}:events`, noise)
    expect(await statusAt(b, alice)).toBe(200)
  }, 60_000)

  test('a storm on Redis while people work: every reply is right', async () => {
    const people = await Promise.all((['alice', 'bob', 'carol'] as const).map((name) => all.world.signIn(name)))
    const gone = await all.world.signIn('alice')
    await Promise.all([statusAt(a, gone), statusAt(b, gone)])
    await signOut(a, gone)
    let isOver = false
    const wrong: unknown[] = []
    let replies = 0
    const works = people.flatMap((person) =>
      [a, b].map(async (server, which) => {
        const mine = `Of ${person.me.user.name} ${which}`
        while (!isOver) {
          const made = await server.as(person)<Chat>('POST', '/api/chats', { description: mine })
          const read = await server.as(person)<Chat>('GET', `/api/chats/${made.body.id}`)
          const refused = await server.as(gone)('GET', '/api/chats')
          replies += 3
          const seen = [made.status, read.status, read.body.description, refused.status, codeOf(refused)].join()
          if (seen !== [201, 200, mine, 401, 'auth.required'].join()) wrong.push(seen)
        }
      }),
    )
    for (let round = 0; round < 3; round++) {
      all.redis.freeze()
      await sleep(700)
      all.redis.thaw()
      await sleep(200)
      await all.redis.kill()
      await sleep(500)
      await all.redis.start()
      all.redis.cli('FLUSHALL')
      all.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await sleep(300)
    }
    isOver = true
    await Promise.all(works)
    expect(wrong).toEqual([])
    expect(replies).toBeGreaterThan(100)
  }, 40_000)

  test('nothing of what people write reaches Redis, its log, its traffic or our logs, and every key names a tenant', async () => {
    const alice = await all.world.signIn('alice')
    const traffic: string[] = []
    const monitor = await all.redis.monitor((text) => traffic.push(text))
    await chatOf({ ...alice, call: a.as(alice) }, { description: `${CANARY} title`, question: `What of ${CANARY}?` })
    expect((await b.as(alice)('GET', '/api/chats')).text).toContain(CANARY)
    await known(b, alice)
    await signOut(b, await all.world.signIn('alice'))
    all.redis.cli('SAVE')
    const dump = (await readFile(join(all.redis.directory, 'dump.rdb'))).toString('latin1')
    monitor.stop()
    for (const [what, text] of Object.entries({
      dump,
      log: await all.redis.log(),
      traffic: traffic.join('\n'),
      ours: all.world.log.lines.join('\n'),
    }))
      expect(text.includes(CANARY) || text.includes(alice.token) || text.includes(alice.me.user.email), what).toBe(false)
    // So that the search is known to see: the key of a session is in both.
    expect([dump.includes(keyOf(alice)), traffic.join('\n').includes(keyOf(alice))]).toEqual([true, true])
    const keys = all.redis.cli('KEYS', '*').split('\n')
    const kinds = /^t:[0-9a-f-]{36}:(auth:session:[0-9a-f]{64}|session:[0-9a-f-]{36}|page:[0-9a-f-]{36}:chats:[a-z]+:[0-9a-f]{8})$/
    expect(keys.filter((key) => !kinds.test(key))).toEqual([])
    expect(keys.filter((key) => key.includes(':page:')).length).toBeGreaterThan(0)
  })
})
