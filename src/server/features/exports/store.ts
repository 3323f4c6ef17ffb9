/** Every statement on `export` and `export_part`. Archives are sealed, piece by piece, under the key of their person's own scope. */
import { type ExpressionBuilder, sql } from 'kysely'
import type { ExportId, JobId } from '#contract/ids.ts'
import { ScopeId } from '#contract/ids.ts'
import type { Export } from '#contract/leaving.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import type { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import type { AppTables } from '#server/isolation/tables.ts'
import type { AnyReadTx, ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

export interface Progress {
  readonly done: number
  readonly bytes: number
}

/** A job is good for an hour: what is not finished by then never will be. */
const STATE = sql<
  Export['state']
>`case when state in ('waiting', 'running') and time_created < now() - interval '1 hour' then 'failed' else state end`

export class ExportStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** The actor's exports, the latest first; one that they removed is not there any more. */
  async list(tx: ReadTx): Promise<Export[]> {
    const rows = await tx.all(this.#select(tx).where('state', '<>', 'removed').orderBy('id', 'desc'))
    return rows.map(read)
  }

  /** Those of the actor's exports that nobody has taken up for a minute. */
  async late(tx: ReadTx): Promise<JobId[]> {
    const rows = await tx.all(
      this.#select(tx).where('state', '=', 'waiting').where('time_created', '<', sql<Date>`now() - interval '1 minute'`),
    )
    return rows.map(({ id }) => id as JobId)
  }

  /** One of the actor's exports. */
  async find(tx: ReadTx, id: ExportId): Promise<Export | undefined> {
    const row = await tx.first(this.#select(tx).where('id', '=', id).where('state', '<>', 'removed'))
    return row && read(row)
  }

  /** Removes an export's archive, and ends it where it was being written; false when there is no such export. */
  async remove(tx: WriteTx, id: ExportId): Promise<boolean> {
    const changed = await tx.change(
      tx.db.updateTable('export').set({ state: 'removed' }).where('id', '=', id).where('state', '<>', 'removed'),
    )
    await tx.change(tx.db.deleteFrom('export_part').where('export_id', '=', id))
    return changed === 1
  }

  /** A piece of an archive; undefined behind the last one, and once the archive is gone. */
  async part(tx: ReadTx, id: ExportId, number: number): Promise<Buffer | undefined> {
    const row = await tx.first(
      tx.db
        .selectFrom('export_part')
        .select('content')
        .where('export_id', '=', id)
        .where('number', '=', number)
        .where('user_id', '=', tx.actor.userId),
    )
    return row && (await this.#sealer(tx)).openBytes(row.content, placeOf(id, number), 'content')
  }

  /** Begins an archive, or begins it anew: what an earlier attempt had written goes. */
  async begin(tx: WriteTx<JobActor>, total: number): Promise<void> {
    await tx.change(tx.db.deleteFrom('export_part').where('export_id', '=', tx.actor.jobId))
    await this.#note(tx, 'running', { done: 0, bytes: 0, total })
  }

  /** Keeps the next piece, and how far the export is. */
  async addPart(tx: WriteTx<JobActor>, part: { number: number; content: Buffer }, progress: Progress): Promise<void> {
    const { userId, jobId } = tx.actor
    const content = (await this.#sealer(tx)).seal(part.content, placeOf(jobId, part.number), 'content')
    const own = { user_id: userId, scope_id: ScopeId.parse(userId) }
    await tx.change(tx.db.insertInto('export_part').values({ export_id: jobId, number: part.number, ...own, content }))
    await this.note(tx, progress)
  }

  /** Writes down how far the export is. */
  async note(tx: WriteTx<JobActor>, progress: Progress): Promise<void> {
    await this.#note(tx, 'running', progress)
  }

  /** The archive is whole; its seven days begin, and its job has ended. */
  async finish(tx: WriteTx<JobActor>, progress: Progress): Promise<void> {
    await this.#note(tx, 'ready', progress)
    await tx.change(tx.db.updateTable('job').set({ state: 'ended' }).where('id', '=', tx.actor.jobId))
  }

  async #note(tx: WriteTx<JobActor>, state: Export['state'], { done, bytes, total }: Progress & { total?: number }): Promise<void> {
    const [noted] = await tx.call<{ note_export: boolean | null }>('note_export', state, done, total ?? null, bytes)
    if (!noted?.note_export) throw new Error('an export was to be changed, and was not there')
  }

  #select(tx: ReadTx) {
    return tx.db
      .selectFrom('export')
      .select(['id', 'done', 'total', 'bytes', 'time_created', 'finished_at', 'expires_at', STATE.as('state')])
      .where('user_id', '=', tx.actor.userId)
      .where((is: ExpressionBuilder<AppTables, 'export'>) => is('expires_at', '>', sql<Date>`now()`))
  }

  #sealer(tx: AnyReadTx) {
    return this.#keys.ofScope(tx, ScopeId.parse(tx.actor.userId), 'export_part')
  }
}

const placeOf = (id: string, number: number) => `${id}:${number}`

interface Row {
  id: string
  state: Export['state']
  done: number
  total: number
  bytes: unknown
  time_created: Date
  finished_at: Date | null
  expires_at: Date
}

function read(row: Row): Export {
  return {
    id: row.id as ExportId,
    state: row.state,
    done: row.done,
    total: row.total,
    bytes: Number(row.bytes),
    timeCreated: row.time_created.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    expiresAt: row.expires_at.toISOString(),
  }
}
