/**
 * Tells the cache, the other servers and the open streams of this one which sessions have ended. An end is written down in the
 * transaction that brings it, told right after the commit, and told again by any server until the cache has taken it: an outage delays,
 * and loses nothing. Access does not wait for any of it, since the database refuses an ended session from its commit on.
 */
import { type Compilable, type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { SessionId, type TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type CacheStore, onTold, TenantCache } from '../../isolation/cache.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { errorFields, type Log } from '../../kernel/log.ts'
import { IS_LIVE } from './session-lists.ts'

const LOOK_EVERY_MS = 1_000
/** Every so many looks all organisations are looked at, for ends that a server wrote down and died before telling. */
const LOOKS_PER_SWEEP = 60
/** Every so many, sessions with open streams are asked for by name: those that ran out have written no end down. */
const LOOKS_PER_ROLL_CALL = 5
const MOST_AT_ONCE = 500
const MOST_BY_NAME = 5_000

const Told = z.union([z.strictObject({ ended: SessionId }), z.strictObject({ news: UserId }), z.strictObject({ changed: UserId })])
type Told = z.input<typeof Told>

/** Somebody who wants to know of one session. */
export interface Watcher {
  /** The session ended, here or on any server. */
  onEnd(): void
  /** Something new is in its person's security log. */
  onNews?(): void
  /** Their name, picture or preferences have changed. */
  onChanged?(): void
}

interface Watched {
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly watchers: Set<Watcher>
}

export class SessionEnds {
  readonly #doors: Doors
  readonly #cache: CacheStore
  readonly #log: Log
  /** In the order in which they are tried. */
  readonly #untold = new Set<TenantId>()
  readonly #watched = new Map<SessionId, Watched>()
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #looks = 0

  constructor(parts: { doors: Doors; cache: CacheStore; log: Log }) {
    this.#doors = parts.doors
    this.#cache = parts.cache
    this.#log = parts.log
    onTold(this.#cache, (message) => {
      const { data } = Told.safeParse(message)
      if (data && 'ended' in data) this.#endHere(data.ended)
      if (data && 'news' in data) this.#sayTo(data.news, 'onNews')
      if (data && 'changed' in data) this.#sayTo(data.changed, 'onChanged')
    })
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

  /** Tells every page of a person that something is new in their security log. One that does not hear of it sees it when it looks. */
  async tellNews(tenantId: TenantId, userId: UserId): Promise<void> {
    this.#sayTo(userId, 'onNews')
    await new TenantCache(this.#cache, tenantId).tell({ news: userId } satisfies Told)
  }

  /** Tells every page of the actor's person that their name, picture or preferences have changed. One that does not hear looks later. */
  async tellChanged({ tenantId, userId }: Actor): Promise<void> {
    this.#sayTo(userId, 'onChanged')
    await new TenantCache(this.#cache, tenantId).tell({ changed: userId } satisfies Told)
  }

  /** Calls back for the actor's session until the returned function is called. */
  watch({ sessionId, tenantId, userId }: Actor, watcher: Watcher): () => void {
    const watched = this.#watched.get(sessionId) ?? { tenantId, userId, watchers: new Set() }
    this.#watched.set(sessionId, watched)
    watched.watchers.add(watcher)
    return () => {
      watched.watchers.delete(watcher)
      if (watched.watchers.size === 0) this.#watched.delete(sessionId)
    }
  }

  /** Begins to look for ends: of those that were not told, and of those that another process brought while the cache was away. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.#working = this.#look().then(() => {
        if (this.#timer) this.start()
      })
    }, LOOK_EVERY_MS).unref()
  }

  /** Stops looking; resolves when nothing more is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#working
  }

  async #look(): Promise<void> {
    const look = this.#looks++
    try {
      if (look % LOOKS_PER_SWEEP === 0) for (const { id } of await this.#doors.tenants()) this.#untold.add(id)
      const streaming = Map.groupBy(this.#watched, ([, { tenantId }]) => tenantId)
      for (const [tenantId, sessions] of streaming) {
        const ids = sessions.map(([id]) => id)
        for (const id of await this.#writtenDown(tenantId, ids)) this.#endHere(id)
        if (look % LOOKS_PER_ROLL_CALL === 0) for (const id of await this.#goneOf(tenantId, ids)) this.#endHere(id)
      }
    } catch (error) {
      this.#log.warn(errorFields(error), 'ended sessions could not be looked for; it is tried again')
    }
    for (const tenantId of [...this.#untold]) if (!(await this.tell(tenantId))) return
  }

  /** Which of these sessions have ended and were not told of; their organisation is told next. */
  async #writtenDown(tenantId: TenantId, ids: readonly SessionId[]): Promise<SessionId[]> {
    const rows = await this.#byName(tenantId, ids, (tx, some) =>
      tx.db.selectFrom('session_end').select('session_id as id').where('session_id', '=', some),
    )
    if (rows.length > 0) this.#untold.add(tenantId)
    return rows
  }

  /** Which of these sessions are good no more. */
  async #goneOf(tenantId: TenantId, ids: readonly SessionId[]): Promise<SessionId[]> {
    const live = await this.#byName(tenantId, ids, (tx, some) =>
      tx.db
        .selectFrom('auth_session')
        .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
        .innerJoin('user', 'user.id', 'auth_session.user_id')
        .innerJoin('tenant_state', (join) => join.onTrue())
        .select('auth_session.id')
        .where('auth_session.id', '=', some)
        .where('user.status', '=', 'active')
        .where('tenant_state.status', '=', 'active')
        .where(IS_LIVE),
    )
    const isLive = new Set(live)
    return ids.filter((id) => !isLive.has(id))
  }

  /** What a query finds among these sessions, however many they are. */
  async #byName(
    tenantId: TenantId,
    ids: readonly SessionId[],
    query: (tx: DoorTx, some: RawBuilder<string>) => Compilable<{ id: string }>,
  ): Promise<SessionId[]> {
    const found: { id: string }[] = []
    for (let at = 0; at < ids.length; at += MOST_BY_NAME) {
      const some = sql<string>`any(${ids.slice(at, at + MOST_BY_NAME)}::uuid[])`
      found.push(...(await this.#doors.open(tenantId, (tx) => tx.all(query(tx, some)))))
    }
    return found.map(({ id }) => id as SessionId)
  }

  /** True when nothing is left to tell. */
  async #tellAll(tenantId: TenantId): Promise<boolean> {
    for (;;) {
      const ends = await this.#doors.open(tenantId, (tx) => tx.all(untold(tx)))
      const told: SessionId[] = []
      for (const { session_id, hashes } of ends) {
        // Streams of this server end at once, whether or not the others can be told.
        this.#endHere(session_id as SessionId)
        if (await this.#tellOne(tenantId, session_id as SessionId, hashes)) told.push(session_id as SessionId)
      }
      if (told.length > 0)
        await this.#doors.open(tenantId, (tx) => tx.change(tx.db.deleteFrom('session_end').where('session_id', 'in', told)))
      if (told.length < ends.length) return false
      if (ends.length < MOST_AT_ONCE) return true
    }
  }

  async #tellOne(tenantId: TenantId, sessionId: SessionId, hashes: readonly string[]): Promise<boolean> {
    const cache = new TenantCache(this.#cache, tenantId)
    for (const hash of hashes) if (!(await cache.delete(`auth:session:${hash}`))) return false
    return cache.tell({ ended: sessionId } satisfies Told)
  }

  #endHere(sessionId: SessionId): void {
    for (const watcher of [...(this.#watched.get(sessionId)?.watchers ?? [])]) watcher.onEnd()
  }

  #sayTo(userId: UserId, what: 'onNews' | 'onChanged'): void {
    for (const watched of this.#watched.values()) if (watched.userId === userId) for (const watcher of watched.watchers) watcher[what]?.()
  }
}

/** Ends that were written down and not told yet, with the hashes of their tokens. */
function untold({ db }: DoorTx) {
  return db
    .selectFrom('session_end')
    .leftJoin('auth_token', 'auth_token.session_id', 'session_end.session_id')
    .select([
      'session_end.session_id',
      sql<string[]>`coalesce(array_agg(encode(hash, 'hex')) filter (where hash is not null), '{}')`.as('hashes'),
    ])
    .groupBy('session_end.session_id')
    .limit(MOST_AT_ONCE)
}
