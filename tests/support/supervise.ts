/** What each server does every few minutes, now: finds out whose server died. */
import { PgBoss } from 'pg-boss'
import { urlAs } from '#server/ops/installation.ts'
import type { World } from './world.ts'

/** Resolves once the messages of servers that have been silent for too long are given back to the queue. */
export async function supervise(world: World): Promise<void> {
  await world.sql('update queue.queue set monitor_on = null, monitor_claim_on = null')
  const boss = new PgBoss({
    connectionString: urlAs('worker', world.installation),
    schema: 'queue',
    migrate: false,
    schedule: false,
    supervise: false,
    registerInstance: false,
    reindex: false,
    monitorVacuum: false,
  })
  await boss.start()
  await boss.supervise()
  await boss.stop()
}
