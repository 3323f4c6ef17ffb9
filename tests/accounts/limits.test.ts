/** Limits on failures count by account and by network, however the caller dresses up. */
import { expect, test } from 'vitest'
import { FailureLimits } from '#server/auth/limits.ts'
import { codeOf, createWorld } from '#tests/support/world.ts'

/** How many of these addresses may fail, each with an account of its own, where two failures are allowed to a network. */
async function failuresOf(addresses: readonly string[]): Promise<number> {
  const limits = new FailureLimits({ perAccount: 10, perAddress: 2 })
  let failures = 0
  for (const [i, ip] of addresses.entries()) {
    const fail = () => {
      failures += 1
      return Promise.reject(new Error('wrong'))
    }
    await limits.attempt({ account: `account ${i}`, ip }, fail).catch(() => undefined)
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

test('an address that is refused locks no more accounts', async () => {
  const limits = new FailureLimits({ perAccount: 3, perAddress: 2 })
  const wrong = () => Promise.reject(new Error('wrong'))
  for (let i = 0; i < 10; i++) await limits.attempt({ account: 'alice', ip: '192.0.2.1' }, wrong).catch(() => undefined)
  expect(await limits.attempt({ account: 'alice', ip: '192.0.2.2' }, async () => 'signed in')).toBe('signed in')
})

test('a stranger who fails does not keep anybody out of their account from elsewhere, and many networks together do', async () => {
  const limits = new FailureLimits({ perAccount: 3, perAddress: 1_000 })
  const wrong = () => Promise.reject(new Error('wrong'))
  const failFrom = async (ip: string) => {
    for (let i = 0; i < 4; i++) await limits.attempt({ account: 'alice', ip }, wrong).catch(() => undefined)
  }
  const signIn = (ip: string) => limits.attempt({ account: 'alice', ip }, async () => 'signed in')
  await failFrom('192.0.2.1')
  await expect(signIn('192.0.2.1')).rejects.toThrow('Too many failed attempts')
  expect(await signIn('192.0.2.2')).toBe('signed in')
  for (let i = 2; i < 12; i++) await failFrom(`192.0.2.${i}`)
  await expect(signIn('198.51.100.1')).rejects.toThrow('Too many failed attempts')
})

test('an account that is refused does not use up its address', async () => {
  const limits = new FailureLimits({ perAccount: 1, perAddress: 2 })
  const wrong = () => Promise.reject(new Error('wrong'))
  for (let i = 0; i < 10; i++) await limits.attempt({ account: 'alice', ip: '192.0.2.1' }, wrong).catch(() => undefined)
  expect(await limits.attempt({ account: 'bob', ip: '192.0.2.1' }, async () => 'signed in')).toBe('signed in')
})

test('behind a trusted proxy the address that it names counts, and not what the caller wrote before it', async () => {
  const limits = new FailureLimits({ perAccount: 10, perAddress: 2 })
  const world = await createWorld({ limits, settings: { 'trusted-proxies': '127.0.0.1' } })
  const guess = (forwarded: string, i: number) =>
    world.call('POST', '/api/auth/sign-in', {
      body: { email: `n${i}@acme.test`, password: 'wrong horse battery staple', organisation: 'acme' },
      headers: { 'x-forwarded-for': forwarded },
    })
  for (let i = 0; i < 3; i++) await guess(`203.0.113.${i}, 192.0.2.1`, i)
  expect(codeOf(await guess('203.0.113.9, 192.0.2.1', 9))).toBe('auth.too_many_attempts')
  expect(codeOf(await guess('192.0.2.2', 10))).toBe('auth.wrong_credentials')
  await world.close()
})

test('a header does not make another address of a caller', async () => {
  const world = await createWorld({ limits: new FailureLimits({ perAccount: 10, perAddress: 2 }) })
  const guess = (i: number) =>
    world.call('POST', '/api/auth/sign-in', {
      body: { email: `n${i}@acme.test`, password: 'wrong horse battery staple', organisation: 'acme' },
      headers: { 'x-forwarded-for': `192.0.2.${i}`, 'x-real-ip': `192.0.2.${i}`, forwarded: `for=192.0.2.${i}` },
    })
  expect([(await guess(1)).status, (await guess(2)).status]).toEqual([401, 401])
  expect(codeOf(await guess(3))).toBe('auth.too_many_attempts')
  await world.close()
})
