/**
 * Setting second factors up and removing them: always with a fresh proof, under all of a person's logins at once, so that two changes see
 * each other; and always told, in the security log and by letter.
 */
import { sql } from 'kysely'
import type { z } from 'zod'
import type { Factors as FactorsReply, NewPasskey } from '#contract/factors.ts'
import type { PasskeyId, UserId } from '#contract/ids.ts'
import type { EventKind } from '#contract/security.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, type EnterableTx, requireProven } from '../../isolation/doors.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { factorLetter, type Letters } from '../letters.ts'
import { insertEvents } from '../security-log.ts'
import { lockSessions } from '../sessions/ending.ts'
import type { Presented, Renewal, Renewed } from '../sessions/renewal.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import type { Tenants } from '../tenants.ts'
import { tokenHash } from '../tokens/token.ts'
import type { AuthenticatorApps } from './authenticator-app.ts'
import type { Passkeys } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import { factorRules, hasFactor } from './rules.ts'

export interface Added {
  /** With the first factor; secret. */
  readonly recoveryCodes: string[] | null
  /** Where the login was restricted: the only token of it from now on. */
  readonly renewed: Renewed | null
}

/** Who asks: the login they do it under, and from where. */
export interface Asking {
  readonly actor: Actor
  readonly login: Presented
  readonly device: Device
}

export interface FactorParts {
  readonly clock: Clock
  readonly doors: Doors
  readonly ends: SessionEnds
  readonly ids: Ids
  readonly letters: Letters
  readonly passkeys: Passkeys
  readonly apps: AuthenticatorApps
  readonly recoveryCodes: RecoveryCodes
  readonly renewal: Renewal
  readonly tenants: Tenants
}

export class Factors {
  readonly #parts: FactorParts

  constructor(parts: FactorParts) {
    this.#parts = parts
  }

  /** What a person signs in with. */
  async read({ tenantId, userId }: Actor): Promise<FactorsReply> {
    const { doors, passkeys, recoveryCodes } = this.#parts
    return doors.open(tenantId, async (tx) => {
      const app = tx.db.selectFrom('authenticator_app').select('confirmed_at').where('user_id', '=', userId)
      const since = (await tx.first(app))?.confirmed_at
      return {
        password: (await tx.first(tx.db.selectFrom('credential').select('user_id').where('user_id', '=', userId))) !== undefined,
        passkeys: await passkeys.list(tx, userId),
        authenticatorApp: since ? { timeCreated: since.toISOString() } : null,
        recoveryCodesLeft: await recoveryCodes.left(tx, userId),
        required: (await factorRules(tx, userId)).isRequired,
      }
    })
  }

  /** What the browser needs to make a passkey. */
  async beginPasskey({ tenantId, userId, sessionId }: Actor) {
    const { doors, passkeys } = this.#parts
    return doors.open(tenantId, async (tx) => passkeys.newOptions(tx, await personOf(tx, userId), { purpose: 'add', userId, sessionId }))
  }

