/** Tokens and the keys that sign them, by themselves: what is signed by which key, what follows a token, and how often the keyring is read. */
import { createHmac } from 'node:crypto'
import { mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SessionId, TenantId, UserId } from '#contract/ids.ts'
import { newApiToken } from '#server/auth/tokens/presented.ts'
import { SigningKeys } from '#server/auth/tokens/signing-keys.ts'
import { type Claims, Tokens } from '#server/auth/tokens/token.ts'
import { localKeyProvider } from '#server/isolation/keys/key-provider.ts'
import { Keyring } from '#server/isolation/keys/keyring.ts'
import { partsOf } from '#tests/support/forged-tokens.ts'
import { KeptLog } from '#tests/support/quiet-log.ts'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const WEEK_MS = 7 * 24 * 3_600_000
const MASTER = Buffer.alloc(32, 5)
const WHO = {
  userId: UserId.parse('019588e0-0000-7000-8000-000000000001'),
  tenantId: TenantId.parse('019588e0-0000-7000-8000-000000000002'),
  sessionId: SessionId.parse('019588e0-0000-7000-8000-000000000003'),
}

let directory: string
let keyring: Keyring
let clock: { ms: number; now(): number }
let log: KeptLog
let reads: number
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sardonyx-tokens-'))
  keyring = new Keyring(directory, localKeyProvider(MASTER))
  clock = { ms: NOW_MS, now: () => clock.ms }
  log = new KeptLog()
  reads = 0
})
afterEach(() => rm(directory, { recursive: true }))

/** The tokens of a server, which counts how often it reads the keyring. */
async function server(): Promise<Tokens> {
  const counted = {
    ensureSigningKey: () => keyring.ensureSigningKey(),
    signingKeys: () => {
      reads += 1
      return keyring.signingKeys()
    },
  }
  return new Tokens(await SigningKeys.open({ keyring: counted, clock, log }), 'test')
}

const issueBy = (tokens: Tokens) => tokens.issue({ ...WHO, nowMs: clock.ms, expiresAtMs: clock.ms + WEEK_MS })
/** A token with a key that nobody has. */
const forged = async (tokens: Tokens, i: number) => {
  const [header, ...rest] = (await issueBy(tokens)).token.split('.')
  const kid = i.toString(16).padStart(8, '0')
  return [
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header!, 'base64url').toString()), kid })).toString('base64url'),
    ...rest,
  ].join('.')
}
const isGood = async (tokens: Tokens, token: string) => (await tokens.verify(token, clock.ms)) !== undefined
const later = (seconds: number) => {
  clock.ms += seconds * 1_000
}

