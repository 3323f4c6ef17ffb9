/** Every failure as problem+json (RFC 9457). What is not a Failure is a bug: logged with its cause, answered without its internals. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply } from 'fastify'
import { FAILURES, type FailureCode, type Problem } from '#contract/errors.ts'
import { Failure } from '../kernel/failure.ts'
import { errorFields, type Log } from '../kernel/log.ts'

/** The Failure that an error stands for. */
function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const { code, statusCode } = error as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Failure('request.too_large')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Failure('request.media_type')
  if (error instanceof SyntaxError && statusCode === 400)
    return new Failure('request.invalid', { detail: 'The request body is not valid JSON.' })
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return new Failure('request.invalid')
  return new Failure('server.internal')
}

/** RFC 9470: the login is good, and has to be proven anew. */
const PROOF_NEEDED = 'Bearer error="insufficient_user_authentication"'

/** The reply to a failed request. */
export function sendProblem(reply: FastifyReply, error: unknown, log: Log): FastifyReply {
  const { request } = reply
  const failure = asFailure(error)
  const { status } = FAILURES[failure.code]
  if (status >= 500)
    log.error(
      { requestId: request.id, code: failure.code, ...errorFields(failure.code === 'server.internal' ? error : (failure.cause ?? error)) },
      'request failed',
    )
  if (failure.details.retryAfterS !== undefined) reply.header('retry-after', String(failure.details.retryAfterS))
  if (status === 401) reply.header('www-authenticate', failure.code === 'auth.proof_needed' ? PROOF_NEEDED : 'Bearer')
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(failure, request.id))
}

/** For how many seconds a browser that has been here over https comes back over nothing else. */
export const HSTS_S = 31_536_000

/** The headers of a reply that is made before the app's own are. */
export function bareHeaders(requestId: string, isSecure: boolean) {
  return {
    ...BARE_HEADERS,
    'x-request-id': requestId,
    ...(isSecure ? { 'strict-transport-security': `max-age=${HSTS_S}; includeSubDomains` } : {}),
  }
}

/** Those of them that are always the same: nothing in the reply is run, framed, guessed at or kept. */
export const BARE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';object-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** The reply to what Node could not read as HTTP, written to the bare connection, which is closed behind it. */
export function refuseUnreadable(error: Error & { code?: string }, socket: Socket, headers: ReturnType<typeof bareHeaders>): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const failure = new Failure(error.code === 'HPE_HEADER_OVERFLOW' ? 'request.too_large' : 'request.invalid')
  const problem = problemOf(failure, headers['x-request-id'])
  const body = JSON.stringify(problem)
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}

/** The body of a problem reply. */
function problemOf(failure: Failure, requestId: string): Problem {
  const { status, detail, next } = FAILURES[failure.code]
  const { details } = failure
  return {
    type: `/developers#${failure.code}`,
    title: titleOf(failure.code),
    status,
    code: failure.code,
    detail: details.detail ?? detail,
    next: details.next ?? next,
    requestId,
    ...(details.errors ? { errors: [...details.errors] } : {}),
  }
}

function titleOf(code: FailureCode): string {
  const words = code.replace('.', ': ').replaceAll('_', ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}