  /** Adds the passkey that the browser made. */
  async addPasskey(asking: Asking, given: { name: string; passkey: z.output<typeof NewPasskey> }): Promise<Added> {
    const { doors, passkeys } = this.#parts
    const { tenantId, userId, sessionId } = asking.actor
    // Committed by itself: the challenge is used up, whatever comes of it.
    const made = await doors.open(tenantId, (tx) => passkeys.verifyNew(tx, given.passkey, { purpose: 'add', userId, sessionId }))
    if (!made) throw new Failure('passkey.refused')
    return this.#change(asking, 'passkey_added', (tx) =>
      this.#add(tx, asking, () => passkeys.add(tx, userId, { ...made, name: given.name })),
    )
  }

  /** Names a passkey anew; false when the actor has no such. */
  async renamePasskey(actor: Actor, passkey: { id: PasskeyId; name: string }): Promise<boolean> {
    return this.#parts.doors.open(actor.tenantId, async (tx) => {
      await tx.enter(actor.tokenHash)
      return this.#parts.passkeys.rename(tx, actor.userId, passkey)
    })
  }

  /** Removes a passkey. */
  async removePasskey(asking: Asking, id: PasskeyId): Promise<void> {
    const { userId } = asking.actor
    await this.#change(asking, 'passkey_removed', (tx) =>
      this.#remove(tx, userId, async () => {
        const removed = await tx.change(tx.db.deleteFrom('passkey').where('id', '=', id).where('user_id', '=', userId))
        if (removed !== 1) throw new Failure('passkey.not_found')
      }),
    )
  }

  /** Begins to set up an authenticator app. */
  async beginApp({ tenantId, userId, tokenHash: hash }: Actor): Promise<{ secret: string; uri: string }> {
    const { apps, doors, tenants } = this.#parts
    const tenant = await tenants.byId(tenantId)
    return doors.open(tenantId, async (tx) => {
      await tx.enter(hash)
      return apps.begin(tx, await personOf(tx, userId), `Sardonyx (${tenant?.slug})`)
    })
  }

  /** Makes the app count, by a code of it. */
  async confirmApp(asking: Asking, code: string): Promise<Added> {
    const { userId } = asking.actor
    return this.#change(asking, 'authenticator_app_added', (tx) =>
      this.#add(tx, asking, async () => {
        if (!(await this.#parts.apps.confirm(tx, userId, code))) throw new Failure('auth.wrong_code')
      }),
    )
  }

  /** Removes the app. */
  async removeApp(asking: Asking): Promise<void> {
    const { userId } = asking.actor
    await this.#change(asking, 'authenticator_app_removed', (tx) =>
      this.#remove(tx, userId, async () => {
        const own = tx.db.deleteFrom('authenticator_app').where('user_id', '=', userId).where('confirmed_at', 'is not', null)
        if ((await tx.change(own)) !== 1) throw new Failure('authenticator_app.not_found')
      }),
    )
  }

  /** New recovery codes. */
  async newRecoveryCodes(asking: Asking): Promise<string[]> {
    const { userId } = asking.actor
    return this.#change(asking, 'recovery_codes_made', async (tx) => {
      if (!(await factorRules(tx, userId)).hasFactor) throw new Failure('factor.none')
      return this.#parts.recoveryCodes.make(tx, userId)
    })
  }

  /**
   * Makes a login whole that was restricted, in the transaction in which its person has given all that is required; null for one that was
   * whole already. The token is a new one, and every earlier one of the login is nothing any more.
   */
  async lift(tx: DoorTx, { actor: { sessionId }, login }: Pick<Asking, 'actor' | 'login'>): Promise<Renewed | null> {
    const restricted = tx.db.updateTable('auth_session').set({ restricted: false }).where('id', '=', sessionId)
    if ((await tx.change(restricted.where('restricted', '=', true))) === 0) return null
    const renewed = await this.#parts.renewal.raise(tx, login)
    await tx.change(tx.db.deleteFrom('auth_token').where('session_id', '=', sessionId).where('hash', '!=', tokenHash(renewed.token)))
    return renewed
  }

  async #add(tx: DoorTx, asking: Asking, add: () => Promise<void>): Promise<Added> {
    const { userId } = asking.actor
    const { hasFactor } = await factorRules(tx, userId)
    await add()
    return {
      recoveryCodes: hasFactor ? null : await this.#parts.recoveryCodes.make(tx, userId),
      renewed: await this.lift(tx, asking),
    }
  }

  async #remove(tx: DoorTx, userId: UserId, remove: () => Promise<void>): Promise<void> {
    await remove()
    const { hasFactor, isRequired } = await factorRules(tx, userId)
    if (!hasFactor && isRequired) throw new Failure('factor.required')
    if (!(await canStillSignIn(tx, userId))) throw new Failure('password.longer_first')
    if (!hasFactor) await tx.change(tx.db.deleteFrom('recovery_code').where('user_id', '=', userId))
  }

  /** Runs a change and tells its person of it. */
  async #change<T>({ actor, device }: Asking, kind: EventKind, work: (tx: EnterableTx) => Promise<T>): Promise<T> {
    const { clock, doors, ends, ids, letters, tenants } = this.#parts
    const { tenantId, userId, sessionId } = actor
    const { result, person } = await doors.open(tenantId, async (tx) => {
      await lockSessions(tx, { userId }, sessionId)
      requireProven(await tx.enter(actor.tokenHash))
      if (await isHalf(tx, actor)) throw new Failure('auth.proof_needed')
      const done = await work(tx)
      await tx.change(insertEvents(tx, ids, [{ userId, kind, by: { kind: 'self', userId, device }, sessionId, notice: true }]))
      return { result: done, person: await personOf(tx, userId) }
    })
    await ends.tellNews(tenantId, userId)
    const organisation = (await tenants.byId(tenantId))?.name ?? ''
    await letters.send(factorLetter({ to: person.email, name: person.name, organisation, kind, device, at: new Date(clock.now()) }), [
      userId,
    ])
    return result
  }
}

