/**
 * Recovering accounts of people who cannot sign in. Whoever begins it never holds what lets somebody in: the link goes to the person's
 * own mailbox, at the address they had when it began. That second factors go needs two administrators, or the operator.
 */
import { sql } from 'kysely'
import type { RecoveryId, TenantId, UserId } from '#contract/ids.ts'
import type { Recovery } from '#contract/people.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, type EnterableTx, requireAdmin } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Letter } from '../../mail/mailer.ts'
import type { Device } from '../device.ts'
import { removeAllFactors } from '../factors/factors.ts'
import type { Letters } from '../letters.ts'
import { type MadeLink, makeLink, takeLink } from '../links.ts'
import { demandLength, holdCredential, setPassword } from '../passwords/credentials.ts'
import type { Owner, Passwords } from '../passwords/passwords.ts'
import { type By, insertEvents } from '../security-log.ts'
import type { Ending } from '../sessions/ending.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import type { Outcome, SignIns } from '../sign-ins.ts'
import type { Tenants } from '../tenants.ts'
import { type Acting, byOf } from './acting.ts'
import { administratorsBut } from './administrators.ts'
import { recoveryAskedLetter, recoveryBegunLetter, recoveryLetter } from './letters.ts'
import { approvedOf, dropLink, lockRecovery, makeRoom, openRecoveries, setState } from './recovery-rows.ts'

const LINK_GOOD_FOR_MS = 24 * 3_600_000
const DECIDED_WITHIN_S = 3 * 24 * 3_600

type Lost = Recovery['lost']
interface Whom {
  readonly id: UserId
  readonly name: string
  readonly email: string
}

/** The administrator who did it. */
type Namer = Pick<Whom, 'id' | 'name'>

/** What has begun, and the letters that say so: they go out after the commit. */
interface Begun {
  readonly person: Whom
  readonly by: Namer | null
  readonly expiresAt: Date
  readonly link: MadeLink | undefined
  readonly others: readonly Whom[]
}

export interface RecoveryParts {
  readonly doors: Doors
  readonly ending: Ending
  readonly ends: SessionEnds
  readonly ids: Ids
  readonly letters: Letters
  readonly passwords: Passwords
  readonly signIns: SignIns
  readonly tenants: Tenants
}

export class Recoveries {
  readonly #parts: RecoveryParts
  constructor(parts: RecoveryParts) {
    this.#parts = parts
  }

