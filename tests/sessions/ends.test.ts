/**
 * Two hundred workers call through two servers while logins end in every way there is, with Redis up and with Redis killed. No request
 * that begins after its login's end was acknowledged succeeds, none is told that the server is unavailable, and every open stream
 * ends and says why. An answer under way belongs to its person: it goes on, and nothing of it reaches the login that ended.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserId } from '#contract/ids.ts'
import { EndReason } from '#contract/sessions.ts'
import { createLogin } from '#server/auth/login.ts'
import { hashPassword } from '#server/auth/passwords/password.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import { type OneServer, startTwoServers, type TwoServers } from '#tests/cache/two-servers.ts'
import { PASSWORD } from '#tests/support/cast.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { MISSING } from '#tests/support/redis.ts'
import type { SignedIn } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/sessions/ends.test.ts: ${MISSING}\n`)

const PEOPLE = 40
const LOGINS_EACH = 5
/** Ends that come from time, and from nobody's deed: tests/sessions/devices.test.ts and model.test.ts bring them. */
const BY_TIME: readonly EndReason[] = ['idle', 'expired', 'unknown']

/** A login in use. */
interface Worker {
  readonly person: SignedIn
  /** When the end of its login was acknowledged. */
  endedMs: number
  /** Statuses of requests that began after that. */
  readonly late: number[]
  /** Everything else that was neither a success nor a refusal of a login that had ended. */
  readonly odd: number[]
  before: number
  reason: EndReason | undefined
}

