/** The Test button of the sign-in provider: discovery as a sign-in does it, then as much of the client as can be seen without signing in. */
import { randomBytes } from 'node:crypto'
import { type Configuration, calculatePKCECodeChallenge, genericGrantRequest, ResponseBodyError } from 'openid-client'
import type { Finding } from '#contract/oidc.ts'
import { Failure } from '../../kernel/failure.ts'
import type { OidcClient } from './client.ts'
import type { KnownProvider } from './provider-store.ts'

export interface Examined extends Pick<KnownProvider, 'issuer' | 'clientId' | 'clientSecret'> {
  readonly redirectAddress: string
}

const good = (sentence: string): Finding => ({ good: true, sentence })
const bad = (sentence: string): Finding => ({ good: false, sentence })
const unknown = (sentence: string): Finding => ({ good: null, sentence })

/** What was found, in the order in which it was looked for. What the provider words itself is not among it. */
export async function examine(client: OidcClient, of: Examined): Promise<Finding[]> {
  const configuration = await client.discover(of).catch((error: unknown) => {
    // Where this server may not go, an operator can let it; of everything else nothing is told apart, so that a test is no port scanner.
    if (error instanceof Failure) throw error
    return undefined
  })
  if (!configuration) {
    return [
      bad(
        'No OpenID Connect provider answers as this issuer. Check the address letter by letter: it is the “issuer” that the provider’s /.well-known/openid-configuration names, and one organisation’s alone.',
      ),
    ]
  }
  const missing = missingIn(configuration)
  if (missing.length > 0)
    return [good('The issuer answers.'), bad(`The provider does not offer ${missing.join(' and ')}, without which nobody signs in here.`)]
  return [
    good('The issuer answers, and offers what is needed.'),
    await keysOf(client, configuration),
    await secretIn(configuration, of),
    await redirectIn(client, configuration, of),
  ]
}

function missingIn(configuration: Configuration): string[] {
  const server = configuration.serverMetadata()
  const needs: [boolean, string][] = [
    [server.authorization_endpoint !== undefined, 'a page to sign in at'],
    [server.token_endpoint !== undefined, 'an address for tokens'],
    [server.jwks_uri !== undefined, 'its public keys'],
    [server.response_types_supported?.includes('code') ?? true, 'the authorization code flow'],
    [server.supportsPKCE() || server.code_challenge_methods_supported === undefined, 'PKCE with S256'],
  ]
  return needs.flatMap(([isThere, name]) => (isThere ? [] : [name]))
}

async function keysOf(client: OidcClient, configuration: Configuration): Promise<Finding> {
  try {
    const reply = await client.fetch(configuration.serverMetadata().jwks_uri!)
    const { keys } = (await reply.json()) as { keys: unknown[] }
    if (reply.ok && keys.length > 0) return good('Its public keys are there.')
  } catch {
    // It is the same whether nothing answers or not in this form.
  }
  return bad('Its public keys cannot be read, so nothing that it signs would be believed.')
}

/** A code that nobody was given is refused for itself by a provider that knows the client, and before that by one that does not. */
async function secretIn(configuration: Configuration, { redirectAddress }: Examined): Promise<Finding> {
  const made = { code: random(), code_verifier: random(), redirect_uri: redirectAddress }
  try {
    await genericGrantRequest(configuration, 'authorization_code', made)
  } catch (error) {
    const said = error instanceof ResponseBodyError ? error.error : undefined
    if (said === 'invalid_grant') return good('It knows the client, and the secret is right.')
    if (said === 'invalid_client' || said === 'unauthorized_client')
      return bad('It does not take this client id and secret. Copy both again; secrets of some providers run out.')
    // WWW-Authenticate, from those who were given the secret in the header.
    if ((error as { code?: unknown }).code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE')
      return bad('It does not take this client id and secret. Copy both again; secrets of some providers run out.')
  }
  return unknown('Whether the secret is right cannot be told without signing in.')
}

/** Asked to sign somebody in without showing anything, it sends the browser back to an address that it knows, and keeps it otherwise. */
async function redirectIn(client: OidcClient, configuration: Configuration, { redirectAddress }: Examined): Promise<Finding> {
  const secrets = { state: random(), nonce: random(), verifier: random() }
  try {
    const address = new URL(await client.wayTo(configuration, secrets, { redirectAddress, anew: false }))
    address.searchParams.set('prompt', 'none')
    address.searchParams.set('code_challenge', await calculatePKCECodeChallenge(secrets.verifier))
    const reply = await client.fetch(address, { method: 'GET', redirect: 'manual' })
    const back = reply.headers.get('location')
    if (back?.startsWith(`${redirectAddress}?`)) return good('It knows the redirect address.')
    if (reply.status >= 400 && reply.status < 500)
      return bad('It does not take this client with this redirect address. Enter the redirect address there exactly as it is shown here.')
  } catch {
    // Nothing is learnt from that either.
  }
  return unknown('Whether it knows the redirect address cannot be told without signing in: try it.')
}

const random = () => randomBytes(32).toString('base64url')
