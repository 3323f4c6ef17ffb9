/** Limits on failures count by account and by network, however the caller dresses up, whichever server they ask and whenever it started. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FailureLimits, type FailuresAllowed } from '#server/auth/limits.ts'
import { Doors } from '#server/isolation/doors.ts'
import { localKeyProvider } from '#server/isolation/keys/key-provider.ts'
import { Failure } from '#server/kernel/failure.ts'
import { connect } from '#server/ops/installation.ts'
import { createServer } from '#server/server.ts'
import { formsOf } from '#tests/support/canaries.ts'
import { codeOf, createWorld, type World } from '#tests/support/world.ts'
import { asRole } from '#tests/walls/attack.ts'

let world: World
let key: Buffer
beforeAll(async () => {
  world = await createWorld({ failuresAllowed: { perAccount: 3, perAddress: 1_000 } })
  key = await world.installation.keyring.attemptKey()
})
afterAll(() => world.close())
beforeEach(() => world.sql('delete from control.attempt'))

const limitsOf = (allowed: FailuresAllowed) => new FailureLimits({ doors: new Doors(world.database), key, allowed })
const wrong = () => Promise.reject(new Error('wrong'))
const right = async () => 'signed in'
const fail = (limits: FailureLimits, of: { account: string; ip: string }) => limits.attempt(of, wrong).catch(() => undefined)
const rows = async () =>
  (await world.sql<{ count: number }>('select count from control.attempt order by count')).rows.map((row) => row.count)

/** After how many seconds the refusal of an attempt says to come back. */
async function waitOf(attempt: Promise<unknown>): Promise<number | undefined> {
  const refused = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(refused instanceof Failure) || refused.code !== 'auth.too_many_attempts') throw new Error('the attempt was not refused')
  return refused.details.retryAfterS
}

/** How many of these addresses may fail, each with an account of its own, where two failures are allowed to a network. */
async function failuresOf(addresses: readonly string[]): Promise<number> {
  const limits = limitsOf({ perAccount: 10, perAddress: 2 })
  let failures = 0
  for (const [i, ip] of addresses.entries()) {
    const failed = () => {
      failures += 1
      return wrong()
    }
    await limits.attempt({ account: `account ${i}`, ip }, failed).catch(() => undefined)
  }
  return failures
}

test.each<[string, readonly string[], number]>([
  ['one IPv4 address', ['192.0.2.1', '192.0.2.1', '192.0.2.1'], 2],
  ['neighbours in IPv4', ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 3],
  ['the /64 of one IPv6 customer', ['2001:db8:1:2:a::1', '2001:db8:1:2:b::1', '2001:db8:1:2::c'], 2],
  ['the same where zeros are left out', ['2001:db8::1', '2001:db8::2', '2001:db8::3:0:0:1'], 2],
  ['neighbours in IPv6', ['2001:db8:1:1::1', '2001:db8:1:2::1', '2001:db8:1:3::1'], 3],
  ['an IPv4 address as IPv6', ['::ffff:192.0.2.1', '192.0.2.1', '::ffff:c000:201'], 2],
])('%s', async (_, addresses, failures) => {
  expect(await failuresOf(addresses)).toBe(failures)
})

describe('who is refused', () => {
  test('an address that is refused locks no more accounts, and adds nothing to the table', async () => {
    const limits = limitsOf({ perAccount: 3, perAddress: 2 })
    for (let i = 0; i < 10; i++) await fail(limits, { account: 'alice', ip: '192.0.2.1' })
    const before = await rows()
    for (let i = 0; i < 10; i++) await fail(limits, { account: `made up ${i}`, ip: '192.0.2.1' })
    expect(await rows()).toEqual(before)
    expect(await limits.attempt({ account: 'alice', ip: '192.0.2.2' }, right)).toBe('signed in')
  })

  test('a stranger who fails does not keep anybody out of their account from elsewhere, and many networks together do', async () => {
    const limits = limitsOf({ perAccount: 3, perAddress: 1_000 })
    const failFrom = async (ip: string) => {
      for (let i = 0; i < 4; i++) await fail(limits, { account: 'alice', ip })
    }
    const signIn = (ip: string) => limits.attempt({ account: 'alice', ip }, right)
    await failFrom('192.0.2.1')
    await expect(signIn('192.0.2.1')).rejects.toThrow('Too many failed attempts')
    expect(await signIn('192.0.2.2')).toBe('signed in')
    for (let i = 2; i < 12; i++) await failFrom(`192.0.2.${i}`)
    await expect(signIn('198.51.100.1')).rejects.toThrow('Too many failed attempts')
  })

  test('an account that is refused does not use up its address', async () => {
    const limits = limitsOf({ perAccount: 1, perAddress: 2 })
    for (let i = 0; i < 10; i++) await fail(limits, { account: 'alice', ip: '192.0.2.1' })
    expect(await limits.attempt({ account: 'bob', ip: '192.0.2.1' }, right)).toBe('signed in')
  })
})

