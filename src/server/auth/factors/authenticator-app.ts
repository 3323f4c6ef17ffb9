/** Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, half a minute). One step off is let pass; each step is good once. */

import { sql } from 'kysely'
import { Secret, TOTP } from 'otpauth'
import type { UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { ScopeKeys } from '../../isolation/keys/scope-keys.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'

const SECRET_BYTES = 20
const PERIOD_S = 30
const STEPS_OFF = 1

export class AuthenticatorApps {
  readonly #keys: ScopeKeys
  readonly #clock: Clock

  constructor(parts: { keys: ScopeKeys; clock: Clock }) {
    this.#keys = parts.keys
    this.#clock = parts.clock
  }

  /** A new secret for a person who has no app yet; it counts once `confirm` was given a code. Fails with `authenticator_app.exists`. */
  async begin(tx: DoorTx, user: { id: UserId; email: string }, issuer: string): Promise<{ secret: string; uri: string }> {
    const secret = new Secret({ size: SECRET_BYTES })
    const sealed = (await this.#sealer(tx)).seal(secret.base32, user.id, 'secret')
    const begun = await tx.change(
      tx.db
        .insertInto('authenticator_app')
        .values({ user_id: user.id, secret: sealed })
        .onConflict((conflict) =>
          conflict.column('user_id').doUpdateSet({ secret: sealed, last_step: 0 }).where('authenticator_app.confirmed_at', 'is', null),
        ),
    )
    if (begun !== 1) throw new Failure('authenticator_app.exists')
    return { secret: secret.base32, uri: new TOTP({ issuer, label: user.email, secret }).toString() }
  }

  /** Makes an app that was begun count, by a code of it; false when the code is wrong. Fails with `authenticator_app.not_begun`. */
  async confirm(tx: DoorTx, userId: UserId, code: string): Promise<boolean> {
    const begun = tx.db.selectFrom('authenticator_app').select('user_id').where('user_id', '=', userId).where('confirmed_at', 'is', null)
    if (!(await tx.first(begun))) throw new Failure('authenticator_app.not_begun')
    if (!(await this.#use(tx, userId, { code, isConfirmed: false }))) return false
    await tx.change(tx.db.updateTable('authenticator_app').set({ confirmed_at: sql<Date>`now()` }).where('user_id', '=', userId))
    return true
  }

  /** Whether it is a code of the person's app, now, that was not used: it is used by that. */
  check(tx: DoorTx, userId: UserId, code: string): Promise<boolean> {
    return this.#use(tx, userId, { code, isConfirmed: true })
  }

  async #use(tx: DoorTx, userId: UserId, { code, isConfirmed }: { code: string; isConfirmed: boolean }): Promise<boolean> {
    const row = await tx.first(
      tx.db
        .selectFrom('authenticator_app')
        .select('secret')
        .where('user_id', '=', userId)
        .where('confirmed_at', isConfirmed ? 'is not' : 'is', null),
    )
    if (!row) return false
    const secret = Secret.fromBase32((await this.#sealer(tx)).open(row.secret, userId, 'secret'))
    const timestamp = this.#clock.now()
    const off = TOTP.validate({ token: code, secret, period: PERIOD_S, window: STEPS_OFF, timestamp })
    if (off === null) return false
    const step = TOTP.counter({ period: PERIOD_S, timestamp }) + off
    // Of several with the same code one changes the row.
    const used = tx.db
      .updateTable('authenticator_app')
      .set({ last_step: step })
      .where('user_id', '=', userId)
      .where('last_step', '<', String(step))
    return (await tx.change(used)) === 1
  }

  #sealer(tx: DoorTx) {
    return this.#keys.ofTenant(tx.tenantId, 'authenticator_app')
  }
}
