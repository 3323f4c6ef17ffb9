/**
 * Leaving, as far as doors are needed: beginning an export, asking to be erased, and taking that back. An erasure itself is a job's
 * (`ops/erasure.ts`); once it has begun nothing here, or anywhere, takes it back.
 */
import { sql } from 'kysely'
import type { Leaving as Left } from '#contract/accounts.ts'
import type { ExportId, JobId, TenantId, UserId } from '#contract/ids.ts'
import { type Erasure, type Export, UNDO_DAYS } from '#contract/leaving.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, requireProven } from '../../isolation/doors.ts'
import type { Message } from '../../isolation/queue.ts'
import type { ReadTx } from '../../isolation/unit-of-work.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import type { Letters } from '../letters.ts'
import { lockAdministrators } from '../people/administrators.ts'
import { withdrawRecoveries } from '../people/recovery-rows.ts'
import { insertEvents } from '../security-log.ts'
import { type Ending, lockSessions } from '../sessions/ending.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import type { Tenants } from '../tenants.ts'
import { keptLetter, leavingLetter } from './letters.ts'

const MOST_EXPORTS_A_DAY = 5

export interface LeavingParts {
  readonly doors: Doors
  readonly ending: Ending
  readonly ends: SessionEnds
  readonly ids: Ids
  readonly letters: Letters
  readonly tenants: Tenants
  /** Hands an export to whichever server takes it up. */
  readonly putExport: (message: Message) => Promise<void>
}

export class Leaving {
  readonly #parts: LeavingParts
  constructor(parts: LeavingParts) {
    this.#parts = parts
  }

