/** However many logins end at once, every stream of theirs is told at the next look, with the cache there or away. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SessionId } from '#contract/ids.ts'
import { createLogin } from '#server/auth/login.ts'
import { type CacheStore, InProcessStore } from '#server/isolation/cache.ts'
import { mintActor } from '#server/isolation/mint.ts'
import { systemClock } from '#server/kernel/clock.ts'
import { schemaOf } from '#tests/support/conversation.ts'
import { createWorld, type SignedIn, type World } from '#tests/support/world.ts'
import { actorOf } from '#tests/walls/attack.ts'

const MANY = 1_200

let world: World
let schema: string
let alice: SignedIn
beforeAll(async () => {
  world = await createWorld()
  schema = await schemaOf(world, 'acme')
  alice = await world.signIn('alice')
  // It would tell for the others.
  await world.server.close()
})
afterAll(() => world.close())
beforeEach(() => world.sql(`delete from ${schema}.session_end`))

/** So many sessions of Alice that have ended, and are written down as such. */
async function ended(): Promise<SessionId[]> {
  const { rows } = await world.sql<{ id: SessionId }>(
    `with made as (
       insert into ${schema}.auth_session (id, user_id, expires_at, idle_limit_s, revoked_at, revoked_reason)
       select gen_random_uuid(), $1, now() + interval '1 day', 60, now(), 'administrator' from generate_series(1, $2) returning id),
     seen as (insert into ${schema}.auth_session_seen (session_id, user_id) select id, $1 from made)
     insert into ${schema}.session_end (session_id) select id from made returning session_id as id`,
    [alice.me.user.id, MANY],
  )
  return rows.map(({ id }) => id)
}

/** The ends of a further server, and how many of these sessions it has been told of. */
async function serverWith(cache: CacheStore, sessions: readonly SessionId[]) {
  const { ends } = await createLogin({ database: world.database, keyring: world.installation.keyring, log: world.log, cache })
  const told = new Set<SessionId>()
  for (const sessionId of sessions) ends.watch(mintActor({ ...actorOf(alice), sessionId }), { onEnd: () => told.add(sessionId) })
  return { ends, told }
}

test('with the cache there', async () => {
  const { ends, told } = await serverWith(new InProcessStore(systemClock), await ended())
  expect(await ends.tell(alice.me.organisation.id)).toBe(true)
  expect(told.size).toBe(MANY)
  expect((await world.sql(`select from ${schema}.session_end`)).rows).toEqual([])
})

test('with the cache away', async () => {
  class Away extends InProcessStore {
    override delete = async () => false
    override publish = async () => false
  }
  const { ends, told } = await serverWith(new Away(systemClock), await ended())
  // They are good ones again to whoever asks for them by name, so that nothing tells but what is written down.
  await world.sql(`update ${schema}.auth_session set revoked_at = null, revoked_reason = null where revoked_reason = 'administrator'`)
  ends.start()
  await expect.poll(() => told.size).toBe(MANY)
  await ends.stop()
  expect((await world.sql(`select from ${schema}.session_end`)).rows).toHaveLength(MANY)
})
