/**
 * The second step of signing in, and of proving again who one is. Between the two steps of a sign-in there is a ticket: random, kept as a
 * hash, good once, for ten minutes and ten wrong codes, and for nothing once the password has changed or the person is suspended.
 */
import { sql } from 'kysely'
import type { PasskeyResponse } from '#contract/factors.ts'
import type { TenantId, UserId } from '#contract/ids.ts'
import type { Session } from '#contract/sessions.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { newSecret } from '../named-secret.ts'
import { forgetFailures, holdCredential } from '../passwords/credentials.ts'
import type { Guessing, Tell } from '../passwords/guessing.ts'
import { insertEvents } from '../security-log.ts'
import type { BegunSession, Sessions } from '../sessions/sessions.ts'
import { tokenHash } from '../tokens/token.ts'
import type { AuthenticatorApps } from './authenticator-app.ts'
import type { Purpose } from './challenges.ts'
import type { Passkeys } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import { factorRules } from './rules.ts'

const MOST_WRONG = 10

type Way = Session['methods'][number]

/** A second factor is asked for. */
export interface Asked {
  readonly state: 'second_factor'
  readonly ticket: string
  readonly expiresAt: Date
  /** Which there are. */
  readonly factors: { readonly code: boolean; readonly passkey: boolean; readonly recoveryCode: boolean }
}

/** One of them. */
export interface GivenFactor {
  readonly code?: string | undefined
  readonly recoveryCode?: string | undefined
  readonly passkey?: PasskeyResponse | undefined
}

interface Ticket {
  readonly hash: Buffer
  readonly userId: UserId
  readonly way: Way
  readonly remember: boolean
}

export class SecondFactor {
  readonly #doors: Doors
  readonly #ids: Ids
  readonly #sessions: Sessions
  readonly #guessing: Guessing
  readonly #passkeys: Passkeys
  readonly #apps: AuthenticatorApps
  readonly #codes: RecoveryCodes

  constructor(parts: {
    doors: Doors
    ids: Ids
    sessions: Sessions
    guessing: Guessing
    passkeys: Passkeys
    apps: AuthenticatorApps
    recoveryCodes: RecoveryCodes
  }) {
    this.#doors = parts.doors
    this.#ids = parts.ids
    this.#sessions = parts.sessions
    this.#guessing = parts.guessing
    this.#passkeys = parts.passkeys
    this.#apps = parts.apps
    this.#codes = parts.recoveryCodes
  }

  /** Asks a person for their second factor who has given the first, in the caller's transaction. */
  async ask(tx: DoorTx, userId: UserId, { way, remember }: { way: Way; remember: boolean }): Promise<Asked> {
    const ticket = newSecret(tx.tenantId)
    const over = tx.db.selectFrom('sign_in_ticket').select('hash').where('expires_at', '<=', sql<Date>`now()`).forUpdate().skipLocked()
    await tx.change(tx.db.deleteFrom('sign_in_ticket').where('hash', 'in', over))
    const row = await tx.first(
      tx.db
        .insertInto('sign_in_ticket')
        .columns(['hash', 'user_id', 'way', 'remember', 'password_changed'])
        .expression(
          tx.db
            .selectFrom('user')
            .leftJoin('credential', 'credential.user_id', 'user.id')
            .select([
              sql<Buffer>`${tokenHash(ticket)}::bytea`.as('hash'),
              'user.id',
              sql<string>`${way}::text`.as('way'),
              sql<boolean>`${remember}::boolean`.as('remember'),
              'credential.time_changed',
            ])
            .where('user.id', '=', userId)
            .where('user.status', '=', 'active')
            // Until the commit, so that whoever suspends them sees the ticket.
            .forShare('user'),
        )
        .returning('expires_at'),
    )
    if (!row) throw new Failure('auth.wrong_credentials')
    return { state: 'second_factor', ticket, expiresAt: row.expires_at, factors: await this.#factorsOf(tx, userId) }
  }

  /** Whose ticket it is; undefined for one that is not good. */
  async userOf(tenantId: TenantId, ticket: string): Promise<UserId | undefined> {
    return (await this.#doors.open(tenantId, (tx) => findTicket(tx, ticket)))?.userId
  }

  /** What a browser needs to ask for a passkey of the ticket's person. Fails with `auth.ticket_invalid`. */
  async options(tenantId: TenantId, ticket: string) {
    return this.#doors.open(tenantId, async (tx) => {
      const found = await findTicket(tx, ticket)
      if (!found) throw new Failure('auth.ticket_invalid')
      return this.#passkeys.options(tx, { purpose: 'second_factor', userId: found.userId, ticket: found.hash })
    })
  }

