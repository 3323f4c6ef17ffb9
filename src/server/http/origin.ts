/**
 * Requests that change something come from our own pages, or carry a bearer token. A browser adds the cookie to requests that
 * other sites make; Sec-Fetch-Site and Origin say which these are. Sign-in and setup are protected in the same way.
 */
import type { FastifyRequest } from 'fastify'
import { Failure } from '../kernel/failure.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Throws `request.not_secure` when a browser's page was opened over plain http although this server is reached over https: the browser
 * would drop the cookie without a word.
 */
export function refusePlainHttp(request: FastifyRequest, isSecure: boolean): void {
  if (isSecure && request.headers.origin?.startsWith('http:')) throw new Failure('request.not_secure')
}

/**
 * Throws `request.cross_site` for a state-changing request that a browser made on behalf of another site. One that brings the cookie
 * has to say where it comes from, as every browser of the last years does.
 */
export function refuseCrossSite(request: FastifyRequest, hasCookie: boolean): void {
  if (SAFE.has(request.method) || request.headers.authorization !== undefined) return
  const site = request.headers['sec-fetch-site']
  if (hasCookie && site === undefined && request.headers.origin === undefined) throw new Failure('request.cross_site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Failure('request.cross_site')
  const { origin } = request.headers
  if (origin !== undefined && hostOf(origin) !== request.headers.host) throw new Failure('request.cross_site')
}

/** Null for no origin in particular, which is that of no request, not even of one without a host. */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
