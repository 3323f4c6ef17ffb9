/** What tests of passwords share: a world in which everybody has their first password again before each test, and what calls cost. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { hash, verify } from '@node-rs/argon2'
import { expect, vi } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Problem } from '#contract/errors.ts'
import { Database } from '#server/isolation/database.ts'
import { Background } from '#server/kernel/background.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { type Answer, createWorld, type SignedIn } from '#tests/support/world.ts'

export const OTHER = 'another horse battery staple'
export const WRONG = 'wrong horse battery staple'
export const NOT_JOINED = 'erin@acme.test'
export const SUSPENDED = 'sam@acme.test'

type Entered = { token: string; me: Me }
type Event = { kind: string; reason: string | null; unread: boolean; by: string }

/** The test's file mocks `@node-rs/argon2` with `spy: true`, so that hashes are counted. */
export async function openPasswords() {
  // It stands still: the directory of organisations is read anew once a second when it lacks one, and that is not looked into here.
  const startedMs = Date.now()
  const world = await createWorld({ baseUrl: 'https://chat.acme.test', clock: { now: () => startedMs } })
  const schema = await schemaOf(world, 'acme')
  const carol = await world.signIn('carol')
  for (const email of [NOT_JOINED, SUSPENDED])
    expect((await carol.call('POST', '/api/members', { name: 'Quinn Rask', email })).status).toBe(201)
  const { token } = await world.mail.last(SUSPENDED)
  await world.call('POST', '/api/invitations/accept', { body: { token, password: PASSWORD } })
  await world.sql(`update ${schema}."user" set status = 'suspended' where email = $1`, [SUSPENDED])
  const { rows: first } = await world.sql<{ user_id: string; password_hash: string }>(
    `select user_id, password_hash from ${schema}.credential`,
  )
  const asCarrier = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  return {
    world,
    schema,
    carol,
    ...counting(world.database),
    /** Gives everybody the password that they began with. */
    async reset() {
      for (const { user_id, password_hash } of first)
        await world.sql(
          `update ${schema}.credential set password_hash = $2, failures = 0, closed_at = null, long_enough_for = 12 where user_id = $1`,
          [user_id, password_hash],
        )
      await world.sql('delete from control.attempt')
      await world.sql(`update ${schema}.login_policy set preset = 'everyday', least_password_length = 12`)
    },
    signIn: (email: string, password = PASSWORD, organisation = 'acme') =>
      world.call<Entered>('POST', '/api/auth/sign-in', { body: { email, password, organisation, deliver: 'token' } }),
    ask: (email: string, organisation = 'acme') => world.call('POST', '/api/auth/reset', { body: { email, organisation } }),
    finish: (token: string, password = OTHER) =>
      world.call<Entered>('POST', '/api/auth/reset/finish', { body: { token, password, deliver: 'token' } }),
    change: (person: SignedIn, body: object = {}) =>
      person.call<{ token: string; session: { id: string; proven: boolean } }>('POST', '/api/me/password', {
        current: PASSWORD,
        next: OTHER,
        ...body,
      }),
    isIn: async ({ token }: { token: string }) => (await world.call('GET', '/api/me', asCarrier(token))).status === 200,
    eventsOf: async ({ token }: { token: string }) =>
      (await world.call<{ items: Event[] }>('GET', '/api/me/security-events', asCarrier(token))).body.items,
    /** The letter that comes after those that were there. */
    async letterTo(email: string, act: () => Promise<unknown>) {
      const before = (await world.mail.to(email)).length
      await act()
      await expect.poll(async () => (await world.mail.to(email)).length).toBe(before + 1)
      return world.mail.last(email)
    },
  }
}

/** What a call costs until its reply: hashes computed or verified, statements sent. What others cost, and what goes on behind the reply, is outside. */
function counting(database: Database) {
  const costs = new AsyncLocalStorage<{ statements: number }>()
  const connected = Database.prototype.connected
  vi.spyOn(database, 'connected').mockImplementation(
    (role, work) =>
      connected.call(database, role, (connection) => {
        const fly = (sent: Parameters<typeof connection.fly>[0]) => {
          const cost = costs.getStore()
          if (cost) cost.statements += sent.length
          return connection.fly(sent)
        }
        return work(new Proxy(connection, { get: (target, name) => (name === 'fly' ? fly : Reflect.get(target, name, target)) }))
      }) as never,
  )
  const { run } = Background.prototype
  const runBehind = function (this: Background, ...given: Parameters<typeof run>): void {
    costs.exit(() => run.apply(this, given))
  }
  const behind = vi.spyOn(Background.prototype, 'run').mockImplementation(runBehind)
  const workOf = async (call: () => Promise<Answer>): Promise<{ hashes: number; statements: number; status: number; text: string }> => {
    vi.mocked(hash).mockClear()
    vi.mocked(verify).mockClear()
    const cost = { statements: 0 }
    const answer = await costs.run(cost, call)
    const { statements } = cost
    const hashes = vi.mocked(hash).mock.calls.length + vi.mocked(verify).mock.calls.length
    const text = answer.text.replace((answer.body as Problem | undefined)?.requestId ?? '', '')
    return { hashes, statements, status: answer.status, text }
  }
  return { workOf, behind, runBehind }
}
