/**
 * Binds routes to Fastify: authenticates, parses by the contract, opens the unit of work that the endpoint declares, parses the reply
 * by the contract. Nothing undeclared comes in or goes out.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Endpoint } from '#contract/endpoint.ts'
import { SHARED_FAILURES } from '#contract/errors.ts'
import type { Renewal } from '../auth/sessions/renewal.ts'
import type { SessionEnds } from '../auth/sessions/session-ends.ts'
import type { Sessions } from '../auth/sessions/sessions.ts'
import type { Authenticator } from '../auth/tokens/authenticate.ts'
import type { Credential } from '../auth/tokens/presented.ts'
import type { Actor } from '../isolation/actor.ts'
import { TokenReplaced } from '../isolation/database.ts'
import type { Bytes, OwnPath, PresentedToken, RequestFacts, Route, SessionCookie, StreamEnd, StreamEvent } from '../isolation/route.ts'
import { ReadyReply } from '../isolation/route.ts'
import type { Demands, UnitsOfWork } from '../isolation/unit-of-work.ts'
import { Failure } from '../kernel/failure.ts'
import { errorFields, type Log } from '../kernel/log.ts'
import { plainAddress } from '../kernel/network.ts'
import { sendBytes } from './bytes.ts'
import { STREAM_TIMES, type StreamTimes, sendEvents } from './events.ts'
import type { OpenStreams } from './open-streams.ts'
import { refuseCrossSite, refusePlainHttp } from './origin.ts'
import { Reach } from './reaching.ts'
import type { RequestLimits } from './request-limits.ts'
import { type CookieSettings, cookieOf, presentedToken, wayCookieOf } from './session-cookie.ts'

export interface BindParts {
  readonly authenticator: Authenticator
  readonly sessions: Sessions
  readonly renewal: Renewal
  readonly ends: SessionEnds
  readonly units: UnitsOfWork
  readonly cookies: CookieSettings
  readonly limits: RequestLimits
  readonly streams: OpenStreams
  readonly log: Log
  /** Aborts when the server is going down: streams end, and their readers come back to another server. */
  readonly streamsEnd: AbortSignal
  readonly streamTimes?: StreamTimes | undefined
}

/** What a request brings to say who is asking; read once, before anything else is done for it. */
interface Brought {
  readonly presented: PresentedToken | undefined
  readonly credential: Credential | undefined
}
const bringing = new WeakMap<FastifyRequest, Brought>()

/** Adds a route to the app. */
export function bind(app: FastifyInstance, { endpoint, handle }: Route, parts: BindParts): void {
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    exposeHeadRoute: false,
    onRequest: async (request) => {
      const presented = presentedToken(request, parts.cookies)
      const credential = presented && (await parts.authenticator.findCredential(presented.token))
      bringing.set(request, { presented, credential })
      parts.limits.count({ ip: request.ip, credential })
    },
    handler: async (request, reply) => {
      refusePlainHttp(request, parts.cookies.secure)
      const { presented, credential } = bringing.get(request)!
      refuseCrossSite(request, presented?.isCookie === true)
      const caller = endpoint.access === 'anyone' ? undefined : await callerOf(request, { endpoint, presented, credential, parts })
      // One whose client has gone is never heard to close.
      if (endpoint.events && caller && !reply.raw.destroyed) reply.raw.once('close', parts.streams.begin(caller.actor.userId))
      const cookie = cookieOf(reply, parts.cookies)
      const context = {
        ...parseRequest(endpoint, request),
        request: factsOf(request, () => endSignal(reply, caller?.actor, parts)),
        cookie,
        wayCookie: wayCookieOf(reply, parts.cookies),
        presented,
        fail: failing(endpoint),
      }
      const result = await worked(request, { endpoint, caller, parts }, (unit) =>
        (handle as (context: object) => Promise<unknown>)({ ...context, ...unit }),
      )
      if (endpoint.events)
        return sendEvents(reply, {
          events: result as AsyncIterable<StreamEvent>,
          shapes: endpoint.events,
          times: parts.streamTimes ?? STREAM_TIMES,
          handedOver: parts.streamsEnd,
          log: parts.log,
        })
      if (caller) await afterwards(request, { endpoint, caller, cookie, parts })
      if (endpoint.bytes) return sendBytes(reply, endpoint, { request, bytes: result as Bytes })
      if (endpoint.status === 303) return reply.redirect(result as OwnPath, 303)
      return sendReply(reply, endpoint, result)
    },
  })
}

function sendReply(reply: FastifyReply, endpoint: Endpoint, result: unknown): FastifyReply {
  reply.code(endpoint.status)
  if (endpoint.reply === null) return reply.send()
  if (result instanceof ReadyReply) return reply.type('application/json; charset=utf-8').send(result.text)
  return reply.send(endpoint.reply.parse(result))
}

interface Caller {
  readonly actor: Actor
  readonly credential: Credential
  readonly isCookie: boolean
}