describe('counting', () => {
  test('a success gives back what it counted, and forgets the failures of its account from its network', async () => {
    const limits = limitsOf({ perAccount: 2, perAddress: 1_000 })
    const of = { account: 'alice', ip: '192.0.2.1' }
    expect(await limits.attempt(of, right)).toBe('signed in')
    expect(await rows()).toEqual([])
    for (let i = 1; i <= 5; i++) {
      await fail(limits, of)
      expect(await limits.attempt(of, right)).toBe('signed in')
      // What is left are the failures of the network, and of the account from everywhere.
      expect(await rows()).toEqual([i, i])
    }
  })

  test('fifty attempts at once, at two servers, are ten that run and forty refusals', async () => {
    const other = connect(world.installation, world.log, { app: 1, worker: 1, auth: 3 })
    const allowed = { perAccount: 10, perAddress: 1_000 }
    const servers = [limitsOf(allowed), new FailureLimits({ doors: new Doors(other), key, allowed })]
    const end = Promise.withResolvers<never>()
    let running = 0
    const attempts = Array.from({ length: 50 }, (_, i) =>
      servers[i % 2]!.attempt({ account: 'alice', ip: '192.0.2.1' }, () => {
        running += 1
        return end.promise
      }),
    )
    // None of them has failed yet: the refusals come from those that are still under way.
    let refused = 0
    await new Promise<void>((resolve) => {
      for (const attempt of attempts) attempt.catch(() => ++refused === 40 && resolve())
    })
    expect(running).toBe(10)
    end.reject(new Error('wrong'))
    await Promise.allSettled(attempts)
    expect(await rows()).toEqual([10, 10, 10])
    await other.close()
  })

  test('fifty successes at once, of two accounts from two networks, leave nothing behind', async () => {
    const limits = limitsOf({ perAccount: 100, perAddress: 100 })
    const attempts = Array.from({ length: 50 }, (_, i) =>
      limits.attempt({ account: `${i % 2}`, ip: `192.0.2.${i % 4 > 1 ? 1 : 2}` }, right),
    )
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['signed in']))
    expect(await rows()).toEqual([])
  })

  test('while the database is away nothing is tried', async () => {
    const away = connect(world.installation, world.log, { app: 1, worker: 1, auth: 1 })
    await away.close()
    let tried = false
    const attempt = new FailureLimits({ doors: new Doors(away), key }).attempt({ account: 'alice', ip: '192.0.2.1' }, async () => {
      tried = true
    })
    await expect(attempt).rejects.toMatchObject({ code: 'server.unavailable' })
    expect(tried).toBe(false)
  })

  test('it waits for no disk, and whoever is next on the connection does', async () => {
    const said = await asRole(world, 'auth', async (client) => {
      const setting = async () => (await client.query('show synchronous_commit')).rows[0].synchronous_commit
      await client.query('set synchronous_commit = on')
      await client.query('begin')
      await client.query(`select control.count_attempt('{a}', '{1}', '{60}', 60)`)
      const counting = await setting()
      await client.query('commit')
      return [counting, await setting()]
    })
    expect(said).toEqual(['off', 'on'])
  })
})

