/** Accounts and what proves them: the doors by which they are made, invited and signed in to. */
import { sql } from 'kysely'
import { type Member, Preferences, type Role } from '#contract/accounts.ts'
import { ScopeId, type UserId } from '#contract/ids.ts'
import { LEAST_USUAL } from '#contract/password-rules.ts'
import type { Actor } from '../isolation/actor.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import type { ScopeKeys } from '../isolation/keys/scope-keys.ts'
import { schemaName } from '../isolation/tables.ts'
import { Failure } from '../kernel/failure.ts'
import type { Ids } from '../kernel/ids.ts'
import { MEMBER, memberOf } from '../kernel/member.ts'
import type { Device } from './device.ts'
import { makeLink, takeLink } from './links.ts'
import { setPassword } from './passwords/credentials.ts'
import type { Owner, Passwords } from './passwords/passwords.ts'
import { lockSessions } from './sessions/ending.ts'
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

type FirstPassword = Parameters<typeof setPassword>[2]

export class Accounts {
  readonly #doors: Doors
  readonly #keys: ScopeKeys
  readonly #passwords: Passwords
  readonly #signIns: SignIns
  readonly #ids: Ids

  constructor(parts: { doors: Doors; keys: ScopeKeys; passwords: Passwords; signIns: SignIns; ids: Ids }) {
    this.#doors = parts.doors
    this.#keys = parts.keys
    this.#passwords = parts.passwords
    this.#signIns = parts.signIns
    this.#ids = parts.ids
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

  /** Makes an account one that has joined, in the caller's transaction: with its first password, or the hash of one of unknown length, if any. */
  async join(tx: DoorTx, userId: UserId, password?: string | FirstPassword): Promise<void> {
    if (password) await setPassword(tx, userId, typeof password === 'string' ? { hash: password, longEnoughFor: LEAST_USUAL } : password)
    await tx.change(tx.db.updateTable('user').set({ time_joined: sql<Date>`now()` }).where('id', '=', userId))
  }

  /** Uses an invitation, once, and joins, in the caller's transaction. Fails with `invitation.invalid`. */
  async takeInvitation(tx: DoorTx, userId: UserId, { token, password }: { token: string; password?: FirstPassword }): Promise<void> {
    // First the person and then their invitation, as whoever invites them again.
    await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', userId).forUpdate())
    if (!(await takeLink(tx, token, 'invitation'))) throw new Failure('invitation.invalid')
    await this.join(tx, userId, password)
  }

  /** Uses an invitation, once: sets the password of whose it is, and signs in. */
  async accept(of: Owner, { token, password }: { token: string; password: string }, device: Device): Promise<Outcome> {
    const made = await this.#passwords.newPassword(password, of)
    return this.#doors.open(of.tenant.id, async (tx) => {
      await this.takeInvitation(tx, of.id, { token, password: made })
      return this.#signIns.finish(tx, of.id, { device, way: 'invitation' })
    })
  }

  /** Adds an invitation for an account that has not joined, in the caller's transaction. `madeBy` is null for the operator. */
  async newInvitation(tx: DoorTx, userId: UserId, madeBy: UserId | null): Promise<Invited> {
    const made = await makeLink(tx, { userId, kind: 'invitation', madeBy, goodForMs: INVITATION_MS })
    const user = await tx.first(tx.db.selectFrom('user').select(MEMBER).where('id', '=', userId))
    return { member: memberOf(user!), ...made }
  }
}
