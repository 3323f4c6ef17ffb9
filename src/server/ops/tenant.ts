/** `sardonyx tenant …`: organisations, as the operator sees them: by name and migration, without content. */
import type { TenantId } from '#contract/ids.ts'
import type { Invited, NewAccount } from '../auth/accounts.ts'
import { createLogin } from '../auth/login.ts'
import { foundOrganisation } from '../isolation/founding.ts'
import type { tenantStatus } from '../isolation/migrations.ts'
import type { Log } from '../kernel/log.ts'
import { connect, type Installation, migrateAll } from './installation.ts'

/** Founds another organisation, and answers the link by which its first administrator joins. */
export async function createTenant(
  installation: Installation,
  tenant: { slug: string; name: string; admin: Omit<NewAccount, 'role'>; baseUrl: string },
  log: Log,
): Promise<string> {
  await migrateAll(installation)
  const { keyring, migrator, secrets } = installation
  const database = connect(installation, log, { app: 1, worker: 1, auth: 1 })
  try {
    const { accounts, ids } = await createLogin({ database, keyring, log })
    const id = ids.next<TenantId>()
    let invited: Invited | undefined
    await foundOrganisation(
      { migrator, prefix: secrets.prefix, keyring, onlyFirst: false },
      { id, slug: tenant.slug, name: tenant.name },
      async (tx) => {
        invited = await accounts.newInvitation(tx, await accounts.add(tx, { ...tenant.admin, role: 'admin' }), null)
      },
    ).catch((error: { constraint?: string }) => {
      throw error.constraint === 'tenant_slug_unique'
        ? new Error(`There is an organisation with the short name ${tenant.slug} already.`)
        : error
    })
    return `${tenant.baseUrl}/invitation#${invited!.token}`
  } finally {
    await database.close()
  }
}

/** An organisation, as a person reads it: short name, name, and its newest migration. */
export function tenantLine({ slug, name, newest, missing }: Awaited<ReturnType<typeof tenantStatus>>[number]): string {
  return `${slug}\t${name}\t${newest}${missing > 0 ? `\t${missing} to apply: run sardonyx migrate` : ''}`
}
