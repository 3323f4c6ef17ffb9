/**
 * A sign-in provider that serves what a test says: discovery, keys, codes, tokens and claims, right ones and such as no correct provider
 * would issue. What it is sent it checks as a provider does.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export const CLIENT = { id: 'sardonyx', secret: 'canary-client-secret-61cf' } as const

/** Who signs in there, as the provider would say it. */
export interface Who extends JWTPayload {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean | string
  readonly name?: string
}

/** What goes otherwise than it should, for the next token. */
export interface Mischief {
  /** Claims that replace those that are right; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly userinfo?: Readonly<Record<string, unknown>>
  /** Signed by nobody, by the client's secret, or by a key that the provider never published. */
  readonly signedBy?: 'nobody' | 'secret' | 'stranger'
}

interface Granted {
  readonly params: URLSearchParams
  readonly who: Who
  readonly mischief: Mischief
}

export type ScriptedProvider = Awaited<ReturnType<typeof startScriptedProvider>>

/** Starts one on a free port of loopback; its issuer is that address. */
export async function startScriptedProvider() {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const stranger = (await generateKeyPair('RS256')).privateKey
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, Granted>()
  const infos = new Map<string, object>()
  const requests: string[] = []
  let metadata: Record<string, unknown> = {}
  let knowsRedirect = true

  const sign = async (claims: JWTPayload, { signedBy, typ }: { signedBy?: Mischief['signedBy']; typ?: string } = {}): Promise<string> => {
    if (signedBy === 'nobody') return `${part({ alg: 'none', kid: 'one' })}.${part(claims)}.`
    if (signedBy === 'secret') return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.from(CLIENT.secret))
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'one', ...(typ ? { typ } : {}) })
      .sign(signedBy ? stranger : privateKey)
  }

  const tokenOf = async (body: URLSearchParams): Promise<[number, object]> => {
    if (body.get('client_id') !== CLIENT.id || body.get('client_secret') !== CLIENT.secret) return [401, { error: 'invalid_client' }]
    const code = body.get('code') ?? ''
    const granted = codes.get(code)
    codes.delete(code)
    if (!granted) return [400, { error: 'invalid_grant' }]
    const { params, who, mischief } = granted
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (challenge !== params.get('code_challenge') || body.get('redirect_uri') !== params.get('redirect_uri'))
      return [400, { error: 'invalid_grant' }]
    const nowS = Math.floor(Date.now() / 1_000)
    const claims = { iss: issuer, aud: CLIENT.id, iat: nowS, exp: nowS + 300, nonce: params.get('nonce'), ...who, ...mischief.claims }
    const accessToken = random()
    infos.set(accessToken, { ...who, ...mischief.userinfo })
    const id_token = await sign(JSON.parse(JSON.stringify(claims)), mischief)
    return [200, { access_token: accessToken, token_type: 'Bearer', expires_in: 300, id_token }]
  }

  const answer = async (request: IncomingMessage): Promise<[number, object, Record<string, string>?]> => {
    const url = new URL(request.url ?? '/', issuer)
    requests.push(`${request.method} ${url.pathname}`)
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return [200, { ...described(), ...metadata }]
      case '/keys':
        return [200, { keys: [jwk] }]
      case '/token':
        return tokenOf(new URLSearchParams(await readText(request)))
      case '/userinfo':
        return [200, infos.get(request.headers.authorization?.replace('Bearer ', '') ?? '') ?? {}]
      case '/authorize':
        return knowsRedirect && url.searchParams.get('client_id') === CLIENT.id
          ? [303, {}, { location: `${url.searchParams.get('redirect_uri')}?error=login_required&state=${url.searchParams.get('state')}` }]
          : [400, { error: 'invalid_request' }]
      default:
        return [404, {}]
    }
  }
  const server = createServer((request, response) => void answer(request).then((said) => send(response, said)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const described = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    userinfo_endpoint: `${issuer}/userinfo`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  })

  return {
    issuer,
    allow: `127.0.0.1:${port}`,
    /** What it was asked, in order. */
    requests,
    sign,
    /** Changes what it says of itself. */
    describe: (changes: Record<string, unknown>) => {
      metadata = changes
    },
    /** Whether the redirect address is one of those that it was told. */
    know: (isKnown: boolean) => {
      knowsRedirect = isKnown
    },
    /** Signs somebody in there who was sent to `address`; gives where the browser is sent back to. */
    signIn(address: string, who: Who, mischief: Mischief = {}): URL {
      const { searchParams: params } = new URL(address)
      const code = random()
      codes.set(code, { params, who, mischief })
      const back = new URL(params.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code, state: params.get('state') ?? '', iss: issuer, session_state: 'x' }).toString()
      return back
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const random = () => randomBytes(16).toString('base64url')

function send(response: ServerResponse, [status, body, headers]: [number, object, Record<string, string>?]): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
