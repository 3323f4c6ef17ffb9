/**
 * Founding an organisation: directory entry, schema, tables and first account in one transaction. Runs as the migrator, from setup
 * and from the command line; the account's rows are written as the role `auth`, like every account's.
 */
import type { Compilable } from 'kysely'
import type pg from 'pg'
import type { TenantId } from '#contract/ids.ts'
import type { DoorTx } from './doors.ts'
import type { Keyring } from './keys/keyring.ts'
import { asMigrator, asRole, createTenantSchema, transaction } from './migrations.ts'
import { doorQueries } from './queries.ts'

export interface Founding {
  readonly migrator: pg.ClientConfig
  readonly prefix: string
  readonly keyring: Keyring
  /** Refuse when an organisation exists already: setup is for the first one only. */
  readonly onlyFirst: boolean
}

/** Founds the organisation, or answers false when `onlyFirst` and there is one. Nothing is left behind by a failure. */
export async function foundOrganisation(
  { migrator, prefix, keyring, onlyFirst }: Founding,
  tenant: { id: TenantId; slug: string; name: string },
  firstAccount: (tx: DoorTx) => Promise<void>,
): Promise<boolean> {
  return asMigrator(migrator, async (client) => {
    if (onlyFirst && (await client.query('select from control.tenant limit 1')).rowCount) return false
    await keyring.addTenantKey(tenant.id)
    try {
      await transaction(client, async () => {
        await createTenantSchema(client, tenant, prefix)
        await asRole(client, `${prefix}_auth`, () => firstAccount(doorOver(client, tenant.id)))
      })
    } catch (error) {
      await keyring.dropTenantKey(tenant.id)
      throw error
    }
    return true
  })
}

function doorOver(client: pg.Client, tenantId: TenantId): DoorTx {
  const run = (query: Compilable<unknown>) => {
    const { sql, parameters } = query.compile()
    return client.query(sql, [...parameters])
  }
  return {
    tenantId,
    db: doorQueries(tenantId),
    all: async <O>(query: Compilable<O>) => (await run(query)).rows as O[],
    first: async <O>(query: Compilable<O>) => (await run(query)).rows[0] as O | undefined,
    change: async (query) => (await run(query)).rowCount ?? 0,
    changeAll: async (queries) => {
      for (const query of queries) await run(query)
    },
  }
}
