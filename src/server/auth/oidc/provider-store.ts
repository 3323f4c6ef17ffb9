/** The sign-in provider of an organisation: one row, sealed under the tenant's key. The client's secret goes to its token endpoint and to nobody else. */
import { sql } from 'kysely'
import type { z } from 'zod'
import type { TenantId } from '#contract/ids.ts'
import { SignInProvider } from '#contract/oidc.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { ScopeKeys } from '../../isolation/keys/scope-keys.ts'

const Config = SignInProvider.omit({ on: true, timeChanged: true })
export type ProviderConfig = z.infer<typeof Config>

/** The provider with what only doors may see. */
export interface KnownProvider extends ProviderConfig {
  readonly clientSecret: string
  readonly on: boolean
  readonly changedAt: Date
  readonly revision: string
}

export class ProviderStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** The provider, held as it is until the commit; undefined where none was set up. */
  async find(tx: DoorTx, held: 'share' | 'update' = 'share'): Promise<KnownProvider | undefined> {
    const query = tx.db.selectFrom('sign_in_provider').selectAll()
    const row = await tx.first(held === 'share' ? query.forShare() : query.forUpdate())
    if (!row) return undefined
    const sealer = await this.#sealer(tx.tenantId)
    return {
      ...opened(sealer.open(row.config, row.id, 'config')),
      clientSecret: sealer.open(row.secret, row.id, 'secret'),
      on: row.is_on,
      changedAt: row.time_changed,
      revision: row.revision,
    }
  }

  /** Puts it in place of the one that was; answers when that was. */
  async set(tx: DoorTx, { on, clientSecret, revision, ...config }: Omit<KnownProvider, 'changedAt'>): Promise<Date> {
    const sealer = await this.#sealer(tx.tenantId)
    const row = {
      config: sealer.seal(JSON.stringify(Config.parse(config)), tx.tenantId, 'config'),
      secret: sealer.seal(clientSecret, tx.tenantId, 'secret'),
      is_on: on,
      revision,
      time_changed: sql<Date>`now()`,
    }
    const set = tx.db
      .insertInto('sign_in_provider')
      .values({ id: tx.tenantId, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    return (await tx.first(set.returning('time_changed')))!.time_changed
  }

  #sealer(tenantId: TenantId) {
    return this.#keys.ofTenant(tenantId, 'sign_in_provider')
  }
}

const opened = (json: string): ProviderConfig => Config.parse(JSON.parse(json))
