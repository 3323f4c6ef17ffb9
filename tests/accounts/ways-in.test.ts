/** Every place in the code at which a login begins, read from the code itself: a new one fails here until it is declared, with what guards it. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SignInReply } from '#contract/accounts.ts'
import { ENDPOINTS } from '#contract/index.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { appOf, signInWithPassword } from '#tests/support/factors.ts'
import { createWorld, type World } from '#tests/support/world.ts'

const AUTH = new URL('../../src/server/auth/', import.meta.url).pathname

interface WayIn {
  /** The file and what it calls to begin a login. */
  readonly at: string
  readonly way: string
  /** The endpoint behind which it is. */
  readonly endpoint: string
  /** What failures are counted for, beside the network: what they could be guesses at. Null where there is nothing to guess. */
  readonly limits: 'account' | 'network' | null
  /** `asked`: of whoever has one; `is`: what was proven is two factors; `none`: nobody there can have one yet. */
  readonly secondFactor: 'asked' | 'is' | 'none' | 'gives'
}

/** All of them end in `Sessions.begin`, which writes `signed_in` into the security log, and restricts who must have a factor and has none. */
const WAYS: readonly WayIn[] = [
  { at: 'passwords/passwords.ts signIns.finish', way: 'password', endpoint: 'auth.sign_in', limits: 'account', secondFactor: 'asked' },
  { at: 'accounts.ts signIns.finish', way: 'invitation', endpoint: 'invitation.accept', limits: 'network', secondFactor: 'asked' },
  { at: 'factors/routes.ts signIns.finish', way: 'passkey', endpoint: 'auth.passkey', limits: 'network', secondFactor: 'is' },
  {
    at: 'factors/second-factor.ts sessions.begin',
    way: 'of the ticket',
    endpoint: 'auth.second_factor',
    limits: 'account',
    secondFactor: 'gives',
  },
  { at: 'oidc/provider-sign-in.ts signIns.finish', way: 'provider', endpoint: 'auth.oidc_finish', limits: null, secondFactor: 'asked' },
  { at: 'passwords/passwords.ts signIns.finish', way: 'reset', endpoint: 'auth.finish_reset', limits: 'network', secondFactor: 'asked' },
  { at: 'people/recoveries.ts signIns.finish', way: 'recovery', endpoint: 'recovery.use', limits: 'network', secondFactor: 'asked' },
  { at: 'routes.ts signIns.finish', way: 'setup', endpoint: 'setup.run', limits: 'account', secondFactor: 'none' },
]

/** The one place behind them. */
const BEHIND = 'sign-ins.ts sessions.begin'

const sources = new Map<string, string>()
beforeAll(async () => {
  for (const name of await readdir(AUTH, { recursive: true }))
    if (name.endsWith('.ts')) sources.set(name, await readFile(join(AUTH, name), 'utf8'))
})

/** Calls that begin a login, each as its file and what is called, with the way that it names. */
function callsIn(file: string, source: string): { at: string; way: string }[] {
  const calls = /\b#?(signIns|sessions)\s*\.(finish|begin)\(\s*(?:[^()]|\([^()]*\))*?\)/g
  return [...source.matchAll(calls)].map(([text, what, verb]) => ({
    at: `${file} ${what}.${verb}`,
    way: /way: '(\w+)'/.exec(text)?.[1] ?? 'of the ticket',
  }))
}

test('a login begins where it is declared to, and nowhere else', () => {
  const found = [...sources].flatMap(([file, source]) => callsIn(file, source)).filter(({ at }) => at !== BEHIND)
  const lines = (ways: readonly { at: string; way: string }[]) => ways.map(({ at, way }) => `${at}: ${way}`).sort()
  expect(lines(found)).toEqual(lines(WAYS))
})

test('logins are rows that these two files alone add, API tokens besides', async () => {
  const all = [...sources].filter(([, source]) => /insertInto\('auth_session'\)/.test(source)).map(([file]) => file)
  expect(all.sort()).toEqual(['sessions/sessions.ts', 'tokens/api-tokens.ts'])
  expect(callsIn('sign-ins.ts', sources.get('sign-ins.ts')!)).toHaveLength(1)
  expect(sources.get('sessions/sessions.ts')).toMatch(/insertEvents\([^)]*kind: 'signed_in'/s)
})

test('every endpoint that signs somebody in is behind one of them', () => {
  const signing = ENDPOINTS.filter(({ reply }) => reply === SignInReply).map(({ id }) => id)
  expect(signing.filter((id) => !WAYS.some(({ endpoint }) => endpoint === id))).toEqual([])
  for (const { endpoint } of WAYS) expect(ENDPOINTS.map(({ id }) => id)).toContain(endpoint)
})

describe('what is guarded as it is declared:', () => {
  test.each(WAYS.map((way): [string, WayIn] => [way.endpoint, way]))('%s', (_, { endpoint, limits }) => {
    const { fails } = ENDPOINTS.find(({ id }) => id === endpoint)!
    expect(fails.includes('auth.too_many_attempts')).toBe(limits !== null)
  })
})

describe('the second factor', () => {
  let world: World
  beforeAll(async () => {
    world = await createWorld()
  })
  afterAll(() => world.close())

  test('is asked for once somebody has one, and their login is in their log with what they gave', async () => {
    const alice = await world.signIn('alice')
    expect((await signInWithPassword(world, 'alice')).body.state).toBe('signed_in')
    await appOf(alice)
    expect((await signInWithPassword(world, 'alice')).body.state).toBe('second_factor')
    const { rows } = await world.sql<{ kind: string }>(
      `select kind from ${schemaName(alice.me.organisation.id)}.security_event where user_id = $1 order by id`,
      [alice.me.user.id],
    )
    expect(rows.map(({ kind }) => kind)).toEqual(['signed_in', 'signed_in', 'authenticator_app_added'])
  })

  test.each(WAYS.filter(({ secondFactor }) => secondFactor === 'asked').map(({ way, at }): [string, string] => [way, at]))(
    'of a login by %s is asked by the one place that all ways share',
    (_, at) => expect(at).toMatch(/ signIns\.finish$/),
  )
})
