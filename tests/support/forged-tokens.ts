/** Login tokens of a test's own making: any header and any claims, well signed, and on record if need be; and how a refusal looks. */
import { createHmac } from 'node:crypto'
import type { Problem } from '#contract/errors.ts'
import { tokenHash } from '#server/auth/tokens/token.ts'
import type { Keyring } from '#server/isolation/keys/keyring.ts'
import { schemaName } from '#server/isolation/tables.ts'
import type { Answer, SignedIn, World } from './world.ts'

/** A part of a token; a text is taken as it is. */
export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** Header and claims of a token. */
export function partsOf(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, claims] = token.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { header, claims }
}

/** The signature of a text by a key, as the server would make it. */
export function signature(text: string, key: Buffer, algorithm = 'sha256'): string {
  return createHmac(algorithm, key).update(text).digest('base64url')
}

/** Makes tokens that the newest key of a keyring signs, or a given one. */
export async function forge(keyring: Keyring) {
  const newest = (await keyring.signingKeys()).at(-1)!
  return (header: unknown, claims: unknown, key = newest.key, algorithm = 'sha256'): string => {
    const text = `${encode(header)}.${encode(claims)}`
    return `${text}.${signature(text, key, algorithm)}`
  }
}

/** Puts tokens on record as ones of a person's session, so that the database would let them in. */
export async function putOnRecord(world: World, person: SignedIn, tokens: readonly string[]): Promise<void> {
  await world.sql(
    `insert into ${schemaName(person.me.organisation.id)}.auth_token (hash, session_id) select unnest($1::bytea[]), $2 on conflict do nothing`,
    [tokens.map(tokenHash), person.me.session.id],
  )
}

/** Everything of a reply that could tell one refusal from another. */
export function tellable(answer: Answer) {
  return {
    status: answer.status,
    body: { ...(answer.body as Problem), requestId: '' },
    headers: { ...answer.headers, 'x-request-id': '', date: '' },
  }
}
