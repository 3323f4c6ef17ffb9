/**
 * Proving who one is by a password, changing it, and the way back in for who has forgotten it. Every reply is the same, and takes the same
 * work, whether or not there is somebody to answer for: the hash is computed for nobody too, and letters are sent after the reply.
 */
import type { TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type DoorTx, requireProven, type TenantEntry } from '../../isolation/doors.ts'
import type { Background } from '../../kernel/background.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { type Letters, noPasswordLetter, passwordChangedLetter, resetLetter } from '../letters.ts'
import { findLink, type LinkKind, takeLink } from '../links.ts'
import { tenantNamed } from '../named-secret.ts'
import { approvedOf } from '../people/recovery-rows.ts'
import { type By, insertEvents } from '../security-log.ts'
import type { Ending } from '../sessions/ending.ts'
import type { Presented, Renewal, Renewed } from '../sessions/renewal.ts'
import type { Outcome, SignIns } from '../sign-ins.ts'
import type { Tenants } from '../tenants.ts'
import { type Credential, demandLength, findCredential, holdCredential, noteSuccess, setPassword } from './credentials.ts'
import { type Guessing, newResetLink } from './guessing.ts'
import { hashPassword, longEnoughFor, passwordMatches, refuseWeakPassword } from './password.ts'

/** How many links that were asked for are good at once. While so many are, no further letter goes out: each of those lets its person in. */
const MOST_LINKS = 30

interface Parts {
  readonly background: Background
  readonly doors: Doors
  readonly ending: Ending
  readonly guessing: Guessing
  readonly ids: Ids
  readonly letters: Letters
  readonly renewal: Renewal
  readonly signIns: SignIns
  readonly tenants: Tenants
}

/** Somebody, their password, and their organisation. */
export type Owner = Credential & { readonly tenant: TenantEntry }

interface Change {
  readonly next: string
  readonly endTokens: boolean
  readonly login: Presented
  readonly device: Device
}

