/** Exports and erasures, put together: their endpoints, and this server's part in doing them. */
import { Leaving } from './auth/leaving/leaving.ts'
import { leavingRoutes } from './auth/leaving/routes.ts'
import type { createLogin } from './auth/login.ts'
import { exportersOf } from './exporters.ts'
import { Exporting, ExportStore, exportRoutes } from './features/exports/index.ts'
import type { CacheStore } from './isolation/cache.ts'
import type { Cursors } from './isolation/cursor.ts'
import type { Database } from './isolation/database.ts'
import { Jobs } from './isolation/jobs.ts'
import type { Message, Queue } from './isolation/queue.ts'
import type { Route } from './isolation/route.ts'
import type { UnitsOfWork } from './isolation/unit-of-work.ts'
import type { Log } from './kernel/log.ts'
import { Erasures } from './ops/erasure.ts'

/** As much of the queue as is needed; without one, what is begun here is left to servers that have it. */
export type JobsOfServer = Pick<Queue, 'put' | 'onJob' | 'onClock'>

type Parts = Awaited<ReturnType<typeof createLogin>> &
  Parameters<typeof exportersOf>[0] & {
    readonly queue: JobsOfServer | undefined
    readonly units: UnitsOfWork
    readonly cursors: Cursors
    readonly cache: CacheStore
    readonly database: Database
    readonly backupsKeptDays: number | undefined
    readonly log: Log
  }

/** Takes part in the queue from now on; answers the routes. */
export async function leavingParts({ queue, cache, ...parts }: Parts): Promise<Route[]> {
  const jobs = new Jobs(parts.database)
  const exports = new ExportStore(parts.keys)
  const putExport = async (message: Message) => queue?.put('export', message)
  const leaving = new Leaving({ ...parts, putExport })
  const onStopped = (message: Message) => leaving.stopExport(message)
  const exporting = new Exporting({ ...parts, jobs, exports, exporters: exportersOf(parts), onStopped })
  const erasures = new Erasures({ ...parts, jobs })
  await queue?.onJob('export', (message, signal) => exporting.run(message, signal))
  await queue?.onJob('erasure', (message, signal) => erasures.run(message, { ...parts, cache }, signal))
  await queue?.onClock('erasure_round', (signal) => erasures.beginAll((message) => queue.put('erasure', message), signal))
  return [
    ...leavingRoutes({ leaving, cursors: parts.cursors }),
    ...exportRoutes({ exports, units: parts.units, putExport, noteDownload: leaving.noteDownload.bind(leaving) }),
  ]
}
