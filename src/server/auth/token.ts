/**
 * Login tokens: a JWT with one pinned shape (HS256, our type, issuer and audience). Its signature only spares the database guesses:
 * the SHA-256 of the token is looked up there, and a token not on record is nothing.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { SessionId, TenantId, UserId } from '#contract/ids.ts'
import type { SigningKey } from '../isolation/keys/keyring.ts'
import { readJson } from '../kernel/json.ts'

const Claims = z.strictObject({
  sub: UserId,
  tid: TenantId,
  sid: SessionId,
  jti: z.string().length(22),
  iat: z.number().int(),
  exp: z.number().int(),
  iss: z.string(),
  aud: z.literal('sardonyx'),
})
export type Claims = z.infer<typeof Claims>

/** What a good token says, and what the database knows it by. */
export interface Verified {
  readonly claims: Claims
  readonly hash: Buffer
}

/** A new token, and the id of the key that signed it. */
export interface Issued {
  readonly token: string
  readonly keyId: string
}

const TYPE = 'sardonyx-login+jwt'
const LONGEST = 2_000
/** Tokens whose signature was found good are remembered, so many at most: whatever else changes, that stays true. */
const MOST_VERIFIED = 10_000

export class Tokens {
  readonly #key: KeyObject
  readonly #verified = new Map<string, Verified>()
  readonly #issuer: string
  readonly #header: string
  readonly #keyId: string
  constructor(key: SigningKey, instance: string) {
    this.#key = createSecretKey(key.key)
    this.#issuer = `sardonyx:${instance}`
    this.#keyId = key.id
    this.#header = encode({ alg: 'HS256', kid: key.id, typ: TYPE })
  }

  /** A new token for a session, with 128 random bits of its own. Times in milliseconds since 1970. */
  issue(of: { userId: UserId; tenantId: TenantId; sessionId: SessionId; nowMs: number; expiresAtMs: number }): Issued {
    const claims: Claims = {
      sub: of.userId,
      tid: of.tenantId,
      sid: of.sessionId,
      jti: randomBytes(16).toString('base64url'),
      iat: Math.floor(of.nowMs / 1_000),
      exp: Math.floor(of.expiresAtMs / 1_000),
      iss: this.#issuer,
      aud: 'sardonyx',
    }
    return { token: this.#signed(claims), keyId: this.#keyId }
  }

  /** The successor of a token: the same for everybody who makes it from the same token, time and key. */
  issueSuccessor(of: { token: string; claims: Claims }, issuedAtMs: number): Issued {
    const jti = createHmac('sha256', this.#key).update(`successor:${of.token}`).digest().subarray(0, 16).toString('base64url')
    return { token: this.#signed({ ...of.claims, jti, iat: Math.floor(issuedAtMs / 1_000) }), keyId: this.#keyId }
  }

  /** A successor that was issued before; undefined when its key is not there any more. */
  successorOf(of: { token: string; claims: Claims }, { issuedAtMs, keyId }: { issuedAtMs: number; keyId: string }): string | undefined {
    return keyId === this.#keyId ? this.issueSuccessor(of, issuedAtMs).token : undefined
  }

  #signed(claims: Claims): string {
    const signed = `${this.#header}.${encode(claims)}`
    return `${signed}.${this.#sign(signed).toString('base64url')}`
  }

  /** The claims and the hash of a token that this server signed and that has not expired; undefined for anything else whatever. */
  verify(token: string, nowMs: number): Verified | undefined {
    const verified = this.#verified.get(token) ?? this.#remembered(token)
    return verified && verified.claims.exp * 1_000 > nowMs ? verified : undefined
  }

  #remembered(token: string): Verified | undefined {
    const claims = this.#signedClaims(token)
    if (!claims) return undefined
    if (this.#verified.size >= MOST_VERIFIED) this.#verified.clear()
    const verified = { claims, hash: tokenHash(token) }
    this.#verified.set(token, verified)
    return verified
  }

  #signedClaims(token: string): Claims | undefined {
    if (token.length > LONGEST) return undefined
    const [header, body, signature, ...rest] = token.split('.')
    // Only the one header that this server writes is accepted, byte for byte: other algorithms, types and keys never get further.
    if (header !== this.#header || body === undefined || signature === undefined || rest.length > 0) return undefined
    const given = Buffer.from(signature, 'base64url')
    const wanted = this.#sign(`${header}.${body}`)
    if (signature !== given.toString('base64url') || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined
    const claims = Claims.safeParse(readJson(Buffer.from(body, 'base64url').toString()))
    return claims.success && claims.data.iss === this.#issuer ? claims.data : undefined
  }

  #sign(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest()
  }
}

/** What the database and the cache know a token by, of a login or of an invitation. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
