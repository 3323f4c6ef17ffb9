/** Every statement on `draft`. Texts are sealed under the key of their writer's personal scope, in which they all are. */
import { sql } from 'kysely'
import type { Draft } from '#contract/drafts.ts'
import { type ChatId, type MessageId, ScopeId } from '#contract/ids.ts'
import type { ScopeKeys, Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { AnyReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

/** As many as a page of messages has, and together no larger than a request may be: they are read all at once. */
const MOST = 100
const MOST_BYTES = 1_000_000
const DAY_MS = 86_400_000

interface Written {
  readonly place: string
  readonly text: string
  readonly parentId: MessageId | null
  readonly now: Date
}

export class DraftStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** The actor's drafts, the latest first; without those in temporary chats for what outlives such a chat. */
  async list(tx: AnyReadTx, { lasting = false } = {}): Promise<Draft[]> {
    const own = tx.db.selectFrom('draft').select(['place', 'parent_id', 'text', 'time_updated']).where('user_id', '=', tx.actor.userId)
    const listed = lasting ? own.where('ends_at', 'is', null) : own
    const rows = await tx.all(listed.orderBy('time_updated', 'desc').limit(MOST))
    const sealer = await this.#sealer(tx)
    return rows.map((row) => ({
      place: row.place,
      text: sealer.open(row.text, row.place, 'text'),
      parentId: row.parent_id as MessageId | null,
      timeUpdated: row.time_updated.toISOString(),
    }))
  }

  /** Keeps a draft in place of the one that was there; the oldest beyond the bounds go. */
  async keep(tx: WriteTx, written: Written): Promise<void> {
    const { place, text, parentId, now } = written
    const sealed = (await this.#sealer(tx)).seal(text, place, 'text')
    const kept = { parent_id: parentId, text: sealed, ends_at: await this.#endOf(tx, { place, now }), time_updated: now }
    const own = { user_id: tx.actor.userId, scope_id: ScopeId.parse(tx.actor.userId), place }
    const change = () => tx.change(tx.db.updateTable('draft').set(kept).where('user_id', '=', tx.actor.userId).where('place', '=', place))
    if ((await change()) === 0) {
      const added = await tx.change(
        tx.db
          .insertInto('draft')
          .values({ ...own, ...kept })
          .onConflict((conflict) => conflict.doNothing()),
      )
      // Another device was first by a moment; whoever writes last is kept.
      if (added === 0) await change()
    }
    await this.#removeOldest(tx, place)
  }

  /** Keeps the drafts of a chat that is not temporary any more. */
  async keepWithChat(tx: WriteTx, chatId: ChatId): Promise<void> {
    const own = tx.db.updateTable('draft').set({ ends_at: null }).where('user_id', '=', tx.actor.userId)
    await tx.change(own.where('place', 'in', [chatId, `${chatId}.edit`]))
  }

  /** Removes the draft of a place; there may be none. */
  async remove(tx: WriteTx, place: string): Promise<void> {
    await tx.change(tx.db.deleteFrom('draft').where('user_id', '=', tx.actor.userId).where('place', '=', place))
  }

  /**
   * What is begun in a temporary chat ends with it. Whoever makes it one that is kept waits for this, or is waited for. Where there is no
   * chat of the person's, because it has ended meanwhile or never was, it is kept for a day.
   */
  async #endOf(tx: WriteTx, { place, now }: Pick<Written, 'place' | 'now'>): Promise<Date | null> {
    const id = place.slice(0, 36)
    if (id === tx.actor.userId) return null
    const own = tx.db.selectFrom('chat_session').select('temporary_until').where('id', '=', id).where('user_id', '=', tx.actor.userId)
    const found = await tx.first(own)
    const chat = found?.temporary_until ? await tx.first(own.forShare()) : found
    return chat ? chat.temporary_until : new Date(now.getTime() + DAY_MS)
  }

  /** What another device keeps or removes at this moment is left to it: to wait for one another could go in a circle. */
  async #removeOldest(tx: WriteTx, kept: string): Promise<void> {
    const own = tx.db.selectFrom('draft').select('place').where('user_id', '=', tx.actor.userId)
    const ranked = own.select(({ fn }) => [
      fn
        .countAll<number>()
        .over((over) => over.orderBy('time_updated', 'desc').orderBy('place'))
        .as('rank'),
      fn
        .sum<number>(sql`octet_length(text)`)
        .over((over) => over.orderBy('time_updated', 'desc').orderBy('place'))
        .as('bytes'),
    ])
    const beyond = tx.db
      .selectFrom(ranked.as('ranked'))
      .select('place')
      .where(({ or, eb }) => or([eb('rank', '>', MOST), eb('bytes', '>', MOST_BYTES)]))
    const oldest = own.where('place', 'in', beyond).where('place', '!=', kept).forUpdate().skipLocked()
    await tx.change(tx.db.deleteFrom('draft').where('user_id', '=', tx.actor.userId).where('place', 'in', oldest))
  }

  #sealer(tx: AnyReadTx): Promise<Sealer> {
    return this.#keys.ofScope(tx, ScopeId.parse(tx.actor.userId), 'draft')
  }
}
