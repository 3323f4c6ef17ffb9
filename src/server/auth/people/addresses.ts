/**
 * One's own address: it changes once the new one was shown to be its person's, by a link that was mailed there and is followed while signed
 * in as them. Nobody changes another's, since whoever has the address gets the links by which one becomes them.
 */
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, requireProven } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import type { Letters } from '../letters.ts'
import { dropLinks, findLink, makeLink, takeLink } from '../links.ts'
import { insertEvents } from '../security-log.ts'
import { lockSessions } from '../sessions/ending.ts'
import type { Tenants } from '../tenants.ts'
import { addressInUseLetter, newAddressLetter, oldAddressLetter } from './letters.ts'
import { withdrawRecoveries } from './recovery-rows.ts'

const GOOD_FOR_MS = 24 * 3_600_000
/** Each asking sends two letters, one of them to an address of the asker's choosing. */
const ASK_EVERY_S = 60

export class Addresses {
  readonly #parts: { doors: Doors; ids: Ids; letters: Letters; tenants: Tenants }
  constructor(parts: { doors: Doors; ids: Ids; letters: Letters; tenants: Tenants }) {
    this.#parts = parts
  }

  /** Asks for another address. What is answered, and how long it takes, is the same whether or not somebody has it; answers whether the letter was sent. */
  async ask(actor: Actor, email: string, device: Device): Promise<boolean> {
    const { doors, ids, letters, tenants } = this.#parts
    const { tenantId, userId } = actor
    const { person, holder, made } = await doors.open(tenantId, async (tx) => {
      requireProven(await tx.enter(actor.tokenHash))
      const person = (await personBy(tx, 'id', userId))!
      if (person.email === email) throw new Failure('address.unchanged')
      await refuseSoonAfter(tx, userId)
      const event = { userId, kind: 'address_asked', by: { kind: 'self', userId, device } } as const
      await tx.change(insertEvents(tx, ids, [event]))
      return {
        person,
        holder: await personBy(tx, 'email', email),
        made: await makeLink(tx, { userId, kind: 'address', madeBy: userId, goodForMs: GOOD_FOR_MS, detail: email }),
      }
    })
    const organisation = (await tenants.byId(tenantId))!.name
    const link = letters.linkTo('/account/address', made.token)
    const [sent] = await Promise.all([
      letters.send(
        holder
          ? addressInUseLetter({ to: email, organisation })
          : newAddressLetter({ to: email, organisation, link, expiresAt: made.expiresAt }),
        [userId, holder?.id],
      ),
      letters.send(oldLetter({ ...person, organisation, accountAt: letters.pageAt('/account/devices') }, { email, isDone: false }), [
        userId,
        holder?.id,
      ]),
    ])
    return sent
  }

  /** The address that a link would confirm, so that its person sees it before. Fails with `address.invalid`. */
  async asked({ tenantId, tokenHash, userId }: Actor, token: string): Promise<string> {
    const found = await this.#parts.doors.open(tenantId, async (tx) => {
      await tx.enter(tokenHash)
      return findLink(tx, token, 'address')
    })
    if (found?.id !== userId || !found.detail) throw new Failure('address.invalid')
    return found.detail
  }

  /** The change that was asked for and not confirmed, while its link is good. */
  async pending({ tenantId, tokenHash, userId }: Actor): Promise<{ email: string; until: Date } | null> {
    return this.#parts.doors.open(tenantId, async (tx) => {
      await tx.enter(tokenHash)
      return (await linkTo(tx, userId)) ?? null
    })
  }

  /** Makes its link good for nothing. It stays to say when it was asked for: who withdraws may not ask again any sooner. */
  async withdraw({ tenantId, tokenHash, userId }: Actor): Promise<void> {
    await this.#parts.doors.open(tenantId, async (tx) => {
      await tx.enter(tokenHash)
      const mine = tx.db.updateTable('link').where('user_id', '=', userId).where('kind', '=', 'address')
      await tx.change(mine.set({ expires_at: sql<Date>`least(expires_at, now())` }))
    })
  }

  /** Confirms it, once, as the person who asked. Links that went to the old address are good for nothing from then on. */
  async confirm(actor: Actor, token: string, device: Device): Promise<string> {
    const { doors, ids, letters, tenants } = this.#parts
    const { tenantId, userId } = actor
    const { before, email } = await doors.open(tenantId, async (tx) => {
      // The person's row is shared by every unit that writes, so this one has it alone before it enters.
      await lockSessions(tx, { sessionId: actor.sessionId })
      await tx.first(tx.db.selectFrom('user').select('id').where('id', '=', userId).forUpdate())
      await tx.enter(actor.tokenHash)
      const found = await findLink(tx, token, 'address')
      if (found?.id !== userId || !found.detail || !(await takeLink(tx, token, 'address'))) throw new Failure('address.invalid')
      const changed = tx.db.updateTable('user').set({ email: found.detail }).where('id', '=', userId)
      await tx.change(changed).catch((error: { constraint?: string }) => {
        throw error.constraint === 'user_email_unique' ? new Failure('address.invalid') : error
      })
      await dropLinks(tx, userId, 'reset', 'recovery')
      await withdrawRecoveries(tx, userId)
      const event = { userId, kind: 'address_changed', by: { kind: 'self', userId, device }, notice: true } as const
      await tx.change(insertEvents(tx, ids, [event]))
      return { before: found, email: found.detail }
    })
    const organisation = (await tenants.byId(tenantId))!.name
    await letters.send(oldLetter({ ...before, organisation, accountAt: letters.pageAt('/account/devices') }, { email, isDone: true }), [
      userId,
    ])
    return email
  }
}

/** To the address that is left. */
function oldLetter(
  { email: to, ...of }: { email: string; name: string; organisation: string; accountAt: string },
  change: { email: string; isDone: boolean },
) {
  return oldAddressLetter({ to, name: of.name, organisation: of.organisation, accountAt: of.accountAt, ...change })
}

function personBy(tx: DoorTx, column: 'id' | 'email', value: string) {
  return tx.first(tx.db.selectFrom('user').select(['id', 'name', 'email']).where(column, '=', value))
}

async function linkTo(tx: DoorTx, userId: UserId) {
  const row = await tx.first(
    tx.db
      .selectFrom('link')
      .innerJoin('user', 'user.id', 'link.user_id')
      .select(['link.detail', 'link.expires_at'])
      .where('link.user_id', '=', userId)
      .where('link.kind', '=', 'address')
      .where('link.expires_at', '>', sql<Date>`now()`)
      .whereRef('link.email', '=', 'user.email'),
  )
  return row && { email: row.detail!, until: row.expires_at }
}

async function refuseSoonAfter(tx: DoorTx, userId: UserId): Promise<void> {
  const earlier = await tx.first(
    tx.db
      .selectFrom('link')
      .select(sql<number>`ceil(${ASK_EVERY_S} - extract(epoch from now() - time_created))::int`.as('wait_s'))
      .where('user_id', '=', userId)
      .where('kind', '=', 'address'),
  )
  if (earlier && earlier.wait_s > 0) throw new Failure('address.asked_just_now', { retryAfterS: earlier.wait_s })
}
