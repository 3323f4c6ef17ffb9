/** One's own name and preferences: changed by oneself alone, and every other page of that person hears of it. */
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Me, Member, Preferences } from '#contract/accounts.ts'
import { PIXELS } from '#tests/support/examples.ts'
import { codeOf, createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let alice: SignedIn
let again: SignedIn
let bob: SignedIn
let mallory: SignedIn
beforeAll(async () => {
  world = await createWorld()
  alice = await world.signIn('alice')
  again = await world.signIn('alice')
  bob = await world.signIn('bob')
  mallory = await world.signIn('mallory')
})
afterAll(() => world.close())

const me = async (person: SignedIn) => (await person.call<Me>('GET', '/api/me')).body.user

describe('the name', () => {
  test('is changed for everyone who sees the person', async () => {
    const answer = await alice.call<Me>('PATCH', '/api/me', { name: '  Alice M. Moreau ' })
    expect([answer.status, answer.body.user.name]).toEqual([200, 'Alice M. Moreau'])
    expect((await me(again)).name).toBe('Alice M. Moreau')
    const { items } = (await bob.call<{ items: Member[] }>('GET', '/api/members')).body
    expect(items.map(({ name }) => name)).toContain('Alice M. Moreau')
    expect((await mallory.call('GET', '/api/members')).text).not.toContain('Moreau')
  })

  test('is a line that can be seen, and nothing else is changed by the way', async () => {
    const before = await me(alice)
    for (const name of ['', '   ', 'a\u0000b', 'a\nb', 'a\u2028b', 'a\u2029b', '\u202eecila', '\u200b', 'x'.repeat(81), 7, null])
      expect([name, (await alice.call('PATCH', '/api/me', { name })).status]).toEqual([name, 400])
    for (const more of [{ role: 'admin' }, { email: 'carol@acme.test' }, { id: bob.me.user.id }, { status: 'active' }])
      expect((await alice.call('PATCH', '/api/me', { name: 'Alice', ...more })).status).toBe(400)
    expect(await me(alice)).toEqual(before)
  })

  test('is not changed by an API token, nor without a login', async () => {
    const body = { name: 'T', abilities: ['read', 'chat'], days: 1 }
    const { token } = (await alice.call<{ token: string }>('POST', '/api/me/tokens', body)).body
    const answer = await world.call('PATCH', '/api/me', { body: { name: 'Program' }, headers: { authorization: `Bearer ${token}` } })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'token.not_enough'])
    expect((await world.call('PATCH', '/api/me', { body: { name: 'Nobody' } })).status).toBe(401)
  })

  test('and preferences, changed twenty times at once from two devices, end as one of what was sent', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `Alice ${at}`)
    const changes = names.map((name, at) => (at % 2 ? alice : again).call('PATCH', '/api/me', { name }))
    const others = names.map((_, at) => again.call('PATCH', '/api/me/preferences', { theme: at % 2 ? 'dark' : 'light' }))
    for (const { status } of await Promise.all([...changes, ...others])) expect(status).toBe(200)
    expect(names).toContain((await me(alice)).name)
  })
})

describe('preferences', () => {
  test('are those of the person, on every device; what is left out stays', async () => {
    const set = { theme: 'dark', sendKey: 'mod_enter', motion: 'reduced', model: 'librarian' }
    expect((await alice.call<Preferences>('PATCH', '/api/me/preferences', set)).body).toEqual(set)
    await alice.call('PATCH', '/api/me/preferences', { theme: 'light' })
    expect((await me(again)).preferences).toEqual({ ...set, theme: 'light' })
    expect((await me(bob)).preferences).toEqual({ theme: 'system', model: null, sendKey: 'enter', motion: 'system' })
  })

  test.each([{ sendKey: 'shift' }, { motion: 'fast' }, { theme: 'blue' }, { language: 'de' }, { sendKey: null }])(
    'that there are none of are refused: %j',
    async (changes) => {
      expect((await alice.call('PATCH', '/api/me/preferences', changes)).status).toBe(400)
    },
  )
})

describe('the other pages of a person', () => {
  function eventsOf(person: SignedIn, signal?: AbortSignal): Promise<Response> {
    const { address, port } = world.server.app.server.address() as AddressInfo
    return fetch(`http://${address}:${port}/api/events`, { headers: { authorization: `Bearer ${person.token}` }, signal: signal ?? null })
  }
  /** Follows the events of a login until it has seen the first; gives them as text. */
  async function firstEventsOf(person: SignedIn, act: () => Promise<unknown>): Promise<string> {
    const stop = new AbortController()
    const response = await eventsOf(person, stop.signal)
    const reader = response.body!.getReader()
    const { value: opened } = await reader.read()
    expect(new TextDecoder().decode(opened)).toContain('event: opened')
    await act()
    const { value } = await reader.read()
    stop.abort()
    return new TextDecoder().decode(value)
  }
  beforeAll(() => world.server.app.listen({ host: '127.0.0.1', port: 0 }).then(() => undefined))

  test.each([
    ['a name', () => alice.call('PATCH', '/api/me', { name: 'Alice Moreau' })],
    ['a preference', () => alice.call('PATCH', '/api/me/preferences', { theme: 'dark' })],
    ['a picture', () => alice.call('POST', '/api/me/picture', { picture: PIXELS })],
    ['a picture that is gone', () => alice.call('DELETE', '/api/me/picture')],
  ] as const)('hear of %s that is new', async (_, act) => {
    expect(await firstEventsOf(again, act)).toContain('event: me\ndata: {}\n')
  })

  test('and those of others do not', async () => {
    const other = await world.signIn('bob')
    const response = await eventsOf(other)
    await alice.call('PATCH', '/api/me', { name: 'Alice Moreau' })
    await mallory.call('PATCH', '/api/me/preferences', { theme: 'dark' })
    await other.call('POST', '/api/auth/sign-out')
    const heard = await response.text()
    expect([heard.includes('event: ended'), heard.includes('event: me')]).toEqual([true, false])
  })
})
