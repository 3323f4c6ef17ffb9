/**
 * Invitations in numbers: many people at once, each with an outcome of their own; what became of the letters; and taking one back. Letters
 * go out after the reply, a few at a time, and what became of each is written down beside its link.
 */
import { sql } from 'kysely'
import type { z } from 'zod'
import type { Invitation } from '#contract/accounts.ts'
import type { TenantId, UserId } from '#contract/ids.ts'
import { type inviteMembers, NewMember, type PendingInvitation } from '#contract/people.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, requireAdmin } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import { MEMBER, memberOf } from '../../kernel/member.ts'
import type { Accounts, Invited, NewAccount } from '../accounts.ts'
import type { Device } from '../device.ts'
import { invitationLetter, type Letters } from '../letters.ts'
import type { Tenants } from '../tenants.ts'
import { tokenHash } from '../tokens/token.ts'
import type { Acting } from './acting.ts'

/** Letters under way at once; a mail server has other things to do. */
const LETTERS_AT_ONCE = 4
/** A letter that is under way for longer was lost with the server that sent it. */
const LOST_AFTER = sql`interval '10 minutes'`

type Invitee = z.output<typeof inviteMembers.body>['people'][number]
type Outcome = z.output<typeof inviteMembers.reply>['outcomes'][number]
type Wrong = Outcome['wrong'][number]

/** An invitation with whose name stands under its letter; null for the operator's. */
type Made = Invited & { readonly madeBy: UserId | null }

export class Invitations {
  readonly #doors: Doors
  readonly #accounts: Accounts
  readonly #letters: Letters
  readonly #tenants: Tenants
  readonly #sending = new Set<Promise<void>>()

  constructor(parts: { doors: Doors; accounts: Accounts; letters: Letters; tenants: Tenants }) {
    this.#doors = parts.doors
    this.#accounts = parts.accounts
    this.#letters = parts.letters
    this.#tenants = parts.tenants
  }

  /** Adds an account; the person chooses how they sign in through the invitation, which nobody but they are sent. */
  async invite(tenantId: TenantId, account: NewAccount, acting: Acting): Promise<Invitation> {
    return this.#deliver(tenantId, await this.#make(tenantId, account, acting))
  }

