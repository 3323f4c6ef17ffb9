/**
 * Erasing people: each night whoever is due, and at once by `sardonyx user erase`. Beginning one lets nobody in any more and cannot be taken
 * back; then the key goes, by itself, and after it every row. What is the person's the database says (db/tenant/0015_leaving.sql); the
 * code here could remove nothing else. Whatever dies on the way is taken up where it was left.
 */
import { sql } from 'kysely'
import type { JobId, TenantId, UserId } from '#contract/ids.ts'
import { farewellLetter } from '../auth/leaving/letters.ts'
import type { Letters } from '../auth/letters.ts'
import { withdrawRecoveries } from '../auth/people/recovery-rows.ts'
import { type By, SYSTEM } from '../auth/security-log.ts'
import type { Ending } from '../auth/sessions/ending.ts'
import type { SessionEnds } from '../auth/sessions/session-ends.ts'
import type { Tenants } from '../auth/tenants.ts'
import type { ErasureActor } from '../isolation/actor.ts'
import { type CacheStore, TenantCache } from '../isolation/cache.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import { isRefusal, type Jobs } from '../isolation/jobs.ts'
import type { Erased } from '../isolation/keys/erased.ts'
import type { Message } from '../isolation/queue.ts'
import type { UnitsOfWork } from '../isolation/unit-of-work.ts'
import type { Ids } from '../kernel/ids.ts'
import { errorFields, type Log } from '../kernel/log.ts'

/** Rows of a table in one transaction. */
const MOST_AT_ONCE = 2_000

export interface ErasureParts {
  readonly doors: Doors
  readonly ending: Ending
  readonly ids: Ids
  readonly jobs: Jobs
  readonly units: UnitsOfWork
  readonly log: Log
  /** How long the operator keeps backups; undefined where they have not said. */
  readonly backupsKeptDays: number | undefined
}

/** What it takes to tell servers and the person, which a command cannot. */
interface Telling {
  readonly cache: CacheStore
  readonly ends: SessionEnds
  readonly letters: Letters
  readonly tenants: Tenants
}

/** Who begins one, and what must hold of it. */
interface Begun {
  readonly by?: By
  readonly check?: (tx: DoorTx) => Promise<void>
}

type Put = (message: Message) => Promise<void>

/** It is not due, or was taken back a moment before. */
class NotDue extends Error {}

export class Erasures {
  readonly #parts: ErasureParts
  constructor(parts: ErasureParts) {
    this.#parts = parts
  }

