/** The stream of one's own events: it tells its reader that the login ended and why, and nothing of anybody else. */
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createLogin } from '#server/auth/login.ts'
import { reinstate, suspend } from '#server/ops/user.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let origin: string
let schema: string
beforeAll(async () => {
  world = await createWorld()
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(world.server.app.server.address() as AddressInfo).port}`
  schema = await schemaOf(world, 'acme')
})
afterAll(() => world.close())

const OPENED = /^id: \S+\nevent: opened\ndata: {}\n\n/

/** Follows the events; `text` grows by what is told, and `ended` resolves with all of it when the server ends the stream. */
async function follow({ token }: SignedIn) {
  const gone = new AbortController()
  const response = await fetch(`${origin}/api/events`, { headers: { authorization: `Bearer ${token}` }, signal: gone.signal })
  const seen = { status: response.status, text: '' }
  const ended = (async () => {
    const decoder = new TextDecoder()
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>)
      seen.text = (seen.text + decoder.decode(piece, { stream: true })).replace(OPENED, '')
    return seen.text
  })()
  return { seen, ended, leave: () => gone.abort() }
}

describe('a login that ends', () => {
  test.each<[string, string, (person: SignedIn, other: SignedIn) => Promise<unknown>]>([
    ['by signing out', 'signed_out', (person) => person.call('POST', '/api/auth/sign-out')],
    ['from another device', 'signed_out_elsewhere', (person, other) => other.call('DELETE', `/api/me/sessions/${person.me.session.id}`)],
    ['because it was not its person', 'not_me', (_, other) => other.call('POST', '/api/me/sessions/not-me')],
    [
      'by an administrator',
      'administrator',
      async (person) =>
        (await world.signIn('carol')).call('POST', '/api/sessions/end', { filter: { sessionId: person.me.session.id }, expected: 1 }),
    ],
    [
      'by another process, which told nobody',
      'operator',
      async (person) => {
        await world.sql(
          `with ended as (update ${schema}.auth_session set revoked_at = now(), revoked_reason = 'operator' where id = $1 returning id)
           insert into ${schema}.session_end (session_id) select id from ended`,
          [person.me.session.id],
        )
      },
    ],
    [
      'by its time',
      'expired',
      (person) => world.sql(`update ${schema}.auth_session set expires_at = now() where id = $1`, [person.me.session.id]),
    ],
  ])('%s ends its stream, with the reason', async (_, reason, end) => {
    const [person, other] = [await world.signIn('alice'), await world.signIn('alice')]
    const [stream, beside] = [await follow(person), await follow(other)]
    expect([stream.seen.status, stream.seen.text]).toEqual([200, ''])
    await end(person, other)
    expect(await stream.ended).toBe(`event: ended\ndata: {"reason":"${reason}"}\n\n`)
    expect(beside.seen.text).not.toContain('event: ended')
    beside.leave()
    await expect(beside.ended).rejects.toThrow()
  })

  test('because its person was suspended ends every stream and every token that they have', async () => {
    const [one, two] = [await world.signIn('bob'), await world.signIn('bob')]
    const made = await one.call<{ token: string }>('POST', '/api/me/tokens', { name: 'Nightly', abilities: ['read'], days: 1 })
    const streams = [await follow(one), await follow(two)]
    const { database } = world
    const login = await createLogin({ database, keyring: world.installation.keyring, log: world.log, cache: world.cache })
    const acme = (await login.doors.tenants()).find(({ slug }) => slug === 'acme')!
    expect(await suspend(login, acme, 'bob@acme.test')).toBeGreaterThanOrEqual(3)
    for (const { ended } of streams) expect(await ended).toBe('event: ended\ndata: {"reason":"suspended"}\n\n')
    const by = (token: string) => world.call('GET', '/api/chats', { headers: { authorization: `Bearer ${token}` } })
    for (const { token } of [one, two, made.body]) expect(codeOf(await by(token))).toBe('auth.required')
    await reinstate(login, acme, 'bob@acme.test')
    for (const { token } of [one, two, made.body]) expect(codeOf(await by(token))).toBe('auth.required')
  })

  test('before it is followed is refused', async () => {
    const person = await world.signIn('alice')
    await person.call('POST', '/api/auth/sign-out')
    expect(codeOf(await person.call('GET', '/api/events'))).toBe('auth.required')
  })
})

test('a notice reaches the pages of its person, and nobody else’s', async () => {
  const [alice, gone, bob] = [await world.signIn('alice'), await world.signIn('alice'), await world.signIn('bob')]
  const [hers, his] = [await follow(alice), await follow(bob)]
  const carol = await world.signIn('carol')
  await carol.call('POST', '/api/sessions/end', { filter: { sessionId: gone.me.session.id }, expected: 1 })
  await expect.poll(() => hers.seen.text).toBe('event: security\ndata: {}\n\n')
  expect(his.seen.text).toBe('')
  for (const stream of [hers, his]) {
    stream.leave()
    await expect(stream.ended).rejects.toThrow()
  }
})

test('following is not activity', async () => {
  const alice = await world.signIn('alice')
  await world.sql(`update ${schema}.auth_session_seen set seen_at = now() - interval '1 hour' where session_id = $1`, [alice.me.session.id])
  const stream = await follow(alice)
  await alice.call('GET', '/api/session')
  const isOld = async () => {
    const { rows } = await world.sql<{ old: boolean }>(
      `select seen_at < now() - interval '59 minutes' as old from ${schema}.auth_session_seen where session_id = $1`,
      [alice.me.session.id],
    )
    return rows[0]?.old
  }
  expect(await isOld()).toBe(true)
  await alice.call('GET', '/api/me')
  await expect.poll(isOld).toBe(false)
  stream.leave()
  await expect(stream.ended).rejects.toThrow()
})

test('a person follows a hundred streams at once, and another when one of them is closed', async () => {
  const [alice, other, bob] = [await world.signIn('alice'), await world.signIn('alice'), await world.signIn('bob')]
  const streams = await Promise.all(Array.from({ length: 100 }, (_, i) => follow(i % 2 === 0 ? alice : other)))
  expect(streams.map(({ seen }) => seen.status)).toEqual(Array.from({ length: 100 }, () => 200))
  expect(codeOf(await alice.call('GET', '/api/events'))).toBe('request.too_many')
  const his = await follow(bob)
  expect(his.seen.status).toBe(200)
  const leave = async (stream: Awaited<ReturnType<typeof follow>>) => {
    stream.leave()
    await expect(stream.ended).rejects.toThrow()
  }
  await leave(streams[0]!)
  const more = await vi.waitUntil(async () => {
    const stream = await follow(alice)
    if (stream.seen.status === 200) return stream
    await stream.ended
  })
  for (const stream of [...streams.slice(1), his, more]) await leave(stream)
})
