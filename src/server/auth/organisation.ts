/** What everyone of an organisation may know of how it signs people in, though only doors read it: its name, and its sign-in provider. */
import type { TenantId } from '#contract/ids.ts'
import { UNDO_DAYS } from '#contract/leaving.ts'
import type { Doors } from '../isolation/doors.ts'
import type { ScopeKeys } from '../isolation/keys/scope-keys.ts'
import { ProviderStore } from './oidc/provider-store.ts'
import type { Tenants } from './tenants.ts'

export interface OrganisationFacts {
  readonly organisation: string
  /** Null where none is switched on. */
  readonly signInProvider: { readonly name: string; readonly host: string } | null
  readonly deletion: { readonly undoDays: number; readonly backupsKeptDays: number | null }
}

interface Parts {
  readonly doors: Doors
  readonly keys: ScopeKeys
  readonly tenants: Tenants
  readonly backupsKeptDays: number | undefined
}

/** Gives the way to ask. */
export function organisationFacts({ doors, keys, tenants, backupsKeptDays }: Parts) {
  const store = new ProviderStore(keys)
  return async (tenantId: TenantId): Promise<OrganisationFacts> => {
    const provider = await doors.open(tenantId, (tx) => store.find(tx))
    return {
      organisation: (await tenants.byId(tenantId))?.name ?? '',
      signInProvider: provider?.on ? { name: provider.name, host: new URL(provider.issuer).host } : null,
      deletion: { undoDays: UNDO_DAYS, backupsKeptDays: backupsKeptDays ?? null },
    }
  }
}
