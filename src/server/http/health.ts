/** For whoever watches the process: is it alive, and can it serve? Nothing else is said, to anyone. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Database } from '../isolation/database.ts'

const PATIENCE_MS = 2_000

/** Adds /livez, which answers while the process does, and /readyz, which answers 503 without a database or while going down. */
export function addHealth(app: FastifyInstance, { database, goingDown }: { database: Database; goingDown: AbortSignal }): void {
  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('alive\n'))
  app.get('/readyz', async (_request, reply) => {
    const isReady = !goingDown.aborted && (await answers(database))
    return reply
      .code(isReady ? 200 : 503)
      .type('text/plain')
      .send(isReady ? 'ready\n' : goingDown.aborted ? 'going down\n' : 'the database does not answer\n')
  })
}

async function answers(database: Database): Promise<boolean> {
  const patience = new AbortController()
  const asked = database.fly('auth', [{ text: 'select 1', values: [] }]).then(
    () => true,
    () => false,
  )
  const tired = sleep(PATIENCE_MS, false, { signal: patience.signal }).catch(() => false)
  return Promise.race([asked, tired]).finally(() => patience.abort())
}