/** Who calls. An endpoint without a unit of work of its own, and every one for administrators, has the database confirm the login first. */
async function callerOf(
  request: FastifyRequest,
  { endpoint, presented, credential, parts }: Brought & { endpoint: Endpoint; parts: BindParts },
): Promise<Caller> {
  if (!presented || !credential) throw new Failure('auth.required')
  const { isCookie } = presented
  // API tokens are for programs, which send headers; a browser is never to send one by itself.
  if (isCookie && !credential.claims) throw new Failure('auth.required')
  const fresh = endpoint.access === 'admin' || endpoint.proof || endpoint.work === 'none' || endpoint.work === 'door'
  const actor = await parts.authenticator.actorOf(credential, fresh).catch(async (error: unknown) => {
    if (error instanceof Failure && error.code === 'auth.required') parts.limits.countRefused({ ip: request.ip, credential })
    await noteCopy(error, { request, credential, parts })
    throw error
  })
  if (!credential.claims) parts.limits.noteGood(presented.token, actor.sessionId)
  if (actor.isRestricted && !endpoint.whileRestricted) throw new Failure('auth.factor_needed')
  const { abilities } = actor
  if (abilities && !endpoint.token?.some((ability) => abilities.includes(ability))) throw new Failure('token.not_enough')
  if (endpoint.access === 'admin' && actor.role !== 'admin') throw new Failure('auth.not_allowed')
  if (endpoint.proof && !actor.isProven) throw new Failure('auth.proof_needed')
  return { actor, credential, isCookie }
}

interface Refused {
  readonly request: FastifyRequest
  readonly caller: Caller
  readonly parts: BindParts
}

/** The cached login was stale: the next request asks the database at once. */
async function noteRefusal(error: unknown, { request, caller: { actor, credential }, parts }: Refused): Promise<void> {
  if (!(error instanceof Failure) || error.code !== 'auth.required') return
  await parts.authenticator.forget(actor)
  await noteCopy(error, { request, credential, parts })
}

/** Somebody uses a token that its owner has long replaced. */
async function noteCopy(error: unknown, of: { request: FastifyRequest; credential: Credential; parts: BindParts }): Promise<void> {
  if (!(error instanceof TokenReplaced)) return
  const { request, credential, parts } = of
  await parts.renewal.suspectTheft(credential.tenantId, credential.hash, deviceOf(request))
}

/** What a request that succeeded leads to: its login was active, and a browser's old token is replaced. Neither keeps the reply from it. */
async function afterwards(
  request: FastifyRequest,
  { endpoint, caller, cookie, parts }: { endpoint: Endpoint; caller: Caller; cookie: SessionCookie; parts: BindParts },
): Promise<void> {
  const { actor, credential, isCookie } = caller
  const { claims, token } = credential
  const failed = (error: unknown) => parts.log.warn(errorFields(error), 'a login was not kept up')
  if (endpoint.activity) parts.sessions.noteActivity(actor, plainAddress(request.ip)).catch(failed)
  if (!isCookie || !claims || endpoint.work === 'door') return
  const presented = { token, claims, hash: credential.hash }
  if (!actor.isOvertaken && !(endpoint.activity && parts.renewal.isOld(presented))) return
  await parts.renewal.renew(presented).then((renewed) => typeof renewed === 'object' && cookie.set(renewed.token, renewed), failed)
}

/** Opens the unit of work that the endpoint declares around its handler. */
/** What the handler answers, to whoever asks. */
async function worked(
  request: FastifyRequest,
  { endpoint, caller, parts }: { endpoint: Endpoint; caller: Caller | undefined; parts: BindParts },
  handle: (unit: object) => Promise<unknown>,
): Promise<unknown> {
  if (!caller) return handle({ actor: undefined })
  const reach = new Reach(caller.actor, { ...parts, credential: caller.credential })
  try {
    return await reach.attempt((actor, demands) =>
      within(endpoint, { actor, reach, demands, units: parts.units }, (unit) => handle({ actor, ...unit })),
    )
  } catch (error) {
    await noteRefusal(error, { request, caller, parts })
    throw error
  }
}

/** Hands the handler what the endpoint declares that it works with. */
async function within(
  { work }: Endpoint,
  { actor, reach, demands, units }: { actor: Actor; reach: Reach; demands: Demands; units: UnitsOfWork },
  handle: (unit: object) => Promise<unknown>,
): Promise<unknown> {
  if (work === 'door') return handle({})
  if (work === 'read') return units.read(actor, (tx) => handle({ tx }), demands)
  if (work === 'write') return units.write(actor, (tx) => handle({ tx }), demands)
  return handle({ unit: { read: reach.read.bind(reach), write: reach.write.bind(reach) } })
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

/** Aborts when the client goes away, when its login ends, or when the server is going down. */
function endSignal(reply: FastifyReply, actor: Actor | undefined, { ends, streamsEnd }: BindParts): AbortSignal {
  const end = new AbortController()
  const abort = (reason: StreamEnd) => end.abort(reason)
  // It closes once: of one that has closed already nobody would say so again, and the watch would stay.
  if (reply.raw.destroyed) abort('gone')
  else {
    const forget = actor && ends.watch(actor, { onEnd: () => abort('login ended') })
    reply.raw.once('close', () => {
      forget?.()
      abort('gone')
    })
  }
  return AbortSignal.any([end.signal, streamsEnd])
}

function factsOf(request: FastifyRequest, makeSignal: () => AbortSignal): RequestFacts {
  let signal: AbortSignal | undefined
  const lastEventId = request.headers['last-event-id']
  return {
    id: request.id,
    ...deviceOf(request),
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

function deviceOf(request: FastifyRequest) {
  return { ip: plainAddress(request.ip), userAgent: request.headers['user-agent'] ?? null }
}
