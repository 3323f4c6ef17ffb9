/** Readers of event streams come and go at any moment, and nothing of them stays behind. */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SessionEnds } from '#server/auth/sessions/session-ends.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { eventually } from '#tests/support/redis.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'

let world: World
let port: number
/** How many ends are waited for at this moment. */
let watching = 0

beforeAll(async () => {
  const { watch } = SessionEnds.prototype
  vi.spyOn(SessionEnds.prototype, 'watch').mockImplementation(function (this: SessionEnds, ...args) {
    const forget = watch.apply(this, args)
    watching += 1
    return () => {
      watching -= 1
      forget()
    }
  })
  world = await createWorld()
  await world.server.app.listen({ host: '127.0.0.1', port: 0 })
  port = (world.server.app.server.address() as AddressInfo).port
})
afterAll(async () => {
  vi.restoreAllMocks()
  await world.close()
})

/** Asks for the events of a login; answers both ends of the connection. */
async function ask({ token }: SignedIn): Promise<{ here: Socket; there: Socket }> {
  const arrived = once(world.server.app.server, 'connection') as Promise<[Socket]>
  const here = connect(port, '127.0.0.1')
  const [there] = await arrived
  here.write(`GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  return { here, there }
}

test('a reader who leaves is forgotten', async () => {
  const alice = await world.signIn('alice')
  const { here } = await ask(alice)
  await eventually(() => watching > 0)
  here.destroy()
  await eventually(() => watching === 0)
})

test('a reader who has left before the stream began is not waited for', async () => {
  const alice = await world.signIn('alice')
  const client = new pg.Client({ connectionString: world.url })
  await client.connect()
  await client.query(`begin; lock table ${await schemaOf(world, 'acme')}.auth_token in access exclusive mode`)
  const { here, there } = await ask(alice)
  await eventually(async () => (await world.sql(`select from pg_locks where not granted`)).rows.length > 0)
  here.destroy()
  await once(there, 'close')
  await client.query('commit')
  await client.end()
  const { usage } = { usage: () => world.database.usage('app') }
  await eventually(() => usage().open === usage().idle)
  expect((await alice.call('GET', '/api/me')).status).toBe(200)
  expect(watching).toBe(0)
})
