/**
 * The real thing for the model to be held against: two servers of one installation over one PostgreSQL, whose time is the test's, and one
 * Redis, which can be emptied, turned back, stopped and started. Each server's own clock may be wrong.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { hash } from '@node-rs/argon2'
import { createClient } from 'redis'
import { inject } from 'vitest'
import type { Problem } from '#contract/errors.ts'
import type { TenantId } from '#contract/ids.ts'
import { readConfig } from '#server/config.ts'
import { redisSettings } from '#server/isolation/cache/redis-settings.ts'
import { RedisStore } from '#server/isolation/cache/redis-store.ts'
import { schemaName } from '#server/isolation/tables.ts'
import { connect } from '#server/ops/installation.ts'
import { createServer } from '#server/server.ts'
import { PASSWORD, PEOPLE, testInstallation } from '#tests/support/cast.ts'
import { withDatabase } from '#tests/support/global-setup.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'
import { eventually, startRedis } from '#tests/support/redis.ts'
import { cloneTemplate, superuser } from '#tests/support/world.ts'
import { takeOverTime } from './database-clock.ts'

export type Which = 0 | 1

/** Who calls, with what. */
export interface Caller {
  readonly server: Which
  readonly token: string | null
  readonly via: 'cookie' | 'header'
}

export interface Reply {
  readonly status: number
  readonly body: unknown
  /** Without what is of this one reply. */
  readonly text: string
  /** The token that the reply gives, in a cookie; null when it takes the cookie away. */
  readonly given: string | null | undefined
}

export type Stage = Awaited<ReturnType<typeof openStage>>