describe.skipIf(MISSING !== undefined)('two hundred workers', () => {
  let all: TwoServers
  let schema: string
  let login: Awaited<ReturnType<typeof createLogin>>
  let carol: SignedIn
  let workers: Worker[]
  let isOver = false
  let working: Promise<unknown>
  const streams = new Map<Worker, Promise<string>>()

  beforeAll(async () => {
    all = await startTwoServers()
    schema = await schemaOf(all.world, 'acme')
    const { database, installation, log } = all.world
    login = await createLogin({ database, keyring: installation.keyring, log })
    carol = await all.world.signIn('carol')
    const emails = await addPeople(carol.me.organisation.id)
    const people = await inLanes(
      emails.flatMap((email) => Array.from({ length: LOGINS_EACH }, () => email)),
      signIn,
    )
    workers = people.map((person) => ({ person, endedMs: Number.POSITIVE_INFINITY, late: [], odd: [], before: 0, reason: undefined }))
    await inLanes(workers, follow)
    working = Promise.all(workers.map(work))
  }, 60_000)
  afterAll(async () => {
    isOver = true
    await working
    await all?.close()
  })

  async function addPeople(tenantId: SignedIn['me']['organisation']['id']): Promise<string[]> {
    const hash = await hashPassword(PASSWORD)
    return inLanes(
      Array.from({ length: PEOPLE }, (_, i) => `worker${i}@acme.test`),
      async (email) => {
        await login.doors.open(tenantId, async (tx) => {
          await login.accounts.join(tx, await login.accounts.add(tx, { name: 'A worker', email, role: 'user' }), hash)
        })
        return email
      },
    )
  }

  async function signIn(email: string): Promise<SignedIn> {
    const body = { email, password: PASSWORD, organisation: 'acme', deliver: 'token' }
    const answer = await all.world.call<{ me: SignedIn['me']; token: string }>('POST', '/api/auth/sign-in', { body })
    expect(answer.status).toBe(200)
    const { me, token } = answer.body
    return { me, token, call: (method, path, given) => all.a.as({ token } as SignedIn)(method, path, given) }
  }

  const anyServer = (): OneServer => (Math.random() < 0.5 ? all.a : all.b)

  /** Calls one thing after the other, reading and writing, until the login has been over for a while. */
  async function work(worker: Worker): Promise<void> {
    while (!isOver && worker.late.length < 3) {
      const beganMs = performance.now()
      const isLate = beganMs > worker.endedMs
      const call = anyServer().as(worker.person)
      const { status } =
        Math.random() < 0.2 ? await call('POST', '/api/chats', { description: 'One more' }) : await call('GET', '/api/chats')
      if (isLate) worker.late.push(status)
      else if (status < 300) worker.before++
      else if (status !== 401) worker.odd.push(status)
      await sleep(200 * Math.random())
    }
  }

  /** Keeps what the login's events tell, once the server has ended the stream. */
  async function follow(worker: Worker): Promise<void> {
    const reply = await fetch(`${anyServer().baseUrl}/api/events`, { headers: { authorization: `Bearer ${worker.person.token}` } })
    expect(reply.status).toBe(200)
    streams.set(worker, reply.text())
  }

  const waiting = () => workers.filter(({ reason }) => reason === undefined)
  const over = (ended: readonly Worker[], reason: EndReason) => {
    for (const worker of ended) Object.assign(worker, { endedMs: performance.now(), reason })
  }
  const ofPerson = (id: UserId) => waiting().filter(({ person }) => person.me.user.id === id)
  const ok = async (answer: Promise<{ status: number; text: string }>) => {
    const { status, text } = await answer
    expect(status, text).toBeLessThan(300)
  }

  /** Each way ends one login at least of a person who has some left, and says which. */
  const WAYS: Partial<Record<EndReason, (worker: Worker) => Promise<readonly Worker[]>>> = {
    signed_out: async (worker) => {
      await ok(worker.person.call('POST', '/api/auth/sign-out'))
      return [worker]
    },
    signed_out_elsewhere: async (worker) => {
      const [other] = ofPerson(worker.person.me.user.id).filter((one) => one !== worker)
      const rest = ofPerson(worker.person.me.user.id).filter((one) => one !== other)
      if (!other) return []
      await ok(other.person.call('POST', '/api/me/sessions/end-others'))
      return rest
    },
    not_me: async (worker) => {
      const rest = ofPerson(worker.person.me.user.id).filter((one) => one !== worker)
      await ok(worker.person.call('POST', '/api/me/sessions/not-me'))
      return rest
    },
    deleted: async ({ person }) => {
      const rest = ofPerson(person.me.user.id).filter((one) => one.person !== person)
      await ok(person.call('POST', '/api/me/deletion', { email: person.me.user.email }))
      return rest
    },
    password_changed: async (worker) => {
      const rest = ofPerson(worker.person.me.user.id).filter((one) => one !== worker)
      await ok(worker.person.call('POST', '/api/me/password', { current: PASSWORD, next: PASSWORD }))
      return rest
    },
    administrator: async (worker) => {
      await ok(carol.call('POST', '/api/sessions/end', { filter: { sessionId: worker.person.me.session.id }, expected: 1 }))
      return [worker]
    },
    operator: async (worker) => {
      const { tenantId, userId } = { tenantId: worker.person.me.organisation.id, userId: worker.person.me.user.id }
      const ended = ofPerson(userId)
      await login.ending.endAs(tenantId, { chosen: { userId }, end: { reason: 'operator', by: { kind: 'operator' } } })
      return ended
    },
    provider_signed_out: async (worker) => {
      const { session, organisation } = worker.person.me
      const end = { reason: 'provider_signed_out', by: { kind: 'system' } } as const
      await login.ending.endAs(organisation.id, { chosen: { sessionIds: [session.id] }, end })
      return [worker]
    },
    role_changed: (worker) => byChange(worker, 'role_changed', { role: 'admin' }),
    suspended: (worker) => byChange(worker, 'suspended', { status: 'suspended' }),
    recovered: async ({ person }) => {
      const { id, email } = person.me.user
      const ended = ofPerson(id)
      await ok(carol.call('POST', `/api/members/${id}/recovery`, { lost: 'password' }))
      const { token } = await all.world.mail.last(email)
      await ok(all.world.call('POST', '/api/recovery/use', { body: { token, password: PASSWORD } }))
      return ended
    },
    replaced: async (worker) => {
      const { user, session, organisation } = worker.person.me
      const cookie = `sardonyx-${await all.world.installation.keyring.instanceName()}=${worker.person.token}`
      const body = { email: user.email, password: PASSWORD, organisation: organisation.slug }
      const answer = await all.world.call('POST', '/api/auth/sign-in', { body, headers: { cookie, 'sec-fetch-site': 'same-origin' } })
      expect(answer.status).toBe(200)
      return workers.filter(({ person }) => person.me.session.id === session.id)
    },
    theft: async (worker) => {
      await all.world.sql(`update ${schema}.auth_token set retires_at = now() where hash = $1`, [tokenHash(worker.person.token)])
      expect((await worker.person.call('GET', '/api/chats')).status).toBe(401)
      return [worker]
    },
    policy: async () => {
      // As if they were older than the strict rules let them be.
      const ended = waiting().slice(-LOGINS_EACH)
      await all.world.sql(`update ${schema}.auth_session set time_created = now() - interval '25 hours' where id = any($1)`, [
        ended.map(({ person }) => person.me.session.id),
      ])
      await ok(carol.call('PATCH', '/api/login-policy', { preset: 'strict' }))
      await ok(carol.call('PATCH', '/api/login-policy', { preset: 'everyday' }))
      return ended
    },
  }

  /** As the operator’s commands do it. */
  async function byChange({ person }: Worker, reason: 'role_changed' | 'suspended', change: object): Promise<readonly Worker[]> {
    const userId = person.me.user.id
    const ended = ofPerson(userId)
    await login.ending.endAs(person.me.organisation.id, { chosen: { userId }, end: { reason, by: { kind: 'operator' } } }, async (tx) => {
      await tx.change(tx.db.updateTable('user').set(change).where('id', '=', userId))
    })
    return ended
  }

  async function endIn(reason: EndReason): Promise<void> {
    const [worker] = waiting().filter(({ before }) => before > 0)
    over(await WAYS[reason]!(worker!), reason)
  }

  const whyEnded = async ({ person: { token } }: Worker) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await all.world.call<{ reason: EndReason | null }>('POST', '/api/auth/why-ended', { headers })).body.reason
  }

  const nobodyIsLate = async (reasons: readonly EndReason[]) => {
    const ended = workers.filter(({ reason }) => reason && reasons.includes(reason))
    expect(ended.length).toBeGreaterThanOrEqual(reasons.length)
    await expect.poll(() => ended.every(({ late }) => late.length === 3), { timeout: 20_000 }).toBe(true)
    expect(new Set(ended.flatMap(({ late }) => late))).toEqual(new Set([401]))
    expect(workers.flatMap(({ odd }) => odd)).toEqual([])
    for (const worker of ended) {
      const last = (await streams.get(worker))!.trimEnd().split('\n').at(-1)!
      // A stream that looks with a replaced token ends before anybody knows of a theft, and whoever follows anew is told.
      if (worker.reason === 'theft' && !last.includes('"reason"')) expect(await whyEnded(worker)).toBe('theft')
      else expect(last).toBe(`data: ${JSON.stringify({ reason: worker.reason })}`)
    }
  }

  const reasons = EndReason.options.filter((reason) => !BY_TIME.includes(reason))

  test('every reason that there is has its way here', () => {
    expect(Object.keys(WAYS).sort()).toEqual([...reasons].sort())
  })

  test('none of them gets in after an end, and every stream ends with its reason, with Redis up', async () => {
    await sleep(500)
    for (const reason of reasons) await endIn(reason)
    await nobodyIsLate(reasons)
  }, 60_000)

  test('the same while Redis is dead: ends are found where they are written down', async () => {
    await all.redis.kill()
    await sleep(500)
    const meanwhile = reasons.filter((reason) => reason !== 'policy')
    for (const reason of meanwhile) await endIn(reason)
    await nobodyIsLate(meanwhile)
    await all.redis.start()
  }, 60_000)

  test('those whose logins did not end were never refused', () => {
    const going = waiting()
    expect(going.length).toBeGreaterThan(20)
    expect(going.every(({ before, late }) => before > 0 && late.length === 0)).toBe(true)
  })

  test('an answer under way goes on for its person, and nothing more of it reaches the login that ended', async () => {
    const [asking, staying] = [await all.world.signIn('alice'), await all.world.signIn('alice')]
    const chat = await asking.call<{ id: string }>('POST', '/api/chats', { model: all.slow })
    const text = 'one two three four five six'
    const question = { text, parentId: null, idempotencyKey: crypto.randomUUID() }
    const asked = await all.a.as(asking)<{ answer: { id: string } }>('POST', `/api/chats/${chat.body.id}/messages`, question)
    const path = `/api/chats/${chat.body.id}/generations/${asked.body.answer.id}/events`
    const [ending, going] = [all.b.as(asking)('GET', path), all.b.as(staying)('GET', path)]
    await all.models.reached(1)
    await ok(staying.call('DELETE', `/api/me/sessions/${asking.me.session.id}`))
    const seen = await ending
    all.models.release()
    expect((await going).text).toContain('"status":"complete"')
    expect(seen.text).not.toContain('event: done')
    expect((await all.b.as(asking)('GET', path)).status).toBe(401)
  }, 30_000)
})

/** Does the work for each, some at a time; answers what each gave. */
async function inLanes<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...items.entries()]
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1])
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return results
}