describe('a token', () => {
  test('says who it is for, is never the same twice, and names the key that signed it', async () => {
    const tokens = await server()
    const one = await issueBy(tokens)
    const [key] = await keyring.signingKeys()
    expect(one.keyId).toBe(key!.id)
    expect(await tokens.currentKeyId()).toBe(key!.id)
    expect((await issueBy(tokens)).token).not.toBe(one.token)
    expect(await tokens.verify(one.token, clock.ms)).toMatchObject({
      keyId: key!.id,
      claims: { sub: WHO.userId, tid: WHO.tenantId, sid: WHO.sessionId, iat: NOW_MS / 1_000, exp: (NOW_MS + WEEK_MS) / 1_000 },
    })
  })

  test('of the time when there was one key is good still', async () => {
    await keyring.ensureSigningKey()
    const [key] = await keyring.signingKeys()
    const claims = {
      sub: WHO.userId,
      tid: WHO.tenantId,
      sid: WHO.sessionId,
      jti: 'b'.repeat(22),
      iat: NOW_MS / 1_000,
      exp: NOW_MS / 1_000 + 60,
    }
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${encode({ alg: 'HS256', kid: key!.id, typ: 'sardonyx-login+jwt' })}.${encode({ ...claims, iss: 'sardonyx:test', aud: 'sardonyx' })}`
    expect(await isGood(await server(), `${text}.${createHmac('sha256', key!.key).update(text).digest('base64url')}`)).toBe(true)
    expect((await stat(join(directory, 'signing-1.key'))).mode & 0o777).toBe(0o600)
  })
})

describe('what cannot be guessed', () => {
  const MANY = 20_000

  /** Expects secrets of so many bytes: none twice, and each bit set in about half of them (six standard deviations, each way). */
  function expectRandom(secrets: readonly string[], bytes: number): void {
    expect(new Set(secrets).size).toBe(MANY)
    const read = secrets.map((secret) => Buffer.from(secret, 'base64url'))
    expect(new Set(read.map(({ length }) => length))).toEqual(new Set([bytes]))
    for (let bit = 0; bit < bytes * 8; bit++) {
      const set = read.filter((secret) => secret[bit >> 3]! & (1 << (bit & 7))).length
      expect(Math.abs(set / MANY - 0.5), `bit ${bit}`).toBeLessThan(3 / Math.sqrt(MANY))
    }
  }

  test('128 bits of each login token are random, though all else about them is the same', async () => {
    const tokens = await server()
    const issued = await Promise.all(Array.from({ length: MANY }, () => issueBy(tokens)))
    expectRandom(
      issued.map(({ token }) => String(partsOf(token).claims.jti)),
      16,
    )
  })

  test('those of successors are as good as random', async () => {
    const tokens = await server()
    const { token, keyId } = await issueBy(tokens)
    const { claims } = (await tokens.verify(token, clock.ms))!
    const successors = Array.from({ length: MANY }, (_, i) =>
      tokens.deriveSuccessor({ predecessor: `${token}${i}`, claims, issuedAtMs: clock.ms, keyId }),
    )
    expectRandom(
      (await Promise.all(successors)).map((one) => String(partsOf(one!.token).claims.jti)),
      16,
    )
  })

  test('256 bits of each API token are random', () => {
    expectRandom(
      Array.from({ length: MANY }, () => newApiToken(WHO.tenantId).token.slice('sdx_'.length, 'sdx_'.length + 43)),
      32,
    )
  })
})

describe('the token that follows another', () => {
  let tokens: Tokens
  let predecessor: string
  let claims: Claims
  beforeEach(async () => {
    tokens = await server()
    predecessor = (await issueBy(tokens)).token
    claims = (await tokens.verify(predecessor, clock.ms))!.claims
    later(900)
  })
  const follow = async (changes: Partial<Parameters<Tokens['deriveSuccessor']>[0]> = {}, by = tokens) =>
    by.deriveSuccessor({ predecessor, claims, issuedAtMs: NOW_MS + 900_000, keyId: await tokens.currentKeyId(), ...changes })

  test('is the same on every server, at any time, and is good', async () => {
    const successor = (await follow())!
    later(5)
    expect(await follow({}, await server())).toEqual(successor)
    const reversed = Object.fromEntries(Object.entries(claims).reverse()) as Claims
    expect(await follow({ claims: reversed, issuedAtMs: NOW_MS + 900_999 })).toEqual(successor)
    const verified = await tokens.verify(successor.token, clock.ms)
    expect(verified?.claims).toEqual({ ...claims, iat: NOW_MS / 1_000 + 900, jti: expect.not.stringContaining(claims.jti) })
  })

  test('has its random bits from the predecessor and the key alone', async () => {
    const [key] = await keyring.signingKeys()
    const bits = createHmac('sha256', key!.key).update(`successor${predecessor}`).digest().subarray(0, 16)
    expect(partsOf((await follow())!.token).claims.jti).toBe(bits.toString('base64url'))
  })

  test('is another for another predecessor, another key or another time', async () => {
    const successor = (await follow())!
    const other = await keyring.addSigningKey(clock.ms)
    later(1)
    const different = [
      await follow({ predecessor: successor.token }),
      await follow({ keyId: other.id }),
      await follow({ issuedAtMs: NOW_MS + 901_000 }),
    ]
    expect(new Set([successor.token, ...different.map((one) => one?.token)]).size).toBe(4)
    expect(different[1]!.keyId).toBe(other.id)
  })

  test('is signed by the key that was asked for, also when there is a newer one; by one that was taken away it is none', async () => {
    const first = await tokens.currentKeyId()
    const successor = await follow({ keyId: first })
    await keyring.addSigningKey(clock.ms)
    later(30)
    expect(await tokens.currentKeyId()).not.toBe(first)
    expect(await follow({ keyId: first })).toEqual(successor)
    await keyring.dropSigningKey(1)
    later(30)
    expect(await follow({ keyId: first })).toBeUndefined()
  })
})

describe('a new key', () => {
  test('signs from its time on, and what the old one signed stays good', async () => {
    const tokens = await server()
    const before = await issueBy(tokens)
    const added = await keyring.addSigningKey(clock.ms + 60_000)
    later(59)
    expect((await issueBy(tokens)).keyId).toBe(before.keyId)
    later(1)
    const after = await issueBy(tokens)
    expect(after.keyId).toBe(added.id)
    for (const { token } of [before, after]) expect(await isGood(tokens, token)).toBe(true)
  })

  test('is known to a second server before anything is signed by it', async () => {
    const [one, two] = [await server(), await server()]
    await keyring.addSigningKey(clock.ms + 60_000)
    later(60)
    const { token } = await issueBy(one)
    // The second one has looked meanwhile, whenever it was asked last.
    expect(await isGood(two, token)).toBe(true)
  })

  test('that signs at once is looked for by the other server at once', async () => {
    const [one, two] = [await server(), await server()]
    later(1)
    await keyring.addSigningKey(clock.ms)
    const third = await server()
    const { token, keyId } = await issueBy(third)
    expect(await one.currentKeyId()).not.toBe(keyId)
    expect(await Promise.all([isGood(two, token), isGood(two, token), isGood(one, token)])).toEqual([true, true, true])
    expect(await one.currentKeyId()).toBe(keyId)
  })

  test('that signs at once is missed by a server that has just looked for a forged one; one that waits a minute is not', async () => {
    const two = await server()
    later(1)
    expect(await isGood(two, await forged(two, 1))).toBe(false)
    later(0.5)
    await keyring.addSigningKey(clock.ms)
    expect(await isGood(two, (await issueBy(await server())).token)).toBe(false)

    await keyring.addSigningKey(clock.ms + 60_000)
    later(59.5)
    expect(await isGood(two, await forged(two, 1))).toBe(false)
    later(0.5)
    expect(await isGood(two, (await issueBy(await server())).token)).toBe(true)
  })

  test('is the newest by its number, not by its time; without one whose time has come the oldest signs', async () => {
    await keyring.addSigningKey(clock.ms + 3_600_000)
    const tokens = await server()
    const [first] = await keyring.signingKeys()
    expect(await tokens.currentKeyId()).toBe(first!.id)
    const second = await keyring.addSigningKey(clock.ms)
    later(30)
    expect(await tokens.currentKeyId()).toBe(second.id)
    later(3_600)
    expect(await tokens.currentKeyId()).toBe(second.id)
  })

  test('made at the same moment as another never replaces it', async () => {
    await keyring.ensureSigningKey()
    const made = await Promise.allSettled(Array.from({ length: 5 }, () => keyring.addSigningKey(clock.ms)))
    const ids = (await keyring.signingKeys()).map(({ id }) => id)
    for (const one of made) if (one.status === 'fulfilled') expect(ids).toContain(one.value.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect((await readdir(directory)).every((name) => /^signing-\d+\.key$/.test(name))).toBe(true)
  })
})

describe('a key that was taken away', () => {
  test('is good for nothing after half a minute, also for tokens that were seen before', async () => {
    const tokens = await server()
    const { token } = await issueBy(tokens)
    expect(await isGood(tokens, token)).toBe(true)
    await keyring.addSigningKey(clock.ms)
    await keyring.dropSigningKey(1)
    later(30)
    expect(await isGood(tokens, token)).toBe(false)
    expect(await isGood(tokens, (await issueBy(tokens)).token)).toBe(true)
  })

  test('is forgotten when the clock is put back as well', async () => {
    const tokens = await server()
    const { token } = await issueBy(tokens)
    await keyring.addSigningKey(0)
    await keyring.dropSigningKey(1)
    later(-60)
    expect(await isGood(tokens, token)).toBe(false)
  })
})

describe('the keyring is read', () => {
  test('once a second at most, whatever keys are named', async () => {
    const tokens = await server()
    const tries = await Promise.all(Array.from({ length: 100 }, (_, i) => forged(tokens, i)))
    reads = 0
    later(1)
    for (const token of tries) expect(await isGood(tokens, token)).toBe(false)
    await Promise.all(tries.map((token) => isGood(tokens, token)))
    expect(reads).toBe(1)
    later(1)
    await Promise.all(tries.map((token) => isGood(tokens, token)))
    expect(reads).toBe(2)
  })

  test('not at all for a key whose name is none of ours', async () => {
    const tokens = await server()
    const { token } = await issueBy(tokens)
    reads = 0
    later(2)
    for (const kid of ['../../x', '', 'FFFFFFFF', 'fffffffff', null]) {
      const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid, typ: 'sardonyx-login+jwt' })).toString('base64url')
      expect(await isGood(tokens, token.replace(/^[^.]*/, header))).toBe(false)
    }
    expect(reads).toBe(0)
  })

  test('meanwhile requests go on with what is known, for half a minute, and then wait', async () => {
    const tokens = await server()
    const { token } = await issueBy(tokens)
    const before = await keyring.signingKeys()
    const { promise, resolve } = Promise.withResolvers<typeof before>()
    keyring.signingKeys = () => promise
    later(20)
    expect(await isGood(tokens, token)).toBe(true)
    later(9)
    expect(await isGood(tokens, token)).toBe(true)
    later(1)
    const waiting = isGood(tokens, token)
    resolve([{ ...before[0]!, id: 'ffffffff' }])
    expect(await waiting).toBe(false)
  })
})

describe('a keyring that cannot be read', () => {
  test('leaves a running server what it knows, is said in the log, and is read again', async () => {
    const tokens = await server()
    const { token } = await issueBy(tokens)
    await writeFile(join(directory, 'signing-2.key'), 'cut short')
    later(30)
    expect(await isGood(tokens, token)).toBe(true)
    expect((await issueBy(tokens)).keyId).toBe(await tokens.currentKeyId())
    expect(log.lines.join()).toContain('signing-2.key does not open with this master key')
    await rm(join(directory, 'signing-2.key'))
    const added = await keyring.addSigningKey(clock.ms)
    later(30)
    expect((await issueBy(tokens)).keyId).toBe(added.id)
    expect(await isGood(tokens, token)).toBe(true)
  })

  test('or holds no key any more, gets no new one behind the back of its operator', async () => {
    const tokens = await server()
    const { token } = await issueBy(tokens)
    await rename(join(directory, 'signing-1.key'), join(directory, 'elsewhere'))
    later(30)
    expect(await isGood(tokens, token)).toBe(true)
    expect(await readdir(directory)).toEqual(['elsewhere'])
    expect(log.lines.join()).toContain('The keyring has no key that signs logins.')
  })

  test('keeps a server from starting, in a sentence', async () => {
    await writeFile(join(directory, 'signing-1.key'), 'cut short')
    await expect(server()).rejects.toThrow(/signing-1\.key does not open with this master key\. Put back/)
  })
})
