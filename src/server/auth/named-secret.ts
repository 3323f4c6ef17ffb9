/** Secrets that name their organisation, for who comes without a login: links of letters, tickets of sign-ins, ways to a provider and back. */
import { randomBytes } from 'node:crypto'
import { TenantId } from '#contract/ids.ts'

/** A new one: the organisation's id in the clear, and 256 random bits that decide whether it is any good. Kept as a hash. */
export function newSecret(tenantId: TenantId): string {
  return `${tenantId}.${randomBytes(32).toString('base64url')}`
}

/** The organisation that one names; undefined where it names none. */
export function tenantNamed(secret: string | undefined): TenantId | undefined {
  return TenantId.safeParse(secret?.split('.', 1)[0]).data
}
