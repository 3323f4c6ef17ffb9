/** Every statement on `draft`. Texts are sealed under the key of their writer's personal scope, in which they all are. */
import type { Draft } from '#contract/drafts.ts'
import { type MessageId, ScopeId } from '#contract/ids.ts'
import type { ScopeKeys, Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

/** As many as a page of messages has, and so no more to read at once. */
const MOST = 100

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

  /** The actor's drafts, the latest first. */
  async list(tx: ReadTx): Promise<Draft[]> {
    const rows = await tx.all(
      tx.db
        .selectFrom('draft')
        .select(['place', 'parent_id', 'text', 'time_updated'])
        .where('user_id', '=', tx.actor.userId)
        .orderBy('time_updated', 'desc')
        .limit(MOST),
    )
    const sealer = await this.#sealer(tx)
    return rows.map((row) => ({
      place: row.place,
      text: sealer.open(row.text, row.place, 'text'),
      parentId: row.parent_id as MessageId | null,
      timeUpdated: row.time_updated.toISOString(),
    }))
  }

  /** Keeps a draft in place of the one that was there; where there was none, the oldest beyond the bound go. */
  async keep(tx: WriteTx, written: Written): Promise<void> {
    const { place, text, parentId, now } = written
    const kept = { parent_id: parentId, text: (await this.#sealer(tx)).seal(text, place, 'text'), time_updated: now }
    const own = { user_id: tx.actor.userId, scope_id: ScopeId.parse(tx.actor.userId), place }
    const change = () => tx.change(tx.db.updateTable('draft').set(kept).where('user_id', '=', tx.actor.userId).where('place', '=', place))
    if ((await change()) === 1) return
    const added = await tx.change(
      tx.db
        .insertInto('draft')
        .values({ ...own, ...kept })
        .onConflict((conflict) => conflict.doNothing()),
    )
    // Another device was first by a moment; whoever writes last is kept.
    if (added === 0) await change()
    else await this.#removeOldest(tx)
  }

  /** Removes the draft of a place; there may be none. */
  async remove(tx: WriteTx, place: string): Promise<void> {
    await tx.change(tx.db.deleteFrom('draft').where('user_id', '=', tx.actor.userId).where('place', '=', place))
  }

  async #removeOldest(tx: WriteTx): Promise<void> {
    const { userId } = tx.actor
    const oldest = tx.db.selectFrom('draft').select('place').where('user_id', '=', userId).orderBy('time_updated', 'desc').offset(MOST)
    await tx.change(tx.db.deleteFrom('draft').where('user_id', '=', userId).where('place', 'in', oldest))
  }

  #sealer(tx: ReadTx | WriteTx): Promise<Sealer> {
    return this.#keys.ofScope(tx, ScopeId.parse(tx.actor.userId), 'draft')
  }
}
