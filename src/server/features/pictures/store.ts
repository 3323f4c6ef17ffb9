/** Every statement on `picture`. Contents are sealed under the tenant's key: whoever is shown a person may read them. */
import { ScopeId, type UserId } from '#contract/ids.ts'
import type { ScopeKeys, Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { AnyReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

export interface Picture {
  readonly version: string
  readonly content: Buffer
}

export class PictureStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** The picture of somebody whom the directory shows. */
  async find(tx: AnyReadTx, userId: UserId): Promise<Picture | undefined> {
    const row = await tx.first(
      tx.db
        .selectFrom('picture')
        .innerJoin('user', 'user.id', 'picture.user_id')
        .select(['version', 'content'])
        .where('user_id', '=', userId)
        .where('status', '=', 'active'),
    )
    return row && { version: row.version, content: (await this.#sealer(tx)).openBytes(row.content, userId, 'content') }
  }

  /** Keeps the actor's picture in place of the one that was there. */
  async keep(tx: WriteTx, { version, content }: Picture, now: Date): Promise<void> {
    const { userId } = tx.actor
    const kept = { version, content: (await this.#sealer(tx)).seal(content, userId, 'content'), time_changed: now }
    const change = () => tx.change(tx.db.updateTable('picture').set(kept).where('user_id', '=', userId))
    if ((await change()) > 0) return
    const added = await tx.change(
      tx.db
        .insertInto('picture')
        .values({ user_id: userId, scope_id: ScopeId.parse(userId), ...kept })
        .onConflict((conflict) => conflict.doNothing()),
    )
    // Another device was first by a moment; whoever sends last is kept.
    if (added === 0) await change()
  }

  /** Removes the actor's picture; there may be none. */
  async remove(tx: WriteTx): Promise<void> {
    await tx.change(tx.db.deleteFrom('picture').where('user_id', '=', tx.actor.userId))
  }

  #sealer(tx: AnyReadTx): Promise<Sealer> {
    return this.#keys.ofTenant(tx.actor.tenantId, 'picture')
  }
}
