/**
 * An https server that also answers plain http on its port, with nothing but an explanation: browsers drop Secure cookies there, and
 * a silent failure to sign in helps nobody.
 */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Certificate } from './certificate.ts'
import { BARE_HEADERS } from './problem.ts'

/** The first byte of every TLS connection. */
const HANDSHAKE = 0x16

export interface Patience {
  /** For a whole request to arrive. */
  readonly requestTimeoutMs: number
  /** For a connection to say anything, then for its handshake, or for all of it where it gets the explanation. */
  readonly beginTimeoutMs?: number
}

/** TLS 1.2 and newer; a connection that begins as plain http gets the explanation instead, and one that does not begin is ended. */
export function createHttpsServer(certificate: Certificate, handler: RequestListener, patience: Patience): Server {
  const { requestTimeoutMs: requestTimeout, beginTimeoutMs = 10_000 } = patience
  const { cert, key } = certificate
  const tls = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: beginTimeoutMs } as const
  const server = createSecureServer({ ...tls, requestTimeout, requireHostHeader: false }, handler)
  const explainer = createServer({ requireHostHeader: false }, explain)
  explainer.on('checkExpectation', explain).on('clientError', (_, socket) => socket.destroy())
  const [startTls] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    socket.once('error', () => socket.destroy())
    // Node's own limits begin with the handshake, and never on a server that does not listen itself, such as the explainer.
    const tooSlow = setTimeout(() => socket.destroy(), beginTimeoutMs)
    socket.once('close', () => clearTimeout(tooSlow))
    socket.once('data', (first: Buffer) => {
      socket.pause()
      socket.unshift(first)
      if (first[0] === HANDSHAKE) {
        clearTimeout(tooSlow)
        // The TLS socket takes what was put back by itself; set flowing, it would be lost.
        startTls?.call(server, socket)
      } else {
        explainer.emit('connection', socket)
        socket.resume()
      }
    })
  })
  return server
}

const explain: RequestListener = (request, response) => {
  const host = /^[\w.:[\]-]{1,255}$/.test(request.headers.host ?? '') ? request.headers.host : undefined
  const link = host === undefined ? '' : `<p><a href="https://${host}/">https://${host}/</a></p>`
  response.writeHead(426, {
    'content-type': 'text/html; charset=utf-8',
    upgrade: 'TLS/1.2',
    connection: 'Upgrade, close',
    ...BARE_HEADERS,
  })
  response.end(
    `<!doctype html><html lang="en"><title>Sardonyx speaks https</title><h1>This server speaks https only</h1>
<p>Over plain http anybody on the way could read your password and your chats, so nothing is answered here. Open it with https:</p>${link}
<p>If your browser then warns about the certificate, the server may have made it itself: compare its fingerprint with the one in the terminal in which the server was started.</p></html>\n`,
  )
}
