/** What failures in a row lead to, of a password and of what is asked for after it: its person is told, and its path closes at last. */
import type { TenantId, UserId } from '#contract/ids.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import type { Background } from '../../kernel/background.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Ids } from '../../kernel/ids.ts'
import { networkOf } from '../../kernel/network.ts'
import type { Device } from '../device.ts'
import { closedLetter, type Letters, passwordKnownLetter } from '../letters.ts'
import { countLinks, makeLink } from '../links.ts'
import { insertEvents, SYSTEM } from '../security-log.ts'
import type { SessionEnds } from '../sessions/session-ends.ts'
import type { Tenants } from '../tenants.ts'
import { findCredential, noteFailure, type Whose } from './credentials.ts'

/** After so many wrong second factors in a row its person is told that somebody knows their password. */
const WRONG_FACTORS_UNTIL_TOLD = 10

const RESET_MS = 30 * 60_000

/** Tells, after the commit, what there is to tell. */
export type Tell = () => void

interface Parts {
  readonly background: Background
  readonly clock: Clock
  readonly doors: Doors
  readonly ends: SessionEnds
  readonly ids: Ids
  readonly letters: Letters
  readonly tenants: Tenants
}

export class Guessing {
  readonly #parts: Parts
  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Counts a failure in the caller's transaction; what it answers is called after the commit, and tells of it. Undefined when there is no
   * password to count it with.
   */
  async note(tx: DoorTx, whose: Whose, wrong: { what: 'password' } | { what: 'factor'; device: Device }): Promise<Tell | undefined> {
    const failed = await noteFailure(tx, whose, wrong.what)
    if (!failed) return undefined
    const { userId, isClosed } = failed
    const isKnown = wrong.what === 'factor' && failed.factorFailures === WRONG_FACTORS_UNTIL_TOLD
    const by = wrong.what === 'factor' ? { ...SYSTEM, device: wrong.device } : SYSTEM
    const kinds = [...(isKnown ? (['second_factor_failed'] as const) : []), ...(isClosed ? (['password_closed'] as const) : [])]
    const events = kinds.map((kind) => ({ userId, kind, by, notice: true }))
    if (events.length > 0) await tx.change(insertEvents(tx, this.#parts.ids, events))
    return () => {
      if (isKnown) this.#tell(tx.tenantId, userId, 'known')
      if (isClosed) this.#tell(tx.tenantId, userId, 'closed')
    }
  }

  /**
   * Writes down for somebody that their password was guessed at, after the reply, if there is somebody: once in an hour and network, and
   * once more, as a notice, when that network has used up its failures.
   */
  noteWrong(
    tenantId: TenantId | undefined,
    email: string,
    { device, isFilled }: { device: Device; isFilled: () => Promise<boolean> },
  ): void {
    const { background, clock, doors, ends, ids, tenants } = this.#parts
    background.run('an entry on a wrong password', async () => {
      if (!tenantId || !(await tenants.byId(tenantId))) return
      const isNotice = await isFilled()
      const at = `${new Date(clock.now()).toISOString().slice(0, 13)}:${networkOf(device.ip)}`
      const told = await doors.open(tenantId, async (tx) => {
        const found = await findCredential(tx, { email })
        if (!found?.time_joined || !found.password_hash || found.status !== 'active' || found.closed_at) return undefined
        const kind = isNotice ? 'sign_in_stopped' : 'sign_in_failed'
        const event = { userId: found.id, kind, by: { ...SYSTEM, device }, notice: isNotice, once: `${kind}:${at}` } as const
        await tx.change(insertEvents(tx, ids, [event]))
        return isNotice ? found.id : undefined
      })
      if (told) await ends.tellNews(tenantId, told)
    })
  }

  #tell(tenantId: TenantId, userId: UserId, what: 'known' | 'closed'): void {
    const { background, doors, ends, letters, tenants } = this.#parts
    background.run('a letter on a password that is guessed at, or known', async () => {
      await ends.tellNews(tenantId, userId)
      const organisation = (await tenants.byId(tenantId))!.name
      // The address as it is now.
      const letter = await doors.open(tenantId, async (tx) => {
        const { email: to, name } = (await findCredential(tx, { userId }))!
        const of = { to, name, organisation }
        if (what === 'known') return passwordKnownLetter({ ...of, askAgain: letters.pageAt('/reset') })
        const link = await newResetLink(tx, letters, { userId })
        return link && closedLetter({ ...of, ...link })
      })
      if (letter) await letters.send(letter, [userId])
    })
  }
}

/** A link by which somebody chooses another password, and where its letter goes; undefined for somebody who is suspended, or has so many. */
export async function newResetLink(tx: DoorTx, letters: Letters, of: { userId: UserId; most?: number }) {
  const { userId, most = Number.POSITIVE_INFINITY } = of
  // Held until the commit, so that of many who ask at once each sees what the one before was given.
  const person = await tx.first(tx.db.selectFrom('user').select('status').where('id', '=', userId).forNoKeyUpdate())
  if (person?.status !== 'active' || (await countLinks(tx, userId, 'reset')) >= most) return undefined
  const { token, expiresAt, email } = await makeLink(tx, { userId, kind: 'reset', madeBy: null, goodForMs: RESET_MS })
  return { to: email, link: letters.linkTo('/reset', token), askAgain: letters.pageAt('/reset'), expiresAt }
}
