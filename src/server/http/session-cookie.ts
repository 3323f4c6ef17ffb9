/**
 * The login cookie. Over TLS it is `__Host-sardonyx-<instance>`: Secure, HttpOnly, SameSite=Lax, whole host. On plain-http loopback,
 * where browsers disagree about Secure, it goes without that attribute and prefix. The instance keeps several servers on one host apart.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PresentedToken, SessionCookie, WayCookie } from '../isolation/route.ts'

export interface CookieSettings {
  readonly instance: string
  /** Whether people reach this server over https. */
  readonly secure: boolean
}

function name({ instance, secure }: CookieSettings): string {
  return secure ? `__Host-sardonyx-${instance}` : `sardonyx-${instance}`
}

/** The token of a request: from the Authorization header if there is one, else from the cookie. */
export function presentedToken(request: FastifyRequest, settings: CookieSettings): PresentedToken | undefined {
  const { authorization } = request.headers
  const token = authorization === undefined ? request.cookies[name(settings)] : /^Bearer ([\w.-]+)$/i.exec(authorization)?.[1]
  return token === undefined ? undefined : { token, isCookie: authorization === undefined }
}

const optionsOf = ({ secure }: CookieSettings) => ({ path: '/', httpOnly: true, sameSite: 'lax', secure }) as const

/** What a door may do to the cookie of its reply. */
export function cookieOf(reply: FastifyReply, settings: CookieSettings): SessionCookie {
  const options = optionsOf(settings)
  return {
    token: reply.request.cookies[name(settings)],
    set: (token, { expiresAtMs, remembered }) =>
      void reply.setCookie(name(settings), token, { ...options, ...(remembered ? { expires: new Date(expiresAtMs) } : {}) }),
    clear: () => void reply.clearCookie(name(settings), options),
  }
}

/** The same for the cookie of a way to another site and back: by Lax it comes along when that site sends the browser back. */
export function wayCookieOf(reply: FastifyReply, settings: CookieSettings): WayCookie {
  const options = optionsOf(settings)
  const own = `${name(settings)}-way`
  return {
    secret: reply.request.cookies[own],
    set: (secret, lastsS) => void reply.setCookie(own, secret, { ...options, maxAge: lastsS }),
    clear: () => void reply.clearCookie(own, options),
  }
}
