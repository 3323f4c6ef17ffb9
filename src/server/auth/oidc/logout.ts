/** Back-channel logout of OpenID Connect: a provider ends the logins that began at it. What it sends is a signed token, good once and for minutes. */
import { createRemoteJWKSet, customFetch, decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { sql } from 'kysely'
import type { SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import { SYSTEM } from '../security-log.ts'
import type { Ending } from '../sessions/ending.ts'
import { tokenHash } from '../tokens/token.ts'
import type { OidcClient } from './client.ts'
import { dropTickets } from './identities.ts'
import type { ProviderStore } from './provider-store.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const GOOD_FOR_S = 300
const CLOCKS_DIFFER_S = 30
/** By a key pair of the provider: never unsigned, and never by a secret that both know. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

type KeySet = ReturnType<typeof createRemoteJWKSet>

export class ProviderLogout {
  readonly #client: OidcClient
  readonly #doors: Doors
  readonly #ending: Ending
  readonly #store: ProviderStore
  /** Of each organisation's provider, by the address of its keys. */
  readonly #keys = new Map<TenantId, { address: string; keys: KeySet }>()

  constructor(parts: { client: OidcClient; doors: Doors; ending: Ending; store: ProviderStore }) {
    this.#client = parts.client
    this.#doors = parts.doors
    this.#ending = parts.ending
    this.#store = parts.store
  }

  /** Ends what the token names; of a token that is not good, or was used already, nothing. Fails with `oidc.bad_logout`. */
  async end(tenantId: TenantId, token: string): Promise<void> {
    const claims = await this.#verified(tenantId, token)
    const used = tokenHash(JSON.stringify([claims.iss, claims.jti]))
    const found = await this.#doors.open(tenantId, async (tx) => {
      const known = await tx.first(tx.db.selectFrom('oidc_logout').select('token_hash').where('token_hash', '=', used))
      if (known) throw new Failure('oidc.bad_logout')
      return meant(tx, claims)
    })
    const end = { reason: 'provider_signed_out', by: SYSTEM, notice: true } as const
    await this.#ending.endAs(tenantId, { chosen: { sessionIds: found, kind: 'login' }, end }, async (tx) => {
      await tx.change(tx.db.deleteFrom('oidc_logout').where('expires_at', '<', sql<Date>`now()`))
      const expires_at = sql<Date>`now() + make_interval(secs => ${2 * GOOD_FOR_S}::int)`
      const noted = tx.db.insertInto('oidc_logout').values({ token_hash: used, expires_at })
      if ((await tx.change(noted.onConflict((conflict) => conflict.doNothing()))) !== 1) throw new Failure('oidc.bad_logout')
    })
  }

  async #verified(tenantId: TenantId, token: string): Promise<JWTPayload & { jti: string; iss: string }> {
    const provider = await this.#doors.open(tenantId, (tx) => this.#store.find(tx))
    // Before the provider is asked for anything: whoever sends nonsense makes this server call nobody.
    if (!provider?.on || !isFor(token, provider.clientId)) throw new Failure('oidc.bad_logout')
    const server = (await this.#client.configurationOf(tenantId, provider)).serverMetadata()
    try {
      const { payload } = await jwtVerify(token, this.#keysAt(tenantId, server.jwks_uri!), {
        issuer: server.issuer,
        audience: provider.clientId,
        algorithms: ALGORITHMS,
        maxTokenAge: GOOD_FOR_S,
        clockTolerance: CLOCKS_DIFFER_S,
        requiredClaims: ['jti', 'iat', 'events'],
      })
      const { jti, iss, events, nonce, sub, sid } = payload
      const isLogout = typeof events === 'object' && events !== null && typeof (events as Record<string, unknown>)[EVENT] === 'object'
      const names = [sub, sid].filter((name) => name !== undefined)
      // One with a nonce is an ID token, or made to pass for one.
      if (isLogout && nonce === undefined && typeof jti === 'string' && names.length > 0 && names.every((name) => typeof name === 'string'))
        return { ...payload, jti, iss: iss! }
    } catch {
      // Which check it failed is for nobody who sends such things.
    }
    throw new Failure('oidc.bad_logout')
  }

  #keysAt(tenantId: TenantId, address: string): KeySet {
    const known = this.#keys.get(tenantId)
    if (known?.address === address) return known.keys
    const keys = createRemoteJWKSet(new URL(address), { [customFetch]: this.#client.fetch })
    this.#keys.set(tenantId, { address, keys })
    return keys
  }
}

/** Whether it claims to be for this client; who signed it is seen later. */
function isFor(token: string, clientId: string): boolean {
  try {
    const { aud } = decodeJwt(token)
    return Array.isArray(aud) ? aud.includes(clientId) : aud === clientId
  } catch {
    return false
  }
}

/**
 * The logins that are meant: of one login at the provider where it is named, and of all that the person began there otherwise. One whose
 * second factor was given afterwards is not known by the provider's name for it, so all of that kind go with it. Sign-ins that wait for
 * one end here: first, so that whatever one has become meanwhile is found.
 */
async function meant(tx: DoorTx, { iss, sub, sid }: JWTPayload): Promise<SessionId[]> {
  let query = tx.db
    .selectFrom('identity')
    .innerJoin('identity_sign_in', 'identity_sign_in.identity_id', 'identity.id')
    .select(['identity.user_id', 'session_id'])
    .where('issuer', '=', iss!)
  if (sub !== undefined) query = query.where('subject', '=', sub)
  if (typeof sid === 'string') query = query.where('sid', '=', sid)
  const rows = await tx.all(query)
  const exact = rows.flatMap(({ session_id }) => session_id ?? []) as SessionId[]
  const people = [...new Set(rows.flatMap((row) => (row.session_id === null ? [row.user_id as UserId] : [])))]
  for (const userId of people) await dropTickets(tx, userId)
  return [...exact, ...(people.length > 0 ? await unnamedOf(tx, people) : [])]
}

/** Logins that began at a provider and are not known by its name for them. */
async function unnamedOf(tx: DoorTx, people: readonly UserId[]): Promise<SessionId[]> {
  const rows = await tx.all(
    tx.db
      .selectFrom('auth_session')
      .leftJoin('identity_sign_in', 'identity_sign_in.session_id', 'auth_session.id')
      .select('auth_session.id')
      .where('auth_session.user_id', 'in', people)
      .where('identity_sign_in.id', 'is', null)
      .where('revoked_at', 'is', null)
      .where(sql<boolean>`'provider' = any(methods)`),
  )
  return rows.map(({ id }) => id as SessionId)
}