/**
 * Removes all that a person has beside their password, in the caller's transaction, with the sign-ins that wait for it: links to the sign-in
 * provider, too, since whoever was in their account may have made one.
 */
export async function removeAllFactors(tx: DoorTx, userId: UserId): Promise<void> {
  const tables = ['passkey', 'authenticator_app', 'recovery_code', 'sign_in_ticket', 'challenge', 'identity'] as const
  await tx.change(tx.db.updateTable('credential').set({ factor_failures: 0 }).where('user_id', '=', userId))
  await tx.changeAll(tables.map((table) => tx.db.deleteFrom(table).where('user_id', '=', userId)))
}

/** Whether a login is restricted although its person has a factor: a password was all that proved it, until a proof with the factor. */
async function isHalf(tx: DoorTx, { userId, sessionId }: Actor): Promise<boolean> {
  const restricted = tx.db.selectFrom('auth_session').select('id').where('id', '=', sessionId).where('restricted', '=', true)
  return (await tx.first(restricted)) !== undefined && (await factorRules(tx, userId)).hasFactor
}

async function personOf(tx: DoorTx, userId: UserId): Promise<{ id: UserId; email: string; name: string }> {
  const person = await tx.first(tx.db.selectFrom('user').select(['email', 'name']).where('id', '=', userId))
  if (!person) throw new Failure('auth.required')
  return { id: userId, ...person }
}

/** Whether what a person has left is a way in, and no password among it is too short to stand alone. */
async function canStillSignIn(tx: DoorTx, userId: UserId): Promise<boolean> {
  const row = await tx.first(
    tx.db
      .selectFrom('user')
      .leftJoin('credential', 'credential.user_id', 'user.id')
      .innerJoin('login_policy', (join) => join.onTrue())
      .select(({ exists, selectFrom }) => [
        sql<boolean | null>`${hasFactor(tx)} or long_enough_for >= least_password_length`.as('isLongEnough'),
        'credential.user_id as password',
        exists(selectFrom('passkey').select('passkey.id').whereRef('passkey.user_id', '=', 'user.id')).as('byPasskey'),
        exists(
          selectFrom('identity')
            .innerJoin('sign_in_provider', (join) => join.on('is_on', '=', true))
            .select('identity.id')
            .whereRef('identity.user_id', '=', 'user.id')
            // One of an earlier issuer is no way in; one that was used since the provider was last changed is of this one.
            .whereRef('identity.used_at', '>=', 'sign_in_provider.time_changed'),
        ).as('byProvider'),
      ])
      .where('user.id', '=', userId),
  )
  if (!row) return false
  return row.password === null ? row.byPasskey === true || row.byProvider === true : row.isLongEnough === true
}