  /** Begins an erasure, or takes up one that has begun: from now on nobody is let in as that person. Undefined when it is not due. */
  async begin(tenantId: TenantId, userId: UserId, { by = SYSTEM, check }: Begun = {}): Promise<Message | undefined> {
    const jobId = this.#parts.ids.next<JobId>()
    try {
      await this.#parts.ending.endAs(tenantId, { chosen: { userId }, end: { reason: 'deleted', by } }, async (tx) => {
        await check?.(tx)
        await beginIn(tx, { userId, jobId, isOperator: by.kind === 'operator' })
      })
      return { tenantId, jobId }
    } catch (error) {
      if (error instanceof NotDue) return undefined
      throw error
    }
  }

  /** Begins what is due in every organisation and hands it on. One that cannot be begun holds up no other, and is thrown in the end. */
  async beginAll(put: Put, signal: AbortSignal): Promise<void> {
    let failed: unknown
    for (const { id } of await this.#parts.doors.tenants()) {
      for (const userId of await this.#due(id)) {
        signal.throwIfAborted()
        try {
          const message = await this.begin(id, userId)
          if (message) await put(message)
        } catch (error) {
          this.#parts.log.error({ tenantId: id, userId, ...errorFields(error) }, 'an erasure could not be begun')
          failed = error
        }
      }
    }
    if (failed !== undefined) throw failed
  }

  /** Destroys the key, unless it is gone already. */
  async destroyKey({ tenantId, jobId }: Message): Promise<void> {
    const found = await this.#find({ tenantId, jobId })
    if (found && !found.key_destroyed_at) await this.#step(this.#parts.jobs.erasureOf(tenantId, jobId), false)
  }

  /** Erases. Throws when it should be tried again; returns once it is done, or when the job may not act. */
  async run(message: Message, telling: Telling, signal: AbortSignal): Promise<void> {
    try {
      await this.#run(message, telling, signal)
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.#parts.log.info({ ...message }, 'an erasure may not act; it is left')
    }
  }

  async #run(message: Message, telling: Telling, signal: AbortSignal): Promise<void> {
    const { tenantId, jobId } = message
    const actor = this.#parts.jobs.erasureOf(tenantId, jobId)
    await this.destroyKey(message)
    const person = await this.#find(message)
    if (!person) return
    // Servers let go of what they hold before the rows go by which they would learn of it.
    const cache = new TenantCache(telling.cache, tenantId)
    const erased: Erased = { erased: person.user_id, tenantId, scopes: await this.#scopesOf(tenantId, person.user_id) }
    const hasTold = (await telling.ends.tell(tenantId)) && (await cache.tell(erased))
    if (!hasTold) throw new Error('not every server could be told of an erasure')
    await this.#forgetUse(actor, cache, person.user_id)
    do signal.throwIfAborted()
    while (await this.#step(actor, false))
    await this.#parts.units.write(actor, (tx) => tx.call('blank_events'))
    await this.#farewell(message, actor, telling)
    await this.#step(actor, true)
    this.#parts.log.info({ tenantId, userId: person.user_id }, 'a person was erased')
  }

  /** Has the cache forget when the person's chats were last used; of others' chats that they could read it does so within the hour. */
  async #forgetUse(actor: ErasureActor, cache: TenantCache, userId: string): Promise<void> {
    for (let after: string | undefined; ; ) {
      const ids = await this.#parts.units.read(actor, (tx) => {
        const chats = tx.db.selectFrom('chat_session').select('id').orderBy('id').limit(MOST_AT_ONCE)
        return tx.all(after === undefined ? chats : chats.where('id', '>', after))
      })
      for (const { id } of ids)
        if (!(await cache.delete(`session:${id}:${userId}`))) throw new Error('the cache could not be made to forget chats of an erasure')
      if (ids.length < MOST_AT_ONCE) return
      after = ids.at(-1)!.id
    }
  }

  /** The next step; false when there is none left. */
  async #step(actor: ErasureActor, finish: boolean): Promise<boolean> {
    const { units, backupsKeptDays } = this.#parts
    const removed = await units.write(actor, (tx) => tx.call('erase', MOST_AT_ONCE, backupsKeptDays ?? null, finish))
    return removed.length > 0
  }

  /** By mail only: a letter in a folder would be one more thing that is kept. What lay there goes. */
  async #farewell(message: Message, actor: ErasureActor, { letters, tenants }: Telling): Promise<void> {
    const person = await this.#find(message)
    if (!person?.email || !person.name) return
    const { email: to, name } = person
    const organisation = (await tenants.byId(message.tenantId))?.name ?? ''
    const report = { askedAt: person.asked_at, keyDestroyedAt: person.key_destroyed_at!, backupsUntil: person.backups_until }
    const counts = person.counts as Record<string, number>
    if (letters.way === 'smtp') await letters.send(farewellLetter({ to, name, organisation, counts, ...report }), [person.user_id])
    const { removed, left } = await letters.forget({ id: person.user_id, address: to })
    await this.#parts.units.write(actor, (tx) =>
      tx.change(tx.db.updateTable('erasure').set({ letters: sql<number>`letters + ${removed}::int`, letters_left: left })),
    )
  }

  /** Whose erasure a job is, while it runs; the person's name and address as long as they are there. */
  #find({ tenantId, jobId }: Message) {
    return this.#parts.doors.open(tenantId, (tx) =>
      tx.first(
        tx.db
          .selectFrom('job')
          .innerJoin('erasure', 'erasure.user_id', 'job.subject_id')
          .leftJoin('user', 'user.id', 'erasure.user_id')
          .select(['erasure.user_id', 'erasure.asked_at', 'key_destroyed_at', 'backups_until', 'counts', 'user.email', 'user.name'])
          .where('job.id', '=', jobId)
          .where('job.kind', '=', 'erasure')
          .where('job.state', '=', 'running'),
      ),
    )
  }

  /** The scopes that are a person's: their personal one, and those of chats that they share. */
  async #scopesOf(tenantId: TenantId, userId: string): Promise<string[]> {
    const rows = await this.#parts.doors.open(tenantId, (tx) =>
      tx.all(tx.db.selectFrom('scope').select('id').where('owner_id', '=', userId)),
    )
    return [userId, ...rows.map(({ id }) => id)]
  }

  async #due(tenantId: TenantId): Promise<UserId[]> {
    const rows = await this.#parts.doors.open(tenantId, (tx) =>
      tx.all(
        tx.db
          .selectFrom('erasure')
          .select('user_id')
          .where('done_at', 'is', null)
          .where((is) => is.or([is('begun_at', 'is not', null), is('due_at', '<=', sql<Date>`now()`)]))
          .orderBy('due_at'),
      ),
    )
    return rows.map(({ user_id }) => user_id as UserId)
  }
}

async function beginIn(tx: DoorTx, { userId, jobId, isOperator }: { userId: UserId; jobId: JobId; isOperator: boolean }): Promise<void> {
  const { db } = tx
  // Whoever takes it back has shared the person's row, and is waited for here.
  await tx.first(db.selectFrom('user').select('id').where('id', '=', userId).forUpdate())
  const found = await tx.first(
    db
      .selectFrom('erasure')
      .select(['begun_at', 'done_at', sql<boolean>`due_at <= now()`.as('is_due')])
      .where('user_id', '=', userId),
  )
  if (found?.done_at || !(isOperator || found?.is_due || found?.begun_at)) throw new NotDue()
  if (!found) await tx.change(db.insertInto('erasure').values({ user_id: userId, by: 'operator', due_at: sql<Date>`now()` }))
  if (!found?.begun_at) {
    await tx.change(db.updateTable('user').set({ status: 'suspended' }).where('id', '=', userId))
    await withdrawRecoveries(tx, userId)
    const by = isOperator ? { by: 'operator' } : {}
    await tx.change(
      db
        .updateTable('erasure')
        .set({ begun_at: sql<Date>`now()`, ...by })
        .where('user_id', '=', userId),
    )
  }
  await tx.changeAll([
    db
      .updateTable('job')
      .set({ state: 'ended' })
      .where('kind', '=', 'erasure')
      .where('subject_id', '=', userId)
      .where('state', '=', 'running'),
    db.insertInto('job').values({ id: jobId, kind: 'erasure', subject_id: userId }),
  ])
}
