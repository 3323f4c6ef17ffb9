/** Accounts and what proves them: the doors by which they are made, invited and signed in to. */
import { sql } from 'kysely'
import { type Member, Preferences, type Role } from '#contract/accounts.ts'
import { ScopeId, type TenantId, type UserId } from '#contract/ids.ts'
import type { Actor } from '../isolation/actor.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import type { ScopeKeys } from '../isolation/keys/scope-keys.ts'
import { schemaName } from '../isolation/tables.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { Ids } from '../kernel/ids.ts'
import { MEMBER, memberOf } from '../kernel/member.ts'
import type { Device } from './device.ts'
import { lockSessions } from './ending.ts'
import { findLink, makeLink, takeLink } from './links.ts'
import { hashPassword, passwordMatches, refuseWeakPassword } from './password.ts'
import type { Outcome, SignIns } from './sign-ins.ts'

const INVITATION_MS = 7 * 24 * 3_600_000

export interface NewAccount {
  readonly name: string
  readonly email: string
  readonly role: Role
}

export interface Invited {
  readonly member: Member
  /** Secret; it goes to the person and is not kept. */
  readonly token: string
  readonly expiresAt: Date
}

export class Accounts {
  readonly #doors: Doors
  readonly #keys: ScopeKeys
  readonly #signIns: SignIns
  readonly #clock: Clock
  readonly #ids: Ids

  constructor(parts: { doors: Doors; keys: ScopeKeys; signIns: SignIns; clock: Clock; ids: Ids }) {
    this.#doors = parts.doors
    this.#keys = parts.keys
    this.#signIns = parts.signIns
    this.#clock = parts.clock
    this.#ids = parts.ids
  }

  /** Signs in. The same work and the same failure, whatever was wrong. */
  async signIn(
    tenantId: TenantId | undefined,
    given: { email: string; password: string; remember: boolean },
    device: Device,
  ): Promise<Outcome> {
    const found = tenantId ? await this.#doors.open(tenantId, (tx) => findCredential(tx, given.email)) : undefined
    const matches = await passwordMatches(given.password, found?.password_hash)
    if (!tenantId || !found || !matches || found.status !== 'active') throw new Failure('auth.wrong_credentials')
    return this.#doors.open(tenantId, (tx) =>
      this.#signIns.finish(tx, found.id as UserId, { device, way: 'password', remember: given.remember }),
    )
  }

  /** Whether a password is the actor's own. */
  async isPasswordOf(actor: Actor, password: string): Promise<boolean> {
    const found = await this.#doors.open(actor.tenantId, (tx) =>
      tx.first(tx.db.selectFrom('credential').select('password_hash').where('user_id', '=', actor.userId)),
    )
    return passwordMatches(password, found?.password_hash)
  }

  /** Changes preferences of the actor's own. */
  async setPreferences(actor: Actor, changes: { [K in keyof Preferences]?: Preferences[K] | undefined }): Promise<Preferences> {
    return this.#alone(actor, async (tx) => {
      const change = sql<unknown>`${sql.id(schemaName(tx.tenantId), 'set_own_preferences')}(${JSON.stringify(changes)}::jsonb)`
      const row = await tx.first(tx.db.selectNoFrom(change.as('kept')))
      return Preferences.parse(row?.kept)
    })
  }

  /** Changes the actor's own name. */
  async rename(actor: Actor, name: string): Promise<void> {
    await this.#alone(actor, (tx) => tx.change(tx.db.updateTable('user').set({ name }).where('id', '=', actor.userId)))
  }

  /**
   * Changes the actor's own row. Every unit of work that writes shares it; so this one has it alone before it enters, or two changes at
   * once would each wait for the other.
   */
  async #alone<T>({ tenantId, sessionId, userId, tokenHash: hash }: Actor, change: (tx: DoorTx) => Promise<T>): Promise<T> {
    return this.#doors.open(tenantId, async (tx) => {
      await lockSessions(tx, { sessionId })
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', userId).forNoKeyUpdate())
      await tx.enter(hash)
      return change(tx)
    })
  }

  /** Adds an account with its personal scope and that scope's key, in the caller's transaction. */
  async add(tx: DoorTx, account: NewAccount): Promise<UserId> {
    const userId = this.#ids.next<UserId>()
    // A personal scope has its person's id: one of the two is enough to know the other.
    const scopeId = ScopeId.parse(userId)
    await tx.change(tx.db.insertInto('user').values({ id: userId, email: account.email, name: account.name, role: account.role }))
    await tx.change(tx.db.insertInto('scope').values({ id: scopeId, kind: 'personal' }))
    await tx.change(tx.db.insertInto('scope_member').values({ scope_id: scopeId, user_id: userId, role: 'owner' }))
    const wrapped = await this.#keys.newScopeKey(tx.tenantId, scopeId)
    await tx.change(tx.db.insertInto('scope_key').values({ scope_id: scopeId, version: 1, wrapped }))
    return userId
  }

  /** Gives an account its first password, in the caller's transaction. */
  async join(tx: DoorTx, userId: UserId, passwordHash: string): Promise<void> {
    await tx.change(tx.db.insertInto('credential').values({ user_id: userId, password_hash: passwordHash }))
    await tx.change(
      tx.db
        .updateTable('user')
        .set({ time_joined: new Date(this.#clock.now()) })
        .where('id', '=', userId),
    )
  }

  /** Uses an invitation, once: sets the password and signs in. */
  async accept(token: string, password: string, at: { organisation: string; tenantId: TenantId; device: Device }): Promise<Outcome> {
    const found = await this.#doors.open(at.tenantId, (tx) => findLink(tx, token, 'invitation'))
    if (!found) throw new Failure('invitation.invalid')
    refuseWeakPassword(password, [found.email, found.name, at.organisation])
    const passwordHash = await hashPassword(password)
    return this.#doors.open(at.tenantId, async (tx) => {
      // First the person and then their invitation, as whoever invites them again.
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', found.id).forUpdate())
      if (!(await takeLink(tx, token, 'invitation'))) throw new Failure('invitation.invalid')
      await this.join(tx, found.id as UserId, passwordHash)
      return this.#signIns.finish(tx, found.id as UserId, { device: at.device, way: 'invitation' })
    })
  }

  /** Adds an invitation for an account that has not joined, in the caller's transaction. `madeBy` is null for the operator. */
  async newInvitation(tx: DoorTx, userId: UserId, madeBy: UserId | null): Promise<Invited> {
    const made = await makeLink(tx, { userId, kind: 'invitation', madeBy, goodForMs: INVITATION_MS })
    const user = await tx.first(tx.db.selectFrom('user').select(MEMBER).where('id', '=', userId))
    return { member: memberOf(user!), ...made }
  }
}

function findCredential(tx: DoorTx, email: string) {
  return tx.first(
    tx.db
      .selectFrom('user')
      .innerJoin('credential', 'credential.user_id', 'user.id')
      .select(['user.id', 'user.status', 'credential.password_hash'])
      .where('user.email', '=', email),
  )
}
