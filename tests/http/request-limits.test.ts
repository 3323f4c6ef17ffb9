/** Limits on requests: a flood is refused with the time to wait, and nobody else is; what is no request to the API is never counted. */
import { afterEach, expect, test } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { RequestLimits } from '#server/http/request-limits.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, chatOf, codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let laterMs = 0
const clock: Clock = { now: () => Date.now() + laterMs }
afterEach(() => world.close())

/** A server with these limits, behind a proxy that says where requests come from. */
async function begin(limits: { login?: number; network?: number }): Promise<void> {
  laterMs = 0
  const settings = {
    'requests-per-login': String(limits.login ?? 0),
    'requests-per-network': String(limits.network ?? 0),
    'trusted-proxies': '127.0.0.1',
  }
  world = await createWorld({ clock, settings })
}

/** A request from an address, with or without a token. */
const from = (ip: string, token?: string): Promise<Answer> =>
  world.call('GET', token === undefined ? '/api/status' : '/api/me', {
    headers: { 'x-forwarded-for': ip, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  })

/** How many of so many requests, one after the other, are answered with each status. */
async function statuses(count: number, ask: () => Promise<Answer>): Promise<Record<number, number>> {
  const tally: Record<number, number> = {}
  for (let i = 0; i < count; i++) {
    const { status } = await ask()
    tally[status] = (tally[status] ?? 0) + 1
  }
  return tally
}

const forged = (token: string) => `${token.slice(0, -4)}AAAA`

test('past its limit a login is refused until the minute is over, and told how long that is', async () => {
  await begin({ login: 5 })
  const alice = await world.signIn('alice')
  expect(await statuses(5, () => alice.call('GET', '/api/me'))).toEqual({ 200: 5 })
  const refused = await alice.call<Problem>('GET', '/api/me')
  expect([refused.status, codeOf(refused)]).toEqual([429, 'request.too_many'])
  const waitS = Number(refused.headers['retry-after'])
  expect(waitS).toBeGreaterThan(0)
  expect(waitS).toBeLessThanOrEqual(60)
  expect(refused.body.next).toBe(`Wait ${waitS} seconds and try again.`)
  laterMs = waitS * 1_000
  expect((await alice.call('GET', '/api/me')).status).toBe(200)
})

test('a clock that is set back makes nobody wait for the time that it lost', async () => {
  await begin({ login: 2 })
  const alice = await world.signIn('alice')
  expect(await statuses(3, () => alice.call('GET', '/api/me'))).toEqual({ 200: 2, 429: 1 })
  laterMs = -10_000
  expect((await alice.call('GET', '/api/me')).status).toBe(200)
})

test("one person's flood refuses nobody else, whether from the same network or under another login of the same person", async () => {
  await begin({ login: 3, network: 50 })
  const [alice, again, bob] = [await world.signIn('alice'), await world.signIn('alice'), await world.signIn('bob')]
  expect(await statuses(40, () => from('192.0.2.1', alice.token))).toEqual({ 200: 3, 429: 37 })
  expect((await from('192.0.2.1', again.token)).status).toBe(200)
  expect((await from('192.0.2.1', bob.token)).status).toBe(200)
  expect((await from('192.0.2.1')).status).toBe(200)
})

test('another address does not make another login', async () => {
  await begin({ login: 3 })
  const { token } = await world.signIn('alice')
  let i = 0
  expect(await statuses(6, () => from(`192.0.2.${++i}`, token))).toEqual({ 200: 3, 429: 3 })
})

test('without a login requests count by network, and those with a good one go on from there', async () => {
  await begin({ network: 5 })
  const { token } = await world.signIn('alice')
  expect(await statuses(8, () => from('2001:db8:1:2::1'))).toEqual({ 200: 5, 429: 3 })
  expect((await from('2001:db8:1:2:ffff::9')).status).toBe(429)
  expect((await from('2001:db8:1:3::1')).status).toBe(200)
  expect(await statuses(10, () => from('2001:db8:1:2::1', token))).toEqual({ 200: 10 })
})

test('a forged token counts for the network, and not for the login that it names', async () => {
  await begin({ login: 8, network: 5 })
  const { token } = await world.signIn('alice')
  expect(await statuses(8, () => from('192.0.2.1', forged(token)))).toEqual({ 401: 5, 429: 3 })
  expect(await statuses(3, () => from('192.0.2.1', 'no-token-at-all'))).toEqual({ 429: 3 })
  expect(await statuses(8, () => from('192.0.2.1', token))).toEqual({ 200: 8 })
})

test.each<[string, (person: SignedIn) => Promise<unknown>]>([
  ['of a login that ended', (alice) => alice.call('POST', '/api/auth/sign-out')],
  ['that is not on record', async () => world.sql(`delete from ${await schemaOf(world, 'acme')}.auth_token`)],
])('a token %s counts for the network, and is limited itself as well', async (_, end) => {
  await begin({ login: 6, network: 5 })
  const alice = await world.signIn('alice')
  await end(alice)
  laterMs = 60_000
  expect(await statuses(8, () => from('192.0.2.1', alice.token))).toEqual({ 401: 6, 429: 2 })
  expect((await from('192.0.2.1')).status).toBe(429)
  expect((await from('192.0.2.2')).status).toBe(200)
})

test('made-up networks do not fill memory: past a hundred thousand counting begins anew', async () => {
  await begin({})
  const allowed = { perLogin: 1, perNetwork: 1 }
  const limits = new RequestLimits({ clock: { now: () => 0 }, allowed })
  const countFrom = (ip: string) => limits.count({ ip, credential: undefined })
  const ipOf = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
  for (let i = 0; i < 99_999; i++) countFrom(ipOf(i))
  expect(() => countFrom(ipOf(0))).toThrow('Too many requests')
  countFrom(ipOf(99_999))
  countFrom(ipOf(0))
})

test('what is refused is neither read nor looked up', async () => {
  await begin({ network: 1 })
  await from('127.0.0.1')
  const body = { email: 'alice@acme.test', password: 'wrong horse battery staple', organisation: 'acme' }
  expect((await world.call('POST', '/api/auth/sign-in', { body })).status).toBe(429)
  expect((await world.call('POST', '/api/auth/sign-in', { body: '{not json' })).status).toBe(429)
  expect((await world.sql('select from control.attempt')).rowCount).toBe(0)
})

test('a stream counts once, when it is opened', async () => {
  await begin({ login: 5 })
  const alice = await world.signIn('alice')
  // Begins a chat, asks, and follows the answer to its end: three requests, however many events there were.
  const { chatId } = await chatOf(alice, { description: 'Greetings', question: 'What is Sardonyx?' })
  expect(await statuses(3, () => alice.call('GET', `/api/chats/${chatId}`))).toEqual({ 200: 2, 429: 1 })
})

test('files, pages and health are not counted and never refused', async () => {
  await begin({ network: 1 })
  for (const path of ['/', '/chats', '/livez', '/readyz', '/openapi.json'])
    expect(await statuses(5, () => world.call('GET', path)), path).toEqual({ 200: 5 })
  expect(await statuses(3, () => world.call('GET', '/api/status'))).toEqual({ 200: 1, 429: 2 })
  expect((await world.call('GET', '/livez')).status).toBe(200)
})

test('another spelling of an address of the API is counted as well', async () => {
  await begin({ network: 1 })
  expect(await statuses(3, () => world.call('GET', '/%61pi/status'))).toEqual({ 200: 1, 429: 2 })
})

test('every endpoint says in the document that it may answer so', async () => {
  await begin({})
  const { body } = await world.call<{ paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>> }>(
    'GET',
    '/openapi.json',
  )
  const operations = Object.values(body.paths).flatMap((path) => Object.values(path))
  expect(operations).toHaveLength(ENDPOINTS.length)
  for (const { responses } of operations) expect(responses['429']?.description).toContain('`request.too_many`')
})
