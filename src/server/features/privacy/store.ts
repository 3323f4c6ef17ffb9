/** Settings of the organisation that concern privacy. The contact is sealed under the tenant's key. */
import type { SecondFactorRule } from '#contract/factors.ts'
import { type Privacy, PrivacyContact } from '#contract/privacy.ts'
import type { LoginRules } from '#contract/sessions.ts'
import type { ScopeKeys, Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

export class PrivacyStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** Whom to ask; null where nobody is named. */
  async contact(tx: ReadTx): Promise<PrivacyContact | null> {
    const row = await tx.first(tx.db.selectFrom('privacy_contact').select(['id', 'contact']))
    if (!row?.contact) return null
    return PrivacyContact.parse(JSON.parse((await this.#sealer(tx)).open(row.contact, row.id, 'contact')))
  }

  /** Names whom to ask, or nobody. */
  async setContact(tx: WriteTx, contact: PrivacyContact | null): Promise<void> {
    const { tenantId } = tx.actor
    const sealed = contact && (await this.#sealer(tx)).seal(JSON.stringify(contact), tenantId, 'contact')
    const changed = await tx.change(tx.db.updateTable('privacy_contact').set({ contact: sealed }))
    if (changed !== 1) throw new Error('this organisation has no place for its contact')
  }

  /** The rules for logins, and whom people see. */
  async rules(tx: ReadTx): Promise<Pick<Privacy, 'logins' | 'directory'>> {
    const row = await tx.first(tx.db.selectFrom('login_policy').selectAll())
    if (!row) throw new Error('this organisation has no login policy')
    return {
      directory: row.directory as Privacy['directory'],
      logins: {
        preset: row.preset as LoginRules['preset'],
        idleLimitS: row.idle_limit_s,
        absoluteLimitS: row.absolute_limit_s,
        remember: row.remember,
        rememberIdleLimitS: row.remember_idle_limit_s,
        rememberAbsoluteLimitS: row.remember_absolute_limit_s,
        proofGoodForS: row.proof_good_for_s,
        leastPasswordLength: row.least_password_length,
        secondFactor: row.second_factor as SecondFactorRule,
      },
    }
  }

  #sealer(tx: ReadTx | WriteTx): Promise<Sealer> {
    return this.#keys.ofTenant(tx.actor.tenantId, 'privacy_contact')
  }
}
