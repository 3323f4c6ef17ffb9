/**
 * What the tests of bad tokens share. Every bad token is put on record as one of Alice's, so that the database would let it in, and is
 * then shown in the header and as a cookie. Only reading the token itself stands in its way.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject } from 'vitest'
import type { Me } from '#contract/accounts.ts'
import type { Problem } from '#contract/errors.ts'
import { encode, forge, partsOf, putOnRecord, signature, tellable } from '#tests/support/forged-tokens.ts'
import { createWorld, type WorldOptions } from '#tests/support/world.ts'

export type Corpus = Awaited<ReturnType<typeof openCorpus>>

/** What HTTP can carry in a header without ado; anything else is shown as a cookie only. */
const PLAIN = /^[\x21-\x7e]*$/

/** A world with a keyring of its own, in which it is a whole second, and stays it. */
export async function openCorpus(options: WorldOptions = {}) {
  const keyringDirectory = await mkdtemp(join(tmpdir(), 'sardonyx-corpus-'))
  await cp(inject('keyringDirectory'), keyringDirectory, { recursive: true })
  const clock = { ms: Math.floor(Date.now() / 1_000) * 1_000, now: () => clock.ms }
  const world = await createWorld({ ...options, keyringDirectory, clock })
  const alice = await world.signIn('alice')
  const signed = await forge(world.installation.keyring)
  const { header, claims } = partsOf(alice.token)
  const cookieName = `sardonyx-${await world.installation.keyring.instanceName()}`
  const cookieOf = (token: string) => `${cookieName}=${encodeURIComponent(token)}`

  const show = (headers: Record<string, string>) => world.call<Me | Problem>('GET', '/api/me', { headers })
  const asHeader = (token: string) => show({ authorization: `Bearer ${token}` })
  const asCookie = (token: string) => show({ cookie: cookieOf(token) })
  const usual = tellable(await world.call('GET', '/api/me'))
  expect(usual).toMatchObject({ status: 401, body: { code: 'auth.required' }, headers: { 'www-authenticate': 'Bearer' } })

  return {
    world,
    alice,
    clock,
    header,
    claims,
    /** The second that it is. */
    nowS: clock.ms / 1_000,
    /** A token with changes to what a good one says, well signed. An undefined member is left out. */
    token: (changes: { header?: object; claims?: object }) => signed({ ...header, ...changes.header }, { ...claims, ...changes.claims }),
    signed,
    withSignature: (text: string, key: Buffer) => `${text}.${signature(text, key)}`,
    encode,
    cookieOf,
    /** Expects each to be refused in the same words as no token at all. */
    async refuses(tokens: readonly string[]): Promise<void> {
      await putOnRecord(world, alice, tokens)
      for (const token of tokens) {
        expect(tellable(await asCookie(token)), token).toEqual(usual)
        if (PLAIN.test(token)) expect(tellable(await asHeader(token)), token).toEqual(usual)
      }
    },
    /** Expects a token to be let in, so that those beside it are refused for what is wrong with them. */
    async admits(token: string): Promise<void> {
      await putOnRecord(world, alice, [token])
      for (const answer of [await asHeader(token), await asCookie(token)])
        expect([answer.status, (answer.body as Me).user?.id], token).toEqual([200, alice.me.user.id])
    },
    async close() {
      await world.close()
      await rm(keyringDirectory, { recursive: true })
    },
  }
}
