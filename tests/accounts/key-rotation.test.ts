/**
 * Rotating the key that signs logins, under servers that run: what is signed in stays so, on every server, through the whole of it; and
 * what a retired key signed ends.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Chat } from '#contract/chats.ts'
import { InProcessStore } from '#server/isolation/cache.ts'
import { listKeys, retireKey, rotateKey } from '#server/ops/key.ts'
import { createServer, type Server } from '#server/server.ts'
import { PASSWORD, testInstallation } from '#tests/support/cast.ts'
import { partsOf } from '#tests/support/forged-tokens.ts'
import { createWorld, type World } from '#tests/support/world.ts'

const MINUTE_MS = 60_000

let directory: string
let world: World
let clock: { ms: number; now(): number }
let servers: Server[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-rotation-'))
  await cp(inject('keyringDirectory'), join(directory, 'shared'), { recursive: true })
  clock = { ms: Date.now(), now: () => clock.ms }
  world = await createWorld({ keyringDirectory: join(directory, 'shared'), clock })
  servers = [world.server]
})
afterEach(async () => {
  await Promise.all(servers.slice(1).map((server) => server.close()))
  await world.close()
  await rm(directory, { recursive: true })
})

/** A further server of the installation, with a cache and, if it is named, a copy of the keyring of its own. */
async function another(copy?: string): Promise<Server> {
  const keyringDirectory = join(directory, copy ?? 'shared')
  if (copy) await cp(join(directory, 'shared'), keyringDirectory, { recursive: true })
  const installation = copy ? await testInstallation({ url: world.url, keyringDirectory }) : world.installation
  const { config, database, log } = world
  const server = await createServer({
    installation,
    config,
    database,
    log,
    failuresAllowed: { perAccount: 1_000, perAddress: 1_000 },
    clock,
    cache: new InProcessStore(clock),
    setupCode: undefined,
  })
  servers.push(server)
  return server
}

async function signIn(server: Server, person = 'alice'): Promise<string> {
  const payload = { email: `${person}@acme.test`, password: PASSWORD, organisation: 'acme', deliver: 'token' }
  const reply = await server.app.inject({ method: 'POST', url: '/api/auth/sign-in', payload })
  expect(reply.statusCode, reply.body).toBe(200)
  return reply.json<{ token: string; me: Me }>().token
}

const statusOf = async (server: Server, token: string, request: { method: 'GET' | 'POST'; url: string; payload?: object } = ME) =>
  (await server.app.inject({ ...request, headers: { authorization: `Bearer ${token}` } })).statusCode
const ME = { method: 'GET', url: '/api/me' } as const
const NEW_CHAT = { method: 'POST', url: '/api/chats', payload: {} } as const

const keyOf = (token: string) => partsOf(token).header.kid
const later = (seconds: number) => {
  clock.ms += seconds * 1_000
}

test('servers that share a keyring change over without a restart, and take what the old key signed and what the new one does', async () => {
  const two = await another()
  const before = await signIn(world.server)
  expect(await statusOf(two, before)).toBe(200)

  const { id } = await rotateKey(world.installation.keyring, MINUTE_MS, clock)
  expect(keyOf(await signIn(world.server))).toBe(keyOf(before))
  later(60)
  for (const server of servers) {
    const after = await signIn(server)
    expect(keyOf(after)).toBe(id)
    for (const each of servers)
      for (const token of [before, after]) expect([await statusOf(each, token), await statusOf(each, token, NEW_CHAT)]).toEqual([200, 201])
  }
})

test('a key that signs at once is taken by a server that has not looked for a while', async () => {
  const two = await another()
  later(1)
  const { id } = await rotateKey(world.installation.keyring, 0, clock)
  const three = await another()
  const token = await signIn(three)
  expect(keyOf(token)).toBe(id)
  expect(await statusOf(two, token)).toBe(200)
  expect(await statusOf(world.server, token)).toBe(200)
})

test('servers with copies of the keyring change over together, once the new file is everywhere', async () => {
  const copied = await another('copy')
  const before = await signIn(copied)
  const { id, file } = await rotateKey(world.installation.keyring, 60 * MINUTE_MS, clock)
  later(1_800)
  await cp(join(directory, 'shared', file), join(directory, 'copy', file))
  for (const server of servers) expect(keyOf(await signIn(server))).toBe(keyOf(before))
  later(1_800)
  for (const server of servers) {
    const after = await signIn(server)
    expect(keyOf(after)).toBe(id)
    for (const each of servers) expect([await statusOf(each, before), await statusOf(each, after)]).toEqual([200, 200])
  }
})

test('a retired key ends what it signed on every server within half a minute, and nothing else', async () => {
  const two = await another()
  const { keyring } = world.installation
  const before = await signIn(world.server)
  await rotateKey(keyring, 0, clock)
  later(30)
  const after = await signIn(two)
  for (const server of servers) expect([await statusOf(server, before), await statusOf(server, after)]).toEqual([200, 200])

  await retireKey(keyring, String(keyOf(before)), clock)
  later(30)
  for (const server of servers) {
    expect([await statusOf(server, before), await statusOf(server, before, NEW_CHAT)]).toEqual([401, 401])
    expect([await statusOf(server, after), await statusOf(server, after, NEW_CHAT)]).toEqual([200, 201])
  }
})

test('through rotations and retirements, no sign-in and no request of those who may fails', { timeout: 60_000 }, async () => {
  const two = await another()
  const { keyring } = world.installation
  const good = new Set([await signIn(world.server), await signIn(two)])
  const signedBy = new Set<unknown>()
  const wrong: unknown[] = []
  let requests = 0
  let over = false
  const tries = async (server: Server, token: string) => {
    for (const request of [ME, NEW_CHAT]) {
      const status = await statusOf(server, token, request)
      requests += 1
      // A token whose key was retired meanwhile may be refused, and no other.
      if (status >= 300 && good.has(token)) wrong.push([status, request.url, keyOf(token)])
    }
  }
  const load = servers.flatMap((server) => [
    (async () => {
      while (!over) {
        const token = await signIn(server, 'bob')
        good.add(token)
        signedBy.add(keyOf(token))
        await Promise.all(servers.map((each) => tries(each, token)))
      }
    })(),
    (async () => {
      while (!over) for (const token of [...good].slice(-20)) await Promise.all(servers.map((each) => tries(each, token)))
    })(),
  ])
  /** Lets the load go on for a while at this time. */
  const meanwhile = async (seconds: number) => {
    later(seconds)
    const until = requests + 30
    await expect.poll(() => requests).toBeGreaterThan(until)
  }

  const made: string[] = []
  try {
    for (let round = 0; round < 2; round++) {
      const { id } = await rotateKey(keyring, 0, clock)
      made.push(id)
      for (const seconds of [0, 20, 20, 20, 30]) await meanwhile(seconds)
      const old = (await listKeys(keyring, clock)).filter(({ state }) => state === 'has signed')
      for (const token of good) if (old.some((key) => key.id === keyOf(token))) good.delete(token)
      for (const key of old) await retireKey(keyring, key.id, clock)
      for (const seconds of [0, 10, 20]) await meanwhile(seconds)
    }
  } finally {
    over = true
    await Promise.all(load)
  }
  expect(wrong).toEqual([])
  expect([...signedBy]).toEqual(expect.arrayContaining(made))
  const chats = await servers[0]!.app.inject({ ...ME, url: '/api/chats', headers: { authorization: `Bearer ${[...good].at(-1)}` } })
  expect(chats.json<{ items: Chat[] }>().items.length).toBeGreaterThan(0)
})
