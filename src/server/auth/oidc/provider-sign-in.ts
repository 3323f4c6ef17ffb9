/**
 * The way through a provider: out, back, and what comes of it. Whoever comes back is believed only in the browser that set out, under the
 * settings under which it set out, once; and a login, a link or a proof begins when the page asks for the outcome, never when another
 * site sends a browser here.
 */
import type { IdentityId, SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { Found } from '#contract/oidc.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors, DoorTx, EnterableTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Accounts } from '../accounts.ts'
import type { Device } from '../device.ts'
import { factorRules } from '../factors/rules.ts'
import { findLink } from '../links.ts'
import { tenantNamed } from '../named-secret.ts'
import { insertEvents } from '../security-log.ts'
import type { Presented, Renewal, Renewed } from '../sessions/renewal.ts'
import type { Outcome as SignInOutcome, SignIns } from '../sign-ins.ts'
import { refusalOf } from './admission.ts'
import type { Claims, OidcClient } from './client.ts'
import { addIdentity, noteUsed } from './identities.ts'
import type { KnownProvider, ProviderStore } from './provider-store.ts'
import { type Outcome, type Purpose, secretsOf, type Way, type Ways, type Wish } from './ways.ts'

/** How much the provider's clock may be behind this server's. */
const CLOCKS_DIFFER_MS = 30_000

/** Who fetches the outcome, and from where. */
export interface Fetching {
  readonly device: Device
  /** The login that the browser has now, if it has a good one. */
  readonly login: { readonly actor: Actor; readonly presented: Presented } | undefined
}

/** What came of a way. */
export type Finished =
  | { readonly state: 'sign_in'; readonly outcome: SignInOutcome }
  | { readonly state: 'linked'; readonly of: Actor }
  | { readonly state: 'proven'; readonly renewed: Renewed }
  | { readonly state: 'tried'; readonly found: Found }

export interface SignInParts {
  readonly accounts: Accounts
  readonly client: OidcClient
  readonly doors: Doors
  readonly ids: Ids
  readonly renewal: Renewal
  readonly signIns: SignIns
  readonly store: ProviderStore
  readonly ways: Ways
  readonly baseUrl: string
}

export class ProviderSignIn {
  readonly #parts: SignInParts
  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /** Where the provider of an organisation sends browsers back to: an address of its own, so that no other one's answer is taken for its. */
  redirectAddress(tenantId: TenantId): string {
    return `${this.#parts.baseUrl}/api/auth/oidc/callback/${tenantId}`
  }

  /** Sets out. Fails with `oidc.off`, `oidc.unreachable`, or, to prove who one is, `oidc.not_linked_here`. */
  async begin(tenantId: TenantId, way: { purpose: Purpose; of?: Way['of']; wish: Wish }): Promise<{ secret: string; address: string }> {
    const { client, doors, store, ways } = this.#parts
    const provider = await doors.open(tenantId, (tx) => store.find(tx))
    if (!provider || !(provider.on || way.purpose === 'try')) throw new Failure('oidc.off')
    const configuration = await client.configurationOf(tenantId, provider)
    const { issuer } = configuration.serverMetadata()
    const begun = await doors.open(tenantId, async (tx) => {
      if (way.purpose === 'prove') {
        if (!(await hasIdentity(tx, way.of!.userId, issuer))) throw new Failure('oidc.not_linked_here')
        if (!(await isEnough(tx, way.of!.userId, provider))) throw new Failure('oidc.not_enough')
      }
      return ways.begin(tx, { of: undefined, ...way, revision: provider.revision })
    })
    const of = { redirectAddress: this.redirectAddress(tenantId), anew: way.purpose === 'prove' }
    return { secret: begun.secret, address: await client.wayTo(configuration, begun.secrets, of) }
  }

  /** Comes back, with what the provider added to the address. Of a browser that did not set out nothing is kept, and nothing redeemed. */
  async comeBack(tenantId: TenantId, secret: string | undefined, answer: URLSearchParams): Promise<void> {
    const { doors, ways } = this.#parts
    const state = answer.get('state') ?? undefined
    if (secret === undefined || state === undefined || tenantNamed(secret) !== tenantId || tenantNamed(state) !== tenantId) return
    const way = await doors.open(tenantId, (tx) => ways.takeBack(tx, secret, state))
    if (!way) return
    const outcome = await this.#heard(tenantId, way, { answer, secrets: secretsOf(secret, state) })
    await doors.open(tenantId, (tx) => ways.keep(tx, way, outcome))
  }

  async #heard(tenantId: TenantId, way: Way, of: { answer: URLSearchParams; secrets: ReturnType<typeof secretsOf> }): Promise<Outcome> {
    const { client, doors, store } = this.#parts
    const provider = await doors.open(tenantId, (tx) => store.find(tx))
    if (provider?.revision !== way.revision) return { failure: 'oidc.changed' }
    const back = new URL(this.redirectAddress(tenantId))
    back.search = of.answer.toString()
    try {
      return { claims: await client.claimsOf(await client.configurationOf(tenantId, provider), back, of.secrets) }
    } catch (error) {
      if (error instanceof Failure && (error.code === 'oidc.declined' || error.code === 'oidc.failed' || error.code === 'oidc.unreachable'))
        return { failure: error.code }
      throw error
    }
  }

  /** Fetches what came of the way that the browser with this secret began, and does it: once. */
  async finish(secret: string, fetching: Fetching): Promise<{ finished: Finished; next: string }> {
    const tenantId = tenantNamed(secret)
    const fetched = tenantId && (await this.#parts.doors.open(tenantId, (tx) => this.#parts.ways.fetch(tx, secret)))
    if (!tenantId || !fetched) throw new Failure('oidc.not_begun')
    const { way, outcome } = fetched
    if ('failure' in outcome) throw new Failure(outcome.failure)
    const finished = await this.#parts.doors.open(tenantId, async (tx) => {
      // Whoever set out with a login has to be back with the same one, and it has to be good still.
      const login = way.of && (await this.#sameLogin(tx, way.of, fetching))
      const provider = await this.#sameProvider(tx, way)
      return this.#act(tx, { ...fetching, login, way, provider, claims: outcome.claims })
    })
    return { finished, next: way.wish.next }
  }

  async #sameLogin(tx: EnterableTx, of: NonNullable<Way['of']>, { login }: Fetching): Promise<Fetching['login']> {
    if (login?.actor.sessionId !== of.sessionId || login.actor.userId !== of.userId) throw new Failure('oidc.not_begun')
    await tx.enter(login.actor.tokenHash)
    return login
  }

  /** The provider as it was when the way began, and until the commit. */
  async #sameProvider(tx: DoorTx, way: Way): Promise<KnownProvider> {
    const provider = await this.#parts.store.find(tx)
    if (provider?.revision !== way.revision) throw new Failure('oidc.changed')
    return provider
  }

  async #act(tx: EnterableTx, at: Acting): Promise<Finished> {
    const { purpose, wish } = at.way
    switch (purpose) {
      case 'sign_in': {
        const identity = (await noteUsed(tx, at.claims)) ?? (await this.#admit(tx, at))
        return { state: 'sign_in', outcome: await this.#enter(tx, identity, at) }
      }
      case 'invitation': {
        const identity = await this.#accept(tx, wish.invitation ?? '', at)
        return { state: 'sign_in', outcome: await this.#enter(tx, identity, at) }
      }
      case 'link':
        await this.#link(tx, at.login!.actor.userId, at)
        return { state: 'linked', of: at.login!.actor }
      case 'prove':
        return { state: 'proven', renewed: await this.#prove(tx, at) }
      case 'try':
        return { state: 'tried', found: await this.#judge(tx, at) }
    }
  }

  /** Begins a login for whoever is linked. */
  async #enter(
    tx: DoorTx,
    { id, userId }: { id: IdentityId; userId: UserId },
    { device, way, provider, claims }: Acting,
  ): Promise<SignInOutcome> {
    const outcome = await this.#parts.signIns
      .finish(tx, userId, { device, way: 'provider', remember: way.wish.remember, isTwoFactors: provider.twoFactors })
      .catch((error: unknown) => {
        throw error instanceof Failure && error.code === 'auth.wrong_credentials' ? new Failure('oidc.refused') : error
      })
    const sessionId: SessionId | null = outcome.state === 'signed_in' ? outcome.begun.sessionId : null
    const row = { id: this.#parts.ids.next<string>(), identity_id: id, sid: claims.sid, session_id: sessionId }
    await tx.change(tx.db.insertInto('identity_sign_in').values(row))
    return outcome
  }

  /** An account for somebody whom nobody invited, where the rules have it. */
  async #admit(tx: DoorTx, { claims, provider, device }: Acting): Promise<{ id: IdentityId; userId: UserId }> {
    const refusal = refusalOf({ claims, rules: provider, isTaken: await this.#isTaken(tx, claims.email) })
    if (refusal) throw new Failure(refusal)
    const { accounts } = this.#parts
    const email = claims.email!
    const userId = await accounts.add(tx, { email, name: claims.name ?? email, role: 'user' }).catch((error: { constraint?: string }) => {
      throw error.constraint === 'user_email_unique' ? new Failure('oidc.not_linked') : error
    })
    await accounts.join(tx, userId)
    return { id: await this.#link(tx, userId, { claims, device }), userId }
  }

  /** Uses an invitation, once, and links the account that it is for. Whose address the provider names does not matter: the link does. */
  async #accept(tx: DoorTx, token: string, { claims, device }: Acting): Promise<{ id: IdentityId; userId: UserId }> {
    const found = await findLink(tx, token, 'invitation')
    if (!found) throw new Failure('invitation.invalid')
    const userId = found.id as UserId
    await this.#parts.accounts.takeInvitation(tx, userId, { token })
    return { id: await this.#link(tx, userId, { claims, device }), userId }
  }

  async #link(tx: DoorTx, userId: UserId, { claims, device }: Pick<Acting, 'claims' | 'device'>): Promise<IdentityId> {
    const id = await addIdentity(tx, this.#parts.ids, { userId, issuer: claims.issuer, subject: claims.subject })
    const by = { kind: 'self', userId, device } as const
    await tx.change(insertEvents(tx, this.#parts.ids, [{ userId, kind: 'identity_linked', by, notice: true }]))
    return id
  }

  /** A fresh proof: the provider asked this very person anew, after they set out. */
  async #prove(tx: DoorTx, { claims, way, login, device, provider }: Acting): Promise<Renewed> {
    const { actor, presented } = login!
    const { userId, sessionId } = actor
    if ((await noteUsed(tx, claims))?.userId !== userId) throw new Failure('oidc.not_yours')
    if (!(await isEnough(tx, userId, provider))) throw new Failure('oidc.not_enough')
    if (claims.authTimeS === null || claims.authTimeS * 1_000 < way.begunAtMs - CLOCKS_DIFFER_MS) throw new Failure('oidc.stale')
    const by = { kind: 'self', userId, device } as const
    await tx.change(insertEvents(tx, this.#parts.ids, [{ userId, kind: 'proven', by, sessionId }]))
    return this.#parts.renewal.raise(tx, presented)
  }

  /** What an administrator is shown of a try, which changes nothing. */
  async #judge(tx: DoorTx, { claims, provider }: Acting): Promise<Found> {
    const { email, emailVerified, name, issuer, subject } = claims
    const linked = await tx.first(tx.db.selectFrom('identity').select('id').where('issuer', '=', issuer).where('subject', '=', subject))
    const refusal = linked ? undefined : refusalOf({ claims, rules: provider, isTaken: await this.#isTaken(tx, email) })
    const verdict = refusal
      ? new Failure(refusal).message
      : linked
        ? 'This person is linked to an account here and would be signed in.'
        : 'This person would get an account here and be signed in.'
    return { name, email, verified: emailVerified, subject, verdict }
  }

  async #isTaken(tx: DoorTx, email: string | null): Promise<boolean> {
    return email !== null && (await tx.first(tx.db.selectFrom('user').select('id').where('email', '=', email))) !== undefined
  }
}

interface Acting extends Fetching {
  readonly way: Way
  readonly provider: KnownProvider
  readonly claims: Claims
}

/** Whether signing in at the provider proves as much of a person as is asked of them here. */
export async function isEnough(tx: DoorTx, userId: UserId, { twoFactors }: Pick<KnownProvider, 'twoFactors'>): Promise<boolean> {
  return twoFactors || !(await factorRules(tx, userId)).hasFactor
}

async function hasIdentity(tx: DoorTx, userId: UserId, issuer: string): Promise<boolean> {
  return (
    (await tx.first(tx.db.selectFrom('identity').select('id').where('user_id', '=', userId).where('issuer', '=', issuer))) !== undefined
  )
}