describe('the window', () => {
  const of = { account: 'alice', ip: '192.0.2.1' }

  test('it begins with the first failure, and Retry-After is what is left of it', async () => {
    const limits = limitsOf({ perAccount: 1, perAddress: 1_000 })
    await fail(limits, of)
    const first = await waitOf(limits.attempt(of, right))
    expect(first).toBeGreaterThan(880)
    expect(first).toBeLessThanOrEqual(900)
    await world.sql(`update control.attempt set window_ends = window_ends - interval '600 seconds'`)
    const later = await waitOf(limits.attempt(of, right))
    expect(later).toBeGreaterThan(280)
    expect(later).toBeLessThanOrEqual(300)
  })

  test('where several limits are reached, Retry-After is the longest of their times', async () => {
    const limits = limitsOf({ perAccount: 1, perAddress: 1_000 })
    for (let i = 1; i <= 10; i++) await fail(limits, { account: 'alice', ip: `192.0.2.${i}` })
    await world.sql(`update control.attempt set window_ends = now() + interval '60 seconds' where count < 10`)
    expect(await waitOf(limits.attempt(of, right))).toBeGreaterThan(800)
    await world.sql(`update control.attempt set window_ends = now() where count = 10`)
    expect(await waitOf(limits.attempt(of, right))).toBeLessThanOrEqual(60)
  })

  test('when it is over, counting begins anew', async () => {
    const limits = limitsOf({ perAccount: 2, perAddress: 1_000 })
    for (let i = 0; i < 3; i++) await fail(limits, of)
    await waitOf(limits.attempt(of, right))
    await world.sql('update control.attempt set window_ends = now()')
    await fail(limits, of)
    expect(await rows()).toEqual([1, 1, 1])
    await fail(limits, of)
    expect(await waitOf(limits.attempt(of, right))).toBeGreaterThan(800)
  })

  test('counts whose window is over are removed as others come', async () => {
    const limits = limitsOf({ perAccount: 10, perAddress: 1_000 })
    for (let i = 0; i < 15; i++) await fail(limits, { account: `made up ${i}`, ip: '192.0.2.9' })
    await world.sql('update control.attempt set window_ends = now(), kept_until = now()')
    expect(await rows()).toHaveLength(31)
    for (let i = 0; i < 4; i++) await limits.attempt(of, right)
    expect(await rows()).toEqual([])
  })
})

describe('the wait of an account from one network', () => {
  const of = { account: 'alice', ip: '192.0.2.1' }
  const QUARTER_S = 900
  const past = (what: 'window_ends' | 'kept_until') => world.sql(`update control.attempt set ${what} = now()`)
  /** Fills the limit, and answers for how long the next attempt is refused. */
  const fill = async (limits: FailureLimits) => {
    for (let i = 0; i < 2; i++) await fail(limits, of)
    return (await waitOf(limits.attempt(of, right))) ?? 0
  }
  const expectAbout = (waitS: number, wantedS: number) => {
    expect(waitS).toBeLessThanOrEqual(wantedS)
    expect(waitS).toBeGreaterThan(wantedS - 30)
  }
  const newLimits = () => limitsOf({ perAccount: 2, perAddress: 1_000 })

  test('doubles each time it is filled again, to a day at most', async () => {
    for (const wantedS of [1, 2, 4, 8, 16, 32, 64].map((times) => times * QUARTER_S)) {
      expectAbout(await fill(newLimits()), wantedS)
      await past('window_ends')
    }
    for (let i = 0; i < 2; i++) {
      expectAbout(await fill(newLimits()), 86_400)
      await past('window_ends')
    }
  })

  test('is a quarter of an hour again after a success', async () => {
    const limits = newLimits()
    await fill(limits)
    await past('window_ends')
    expectAbout(await fill(limits), 2 * QUARTER_S)
    await past('window_ends')
    expect(await limits.attempt(of, right)).toBe('signed in')
    expectAbout(await fill(limits), QUARTER_S)
  })

  test('and after a day without a failure, not before', async () => {
    const limits = newLimits()
    await fill(limits)
    await world.sql(`update control.attempt set window_ends = window_ends - interval '1 day', kept_until = kept_until - interval '1 day'`)
    await fail(limits, of)
    const [row] = (
      await world.sql<{ left_s: number }>(`select max(extract(epoch from kept_until - now()))::int as left_s from control.attempt`)
    ).rows
    // A failure within the day begins it anew.
    expectAbout(row!.left_s, 86_400)
    await past('window_ends')
    expectAbout(await fill(limits), 2 * QUARTER_S)
    await world.sql('update control.attempt set window_ends = now(), kept_until = now()')
    expectAbout(await fill(limits), QUARTER_S)
  })

  test('is that network’s alone: from elsewhere the person gets in', async () => {
    const limits = newLimits()
    for (let i = 0; i < 3; i++) {
      await fill(limits)
      await past('window_ends')
    }
    await fill(limits)
    expect(await limits.attempt({ ...of, ip: '192.0.2.2' }, right)).toBe('signed in')
  })

  test('what is spent is not given back by ending well', async () => {
    const limits = newLimits()
    for (let i = 0; i < 2; i++) await limits.spend(of)
    expectAbout((await waitOf(limits.spend(of))) ?? 0, QUARTER_S)
  })
})

