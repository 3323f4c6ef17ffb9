/** The product as an operator starts it twice: two processes, one PostgreSQL, one Redis that lets in only who it knows, over TLS. */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { MASTER, PASSWORD, PEOPLE, PREFIX } from '#tests/support/cast.ts'
import { type ServerProcess, startProcess } from '#tests/support/process.ts'
import { aclOf, MISSING, startTlsRedis } from '#tests/support/redis.ts'
import { cloneTemplate } from '#tests/support/world.ts'

if (MISSING) process.stderr.write(`\nSKIPPED: tests/cache/processes.test.ts: ${MISSING}\n`)

describe.skipIf(MISSING !== undefined)('two processes', () => {
  let redis: Awaited<ReturnType<typeof startTlsRedis>>
  let a: ServerProcess
  let b: ServerProcess
  beforeAll(async () => {
    redis = await startTlsRedis(aclOf('sx:', 'secret'), ['--user', 'trusted', '--pass', 'trusted', '--no-auth-warning'])
    const [urlFile, caFile] = [join(redis.directory, 'url'), join(redis.directory, 'ca.pem')]
    await writeFile(urlFile, `${redis.url.replace('//', '//sardonyx:secret@')}\n`)
    await writeFile(caFile, redis.ca)
    const env = {
      DATABASE_URL: await cloneTemplate(),
      SARDONYX_ROLE_PREFIX: PREFIX,
      SARDONYX_MASTER_KEY: MASTER.toString('hex'),
      SARDONYX_REDIS_URL_FILE: urlFile,
      SARDONYX_REDIS_CA_FILE: caFile,
      SARDONYX_REDIS_PREFIX: 'sx:',
    }
    const dataDir = dirname(inject('keyringDirectory'))
    a = await startProcess({ dataDir, env })
    b = await startProcess({ dataDir, env })
  }, 60_000)
  afterAll(async () => {
    await Promise.all([a?.end('SIGTERM'), b?.end('SIGTERM')])
    await redis?.remove()
  })

  const call = (server: ServerProcess, method: string, path: string, { token, body }: { token?: string; body?: object }) =>
    fetch(`${server.address}${path}`, {
      method,
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })

  test('a person is known at both until they sign out at one', async () => {
    const { email, tenant } = PEOPLE.alice
    const signIn = { email, password: PASSWORD, organisation: tenant, deliver: 'token' }
    const { token } = (await (await call(a, 'POST', '/api/auth/sign-in', { body: signIn })).json()) as { token: string }
    expect((await call(a, 'GET', '/api/chats', { token })).status).toBe(200)
    expect((await call(b, 'GET', '/api/chats', { token })).status).toBe(200)
    expect(redis.cli('KEYS', 'sx:t:*:auth:session:*')).toMatch(/^sx:t:[0-9a-f-]{36}:auth:session:[0-9a-f]{64}$/)
    expect((await call(a, 'POST', '/api/auth/sign-out', { token })).status).toBe(204)
    expect((await call(b, 'GET', '/api/chats', { token })).status).toBe(401)
    expect(redis.cli('KEYS', '*:auth:session:*')).toBe('')
    expect(a.output() + b.output()).not.toContain('secret')
  })

  test('both stop properly while Redis is frozen', async () => {
    redis.freeze()
    expect(await Promise.all([a.end('SIGTERM'), b.end('SIGTERM')])).toEqual([0, 0])
    redis.thaw()
  })
})