  /**
   * Begins one. Without factors, or by the operator, a link is mailed to the person at once; with them the other administrators are told,
   * and one of them decides. The person is told in any case. Answers whether their letter was sent.
   */
  async start(tenantId: TenantId, { userId, lost }: { userId: UserId; lost: Lost }, acting: Acting): Promise<boolean> {
    const admin = acting === 'operator' ? undefined : acting.admin
    if (admin?.userId === userId) throw new Failure('member.oneself')
    const begun = await this.#parts.doors.open(tenantId, async (tx) => {
      if (admin) requireAdmin(await tx.enter(admin.tokenHash))
      return this.#begin(tx, { userId, lost }, acting)
    })
    for (const { id } of [begun.person, ...begun.others]) await this.#parts.ends.tellNews(tenantId, id)
    return this.#write(tenantId, { ...begun, withFactors: lost === 'password_and_factors' })
  }

  /** Approves or ends one, as an administrator; answers whether a link was sent to the person. */
  async decide(admin: Actor, { recoveryId, approve }: { recoveryId: RecoveryId; approve: boolean }, device: Device): Promise<boolean> {
    const { doors, ends, ids } = this.#parts
    const { tenantId } = admin
    const decided = await doors.openAsAdmin(tenantId, admin.tokenHash, async (tx) => {
      const recovery = await lockRecovery(tx, recoveryId)
      if (!recovery || (approve && (recovery.state !== 'asked' || !recovery.is_same))) throw new Failure('recovery.not_found')
      if (approve && [recovery.begun_by, recovery.user_id].includes(admin.userId)) throw new Failure('recovery.not_yours')
      const person = { id: recovery.user_id as UserId, name: recovery.name, email: recovery.email }
      const kind = approve ? 'recovery_approved' : 'recovery_ended'
      const by = byOf({ admin, device })
      const asker = anotherThan(admin, recovery.begun_by)
      const answer = approve ? 'request_approved' : 'request_declined'
      const events = [{ userId: person.id, kind, by, notice: true } as const, ...noticeTo(asker, answer, by)]
      await tx.change(insertEvents(tx, ids, events))
      if (!approve) {
        await setState(tx, recoveryId, 'declined')
        await dropLink(tx, person.id)
        return { person, asker, link: undefined, by: null }
      }
      const link = await this.#approve(tx, { id: recoveryId, userId: person.id, by: admin.userId })
      return { person, asker, link, by: await whoIs(tx, admin) }
    })
    for (const id of [decided.person.id, decided.asker]) if (id) await ends.tellNews(tenantId, id)
    if (!decided.link) return false
    return this.#write(tenantId, { ...decided, expiresAt: decided.link.expiresAt, others: [], withFactors: true })
  }

  /** Stops what is under way for the actor's own account: whoever can sign in needs no recovery. */
  async stop({ tenantId, tokenHash, userId }: Actor, device: Device): Promise<void> {
    const { doors, ends, ids } = this.#parts
    const asker = await doors.open(tenantId, async (tx) => {
      await tx.enter(tokenHash)
      const [open] = await openRecoveries(tx, userId, userId)
      if (!open) return null
      await setState(tx, open.id, 'stopped')
      await dropLink(tx, userId)
      const by = { kind: 'self', userId, device } as const
      const begunBy = open.begunBy?.id ?? null
      // To whoever asked, it was done by somebody else, whose device is not theirs to see.
      const told = noticeTo(begunBy, 'request_stopped', { kind: 'system' })
      await tx.change(insertEvents(tx, ids, [{ userId, kind: 'recovery_ended', by }, ...told]))
      return begunBy
    })
    if (asker) await ends.tellNews(tenantId, asker)
  }

  /** Uses a recovery's link, once: a new password, the factors gone if that was approved, all logins ended, and a new one begun. */
  async use(of: Owner, { token, password }: { token: string; password: string }, device: Device): Promise<Outcome> {
    const { doors, ending, ids, passwords, signIns } = this.#parts
    const { id: userId } = of
    const made = await passwords.newPassword(password, of)
    const by = { kind: 'self', userId, device } as const
    const make = async (tx: EnterableTx) => {
      // First the person, then their recovery, then its link: as everybody who changes more than one of them.
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', userId).forNoKeyUpdate())
      const recovery = await approvedOf(tx, userId)
      if (!recovery || !(await takeLink(tx, token, 'recovery'))) throw new Failure('recovery.invalid')
      await setState(tx, recovery.id, 'used')
      if (recovery.with_factors) await removeAllFactors(tx, userId)
      await demandLength(tx, userId, made)
      await setPassword(tx, userId, made)
      await tx.change(insertEvents(tx, ids, [{ userId, kind: 'recovered', by, notice: true }]))
    }
    const hold = (tx: DoorTx) => holdCredential(tx, userId)
    await ending.endBy(of.tenant.id, { chosen: { userId }, end: { reason: 'recovered', by } }, { hold, make })
    return doors.open(of.tenant.id, (tx) => signIns.finish(tx, userId, { device, way: 'recovery' }))
  }

  async #begin(tx: EnterableTx, { userId, lost }: { userId: UserId; lost: Lost }, acting: Acting): Promise<Begun> {
    const { ids } = this.#parts
    const admin = acting === 'operator' ? undefined : acting.admin
    // As little as keeps their address what it is: two administrators who begin each other's do not wait for one another.
    const person = await tx.first(
      tx.db.selectFrom('user').select(['id', 'name', 'email', 'status', 'time_joined']).where('id', '=', userId).forKeyShare(),
    )
    if (!person) throw new Failure('member.not_found')
    if (person.status !== 'active' || !person.time_joined) throw new Failure('recovery.not_possible')
    const [id, by, needsAnother] = [ids.next<RecoveryId>(), byOf(acting), lost === 'password_and_factors' && admin !== undefined]
    await makeRoom(tx, userId, { alsoOpen: admin === undefined })
    const row = await tx
      .first(
        tx.db
          .insertInto('recovery')
          .values({
            id,
            user_id: userId,
            email: person.email,
            with_factors: lost === 'password_and_factors',
            state: needsAnother ? 'asked' : 'approved',
            begun_by: admin?.userId ?? null,
            expires_at: sql<Date>`now() + make_interval(secs => ${DECIDED_WITHIN_S}::int)`,
          })
          .returning('expires_at'),
      )
      .catch((error: { constraint?: string }) => {
        throw error.constraint === 'recovery_one_open_idx' ? new Failure('recovery.open') : error
      })
    const others = needsAnother && admin ? await administratorsBut(tx, admin.userId, userId) : []
    await tx.change(
      insertEvents(tx, ids, [
        { userId, kind: 'recovery_begun', by, notice: true },
        ...others.map((other) => ({ userId: other.id as UserId, kind: 'recovery_asked' as const, by, notice: true })),
      ]),
    )
    return {
      person: person as Whom,
      by: admin ? await whoIs(tx, admin) : null,
      expiresAt: row!.expires_at,
      link: needsAnother ? undefined : await this.#approve(tx, { id, userId, by: null }),
      others: others as Whom[],
    }
  }

  async #approve(tx: DoorTx, { id, userId, by }: { id: RecoveryId; userId: UserId; by: UserId | null }): Promise<MadeLink> {
    const made = await makeLink(tx, { userId, kind: 'recovery', madeBy: by, goodForMs: LINK_GOOD_FOR_MS })
    const change = { state: 'approved', decided_by: by, expires_at: made.expiresAt }
    await tx.change(tx.db.updateTable('recovery').set(change).where('id', '=', id))
    return made
  }

  /** Sends the letters of what has begun, or was approved; answers whether the person's was sent. */
  async #write(
    tenantId: TenantId,
    { person, by, expiresAt, link, others, withFactors }: Begun & { withFactors: boolean },
  ): Promise<boolean> {
    const { letters, tenants } = this.#parts
    const organisation = (await tenants.byId(tenantId))!.name
    const about = {
      to: link?.email ?? person.email,
      name: person.name,
      organisation,
      by: by?.name ?? null,
      withFactors,
      stopAt: letters.pageAt('/account/recovery'),
    }
    const own: Letter = link
      ? recoveryLetter({ ...about, link: letters.linkTo('/recovery', link.token), expiresAt: link.expiresAt })
      : recoveryBegunLetter(about)
    const decideAt = letters.pageAt('/people/requests')
    const [sent] = await Promise.all([
      letters.send(own, [person.id, by?.id]),
      ...others.map(({ id, email, name }) =>
        letters.send(
          recoveryAskedLetter({ to: email, name, organisation, by: by?.name ?? null, whose: person.name, decideAt, expiresAt }),
          [id, person.id, by?.id],
        ),
      ),
    ])
    return sent
  }
}

/** Who began it, unless that was this administrator, or the operator. */
function anotherThan({ userId }: Actor, begunBy: string | null): UserId | null {
  return begunBy === userId ? null : (begunBy as UserId | null)
}

/** The notice to whoever asked for a recovery that another has decided; none for the operator. */
function noticeTo(asker: UserId | null, kind: 'request_approved' | 'request_declined' | 'request_stopped', by: By) {
  return asker ? [{ userId: asker, kind, by, notice: true } as const] : []
}

async function whoIs(tx: DoorTx, { userId: id }: Actor): Promise<Namer | null> {
  const found = await tx.first(tx.db.selectFrom('user').select('name').where('id', '=', id))
  return found ? { id, name: found.name } : null
}