  /** Begins an export of the actor's own. Of several that are begun at once, one is. */
  async beginExport(actor: Actor, device: Device): Promise<Export> {
    const { tenantId, userId, sessionId } = actor
    const id = this.#parts.ids.next<JobId>()
    const row = await this.#parts.doors.open(tenantId, async (tx) => {
      await lockSessions(tx, { sessionId })
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', userId).forNoKeyUpdate())
      requireProven(await tx.enter(actor.tokenHash))
      await refuseMore(tx, userId)
      const own = { user_id: userId, scope_id: userId }
      const begun = await tx.first(
        tx.db
          .insertInto('export')
          .values({ id, ...own, session_id: sessionId })
          .returning(['time_created', 'expires_at']),
      )
      await tx.changeAll([
        tx.db.insertInto('job').values({ id, kind: 'export', ...own }),
        insertEvents(tx, this.#parts.ids, [{ userId, kind: 'export_begun', by: { kind: 'self', userId, device }, sessionId }]),
      ])
      return begun!
    })
    await this.#parts.putExport({ tenantId, jobId: id })
    return {
      id: id as string as ExportId,
      state: 'waiting',
      done: 0,
      total: 0,
      bytes: 0,
      timeCreated: row.time_created.toISOString(),
      finishedAt: null,
      expiresAt: row.expires_at.toISOString(),
    }
  }

  /** Writes down that an export ended without an archive, since its job may write nothing any more. */
  async stopExport({ tenantId, jobId }: Message): Promise<void> {
    await this.#parts.doors.open(tenantId, (tx) =>
      tx.changeAll([
        tx.db.updateTable('export').set({ state: 'stopped' }).where('id', '=', jobId).where('state', 'in', ['waiting', 'running']),
        tx.db.updateTable('job').set({ state: 'ended' }).where('id', '=', jobId).where('kind', '=', 'export'),
      ]),
    )
  }

  /** Writes down in the actor's log that they took an archive. */
  async noteDownload({ tenantId, userId, sessionId }: Actor, device: Device): Promise<void> {
    const event = { userId, kind: 'export_downloaded', by: { kind: 'self', userId, device }, sessionId } as const
    await this.#parts.doors.open(tenantId, (tx) => tx.change(insertEvents(tx, this.#parts.ids, [event])))
  }

  /** Asks that the actor be erased. To ask again changes nothing. */
  async ask(actor: Actor, email: string, device: Device): Promise<Left> {
    const { tenantId, userId } = actor
    let asked: Asked | undefined
    let person: { name: string; email: string } | undefined
    await this.#parts.ending.leave(actor, device, {
      before: (tx) => refuseLastAdministrator(tx, userId),
      more: async (tx) => {
        const user = await tx.first(tx.db.selectFrom('user').select(['name', 'email']).where('id', '=', userId))
        if (user?.email !== email) throw new Failure('deletion.wrong_address')
        asked = await findAsked(tx, userId)
        if (asked) return
        asked = await addAsked(tx, userId)
        await withdrawRecoveries(tx, userId)
        person = user
        const by = { kind: 'self', userId, device } as const
        await tx.change(insertEvents(tx, this.#parts.ids, [{ userId, kind: 'deletion_asked', by }]))
      },
    })
    const left = shown(asked!)
    if (person) {
      const organisation = await this.#organisation(tenantId)
      await this.#parts.letters.send(
        leavingLetter({ ...person, to: person.email, organisation, page: this.#page, erasedFrom: asked!.due_at }),
        [userId],
      )
      await this.#parts.ends.tellNews(tenantId, userId)
    }
    return left
  }

  /** Keeps the actor's account after all; nothing happens where nobody asked. */
  async undo(actor: Actor, device: Device): Promise<void> {
    const { tenantId, userId } = actor
    const person = await this.#parts.doors.open(tenantId, async (tx) => {
      await tx.enter(actor.tokenHash)
      if ((await tx.change(tx.db.deleteFrom('erasure').where('user_id', '=', userId))) === 0) return undefined
      await tx.change(insertEvents(tx, this.#parts.ids, [{ userId, kind: 'deletion_undone', by: { kind: 'self', userId, device } }]))
      return tx.first(tx.db.selectFrom('user').select(['name', 'email']).where('id', '=', userId))
    })
    if (!person) return
    const letter = keptLetter({ ...person, to: person.email, organisation: await this.#organisation(tenantId) })
    await this.#parts.letters.send(letter, [userId])
    await this.#parts.ends.tellNews(tenantId, userId)
  }

  get #page(): string {
    return this.#parts.letters.pageAt('/account/data')
  }

  async #organisation(tenantId: TenantId): Promise<string> {
    return (await this.#parts.tenants.byId(tenantId))?.name ?? ''
  }
}

async function refuseMore(tx: DoorTx, userId: UserId): Promise<void> {
  const latest = await tx.all(
    tx.db
      .selectFrom('export')
      .select(sql<boolean>`state in ('waiting', 'running') and time_created > now() - interval '1 hour'`.as('runs'))
      .where('user_id', '=', userId)
      .where('time_created', '>', sql<Date>`now() - interval '1 day'`),
  )
  if (latest.some(({ runs }) => runs)) throw new Failure('export.running')
  if (latest.length >= MOST_EXPORTS_A_DAY) throw new Failure('export.too_many')
}

/** Administrators who leave do not count, and those there are stay so until the commit: of two that go at once the second is refused. */
export async function refuseLastAdministrator(tx: DoorTx, userId: UserId): Promise<void> {
  const staying = await lockAdministrators(tx)
  if (staying.length === 1 && staying[0] === userId) throw new Failure('deletion.last_administrator')
}

interface Asked {
  readonly asked_at: Date
  readonly due_at: Date
}

function findAsked(tx: DoorTx, userId: UserId): Promise<Asked | undefined> {
  return tx.first(tx.db.selectFrom('erasure').select(['asked_at', 'due_at']).where('user_id', '=', userId))
}

async function addAsked(tx: DoorTx, userId: UserId): Promise<Asked> {
  const row = await tx.first(
    tx.db
      .insertInto('erasure')
      .values({ user_id: userId, by: 'self', due_at: sql<Date>`now() + make_interval(days => ${UNDO_DAYS}::int)` })
      .returning(['asked_at', 'due_at']),
  )
  return row!
}

function shown({ asked_at, due_at }: Asked): Left {
  return { askedAt: asked_at.toISOString(), erasedFrom: due_at.toISOString() }
}

/** Whether the actor asked to be erased, and when that is due. */
export async function readLeaving(tx: ReadTx): Promise<Left | null> {
  const row = await tx.first(tx.db.selectFrom('erasure').select(['asked_at', 'due_at']).where('user_id', '=', tx.actor.userId))
  return row ? shown(row) : null
}

/** Erasures of the organisation, the latest first; `after` is the position of the last one of the page before. */
export async function listErasures(tx: ReadTx, page: { limit: number; after: readonly string[] | undefined }) {
  const rows = await tx.all(
    tx.db
      .selectFrom('erasure')
      .selectAll()
      .select(sql<string>`asked_at::text`.as('place'))
      .$if(page.after !== undefined, (query) =>
        query.where(sql<boolean>`(asked_at, user_id) < (${page.after?.[0]}::timestamptz, ${page.after?.[1]}::uuid)`),
      )
      .orderBy('asked_at', 'desc')
      .orderBy('user_id', 'desc')
      .limit(page.limit + 1),
  )
  const items = rows.slice(0, page.limit)
  const last = rows.length > page.limit ? items.at(-1) : undefined
  return { items: items.map(shownErasure), last: last && [last.place, last.user_id] }
}

/** An erasure as administrators and the operator see it. */
export function shownErasure(row: {
  readonly user_id: string
  readonly by: string
  readonly asked_at: Date
  readonly due_at: Date
  readonly begun_at: Date | null
  readonly key_destroyed_at: Date | null
  readonly done_at: Date | null
  readonly backups_until: Date | null
  readonly counts: unknown
  readonly letters: number
  readonly letters_left: number
}): Erasure {
  return {
    userId: row.user_id as UserId,
    by: row.by as Erasure['by'],
    state: row.done_at ? 'done' : row.begun_at ? 'running' : 'asked',
    askedAt: row.asked_at.toISOString(),
    dueAt: row.due_at.toISOString(),
    keyDestroyedAt: row.key_destroyed_at?.toISOString() ?? null,
    doneAt: row.done_at?.toISOString() ?? null,
    counts: row.counts as Record<string, number>,
    letters: row.letters,
    lettersLeft: row.letters_left,
    backupsUntil: row.backups_until?.toISOString() ?? null,
  }
}
