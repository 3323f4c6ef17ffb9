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
import { addHealth } from './health.ts'
import { openApiDocument } from './openapi.ts'
import { bareHeaders, refuseUnreadable, sendProblem } from './problem.ts'
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
  const app = fastify({
    logger: false,
    trustProxy: parts.trustedProxies.length > 0 ? [...parts.trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => parts.ids.next<string>(),
    routerOptions: { maxParamLength: 200 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, parts.ids.next<string>()),
    // What the router refuses gets no further, so no hook has given it its headers.
    frameworkErrors: (error, request, reply) => void sendProblem(reply.headers(bareHeaders(request.id)), error, parts.log),
    forceCloseConnections: 'idle',
    // Fastify sets no limits on a server that it has not made itself.
    serverFactory: (handler) =>
      certificate
        ? createHttpsServer(certificate, handler, { requestTimeoutMs: REQUEST_TIMEOUT_MS })
        : createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, handler),
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
  await app.register(helmet, headers(parts.cookies.secure))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
  })
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error, parts.log))
  app.setNotFoundHandler((request, reply) =>
    isPage(request.method, request.url)
      ? reply.header('cache-control', 'no-cache').sendFile('index.html')
      : sendProblem(reply, new Failure('request.unknown_address'), parts.log),
  )
  for (const route of parts.routes) bind(app, route, parts)
  addHealth(app, parts)
  const document = openApiDocument(parts.version, parts.baseUrl)
  app.get('/openapi.json', async () => document)
  await app.register(statics, {
    root: WEB,
    wildcard: true,
    setHeaders: (response, path) =>
      void response.raw.setHeader('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'),
  })
  return app
}

/** Pages of the interface are addresses that its own router knows; everything else that is missing is missing. */
function isPage(method: string, url: string): boolean {
  return method === 'GET' && !/^\/(api|assets|openapi)\b/.test(url)
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
    strictTransportSecurity: secure ? { maxAge: 31_536_000 } : false,
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
