/** Who gets an account by themselves when they first come from the provider. An address alone never makes anybody who has one. */
import type { FailureCode } from '#contract/errors.ts'
import type { Claims } from './client.ts'
import type { KnownProvider } from './provider-store.ts'

export interface Applicant {
  readonly claims: Pick<Claims, 'email' | 'emailVerified'>
  readonly rules: Pick<KnownProvider, 'domains' | 'justInTime' | 'trustsAddresses'>
  /** Whether somebody here has that address. */
  readonly isTaken: boolean
}

/** Why somebody is not let in who is linked to nobody; undefined where they get an account. */
export function refusalOf({ claims, rules, isTaken }: Applicant): FailureCode | undefined {
  const { email, emailVerified } = claims
  // What an issuer says not to have verified, no setting makes verified.
  const isVerified = emailVerified ?? rules.trustsAddresses
  // First, so that nobody learns by an address that is not theirs whether somebody here has it.
  if (email === null || !isVerified) return 'oidc.unverified'
  if (isTaken) return 'oidc.not_linked'
  if (!rules.justInTime) return 'oidc.no_account'
  return rules.domains.includes(email.slice(email.lastIndexOf('@') + 1)) ? undefined : 'oidc.domain_refused'
}
