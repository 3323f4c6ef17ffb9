/** The HTTP server: request ids, limits, headers, routes, the web interface's files, and one way to fail. */
import { isUtf8 } from 'node:buffer'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import statics from '@fastify/static'
import fastify, { type FastifyInstance } from 'fastify'
import { ENDPOINTS } from '#contract/index.ts'
import type { Database } from '../isolation/database.ts'
import type { Route } from '../isolation/route.ts'
import { Failure } from '../kernel/failure.ts'
import type { Ids } from '../kernel/ids.ts'
import { type BindParts, bind } from './bind.ts'
import type { Certificate } from './certificate.ts'
import { addDiagram } from './diagram.ts'
import { bindForm } from './form.ts'
import { addHealth } from './health.ts'
import { openApiDocument } from './openapi.ts'
import { bareHeaders, HSTS_S, refuseUnreadable, sendProblem } from './problem.ts'
import { createHttpsServer } from './secure-server.ts'

export interface AppParts extends BindParts {
  readonly routes: readonly Route[]
  readonly ids: Ids
  readonly version: string
  readonly baseUrl: string
  /** Whose X-Forwarded-For says where a request came from; nobody's when empty. */
  readonly trustedProxies: readonly string[]
  /** Speaks TLS itself when there is one. */
  readonly certificate: Certificate | undefined
  readonly database: Database
  /** Aborts as soon as the server is going down. */
  readonly goingDown: AbortSignal
}

const BODY_LIMIT_BYTES = 1_000_000
const REQUEST_TIMEOUT_MS = 30_000
const WEB = fileURLToPath(new URL('../../../dist/web/', import.meta.url))

/** Builds the app; it is not listening yet. Throws when an endpoint of the contract has no route, or a route no endpoint. */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  refuseGaps(parts.routes)
  const { certificate } = parts
  const isSecure = parts.cookies.secure
  const app = fastify({
    logger: false,
    trustProxy: parts.trustedProxies.length > 0 ? [...parts.trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => parts.ids.next<string>(),
    routerOptions: { maxParamLength: 200 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, bareHeaders(parts.ids.next<string>(), isSecure)),
    // What the router refuses gets no further, so no hook has given it its headers.
    frameworkErrors: (error, request, reply) => void sendProblem(reply.headers(bareHeaders(request.id, isSecure)), error, parts.log),
    forceCloseConnections: 'idle',
    // Fastify sets no limits on a server that it has not made itself. What Node would refuse by itself, without a header, comes here too.
    serverFactory: (handler) =>
      (certificate
        ? createHttpsServer(certificate, handler, { requestTimeoutMs: REQUEST_TIMEOUT_MS })
        : createServer({ requestTimeout: REQUEST_TIMEOUT_MS, requireHostHeader: false }, handler)
      ).on('checkExpectation', handler),
  })
  app.removeContentTypeParser(['application/json', 'text/plain'])
  const parseJson = app.getDefaultJsonParser('error', 'error')
  // Clients send the JSON content type with every request, also with those that have nothing to say.
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body)) return done(new Failure('request.invalid', { detail: 'The request body is not valid UTF-8.' }), undefined)
    void parseJson(request, body.toString(), done)
  })
  await app.register(cookie)
  await app.register(helmet, headers(isSecure))
  app.addHook('onRequest', async (request, reply) => {
    // Nothing is stored on the way but the files of the interface, which say so themselves.
    reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' })
    if (request.headers.host === undefined && request.raw.httpVersionMinor > 0) throw new Failure('request.invalid')
  })
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error, parts.log))
  app.setNotFoundHandler((request, reply) =>
    isPage(request.method, request.url)
      ? reply.sendFile('index.html')
      : sendProblem(reply, new Failure('request.unknown_address'), parts.log),
  )
  for (const route of parts.routes) (route.endpoint.form ? bindForm : bind)(app, route, parts)
  addHealth(app, parts)
  const document = openApiDocument(parts.version, parts.baseUrl)
  app.get('/openapi.json', async () => document)
  addDiagram(app, WEB)
  await app.register(statics, {
    root: WEB,
    wildcard: true,
    // Made when the interface is built (vite.config.ts). No secret of anybody's is in these files, so compression tells nothing.
    preCompressed: true,
    setHeaders: (reply, path) =>
      void reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'),
  })
  return app
}

/** Pages of the interface are addresses that its own router knows; everything else that is missing is missing, however it is spelled. */
function isPage(method: string, url: string): boolean {
  return method === 'GET' && !/^\/(api|assets|openapi)\b/.test(decodeURI(url.split(/[?#]/, 1)[0]!))
}

function headers(secure: boolean) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
      },
    },
    strictTransportSecurity: secure ? { maxAge: HSTS_S, includeSubDomains: true } : false,
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  } as const
}

function refuseGaps(routes: readonly Route[]): void {
  const bound = new Set(routes.map((route) => route.endpoint.id))
  const missing = ENDPOINTS.filter((endpoint) => !bound.has(endpoint.id)).map((endpoint) => endpoint.id)
  if (missing.length > 0 || bound.size !== ENDPOINTS.length) throw new Error(`endpoints without a route: ${missing.join(', ')}`)
}