  /** Begins the login that a ticket stands for, once. Fails with `auth.ticket_invalid`, `auth.wrong_code` or `passkey.refused`. */
  async finish(tenantId: TenantId, given: GivenFactor & { ticket: string }, device: Device): Promise<BegunSession> {
    // What failed is written down, so the failure is thrown after the commit.
    let tell: Tell | undefined
    const begun = await this.#doors.open(tenantId, async (tx) => {
      await holdCredentialOf(tx, given.ticket)
      const ticket = await findTicket(tx, given.ticket)
      if (!ticket) return new Failure('auth.ticket_invalid')
      const { hash, userId, way, remember } = ticket
      const method = await this.use(tx, given, { of: { purpose: 'second_factor', userId, ticket: hash }, device })
      if (!method) {
        tell = await this.#noteFailure(tx, ticket, device)
        return refusalOf(given)
      }
      await tx.change(tx.db.deleteFrom('sign_in_ticket').where('hash', '=', hash))
      await forgetFailures(tx, userId)
      return this.#sessions.begin(tx, userId, { device, methods: [way, method], remember })
    })
    tell?.()
    if (begun instanceof Failure) throw begun
    return begun
  }

  /**
   * Uses a factor of a person, in the caller's transaction, which must be committed whatever comes of it; answers which kind it was, or
   * undefined when it is not good.
   */
  async use(
    tx: DoorTx,
    given: GivenFactor,
    { of, device }: { of: Extract<Purpose, { userId: UserId }>; device: Device },
  ): Promise<'totp' | 'recovery_code' | 'passkey' | undefined> {
    const { userId } = of
    if (given.passkey) return (await this.#passkeys.check(tx, given.passkey, { of, device })) ? 'passkey' : undefined
    if (given.code !== undefined) return (await this.#apps.check(tx, userId, given.code)) ? 'totp' : undefined
    if (given.recoveryCode === undefined || !(await this.#codes.take(tx, userId, given.recoveryCode))) return undefined
    const event = { userId, kind: 'recovery_code_used', by: { kind: 'self', userId, device }, notice: true } as const
    await tx.change(insertEvents(tx, this.#ids, [event]))
    return 'recovery_code'
  }

  /**
   * Throws unless what is given proves who the actor is: a passkey of theirs, or, where they have a second factor, that beside the password,
   * which the caller has found good. Answers whether a factor was part of it: where the password was all, none may have come meanwhile.
   */
  async prove({ tenantId, userId, sessionId }: Actor, given: GivenFactor, device: Device): Promise<boolean> {
    const isAlone = given.passkey === undefined && given.code === undefined && given.recoveryCode === undefined
    let tell: Tell | undefined
    const failure = await this.#doors.open(tenantId, async (tx) => {
      if (isAlone) return (await factorRules(tx, userId)).hasFactor ? new Failure('auth.code_needed') : undefined
      await holdCredential(tx, userId)
      const isRight = (await this.use(tx, given, { of: { purpose: 'prove', userId, sessionId }, device })) !== undefined
      if (isRight) await forgetFailures(tx, userId)
      // A passkey comes without the password, and is no guess.
      else if (!given.passkey) tell = await this.#guessing.note(tx, { userId }, { what: 'factor', device })
      return isRight ? undefined : refusalOf(given)
    })
    tell?.()
    if (failure) throw failure
    return !isAlone
  }

  async #noteFailure(tx: DoorTx, { hash, userId }: Ticket, device: Device): Promise<Tell | undefined> {
    const row = await tx.first(
      tx.db.updateTable('sign_in_ticket').set({ failures: sql<number>`failures + 1` }).where('hash', '=', hash).returning('failures'),
    )
    const tell = await this.#guessing.note(tx, { userId }, { what: 'factor', device })
    if (tell || row?.failures !== MOST_WRONG) return tell
    // Of somebody without a password, or whose password is closed, each ticket counts by itself.
    const event = { userId, kind: 'second_factor_failed', by: { kind: 'system', device }, notice: true } as const
    await tx.change(insertEvents(tx, this.#ids, [event]))
    return undefined
  }

  async #factorsOf(tx: DoorTx, userId: UserId): Promise<Asked['factors']> {
    const row = await tx.first(
      tx.db.selectNoFrom(({ exists, selectFrom }) => [
        exists(selectFrom('authenticator_app').select('user_id').where('user_id', '=', userId).where('confirmed_at', 'is not', null)).as(
          'code',
        ),
        exists(selectFrom('passkey').select('id').where('user_id', '=', userId)).as('passkey'),
        exists(selectFrom('recovery_code').select('hash').where('user_id', '=', userId)).as('recoveryCode'),
      ]),
    )
    return { code: row!.code === true, passkey: row!.passkey === true, recoveryCode: row!.recoveryCode === true }
  }
}

/** Why a factor was not good, as far as it is said. */
function refusalOf({ passkey, code }: GivenFactor): Failure {
  if (passkey) return new Failure('passkey.refused')
  return new Failure(code === undefined ? 'auth.wrong_recovery_code' : 'auth.wrong_code')
}

/** Holds the password of whose ticket it is, before the ticket: as everybody who has both. */
async function holdCredentialOf(tx: DoorTx, ticket: string): Promise<void> {
  const row = await tx.first(tx.db.selectFrom('sign_in_ticket').select('user_id').where('hash', '=', tokenHash(ticket)))
  if (row) await holdCredential(tx, row.user_id as UserId)
}

/** A ticket that is good now, held until the commit: of several who use it at once, each sees what the one before has done. */
async function findTicket(tx: DoorTx, ticket: string): Promise<Ticket | undefined> {
  // Its person before it, as whoever suspends them.
  const whose = tx.db.selectFrom('sign_in_ticket').select('user_id').where('hash', '=', tokenHash(ticket))
  await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', whose).forShare())
  const row = await tx.first(
    tx.db
      .selectFrom('sign_in_ticket')
      .innerJoin('user', 'user.id', 'sign_in_ticket.user_id')
      .select(['hash', 'sign_in_ticket.user_id', 'way', 'remember'])
      .where('hash', '=', tokenHash(ticket))
      .where('expires_at', '>', sql<Date>`now()`)
      .where('failures', '<', MOST_WRONG)
      .where('status', '=', 'active')
      // Of a password that is taken no more, what was begun with it goes no further.
      .where(({ not, and, eb, exists, selectFrom }) => {
        const closed = selectFrom('credential').select('user_id').whereRef('credential.user_id', '=', 'sign_in_ticket.user_id')
        return not(and([eb('way', '=', 'password'), exists(closed.where('closed_at', 'is not', null))]))
      })
      .where(({ selectFrom }) => {
        const changed = selectFrom('credential').select('time_changed').whereRef('credential.user_id', '=', 'sign_in_ticket.user_id')
        return sql<boolean>`${sql.ref('password_changed')} is not distinct from ${changed}`
      })
      .forUpdate('sign_in_ticket'),
  )
  return row && { hash: row.hash, userId: row.user_id as UserId, way: row.way as Way, remember: row.remember }
}
