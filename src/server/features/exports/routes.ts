/** The endpoints of exports, but for beginning one, which is a door's. */
import { Readable } from 'node:stream'
import type { JobId, TenantId } from '#contract/ids.ts'
import { downloadExport, type Export, listExports, removeExport } from '#contract/leaving.ts'
import type { Actor } from '#server/isolation/actor.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import type { ExportStore } from './store.ts'

interface Parts {
  readonly exports: ExportStore
  readonly units: UnitsOfWork
  /** Hands an export to whichever server takes it up; one that was handed on already is handed on once. */
  readonly putExport: (message: { tenantId: TenantId; jobId: JobId }) => Promise<void>
  /** Writes down in the person's log that an archive was taken. */
  readonly noteDownload: (actor: Actor, device: { ip: string; userAgent: string | null }) => Promise<void>
}

/** The routes of this folder. */
export function exportRoutes({ exports, units, putExport, noteDownload }: Parts): Route[] {
  return [
    route(listExports, async ({ actor, tx }) => {
      // A server may die between the commit that begins an export and handing it on.
      for (const jobId of await exports.late(tx)) await putExport({ tenantId: actor.tenantId, jobId })
      return { items: await exports.list(tx) }
    }),

    route(downloadExport, async ({ actor, unit, params: { exportId }, request, fail }) => {
      const found = await unit.read((tx) => exports.find(tx, exportId))
      if (!found) throw fail('export.not_found')
      if (found.state !== 'ready') throw fail('export.not_ready')
      await noteDownload(actor, request)
      const fileName = `sardonyx-export-${found.timeCreated.slice(0, 10)}.zip`
      return { type: 'application/zip' as const, content: Readable.from(archive(actor, found, { exports, units })), fileName }
    }),

    route(removeExport, async ({ tx, params, fail }) => {
      if (!(await exports.remove(tx, params.exportId))) throw fail('export.not_found')
      return undefined
    }),
  ]
}

/** The archive, a piece at a time; each is read under the login, so that one that ends meanwhile gets no more of it. */
async function* archive(actor: Actor, { id, bytes }: Export, { exports, units }: Pick<Parts, 'exports' | 'units'>): AsyncGenerator<Buffer> {
  let left = bytes
  for (let number = 0; left > 0; number++) {
    const part = await units.read(actor, (tx) => exports.part(tx, id, number))
    // A reply that breaks off is no archive, and the browser says so; one that only ended early would look like one.
    if (!part) throw new Error('an archive went while it was being downloaded')
    left -= part.length
    yield part
  }
}
