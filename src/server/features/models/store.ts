/** Every statement on model providers. Name, kind, address and models are sealed under the tenant's key, the API key apart from them. */
import { z } from 'zod'
import type { ProviderId } from '#contract/ids.ts'
import { type Provider, ProviderKind } from '#contract/models.ts'
import type { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import type { AnyReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

const Config = z.strictObject({
  name: z.string(),
  kind: ProviderKind.default('openai_compatible'),
  baseUrl: z.string(),
  models: z.array(z.string()),
})
export type ProviderConfig = z.infer<typeof Config>

export class ProviderStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** The providers of the tenant, the oldest first. */
  async list(tx: AnyReadTx): Promise<Provider[]> {
    return this.open(tx, await this.seek(tx))
  }

  /** The same as they lie there. */
  async seek(tx: AnyReadTx) {
    return tx.all(tx.db.selectFrom('model_provider').selectAll().orderBy('id'))
  }

  async open(tx: AnyReadTx, rows: Awaited<ReturnType<ProviderStore['seek']>>): Promise<Provider[]> {
    const sealer = await this.#keys.ofTenant(tx.actor.tenantId, 'model_provider')
    return rows.map((row) => ({
      id: row.id as ProviderId,
      ...Config.parse(JSON.parse(sealer.open(row.config, row.id, 'config'))),
      hasKey: row.has_key,
      timeCreated: row.time_created.toISOString(),
    }))
  }

  async find(tx: AnyReadTx, id: ProviderId): Promise<Provider | undefined> {
    return (await this.list(tx)).find((provider) => provider.id === id)
  }

  async add(tx: WriteTx, provider: { id: ProviderId; config: ProviderConfig; apiKey: string | null; now: Date }): Promise<void> {
    const { id, config, apiKey, now } = provider
    const sealed = await this.#sealConfig(tx, id, config)
    await tx.change(tx.db.insertInto('model_provider').values({ id, config: sealed, has_key: apiKey !== null, time_created: now }))
    if (apiKey !== null) await this.#addKey(tx, id, apiKey)
  }

  /** Replaces everything but the key. */
  async configure(tx: WriteTx, id: ProviderId, config: ProviderConfig): Promise<void> {
    const sealed = await this.#sealConfig(tx, id, config)
    await tx.change(tx.db.updateTable('model_provider').set({ config: sealed }).where('id', '=', id))
  }

  /** Replaces the key, or clears it. */
  async setKey(tx: WriteTx, id: ProviderId, apiKey: string | null): Promise<void> {
    await tx.change(tx.db.deleteFrom('model_provider_key').where('provider_id', '=', id))
    if (apiKey !== null) await this.#addKey(tx, id, apiKey)
    await tx.change(
      tx.db
        .updateTable('model_provider')
        .set({ has_key: apiKey !== null })
        .where('id', '=', id),
    )
  }

  /** How many were removed: one, or none when there is no such provider. */
  async remove(tx: WriteTx, id: ProviderId): Promise<number> {
    return tx.change(tx.db.deleteFrom('model_provider').where('id', '=', id))
  }

  /** The API key in the clear, for administrators and running answers; row security shows it to nobody else. */
  async key(tx: AnyReadTx, id: ProviderId): Promise<string | null> {
    const row = await tx.first(tx.db.selectFrom('model_provider_key').select('sealed').where('provider_id', '=', id))
    if (!row) return null
    return (await this.#keys.ofTenant(tx.actor.tenantId, 'model_provider_key')).open(row.sealed, id, 'sealed')
  }

  async #addKey(tx: WriteTx, id: ProviderId, apiKey: string): Promise<void> {
    const sealer = await this.#keys.ofTenant(tx.actor.tenantId, 'model_provider_key')
    await tx.change(tx.db.insertInto('model_provider_key').values({ provider_id: id, sealed: sealer.seal(apiKey, id, 'sealed') }))
  }

  async #sealConfig(tx: WriteTx, id: ProviderId, config: ProviderConfig): Promise<Buffer> {
    const sealer = await this.#keys.ofTenant(tx.actor.tenantId, 'model_provider')
    return sealer.seal(JSON.stringify(config), id, 'config')
  }
}
