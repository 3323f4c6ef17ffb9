/**
 * Writing exports: a job that acts for its person, reads what they may, and puts the archive down in sealed pieces. A server that dies
 * leaves pieces behind; whichever takes the job up begins anew. Nothing is kept in memory but the piece that is being filled.
 */
import type { JobId, TenantId } from '#contract/ids.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import { isRefusal, type Jobs } from '#server/isolation/jobs.ts'
import { ReachChanged, type UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import type { Log } from '#server/kernel/log.ts'
import { Archive } from './archive.ts'
import type { Exporter, Read } from './exporter.ts'
import type { ExportStore } from './store.ts'

const PART_BYTES = 512 * 1_024
/** So often it is written down how far an export is, however small it is. */
const NOTE_EVERY_MS = 500
/** Of one read, while what its person reaches goes on changing; then the whole export is tried again later. */
const MOST_ATTEMPTS = 10

export interface ExportingParts {
  readonly jobs: Jobs
  readonly units: UnitsOfWork
  readonly exports: ExportStore
  readonly exporters: readonly Exporter[]
  readonly clock: Clock
  readonly log: Log
  /** Writes down that an export has ended without an archive: its job may write nothing any more. */
  readonly onStopped: (message: Message) => Promise<void>
}

interface Message {
  readonly tenantId: TenantId
  readonly jobId: JobId
}

export class Exporting {
  readonly #parts: ExportingParts
  constructor(parts: ExportingParts) {
    this.#parts = parts
  }

  /** Writes the archive of an export. Throws when it should be tried again; returns once it is ready, or its person may not have it. */
  async run(message: Message, signal: AbortSignal): Promise<void> {
    try {
      const actor = await this.#parts.jobs.actorOf(message.tenantId, message.jobId)
      await this.#write(actor, signal)
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#parts.log.info({ ...message }, 'an export may not act; it is left')
      await this.#parts.onStopped(message)
    }
  }

  async #write(actor: JobActor, signal: AbortSignal): Promise<void> {
    const { units, exports, exporters, clock } = this.#parts
    const read = this.#reading(actor)
    let total = 0
    for (const exporter of exporters) total += await read((tx) => exporter.count(tx))
    await units.write(actor, (tx) => exports.begin(tx, total))
    const archive = new Archive(clock.now())
    const keeping = this.#keeping(actor, archive)
    for (const exporter of exporters) {
      for await (const file of exporter.files(read)) {
        for await (const _ of archive.add(file)) {
          signal.throwIfAborted()
          await keeping.nowAndThen()
        }
      }
    }
    const about = { format: 'sardonyx-export', version: 1, madeAt: new Date(clock.now()).toISOString(), userId: actor.userId }
    for await (const _ of archive.end(about)) await keeping.nowAndThen()
    await keeping.rest()
  }

  /** Each read reaches what the person reaches then: what is shared while an export is written has moved to another scope. */
  #reading(first: JobActor): Read {
    let actor = first
    return async (work) => {
      for (let attempts = 1; ; attempts++) {
        try {
          return await this.#parts.units.read(actor, work, { sameReach: true })
        } catch (error) {
          if (!(error instanceof ReachChanged) || attempts === MOST_ATTEMPTS) throw error
          actor = await this.#parts.jobs.actorOf(actor.tenantId, actor.jobId)
        }
      }
    }
  }

  /** Puts full pieces down as they come, and between them how far the export is. */
  #keeping(actor: JobActor, archive: Archive) {
    const { units, exports, clock } = this.#parts
    let [number, bytes, notedMs] = [0, 0, clock.now()]
    const keep = async () => {
      const content = archive.take()
      bytes += content.length
      notedMs = clock.now()
      await units.write(actor, (tx) => exports.addPart(tx, { number: number++, content }, { done: archive.done, bytes }))
    }
    return {
      nowAndThen: async () => {
        if (archive.waiting >= PART_BYTES) return keep()
        if (clock.now() < notedMs + NOTE_EVERY_MS) return
        notedMs = clock.now()
        await units.write(actor, (tx) => exports.note(tx, { done: archive.done, bytes: bytes + archive.waiting }))
      },
      rest: async () => {
        await keep()
        await units.write(actor, (tx) => exports.finish(tx, { done: archive.done, bytes }))
      },
    }
  }
}
