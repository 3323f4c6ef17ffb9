/** A real OpenID provider, `oidc-provider`: with accounts of its own, a page on which one says who one is, and back-channel logout. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import Provider, { type Configuration } from 'oidc-provider'

export const REAL_CLIENT = { id: 'sardonyx-real', secret: 'a-secret-of-the-real-client' } as const

export interface RealAccount {
  readonly name: string
  readonly email: string
  readonly email_verified: boolean
}

interface RealOptions {
  readonly port: number
  readonly redirectAddress: string
  readonly logoutAddress: string
  /** By their subjects. */
  readonly accounts: Readonly<Record<string, RealAccount>>
}

/** A port of loopback that is free now, for what has to be known before it is there. */
export async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts it; the caller closes it. */
export async function startRealProvider(options: RealOptions) {
  const issuer = `http://127.0.0.1:${options.port}`
  const provider = new Provider(issuer, configuration(options))
  const serve = provider.callback()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith('/interaction/')) return serve(request, response)
    if (request.method === 'GET') return void response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
    const accountId = new URLSearchParams(await readText(request)).get('who') ?? ''
    const result = accountId === '' ? { error: 'access_denied' } : { login: { accountId } }
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  return {
    issuer,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const PAGE = `<!doctype html><html lang="en"><title>Keyhouse</title><h1>Keyhouse</h1>
<form method="post"><label>Who are you? <input name="who" autofocus></label> <button>Sign in</button></form></html>`

function configuration({ redirectAddress, logoutAddress, accounts }: RealOptions): Configuration {
  return {
    clients: [
      {
        client_id: REAL_CLIENT.id,
        client_secret: REAL_CLIENT.secret,
        redirect_uris: [redirectAddress],
        backchannel_logout_uri: logoutAddress,
        backchannel_logout_session_required: true,
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['of-a-test'] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    // Its own dispatcher refuses addresses of this machine, where the one that it tells of a logout is.
    fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined } as RequestInit),
    findAccount: (_context, id) => (accounts[id] ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    // Everything is granted, so that one is asked for nothing but who one is.
    loadExistingGrant: async (context) => {
      const { client, session, provider } = context.oidc
      const grant = new provider.Grant({ clientId: client!.clientId, accountId: session!.accountId! })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  }
}
