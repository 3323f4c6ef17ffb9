/**
 * Tells the cache and the other servers which sessions have ended. An end is written down in the transaction that brings it, told
 * right after the commit, and told again by any server until the cache has taken it: an outage delays, and loses nothing. Access
 * does not wait for any of it, since the database refuses an ended session from its commit on.
 */
import { sql } from 'kysely'
import { z } from 'zod'
import { SessionId, type TenantId } from '#contract/ids.ts'
import { type CacheStore, onTold, TenantCache } from '../isolation/cache.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import { errorFields, type Log } from '../kernel/log.ts'

const RETRY_EVERY_MS = 1_000
/** Every so many retries all organisations are looked at, for ends that a server wrote down and died before telling. */
const RETRIES_PER_SWEEP = 60
const MOST_AT_ONCE = 500

const Ended = z.strictObject({ ended: SessionId })

export class SessionEnds {
  readonly #doors: Doors
  readonly #cache: CacheStore
  readonly #log: Log
  /** In the order in which they are tried. */
  readonly #untold = new Set<TenantId>()
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #retries = 0

  constructor(parts: { doors: Doors; cache: CacheStore; log: Log }) {
    this.#doors = parts.doors
    this.#cache = parts.cache
    this.#log = parts.log
  }

  /** Writes an end down in the transaction that brings it. Call `tell` after its commit. */
  async writeDown(tx: DoorTx, sessionId: SessionId): Promise<void> {
    await tx.change(
      tx.db
        .insertInto('session_end')
        .values({ session_id: sessionId })
        .onConflict((conflict) => conflict.doNothing()),
    )
  }

  /** Tells what is written down for an organisation; false when it will be told later. Never rejects. */
  async tell(tenantId: TenantId): Promise<boolean> {
    try {
      if (await this.#tellAll(tenantId)) {
        this.#untold.delete(tenantId)
        return true
      }
    } catch (error) {
      this.#log.warn(errorFields(error), 'ended sessions were not told of; it is tried again')
    }
    // To the end of the queue, so that one organisation in trouble holds up no other.
    this.#untold.delete(tenantId)
    this.#untold.add(tenantId)
    return false
  }

  /** Calls back for every session of which any server tells that it ended. */
  onTold(listener: (sessionId: SessionId) => void): () => void {
    return onTold(this.#cache, (message) => {
      const { data } = Ended.safeParse(message)
      if (data) listener(data.ended)
    })
  }

  /** Begins to tell again what was not told. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#working = this.#retry().then(() => {
        if (this.#timer) this.start()
      })
    }, RETRY_EVERY_MS).unref()
  }

  /** Stops telling; resolves when nothing more is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#working
  }

  async #retry(): Promise<void> {
    try {
      if (this.#retries++ % RETRIES_PER_SWEEP === 0) for (const { id } of await this.#doors.tenants()) this.#untold.add(id)
    } catch (error) {
      this.#log.warn(errorFields(error), 'organisations could not be read; it is tried again')
    }
    for (const tenantId of [...this.#untold]) if (!(await this.tell(tenantId))) return
  }

  /** True when nothing is left to tell. */
  async #tellAll(tenantId: TenantId): Promise<boolean> {
    const ends = await this.#doors.open(tenantId, (tx) =>
      tx.all(
        tx.db
          .selectFrom('session_end')
          .leftJoin('auth_token', 'auth_token.session_id', 'session_end.session_id')
          .select([
            'session_end.session_id',
            sql<string[]>`coalesce(array_agg(encode(hash, 'hex')) filter (where hash is not null), '{}')`.as('hashes'),
          ])
          .groupBy('session_end.session_id')
          .limit(MOST_AT_ONCE),
      ),
    )
    const told: SessionId[] = []
    for (const { session_id, hashes } of ends)
      if (await this.#tellOne(tenantId, session_id as SessionId, hashes)) told.push(session_id as SessionId)
    if (told.length > 0)
      await this.#doors.open(tenantId, (tx) => tx.change(tx.db.deleteFrom('session_end').where('session_id', 'in', told)))
    return told.length === ends.length && ends.length < MOST_AT_ONCE
  }

  async #tellOne(tenantId: TenantId, sessionId: SessionId, hashes: readonly string[]): Promise<boolean> {
    const cache = new TenantCache(this.#cache, tenantId)
    for (const hash of hashes) if (!(await cache.delete(`auth:session:${hash}`))) return false
    return cache.tell({ ended: sessionId } satisfies z.input<typeof Ended>)
  }
}
