/**
 * What Sardonyx says to a provider, and what it believes of its answers: openid-client does both, over the guarded fetch that is handed
 * in. Signatures of ID tokens are checked, too, although they come over TLS. Nothing that a provider words itself leaves this file.
 */
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client'
import { z } from 'zod'
import { Email } from '#contract/accounts.ts'
import { line } from '#contract/endpoint.ts'
import type { TenantId } from '#contract/ids.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import { errorFields, type Log } from '../../kernel/log.ts'
import type { KnownProvider } from './provider-store.ts'

/** The way out of this server, as `providers/egress.ts` gives it. */
export interface Outbound {
  readonly fetch: typeof globalThis.fetch
  /** Rejects with a Failure that says what an operator could change where an address may not be called. */
  check(url: string): Promise<void>
  isLoopback(host: string): boolean
}

/** What is read of a provider before it is read again. */
const FRESH_MS = 10 * 60_000
const TIMEOUT_S = 10
const SCOPE = 'openid email profile'
/** Errors by which a provider says that the person did not go through with it, and not that something is wrong. */
const DECLINED = ['access_denied', 'login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/** What a provider says of somebody who signed in there, once all of it was checked. */
export const Claims = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean().nullable(),
  name: z.string().nullable(),
  authTimeS: z.number().nullable(),
  sid: z.string().nullable(),
})
export type Claims = z.infer<typeof Claims>

/** The secrets of one way to the provider and back. */
export interface WaySecrets {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

type Asked = Pick<KnownProvider, 'issuer' | 'clientId' | 'clientSecret'>

export class OidcClient {
  readonly #outbound: Outbound
  readonly #clock: Clock
  readonly #log: Log
  readonly #known = new Map<TenantId, { revision: string; readAtMs: number; configuration: Configuration }>()

  constructor(parts: { outbound: Outbound; clock: Clock; log: Log }) {
    this.#outbound = parts.outbound
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /** What the provider says of itself; throws whatever keeps it from saying it. */
  async discover({ issuer, clientId, clientSecret }: Asked): Promise<Configuration> {
    const configuration = await discovery(new URL(issuer), clientId, undefined, authBy(clientSecret), {
      [customFetch]: this.fetch,
      timeout: TIMEOUT_S,
      execute: [enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [allowInsecureRequests] : [])],
    })
    // Some name no issuer but a pattern of many; then whoever has an account with any of them could sign in.
    if (new URL(configuration.serverMetadata().issuer).href !== new URL(issuer).href) throw new Error('the provider names another issuer')
    return configuration
  }

  /** The same as it was a short while ago. Fails with `oidc.unreachable`. */
  async configurationOf(tenantId: TenantId, provider: KnownProvider): Promise<Configuration> {
    const known = this.#known.get(tenantId)
    const ageMs = known ? this.#clock.now() - known.readAtMs : Number.POSITIVE_INFINITY
    if (known?.revision === provider.revision && ageMs >= 0 && ageMs < FRESH_MS) return known.configuration
    const configuration = await this.discover(provider).catch((error: unknown) => {
      this.#log.warn({ tenantId, ...errorFields(error) }, 'a sign-in provider could not be read')
      throw new Failure('oidc.unreachable')
    })
    this.#known.set(tenantId, { revision: provider.revision, readAtMs: this.#clock.now(), configuration })
    return configuration
  }

  /** Where the browser goes to sign in; `anew` has the provider ask although it knows the person. */
  async wayTo(configuration: Configuration, secrets: WaySecrets, of: { redirectAddress: string; anew: boolean }): Promise<string> {
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: of.redirectAddress,
      scope: SCOPE,
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: await calculatePKCECodeChallenge(secrets.verifier),
      code_challenge_method: 'S256',
      ...(of.anew ? { prompt: 'login', max_age: '0' } : {}),
    })
    // A browser is sent there: not to a script, and not in the clear to anywhere but this machine.
    if (!this.#isSafe(url)) throw new Failure('oidc.unreachable')
    return url.href
  }

  /**
   * Takes the answer that the browser brought back: redeems the code and checks all of what comes for it. Fails with `oidc.declined` or
   * `oidc.failed`, whatever was wrong.
   */
  async claimsOf(configuration: Configuration, back: URL, secrets: WaySecrets): Promise<Claims> {
    try {
      const tokens = await authorizationCodeGrant(configuration, back, {
        expectedState: secrets.state,
        expectedNonce: secrets.nonce,
        pkceCodeVerifier: secrets.verifier,
        idTokenExpected: true,
      })
      const signed = tokens.claims()!
      const asks = signed.email === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
      const said = asks ? { ...(await fetchUserInfo(configuration, tokens.access_token, signed.sub)), ...signed } : signed
      return read(said)
    } catch (error) {
      if (error instanceof AuthorizationResponseError && DECLINED.includes(error.error)) throw new Failure('oidc.declined')
      const { code } = error as { code?: unknown }
      this.#log.warn({ error: error instanceof Error ? error.name : typeof error, code }, 'an answer of a sign-in provider was refused')
      throw new Failure('oidc.failed')
    }
  }

  /** Calls over TLS, or this machine; which of its ports, the operator says. */
  readonly fetch = async (url: string | URL, options?: object): Promise<Response> => {
    if (!this.#isSafe(new URL(url))) throw new Error('a sign-in provider is called over https')
    return this.#outbound.fetch(url, options as RequestInit)
  }

  #isSafe({ protocol, hostname }: URL): boolean {
    return protocol === 'https:' || (protocol === 'http:' && this.#outbound.isLoopback(hostname))
  }
}

/** The secret in the form that the provider takes; in the header where it does not say, as the specification has it. */
function authBy(clientSecret: string): ClientAuth {
  const [inBody, inHeader] = [ClientSecretPost(clientSecret), ClientSecretBasic(clientSecret)]
  return (server, ...rest) =>
    server.token_endpoint_auth_methods_supported?.includes('client_secret_post') ? inBody(server, ...rest) : inHeader(server, ...rest)
}

/** The claims that are used, of what was checked already. */
function read(said: Readonly<Record<string, unknown>>): Claims {
  const verified = said.email_verified
  return {
    issuer: String(said.iss),
    subject: String(said.sub),
    email: Email.safeParse(said.email).data ?? null,
    // Some providers write it as a word.
    emailVerified: verified === undefined || verified === null ? null : verified === true || verified === 'true',
    name: line(80).safeParse(said.name).data ?? null,
    authTimeS: typeof said.auth_time === 'number' ? said.auth_time : null,
    sid: typeof said.sid === 'string' && said.sid.length <= 300 ? said.sid : null,
  }
}
