/**
 * Login tokens: a JWT with one pinned shape (HS256, our type, issuer and audience). Its signature only spares the database guesses:
 * the SHA-256 of the token is looked up there, and a token not on record is nothing.
 */
import { createHash, createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { SessionId, TenantId, UserId } from '#contract/ids.ts'
import { readJson } from '../../kernel/json.ts'
import type { LoginKey, SigningKeys } from './signing-keys.ts'

const Claims = z.strictObject({
  sub: UserId,
  tid: TenantId,
  sid: SessionId,
  jti: z.string().length(22),
  iat: z.number().int().positive(),
  exp: z.number().int().positive(),
  iss: z.string(),
  aud: z.literal('sardonyx'),
})
export type Claims = z.infer<typeof Claims>

/** What a good token says, what the database knows it by, and which key signed it. */
export interface Verified {
  readonly claims: Claims
  readonly hash: Buffer
  readonly keyId: string
}

export interface Issued {
  readonly token: string
  readonly keyId: string
}

const TYPE = 'sardonyx-login+jwt'
const HEADER = /^\{"alg":"HS256","kid":"([0-9a-f]{8})","typ":"sardonyx-login\+jwt"\}$/
const LONGEST = 2_000
/** Tokens whose signature was found good are remembered, so many at most: as long as their key is there, that stays true. */
const MOST_VERIFIED = 10_000
/** The clocks of servers may differ by this. When a login ends is decided by the database, exactly and by its own clock. */
const CLOCK_SKEW_MS = 5 * 60_000

export class Tokens {
  readonly #keys: SigningKeys
  readonly #verified = new Map<string, Verified>()
  readonly #issuer: string
  constructor(keys: SigningKeys, instance: string) {
    this.#keys = keys
    this.#issuer = `sardonyx:${instance}`
  }

  /** A new token for a session, with 128 random bits of its own, signed by the current key. Times in milliseconds since 1970. */
  async issue(of: { userId: UserId; tenantId: TenantId; sessionId: SessionId; nowMs: number; expiresAtMs: number }): Promise<Issued> {
    return signed(await this.#keys.signer(), {
      sub: of.userId,
      tid: of.tenantId,
      sid: of.sessionId,
      jti: randomBytes(16).toString('base64url'),
      iat: seconds(of.nowMs),
      exp: seconds(of.expiresAtMs),
      iss: this.#issuer,
      aud: 'sardonyx',
    })
  }

  /** The id of the key that signs now. */
  async currentKeyId(): Promise<string> {
    return (await this.#keys.signer()).id
  }

  /**
   * The token that follows another of the same session. It is the same, byte for byte, on every server and each time it is asked for,
   * and can be guessed by nobody without the key. Undefined when the keyring has no such key any more.
   */
  async deriveSuccessor(of: { predecessor: string; claims: Claims; issuedAtMs: number; keyId: string }): Promise<Issued | undefined> {
    const key = await this.#keys.byId(of.keyId)
    if (!key) return undefined
    const jti = mac(key.key, `successor${of.predecessor}`).subarray(0, 16).toString('base64url')
    return signed(key, { ...of.claims, jti, iat: seconds(of.issuedAtMs) })
  }

  /**
   * What a token says that was signed by a key of this keyring; undefined for anything else whatever, and for one whose times are
   * further off than clocks may differ.
   */
  async verify(token: string, nowMs: number): Promise<Verified | undefined> {
    const remembered = this.#verified.get(token)
    const keyId = remembered?.keyId ?? keyIdOf(token)
    const key = keyId && (await this.#keys.byId(keyId))
    if (!key) return undefined
    const verified = remembered ?? this.#remember(token, key)
    if (!verified) return undefined
    const { iat, exp } = verified.claims
    return exp * 1_000 + CLOCK_SKEW_MS > nowMs && iat * 1_000 <= nowMs + CLOCK_SKEW_MS ? verified : undefined
  }

  #remember(token: string, key: LoginKey): Verified | undefined {
    const claims = this.#signedClaims(token, key)
    if (!claims) return undefined
    if (this.#verified.size >= MOST_VERIFIED) this.#verified.clear()
    const verified = { claims, hash: tokenHash(token), keyId: key.id }
    this.#verified.set(token, verified)
    return verified
  }

  #signedClaims(token: string, key: LoginKey): Claims | undefined {
    const [header, body, signature, ...rest] = token.split('.')
    // Only what this server would write is accepted, byte for byte: other algorithms, types and spellings never get further.
    if (header !== headerOf(key.id) || body === undefined || signature === undefined || rest.length > 0) return undefined
    const given = Buffer.from(signature, 'base64url')
    const wanted = mac(key.key, `${header}.${body}`)
    if (signature !== given.toString('base64url') || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined
    const { data } = Claims.safeParse(readJson(Buffer.from(body, 'base64url').toString()))
    return data?.iss === this.#issuer && body === bodyOf(data) ? data : undefined
  }
}

function signed(key: LoginKey, claims: Claims): Issued {
  const text = `${headerOf(key.id)}.${bodyOf(claims)}`
  return { token: `${text}.${mac(key.key, text).toString('base64url')}`, keyId: key.id }
}

/** The id of the key that a token names, if it is of our form. */
function keyIdOf(token: string): string | undefined {
  if (token.length > LONGEST) return undefined
  return HEADER.exec(Buffer.from(token.split('.', 1)[0]!, 'base64url').toString())?.[1]
}

function headerOf(keyId: string): string {
  return encode({ alg: 'HS256', kid: keyId, typ: TYPE })
}

/** Claims in one order, so that equal ones are equal tokens. */
function bodyOf({ sub, tid, sid, jti, iat, exp, iss, aud }: Claims): string {
  return encode({ sub, tid, sid, jti, iat, exp, iss, aud })
}

function mac(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}

/** What the database and the cache know a token by, of a login or of an invitation. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
