/** Accounts and what proves them: the doors by which they are made, invited and signed in to. */
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { type Member, Preferences, type Role } from '#contract/accounts.ts'
import { ScopeId, TenantId, type UserId } from '#contract/ids.ts'
import type { Actor } from '../isolation/actor.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import type { ScopeKeys } from '../isolation/keys/scope-keys.ts'
import { schemaName } from '../isolation/tables.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { Ids } from '../kernel/ids.ts'
import type { Device } from './device.ts'
import { lockSessions } from './ending.ts'
import { hashPassword, passwordMatches, refuseWeakPassword } from './password.ts'
import type { BegunSession, Sessions } from './sessions.ts'
import { tokenHash } from './token.ts'

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
  readonly expiresAtMs: number
}

export class Accounts {
  readonly #doors: Doors
  readonly #keys: ScopeKeys
  readonly #sessions: Sessions
  readonly #clock: Clock
  readonly #ids: Ids

  constructor(parts: { doors: Doors; keys: ScopeKeys; sessions: Sessions; clock: Clock; ids: Ids }) {
    this.#doors = parts.doors
    this.#keys = parts.keys
    this.#sessions = parts.sessions
    this.#clock = parts.clock
    this.#ids = parts.ids
  }

  /** Signs in. The same work and the same failure, whatever was wrong. */
  async signIn(
    tenantId: TenantId | undefined,
    given: { email: string; password: string; remember: boolean },
    device: Device,
  ): Promise<BegunSession> {
    const found = tenantId ? await this.#doors.open(tenantId, (tx) => findCredential(tx, given.email)) : undefined
    const matches = await passwordMatches(given.password, found?.password_hash)
    if (!tenantId || !found || !matches || found.status !== 'active') throw new Failure('auth.wrong_credentials')
    return this.#doors.open(tenantId, (tx) =>
      this.#sessions.begin(tx, found.id as UserId, { device, method: 'password', remember: given.remember }),
    )
  }

  /** Whether a password is the actor's own. */
  async isPasswordOf(actor: Actor, password: string): Promise<boolean> {
    const found = await this.#doors.open(actor.tenantId, (tx) =>
      tx.first(tx.db.selectFrom('credential').select('password_hash').where('user_id', '=', actor.userId)),
    )
    return passwordMatches(password, found?.password_hash)
  }

  /**
   * Changes preferences of the actor's own. They are in the person's row, which every unit of work that writes shares; so this one has it
   * alone before it enters, or two changes at once would each wait for the other.
   */
  async setPreferences(
    { tenantId, sessionId, userId, tokenHash: hash }: Actor,
    changes: { [K in keyof Preferences]?: Preferences[K] | undefined },
  ): Promise<Preferences> {
    return this.#doors.open(tenantId, async (tx) => {
      await lockSessions(tx, { sessionId })
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', userId).forNoKeyUpdate())
      await tx.enter(hash)
      const change = sql<unknown>`${sql.id(schemaName(tenantId), 'set_own_preferences')}(${JSON.stringify(changes)}::jsonb)`
      const row = await tx.first(tx.db.selectNoFrom(change.as('kept')))
      return Preferences.parse(row?.kept)
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

  /** An administrator adds an account; the person chooses their own password through the invitation. */
  async invite(admin: Actor, account: NewAccount): Promise<Invited> {
    return this.#doors.openAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      // Two administrators may add the same person at once: the second waits at the unique address and is told so.
      const userId = await this.add(tx, account).catch((error: { constraint?: string }) => {
        throw error.constraint === 'user_email_unique' ? new Failure('member.exists') : error
      })
      return this.newInvitation(tx, userId, admin.userId)
    })
  }

  /** A new link for somebody who has not joined yet. */
  async inviteAgain(admin: Actor, userId: UserId): Promise<Invited> {
    return this.#doors.openAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      const user = await tx.first(tx.db.selectFrom('user').select('time_joined').where('id', '=', userId).forUpdate())
      if (!user) throw new Failure('member.not_found')
      if (user.time_joined) throw new Failure('member.joined')
      await tx.change(tx.db.deleteFrom('invitation').where('user_id', '=', userId))
      return this.newInvitation(tx, userId, admin.userId)
    })
  }

  /** Uses an invitation, once: sets the password and signs in. */
  async accept(token: string, password: string, at: { organisation: string; tenantId: TenantId; device: Device }): Promise<BegunSession> {
    const hash = tokenHash(token)
    const found = await this.#doors.open(at.tenantId, (tx) =>
      tx.first(
        tx.db
          .selectFrom('invitation')
          .innerJoin('user', 'user.id', 'invitation.user_id')
          .select(['user.id', 'user.email', 'user.name'])
          .where('token_hash', '=', hash)
          .where('expires_at', '>', new Date(this.#clock.now())),
      ),
    )
    if (!found) throw new Failure('invitation.invalid')
    refuseWeakPassword(password, [found.email, found.name, at.organisation])
    const passwordHash = await hashPassword(password)
    return this.#doors.open(at.tenantId, async (tx) => {
      // First the person and then their invitation, as whoever invites them again.
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', found.id).forUpdate())
      // The deletion is what makes it single use: of several at once only one finds the row.
      if ((await tx.change(tx.db.deleteFrom('invitation').where('token_hash', '=', hash))) !== 1) throw new Failure('invitation.invalid')
      await this.join(tx, found.id as UserId, passwordHash)
      return this.#sessions.begin(tx, found.id as UserId, { device: at.device, method: 'invitation' })
    })
  }

  /** Adds an invitation for an account that has none, in the caller's transaction. `invitedBy` is null for the operator. */
  async newInvitation(tx: DoorTx, userId: UserId, invitedBy: UserId | null): Promise<Invited> {
    const token = `${tx.tenantId}.${randomBytes(32).toString('base64url')}`
    const expiresAtMs = this.#clock.now() + INVITATION_MS
    await tx.change(
      tx.db.insertInto('invitation').values({
        token_hash: tokenHash(token),
        user_id: userId,
        invited_by: invitedBy,
        expires_at: new Date(expiresAtMs),
      }),
    )
    const user = await tx.first(tx.db.selectFrom('user').select(['id', 'name', 'email', 'role', 'time_created']).where('id', '=', userId))
    const member: Member = {
      id: userId,
      name: user!.name,
      email: user!.email,
      role: user!.role,
      joined: false,
      timeCreated: user!.time_created.toISOString(),
    }
    return { member, token, expiresAtMs }
  }
}

/** The address behind which an invitation waits. The token is in the fragment, which browsers send to no server, so it is in no log. */
export function invitationLink(baseUrl: string, token: string): string {
  return `${baseUrl}/invitation#${token}`
}

/** The tenant that an invitation's token names; the rest of it decides whether it is any good. */
export function tenantOfInvitation(token: string): TenantId | undefined {
  const parsed = TenantId.safeParse(token.split('.', 1)[0])
  return parsed.success ? parsed.data : undefined
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
