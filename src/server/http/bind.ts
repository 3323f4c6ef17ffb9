/**
 * Binds routes to Fastify: authenticates, parses by the contract, opens the unit of work that the endpoint declares, parses the reply
 * by the contract. Nothing undeclared comes in or goes out.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Endpoint } from '#contract/endpoint.ts'
import { SHARED_FAILURES } from '#contract/errors.ts'
import type { Authenticator } from '../auth/authenticate.ts'
import type { Sessions } from '../auth/sessions.ts'
import type { Actor } from '../isolation/actor.ts'
import type { RequestFacts, Route, StreamEvent } from '../isolation/route.ts'
import type { UnitsOfWork } from '../isolation/unit-of-work.ts'
import { Failure } from '../kernel/failure.ts'
import { errorFields, type Log } from '../kernel/log.ts'
import { sendEvents } from './events.ts'
import { refuseCrossSite, refusePlainHttp } from './origin.ts'
import type { RequestLimits } from './request-limits.ts'
import { type CookieSettings, cookieOf, presentedToken } from './session-cookie.ts'

export interface BindParts {
  readonly authenticator: Authenticator
  readonly sessions: Sessions
  readonly units: UnitsOfWork
  readonly cookies: CookieSettings
  readonly limits: RequestLimits
  readonly log: Log
  /** Aborts when the server is going down and every answer is kept: streams end, and their readers come back to another server. */
  readonly streamsEnd: AbortSignal
}

/** Adds a route to the app. */
export function bind(app: FastifyInstance, { endpoint, handle }: Route, parts: BindParts): void {
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    exposeHeadRoute: false,
    onRequest: (request, _reply, done) => {
      parts.limits.count(request)
      done()
    },
    handler: async (request, reply) => {
      refusePlainHttp(request, parts.cookies.secure)
      refuseCrossSite(request)
      const actor = endpoint.access === 'anyone' ? undefined : await actorOf(request, endpoint, parts)
      const context = {
        ...parseRequest(endpoint, request),
        request: factsOf(request, () => endSignal(reply, actor, parts)),
        cookie: cookieOf(reply, parts.cookies),
        fail: failing(endpoint),
        actor,
      }
      const result = await within(endpoint, { actor, units: parts.units }, (unit) =>
        (handle as (context: object) => Promise<unknown>)({ ...context, ...unit }),
      ).catch(async (error: unknown) => {
        // The cached login was stale: the next request asks the database at once.
        if (actor && error instanceof Failure && error.code === 'auth.required') await parts.authenticator.forget(actor)
        throw error
      })
      if (actor && !endpoint.events) noteActivity(actor, parts)
      if (endpoint.events)
        return sendEvents(reply, { events: result as AsyncIterable<StreamEvent>, shapes: endpoint.events, log: parts.log })
      if (endpoint.reply === null) return reply.code(endpoint.status).send()
      return reply.code(endpoint.status).send(endpoint.reply.parse(result))
    },
  })
}

/** An endpoint without a unit of work of its own, and every one for administrators, has the database confirm the login first. */
async function actorOf(request: FastifyRequest, endpoint: Endpoint, { authenticator, cookies, limits }: BindParts): Promise<Actor> {
  const token = presentedToken(request, cookies)
  if (token === undefined) throw new Failure('auth.required')
  const fresh = endpoint.access === 'admin' || endpoint.work === 'none' || endpoint.work === 'door'
  try {
    const actor = await authenticator.actorOf(token, fresh)
    if (endpoint.access === 'admin' && actor.role !== 'admin') throw new Failure('auth.not_allowed')
    return actor
  } catch (error) {
    if (error instanceof Failure && error.code === 'auth.required') limits.countRefused(request)
    throw error
  }
}

/** Opens the unit of work that the endpoint declares around its handler. */
async function within(
  endpoint: Endpoint,
  { actor, units }: { actor: Actor | undefined; units: UnitsOfWork },
  handle: (unit: object) => Promise<unknown>,
): Promise<unknown> {
  if (!actor || endpoint.work === 'door') return handle({})
  if (endpoint.work === 'read') return units.read(actor, (tx) => handle({ tx }))
  if (endpoint.work === 'write') return units.write(actor, (tx) => handle({ tx }))
  return handle({ unit: { read: units.read.bind(units, actor), write: units.write.bind(units, actor) } })
}

const NOTHING = z.undefined()

function parseRequest(endpoint: Endpoint, request: FastifyRequest): { params: unknown; query: unknown; body: unknown } {
  const params = endpoint.params.safeParse(request.params)
  const query = endpoint.query.safeParse(request.query)
  // A POST without fields may come without a body.
  const body = (endpoint.body ?? NOTHING).safeParse(
    endpoint.body ? (request.body === undefined ? {} : request.body) : emptyBody(request.body) ? undefined : request.body,
  )
  const issues = [params, query, body].flatMap((parsed) => parsed.error?.issues ?? [])
  if (issues.length > 0) {
    throw new Failure('request.invalid', {
      errors: issues.slice(0, 20).map(({ path, message }) => ({ path: path.join('.'), message: message.slice(0, 200) })),
    })
  }
  return { params: params.data, query: query.data, body: body.data }
}

function emptyBody(body: unknown): boolean {
  return body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)
}

/** Aborts when the client goes away, or when its login ends on this server. */
function endSignal(reply: FastifyReply, actor: Actor | undefined, { sessions, streamsEnd }: BindParts): AbortSignal {
  const end = new AbortController()
  if (reply.raw.destroyed) end.abort()
  const forget = actor && sessions.onEnd((sessionId) => sessionId === actor.sessionId && end.abort())
  reply.raw.once('close', () => {
    forget?.()
    end.abort()
  })
  return AbortSignal.any([end.signal, streamsEnd])
}

function factsOf(request: FastifyRequest, makeSignal: () => AbortSignal): RequestFacts {
  let signal: AbortSignal | undefined
  const lastEventId = request.headers['last-event-id']
  return {
    id: request.id,
    ip: request.ip,
    userAgent: request.headers['user-agent'] ?? null,
    // Made when it is asked for: few handlers do, and making one costs as much as all else here.
    get signal() {
      signal ??= makeSignal()
      return signal
    },
    lastEventId: typeof lastEventId === 'string' ? lastEventId : null,
  }
}

/** Undeclared codes do not compile; this holds it for handlers that were cast. */
function failing(endpoint: Endpoint): (code: Failure['code'], details?: Failure['details']) => Failure {
  return (code, details) => {
    if (!endpoint.fails.includes(code) && !(SHARED_FAILURES as readonly string[]).includes(code))
      throw new Error(`${endpoint.id} fails with ${code}, which it does not declare`)
    return new Failure(code, details)
  }
}

function noteActivity(actor: Actor, { sessions, log }: BindParts): void {
  sessions.noteActivity(actor.tenantId, actor.sessionId).catch((error: unknown) => log.warn(errorFields(error), 'activity was not noted'))
}
