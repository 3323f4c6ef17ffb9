/** Locks that a test holds in a world's database, and how many wait for some. */
import pg from 'pg'
import { eventually } from './redis.ts'
import type { World } from './world.ts'

/** Locks something, so that whoever needs it waits; answers how to let go of it. */
export async function hold({ url }: World, what: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`begin; ${what}`)
  return async () => {
    await client.query('commit')
    await client.end()
  }
}

/** How many connections wait for locks and came to do so since a time. */
export async function waitingSince(world: World, since: Date): Promise<number> {
  const { rows } = await world.sql<{ count: number }>(
    `select count(distinct pid)::int from pg_locks join pg_stat_activity using (pid)
      where not granted and waitstart > $1 and datname = current_database()`,
    [since],
  )
  return rows[0]!.count
}

/** Resolves once so many connections wait for locks. */
export function waiting(world: World, count: number): Promise<void> {
  return eventually(async () => (await waitingSince(world, new Date(0))) === count)
}
