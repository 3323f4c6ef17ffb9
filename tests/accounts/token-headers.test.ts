/** Bad tokens, by what their header says: algorithms, keys and types that are not ours, each well signed by some means, are all one refusal. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Corpus, openCorpus } from './token-corpus.ts'

let corpus: Corpus
/** A server that has keys to offer, and counts who asks for them. */
let keyServer: ReturnType<typeof createServer>
let keyServerUrl: string
let asked = 0
beforeAll(async () => {
  keyServer = createServer((_, reply) => {
    asked += 1
    reply.end(JSON.stringify({ keys: [{ kty: 'oct', kid: 'ffffffff', k: Buffer.alloc(32, 1).toString('base64url') }] }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => keyServer.once('listening', resolve))
  const { port } = keyServer.address() as AddressInfo
  keyServerUrl = `http://127.0.0.1:${port}/keys.json`
  corpus = await openCorpus({ egressAllow: `127.0.0.1:${port}` })
})
afterAll(async () => {
  await corpus.close()
  keyServer.close()
})

/** Tokens that differ from a good one in their header alone. */
const withHeaders = (headers: object[]) => headers.map((header) => corpus.token({ header }))

test('a token of the same making, with nothing wrong, is let in', async () => {
  await corpus.admits(corpus.token({}))
  await corpus.admits(corpus.alice.token)
})

describe('the algorithm', () => {
  test.each(['none', 'None', 'NONE', 'nOnE'])('%s is refused, with our signature, another, or none', async (alg) => {
    const ours = corpus.token({ header: { alg } })
    const text = ours.slice(0, ours.lastIndexOf('.'))
    await corpus.refuses([ours, `${text}.`, text, `${text}.AAAA`])
  })

  test.each([
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['HS1', 'sha1'],
  ])('%s is refused, though our key makes its signature', async (alg, algorithm) => {
    const { header, claims } = corpus
    const key = (await corpus.world.installation.keyring.signingKeys()).at(-1)!.key
    await corpus.refuses([corpus.signed({ ...header, alg }, claims, key, algorithm), corpus.token({ header: { alg } })])
  })

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('%s is refused, also where its public key signs as a secret', async (alg) => {
    const { publicKey, privateKey } =
      alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : alg === 'EdDSA'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const pem = publicKey.export({ format: 'pem', type: 'spki' })
    const text = `${corpus.encode({ ...corpus.header, alg, jwk: publicKey.export({ format: 'jwk' }) })}.${corpus.encode(corpus.claims)}`
    const signature = sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(text), privateKey)
    await corpus.refuses([
      `${text}.${signature.toString('base64url')}`,
      `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`,
      corpus.signed(corpus.header, corpus.claims, Buffer.from(pem)),
    ])
  })

  test('is refused when it is missing, of another type or spelled differently', async () => {
    const values = [undefined, null, '', 0, true, ['HS256'], { name: 'HS256' }, 'hs256', 'HS256 ', 'HS-256', 'A256GCMKW', 'dir']
    await corpus.refuses(withHeaders(values.map((alg) => ({ alg }))))
  })
})

describe('the key', () => {
  test('is refused under every name that is not the one of a key of ours', async () => {
    const { kid } = corpus.header as { kid: string }
    const names = [
      undefined,
      null,
      '',
      0,
      1,
      'ffffffff',
      // Of digits alone it is the same in capitals.
      ...(/[a-f]/.test(kid) ? [kid.toUpperCase()] : []),
      ` ${kid}`,
      `${kid}\0`,
      [kid],
      [kid, kid],
      { id: kid },
      'signing-1',
      'signing-1.key',
      'master.key',
      '../../../../dev/null',
      '/dev/null',
      '..%2f..%2fetc%2fpasswd',
      `${kid}/../${kid}`,
      "' or '1'='1",
      `${kid}'; drop schema control cascade; --`,
      `${kid}$(id)`,
      keyServerUrl,
      '__proto__',
      'constructor',
      'k'.repeat(1_000),
      'k'.repeat(20_000),
    ]
    await corpus.refuses(withHeaders(names.map((name) => ({ kid: name }))))
    const empty = names.map((name) => corpus.signed({ ...corpus.header, kid: name }, corpus.claims, Buffer.alloc(0)))
    await corpus.refuses(empty)
  })

  test('is refused when the token brings it along or says where it is, and nobody goes to look', async () => {
    const own = Buffer.alloc(32, 1)
    const jwk = { kty: 'oct', k: own.toString('base64url') }
    const offers = [
      { jku: keyServerUrl },
      { x5u: keyServerUrl },
      { jwk },
      { jwk, kid: 'ffffffff' },
      { jku: keyServerUrl, kid: 'ffffffff' },
      { x5c: ['MIIB'] },
      { x5t: 'AAAA' },
      { kid: keyServerUrl },
    ]
    await corpus.refuses(offers.map((offer) => corpus.signed({ ...corpus.header, ...offer }, corpus.claims, own)))
    await corpus.refuses(withHeaders(offers))
    expect(asked).toBe(0)
    await fetch(keyServerUrl)
    expect(asked).toBe(1)
  })
})

describe('the rest of the header', () => {
  test.each([
    undefined,
    null,
    '',
    'JWT',
    'at+jwt',
    'jwt',
    'sardonyx-login',
    'SARDONYX-LOGIN+JWT',
    'application/sardonyx-login+jwt',
    'sardonyx-invitation+jwt',
    ['sardonyx-login+jwt'],
  ])('the type %j is refused', async (typ) => {
    await corpus.refuses(withHeaders([{ typ }]))
  })

  test('extensions are refused, whether they are understood or not', async () => {
    await corpus.refuses(
      withHeaders([
        { crit: ['exp'] },
        { crit: [] },
        { crit: ['b64'], b64: false },
        { b64: true },
        { zip: 'DEF' },
        { cty: 'JWT' },
        { enc: 'A256GCM' },
        { more: 1 },
      ]),
    )
    const key = (await corpus.world.installation.keyring.signingKeys()).at(-1)!.key
    const hmac = (text: string) => `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
    const claims = JSON.stringify(corpus.claims)
    await corpus.refuses([
      hmac(`${corpus.encode({ ...corpus.header, b64: false, crit: ['b64'] })}.${claims}`),
      hmac(`${corpus.encode(corpus.header)}.${claims}`),
      hmac(`${corpus.encode({ ...corpus.header, zip: 'DEF' })}.${deflateRawSync(claims).toString('base64url')}`),
      hmac(`${corpus.encode(corpus.header)}.${deflateRawSync(claims).toString('base64url')}`),
    ])
  })

  test('another spelling of the same header is refused', async () => {
    const { alg, kid, typ } = corpus.header as Record<string, string>
    const spelled = [
      JSON.stringify({ typ, kid, alg }),
      JSON.stringify(corpus.header, null, 1),
      ` ${JSON.stringify(corpus.header)}`,
      `${JSON.stringify(corpus.header)}\n`,
      `\ufeff${JSON.stringify(corpus.header)}`,
      `{"alg":"none","alg":"${alg}","kid":"${kid}","typ":"${typ}"}`,
      `{"alg":"${alg}","kid":"ffffffff","kid":"${kid}","typ":"${typ}"}`,
      `{"alg":"\\u0048S256","kid":"${kid}","typ":"${typ}"}`,
      `{"__proto__":{"alg":"${alg}"},"kid":"${kid}","typ":"${typ}"}`,
      JSON.stringify([corpus.header]),
      '{}',
      '[]',
      'null',
      '"HS256"',
      '{',
      '',
    ]
    await corpus.refuses(spelled.map((header) => corpus.signed(header, corpus.claims)))
  })

  test('encrypted and other shapes of tokens are refused', async () => {
    const [header, claims, signature] = corpus.alice.token.split('.') as [string, string, string]
    const encrypted = corpus.encode({ ...corpus.header, alg: 'dir', enc: 'A256GCM' })
    const asJson = JSON.stringify({ protected: header, payload: claims, signature })
    await corpus.refuses([
      `${encrypted}..AAAAAAAAAAAAAAAA.${claims}.${signature}`,
      `${header}.${claims}.${signature}.AAAA.AAAA`,
      `${header}.${claims}.${signature}.${signature}`,
      asJson,
      corpus.encode(asJson),
      JSON.stringify({ payload: claims, signatures: [{ protected: header, signature }] }),
    ])
  })
})