describe('over HTTP', () => {
  const guess = { email: 'alice@acme.test', password: 'wrong horse battery staple', organisation: 'acme' }
  const options = () => ({ ...world, failuresAllowed: { perAccount: 3, perAddress: 1_000 }, setupCode: undefined })

  /** Signs in at a server of its own, with connections of its own, which then ends. */
  async function guessElsewhere(): Promise<number> {
    const database = connect(world.installation, world.log, { app: 1, worker: 1, auth: 1 })
    const server = await createServer({ ...options(), database })
    const reply = await server.app.inject({ method: 'POST', url: '/api/auth/sign-in', payload: guess })
    await server.close()
    await database.close()
    return reply.statusCode
  }

  test('servers share the counts, and a new one finds them', async () => {
    expect((await world.call('POST', '/api/auth/sign-in', { body: guess })).status).toBe(401)
    expect([await guessElsewhere(), await guessElsewhere()]).toEqual([401, 401])
    expect(await guessElsewhere()).toBe(429)
    const here = await world.call('POST', '/api/auth/sign-in', { body: guess })
    expect([here.status, codeOf(here)]).toEqual([429, 'auth.too_many_attempts'])
    expect(Number(here.headers['retry-after'])).toBeGreaterThan(800)
  })

  test('the table says neither who was tried nor from where, and nothing to whoever lacks the keyring', async () => {
    await world.call('POST', '/api/auth/sign-in', { body: guess })
    const kept = await world.sql<{ key: Buffer; row: string }>('select key, a::text as row from control.attempt a')
    expect(kept.rows).toHaveLength(3)
    const text = kept.rows.map(({ key: bytes, row }) => `${row} ${bytes.toString('latin1')}`).join('\n')
    const secrets = [guess.email, 'alice', 'acme', '127.0.0.1', guess.password]
    for (const form of secrets.flatMap(formsOf)) expect(text).not.toContain(form)
    expect(await localKeyProvider(Buffer.alloc(32, 8)).derive('attempts')).not.toEqual(key)
    const stranger = new FailureLimits({ doors: new Doors(world.database), key: Buffer.alloc(32, 8) })
    await fail(stranger, { account: 'alice', ip: '192.0.2.1' })
    await fail(limitsOf({ perAccount: 3, perAddress: 3 }), { account: 'alice', ip: '192.0.2.1' })
    expect(await rows()).toHaveLength(9)
  })

  test('behind a trusted proxy the address that it names counts, and not what the caller wrote before it', async () => {
    const behind = await createWorld({ failuresAllowed: { perAccount: 10, perAddress: 2 }, settings: { 'trusted-proxies': '127.0.0.1' } })
    const from = (forwarded: string, i: number) =>
      behind.call('POST', '/api/auth/sign-in', {
        body: { ...guess, email: `n${i}@acme.test` },
        headers: { 'x-forwarded-for': forwarded },
      })
    for (let i = 0; i < 3; i++) await from(`203.0.113.${i}, 192.0.2.1`, i)
    expect(codeOf(await from('203.0.113.9, 192.0.2.1', 9))).toBe('auth.too_many_attempts')
    expect(codeOf(await from('192.0.2.2', 10))).toBe('auth.wrong_credentials')
    await behind.close()
  })

  test('a header does not make another address of a caller', async () => {
    const alone = await createWorld({ failuresAllowed: { perAccount: 10, perAddress: 2 } })
    const as = (i: number) =>
      alone.call('POST', '/api/auth/sign-in', {
        body: { ...guess, email: `n${i}@acme.test` },
        headers: { 'x-forwarded-for': `192.0.2.${i}`, 'x-real-ip': `192.0.2.${i}`, forwarded: `for=192.0.2.${i}` },
      })
    expect([(await as(1)).status, (await as(2)).status]).toEqual([401, 401])
    expect(codeOf(await as(3))).toBe('auth.too_many_attempts')
    await alone.close()
  })
})