/** Opens it; the caller closes it. */
export async function openStage() {
  const url = await cloneTemplate()
  const time = await takeOverTime(url)
  const installation = await testInstallation({ url, keyringDirectory: inject('keyringDirectory') })
  const redis = await startRedis()
  const cache = createClient({ url: redis.url, disableOfflineQueue: true }).on('error', () => undefined)
  await cache.connect()
  const skewMs: [number, number] = [0, 0]
  const log = new KeptLog()
  const start = (which: Which) => startServer(installation, { redisUrl: redis.url, log, now: () => time.now() + skewMs[which] })
  const servers = [await start(0), await start(1)] as [Started, Started]
  const [tenant] = await time.sql<{ id: TenantId }>(`select id from control.tenant where slug = 'acme'`)
  const schema = schemaName(tenant!.id)
  /** Runs SQL as the superuser; `{schema}` is that of the organisation. */
  const sql = <R extends object>(text: string, values?: unknown[]) => time.sql<R>(text.replaceAll('{schema}', schema), values)
  // Passwords are looked at all the time, and how hard they are to guess is shown elsewhere.
  await sql('update {schema}.credential set password_hash = $1', [await hash(PASSWORD, { memoryCost: 8, timeCost: 1, parallelism: 1 })])
  let isUp = true
  let copy: { key: string; value: string }[] = []

  return {
    time,
    log,
    call: (caller: Caller, method: string, path: string, body?: object) => call(servers[caller.server], caller, { method, path, body }),
    async userId(person: 'alice' | 'carol'): Promise<string> {
      const [found] = await sql<{ id: string }>('select id from {schema}."user" where email = $1', [PEOPLE[person].email])
      return found!.id
    },
    async setStatus(userId: string, status: 'active' | 'suspended') {
      await sql('update {schema}."user" set status = $2 where id = $1', [userId, status])
    },
    /** The most tokens of one login that are in use and not replaced, how many alarms of theft there were, and the hashes of proven tokens. */
    async look(): Promise<{ lines: number; alarms: number; proven: string[] }> {
      const [found] = await sql<{ lines: number; alarms: number; proven: string[] }>(`
        with live as (select t.*, proof_good_for_s from {schema}.auth_token t join {schema}.auth_session s on s.id = t.session_id
                       where revoked_at is null)
        select (select coalesce(max(lines), 0)::int
                  from (select count(*) as lines from live where seen_at is not null and retires_at is null group by session_id) each) as lines,
               (select count(*)::int from {schema}.security_event where kind = 'theft_suspected' and notice) as alarms,
               (select coalesce(array_agg(encode(hash, 'hex')), '{}') from live
                 where proven_at + make_interval(secs => proof_good_for_s) > clock.now()) as proven`)
      return found!
    },
    /** Sets the clock of a server wrong. */
    misset(which: Which, byMs: number) {
      skewMs[which] = byMs
    },
    /** Resolves once no server does anything any more that a request has left behind. */
    async settled() {
      while (!servers.every(({ database }) => isIdle(database))) await sleep(1)
    },
    async restart(which: Which) {
      await servers[which].close()
      servers[which] = await start(which)
    },
    cache: {
      isUp: () => isUp,
      async stop() {
        await redis.kill()
        isUp = false
      },
      async start() {
        await redis.start()
        await eventually(() => cache.isReady)
        isUp = true
      },
      flush: () => cache.flushAll(),
      async copy() {
        const keys = await cache.keys('*')
        copy = await Promise.all(keys.map(async (key) => ({ key, value: (await cache.get(key)) ?? '' })))
      },
      restore: () => Promise.all(copy.map(({ key, value }) => cache.set(key, value))),
    },
    /** Forgets every login that there was. */
    async clear() {
      if (!isUp) await this.cache.start()
      await cache.flushAll()
      copy = []
      skewMs.fill(0)
      await sql('truncate {schema}.auth_session, {schema}.security_event cascade')
      await sql(`update {schema}."user" set status = 'active'`)
      await sql('delete from {schema}.login_policy')
      await sql('insert into {schema}.login_policy (id) values ($1)', [tenant!.id])
    },
    async close() {
      for (const server of servers) await server.close()
      cache.destroy()
      await redis.remove()
      await time.close()
      const name = new URL(url).pathname.slice(1)
      await superuser(withDatabase(url, 'postgres'), (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}

type Started = Awaited<ReturnType<typeof startServer>>

async function startServer(
  installation: Awaited<ReturnType<typeof testInstallation>>,
  { redisUrl, log, now }: { redisUrl: string; log: KeptLog; now: () => number },
) {
  const clock = { now }
  const database = connect(installation, log, { app: 4, worker: 1, auth: 4 })
  const cache = await RedisStore.open(redisSettings(redisUrl, { ca: undefined, prefix: '' }), { clock, log })
  const config = readConfig({ 'requests-per-login': '0', 'requests-per-network': '0', 'finish-answers-s': '0' }, {})
  const failuresAllowed = { perAccount: 1_000_000, perAddress: 1_000_000 }
  const server = await createServer({ installation, config, database, log, cache, clock, failuresAllowed, setupCode: undefined })
  return {
    app: server.app,
    database,
    cookieName: `sardonyx-${await installation.keyring.instanceName()}`,
    async close() {
      await server.close()
      await cache.close()
      await database.close()
    },
  }
}

function isIdle(database: Started['database']): boolean {
  return (['app', 'auth'] as const).every((role) => {
    const { open, idle, waiting } = database.usage(role)
    return open === idle && waiting === 0
  })
}

async function call(
  { app, cookieName }: Started,
  { token, via }: Caller,
  { method, path, body }: { method: string; path: string; body?: object | undefined },
): Promise<Reply> {
  const identity = token === null ? {} : via === 'cookie' ? { cookie: `${cookieName}=${token}` } : { authorization: `Bearer ${token}` }
  const reply = await app.inject({
    method: method as 'GET',
    url: path,
    headers: { 'sec-fetch-site': 'same-origin', ...identity, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { payload: JSON.stringify(body) } : {}),
  })
  const json = reply.body === '' ? undefined : JSON.parse(reply.body)
  const cookie = reply.cookies.find(({ name }) => name === cookieName)
  return {
    status: reply.statusCode,
    body: json,
    text: reply.body.replace((json as Problem | undefined)?.requestId ?? '', ''),
    given: cookie && (cookie.value === '' ? null : cookie.value),
  }
}
