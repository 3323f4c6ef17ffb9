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

test('an account that is refused does not use up its address', async () => {
  const limits = new FailureLimits({ perAccount: 1, perAddress: 2 })
  const wrong = () => Promise.reject(new Error('wrong'))
  for (let i = 0; i < 10; i++) await limits.attempt({ account: 'alice', ip: '192.0.2.1' }, wrong).catch(() => undefined)
  expect(await limits.attempt({ account: 'bob', ip: '192.0.2.1' }, async () => 'signed in')).toBe('signed in')
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