  /** A new link for somebody who has not joined yet. */
  async inviteAgain(admin: Actor, userId: UserId): Promise<Invitation> {
    const made = await this.#doors.openAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      const user = await tx.first(tx.db.selectFrom('user').select('time_joined').where('id', '=', userId).forUpdate())
      if (!user) throw new Failure('member.not_found')
      if (user.time_joined) throw new Failure('member.joined')
      return this.#link(tx, userId, admin.userId)
    })
    return this.#deliver(admin.tenantId, made)
  }

  /** Invites people, each in a transaction of their own, so that nobody's mistake is in another's way. Twice the same invites once. */
  async inviteAll(admin: Actor, people: readonly Invitee[], device: Device): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    const made: Made[] = []
    try {
      for (const given of people) {
        const { data, error } = NewMember.safeParse(given)
        const one = data && (await this.#make(admin.tenantId, data, { admin, device }).catch(unlessExists))
        if (one) made.push(one)
        outcomes.push({
          email: data?.email ?? given.email,
          outcome: error ? 'invalid' : one ? 'invited' : 'exists',
          wrong: (error?.issues ?? []).map(({ path, message }) => ({ field: path[0] as Wrong['field'], message })),
        })
      }
    } finally {
      // Also of those before somebody whose turn did not come.
      this.#sendAll(admin.tenantId, made)
    }
    return outcomes
  }

  /** Who of these people is here already, invited or joined. */
  async known(admin: Actor, emails: readonly string[]): Promise<{ email: string; joined: boolean }[]> {
    return this.#doors.lookAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      const rows = await tx.all(tx.db.selectFrom('user').select(['email', 'time_joined']).where('email', 'in', emails))
      return rows.map(({ email, time_joined }) => ({ email, joined: time_joined !== null }))
    })
  }

  /** A page of those who have not joined, the latest first, and one more where there are more. */
  async list(admin: Actor, { limit, after }: { limit: number; after: string | undefined }): Promise<PendingInvitation[]> {
    return this.#doors.lookAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      const rows = await tx.all(
        tx.db
          .selectFrom('user')
          .leftJoin('link', (join) => join.onRef('link.user_id', '=', 'user.id').on('link.kind', '=', 'invitation'))
          .select(MEMBER)
          .select(['link.expires_at', LETTER.as('letter')])
          .where('user.time_joined', 'is', null)
          .$if(after !== undefined, (query) => query.where('user.id', '<', after!))
          .orderBy('user.id', 'desc')
          .limit(limit),
      )
      return rows.map((row) => ({
        member: memberOf(row),
        letter: row.letter as PendingInvitation['letter'],
        expiresAt: row.expires_at?.toISOString() ?? null,
      }))
    })
  }

  /** How many letters could not be sent. */
  async countFailed(admin: Actor): Promise<number> {
    return this.#doors.lookAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      const count = sql<number>`count(*)::int`.as('count')
      const row = await tx.first(tx.db.selectFrom('link').select(count).where('kind', '=', 'invitation').where(LETTER, '=', 'failed'))
      return row!.count
    })
  }

  /** Takes back an invitation that was not accepted: there never was anything in the account, and it goes. */
  async cancel(admin: Actor, userId: UserId): Promise<void> {
    await this.#doors.openAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
      // Whoever accepts it at this moment is waited for, and then has joined.
      const person = await tx.first(tx.db.selectFrom('user').select('time_joined').where('id', '=', userId).forUpdate())
      if (!person) throw new Failure('member.not_found')
      if (person.time_joined) throw new Failure('member.joined')
      for (const table of ['link', 'security_event'] as const) await tx.change(tx.db.deleteFrom(table).where('user_id', '=', userId))
      for (const table of ['scope_key', 'scope_member'] as const) await tx.change(tx.db.deleteFrom(table).where('scope_id', '=', userId))
      await tx.change(tx.db.deleteFrom('scope').where('id', '=', userId))
      await tx.change(tx.db.deleteFrom('user').where('id', '=', userId))
    })
  }

  /** Resolves when no letter is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#sending)
  }

  async #make(tenantId: TenantId, account: NewAccount, acting: Acting): Promise<Made> {
    const admin = acting === 'operator' ? undefined : acting.admin
    return this.#doors.open(tenantId, async (tx) => {
      if (admin) requireAdmin(await tx.enter(admin.tokenHash))
      // Two administrators may add the same person at once: the second waits at the unique address and is told so.
      const userId = await this.#accounts.add(tx, account).catch((error: { constraint?: string }) => {
        throw error.constraint === 'user_email_unique' ? new Failure('member.exists') : error
      })
      return this.#link(tx, userId, admin?.userId ?? null)
    })
  }

  async #link(tx: DoorTx, userId: UserId, madeBy: UserId | null): Promise<Made> {
    const invited = await this.#accounts.newInvitation(tx, userId, madeBy)
    await noteLetter(tx, invited, 'on_its_way')
    return { ...invited, madeBy }
  }

  async #deliver(tenantId: TenantId, made: Made): Promise<Invitation> {
    const { member, token, expiresAt, madeBy } = made
    const organisation = (await this.#tenants.byId(tenantId))!.name
    const link = this.#letters.linkTo('/invitation', token)
    const letter = invitationLetter({ to: member.email, organisation, byOperator: madeBy === null, link, expiresAt })
    const sent = await this.#letters.send(letter, [member.id, madeBy])
    await this.#doors.open(tenantId, (tx) => noteLetter(tx, made, sent ? 'sent' : 'failed'))
    return { member, sent, mail: this.#letters.way, expiresAt: expiresAt.toISOString() }
  }

  #sendAll(tenantId: TenantId, made: readonly Made[]): void {
    const left = [...made]
    const lane = async () => {
      for (let one = left.shift(); one; one = left.shift()) await this.#deliver(tenantId, one)
    }
    const all = Promise.allSettled(Array.from({ length: LETTERS_AT_ONCE }, lane)).then(() => void this.#sending.delete(all))
    this.#sending.add(all)
  }
}

const LETTER = sql<string>`case when link.letter = 'on_its_way' and link.letter_at < now() - ${LOST_AFTER} then 'failed'
  else coalesce(link.letter, 'none') end`

function unlessExists(error: unknown): undefined {
  if (error instanceof Failure && error.code === 'member.exists') return undefined
  throw error
}

/** Writes down what became of the letter with this link, if the link is still the person's. */
async function noteLetter(tx: DoorTx, { token }: Invited, letter: 'on_its_way' | 'sent' | 'failed'): Promise<void> {
  const change = { letter, letter_at: sql<Date>`now()` }
  await tx.change(tx.db.updateTable('link').set(change).where('token_hash', '=', tokenHash(token)))
}