export class Passwords {
  readonly #parts: Parts
  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Signs in. The same work and the same failure, whatever was wrong, and whether or not there is such an organisation. */
  async signIn(
    tenantId: TenantId | undefined,
    given: { email: string; password: string; remember: boolean },
    device: Device,
  ): Promise<Outcome> {
    const { doors, signIns, tenants } = this.#parts
    const at = tenantId ?? (await tenants.any())?.id
    if (!at) throw new Failure('auth.wrong_credentials')
    const right = await this.#verify(at, { email: tenantId ? given.email : '' }, given.password)
    if (!right) throw new Failure('auth.wrong_credentials')
    return doors.open(at, async (tx) => {
      if (!(await this.#noteRight(tx, right, given.password))) throw new Failure('auth.wrong_credentials')
      return signIns.finish(tx, right.id, { device, way: 'password', remember: given.remember })
    })
  }

  /** Whether a password is the actor's own, and may be used. */
  async isOwn(actor: Actor, password: string): Promise<boolean> {
    const right = await this.#verify(actor.tenantId, { userId: actor.userId }, password)
    return right !== undefined && this.#parts.doors.open(actor.tenantId, (tx) => this.#noteRight(tx, right, password))
  }

  /** The actor's own row. */
  async own(actor: Actor): Promise<Owner> {
    const { doors, tenants } = this.#parts
    const found = await doors.open(actor.tenantId, (tx) => findCredential(tx, { userId: actor.userId }))
    const tenant = await tenants.byId(actor.tenantId)
    if (!found || !tenant) throw new Failure('auth.required')
    return { ...found, tenant }
  }

  /** The same once their password was given; nothing is, where they have none. Fails with `auth.wrong_password`. */
  async demandOwn(actor: Actor, password: string | undefined): Promise<Owner> {
    const own = await this.own(actor)
    if (own.password_hash !== null && !(await this.isOwn(actor, password ?? ''))) throw new Failure('auth.wrong_password')
    return own
  }

  /** Whose a link is; undefined when it is no good. The same work for every token. */
  async ofLink(token: string, kind: Extract<LinkKind, 'invitation' | 'reset' | 'recovery'>): Promise<Owner | undefined> {
    const { doors, tenants } = this.#parts
    const named = tenantNamed(token)
    const tenant = named && (await tenants.byId(named))
    const at = tenant ?? (await tenants.any())
    const found =
      at &&
      (await doors.open(at.id, async (tx) => {
        const link = await findLink(tx, token, kind)
        // For nobody, too.
        const owner = await findCredential(tx, link ? { userId: link.id as UserId } : { email: '' })
        // Where second factors go with it, the password will stand alone.
        const isAlone = kind === 'recovery' && (await approvedOf(tx, (link?.id ?? null) as UserId | null))?.with_factors
        return owner && isAlone ? { ...owner, least: owner.leastAlone } : owner
      }))
    return tenant && found ? { ...found, tenant } : undefined
  }

  /** The same for somebody who chooses one: fails with `invitation.invalid` and the like, after the work that a good one takes. */
  async demandLink(token: string, kind: Parameters<Passwords['ofLink']>[1], password: string): Promise<Owner> {
    const of = await this.ofLink(token, kind)
    if (of) return of
    await hashPassword(password)
    throw new Failure(`${kind}.invalid`)
  }

  /** Judges a new password, and computes its hash. Throws `password.weak`. */
  async newPassword(password: string, of: Owner) {
    await refuseWeakPassword(password, { least: of.least, own: [of.email, of.name, of.tenant.name, of.tenant.slug] })
    return { hash: await hashPassword(password), longEnoughFor: longEnoughFor(password, of.least) }
  }

  /**
   * Changes the actor's password, or gives them a first one: all their other logins end, and API tokens when they wish it. `own` is what
   * `demandOwn` answered. Fails with `auth.proof_needed`, `auth.wrong_password` or `password.weak`.
   */
  async change(actor: Actor, own: Owner, { next, endTokens, login, device }: Change): Promise<Renewed> {
    const { ending, ids, renewal } = this.#parts
    const made = await this.newPassword(next, own)
    const by: By = { kind: 'self', userId: actor.userId, device }
    const chosen = { userId: actor.userId, not: actor.sessionId, ...(endTokens ? {} : { kind: 'login' as const }) }
    let renewed: Renewed | undefined
    await ending.endBy(
      actor.tenantId,
      { chosen, own: actor.sessionId, end: { reason: 'password_changed', by } },
      {
        hold: async (tx) => {
          if ((await holdCredential(tx, actor.userId)) !== own.password_hash) throw new Failure('auth.wrong_password')
        },
        make: async (tx) => {
          requireProven(await tx.enter(actor.tokenHash))
          await demandLength(tx, actor.userId, made)
          await setPassword(tx, actor.userId, made)
          await tx.change(
            insertEvents(tx, ids, [{ userId: actor.userId, kind: 'password_changed', by, sessionId: actor.sessionId, notice: true }]),
          )
          renewed = await renewal.raise(tx, login)
        },
      },
    )
    this.#tellChanged(own)
    return renewed!
  }

  /** Sends a letter with a link, after the reply, if there is somebody to send it to. */
  ask(tenantId: TenantId | undefined, email: string): void {
    const { background, doors, letters, tenants } = this.#parts
    background.run('a letter to reset a password', async () => {
      const tenant = tenantId && (await tenants.byId(tenantId))
      if (!tenant) return
      const letter = await doors.open(tenant.id, async (tx) => {
        const found = await findCredential(tx, { email })
        if (!found?.time_joined || found.status !== 'active') return undefined
        const of = { name: found.name, organisation: tenant.name }
        if (found.password_hash === null) return { id: found.id, text: noPasswordLetter({ ...of, to: found.email }) }
        const link = await newResetLink(tx, letters, { userId: found.id, most: MOST_LINKS })
        return link && { id: found.id, text: resetLetter({ ...of, ...link }) }
      })
      if (letter) await letters.send(letter.text, [letter.id])
    })
  }

  /** Uses a reset link, once: the password is another one, every login and API token of its person ends, and a new login begins. */
  async finish(of: Owner, { token, password }: { token: string; password: string }, device: Device): Promise<Outcome> {
    const { doors, ending, ids, signIns } = this.#parts
    const made = await this.newPassword(password, of)
    const { id: userId, tenant } = of
    const by: By = { kind: 'self', device }
    await ending.endBy(
      tenant.id,
      { chosen: { userId }, end: { reason: 'password_changed', by } },
      {
        hold: (tx) => holdCredential(tx, userId),
        make: async (tx) => {
          const user = await tx.first(tx.db.selectFrom('user').select('status').where('id', '=', userId).forUpdate())
          if (user?.status !== 'active' || !(await takeLink(tx, token, 'reset'))) throw new Failure('reset.invalid')
          await demandLength(tx, userId, made)
          await setPassword(tx, userId, made)
          await tx.change(insertEvents(tx, ids, [{ userId, kind: 'password_reset', by, notice: true }]))
        },
      },
    )
    this.#tellChanged(of)
    return doors.open(tenant.id, (tx) => signIns.finish(tx, userId, { device, way: 'reset' }))
  }

  /** Whose the password is; undefined when it is not theirs, or its path is closed. The same statements, whatever it is. */
  async #verify(tenantId: TenantId, whose: Parameters<typeof findCredential>[1], password: string) {
    const { doors, guessing } = this.#parts
    const found = await doors.open(tenantId, (tx) => findCredential(tx, whose))
    const isRight = await passwordMatches(password, found?.password_hash ?? undefined)
    if (found?.password_hash && isRight && found.status === 'active' && !found.closed_at) return { ...found, hash: found.password_hash }
    const tell = await doors.open(tenantId, (tx) => guessing.note(tx, whose, { what: 'password' }))
    tell?.()
    return undefined
  }

  #noteRight(tx: DoorTx, right: Credential & { hash: string }, password: string): Promise<boolean> {
    return noteSuccess(tx, right.id, { hash: right.hash, longEnoughFor: longEnoughFor(password, right.least) })
  }

  #tellChanged({ id, email, name, tenant: { name: organisation } }: Owner): void {
    const { background, letters } = this.#parts
    const letter = passwordChangedLetter({ to: email, name, organisation, askAgain: letters.pageAt('/reset') })
    background.run('a letter on a password that was changed', () => letters.send(letter, [id]))
  }
}
