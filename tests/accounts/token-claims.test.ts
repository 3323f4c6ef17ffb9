/** Bad tokens, by what they claim: audiences, issuers, people, times and shapes that are not ours, all well signed, are all one refusal. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { SigningKeys } from '#server/auth/tokens/signing-keys.ts'
import { Tokens } from '#server/auth/tokens/token.ts'
import { localKeyProvider } from '#server/isolation/keys/key-provider.ts'
import { Keyring } from '#server/isolation/keys/keyring.ts'
import { MASTER } from '#tests/support/cast.ts'
import { putOnRecord } from '#tests/support/forged-tokens.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import type { SignedIn } from '#tests/support/world.ts'
import { type Corpus, openCorpus } from './token-corpus.ts'

let corpus: Corpus
let bob: SignedIn
let mallory: SignedIn
beforeAll(async () => {
  corpus = await openCorpus()
  bob = await corpus.world.signIn('bob')
  mallory = await corpus.world.signIn('mallory')
})
afterAll(() => corpus.close())

/** Tokens that differ from a good one in their claims alone. */
const claiming = (claims: object[]) => claims.map((one) => corpus.token({ claims: one }))
/** Another token with the same claims but for its own random bits. */
const anew = () => corpus.token({ claims: { jti: Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url') } })

test('a token of the same making, with nothing wrong, is let in', async () => {
  await corpus.admits(anew())
})

test('other audiences are refused', async () => {
  const audiences = ['other', '', 'Sardonyx', 'sardonyx ', 'sardonyx,other', null, true, 1]
  const lists = [[], ['sardonyx'], ['sardonyx', 'other'], { sardonyx: true }]
  await corpus.refuses(claiming([...audiences, ...lists].map((aud) => ({ aud }))))
})

describe('the issuer', () => {
  test('is refused under any other name', async () => {
    const { iss } = corpus.claims as { iss: string }
    const names = [`${iss}/`, iss.toUpperCase(), ` ${iss}`, 'sardonyx:other', 'sardonyx:', 'sardonyx', '', null, [iss], { iss }, 1]
    await corpus.refuses(claiming(names.map((name) => ({ iss: name }))))
  })

  test.each([
    ['with a master key of its own', Buffer.alloc(32, 9)],
    ['with the same master key', MASTER],
  ])('is refused when it is another installation, %s', async (_, master) => {
    const directory = await mkdtemp(join(tmpdir(), 'sardonyx-other-'))
    const keyring = new Keyring(directory, localKeyProvider(master))
    const keys = await SigningKeys.open({ keyring, clock: corpus.clock, log: quietLog })
    const { token } = await new Tokens(keys, await keyring.instanceName()).issue({
      userId: corpus.alice.me.user.id,
      tenantId: corpus.alice.me.organisation.id,
      sessionId: corpus.alice.me.session.id,
      nowMs: corpus.clock.ms,
      expiresAtMs: corpus.clock.ms + 60_000,
    })
    await corpus.refuses([token])
    await rm(directory, { recursive: true })
  })
})

describe('somebody else', () => {
  const of = ({ me }: SignedIn) => ({ sub: me.user.id, sid: me.session.id, tid: me.organisation.id })

  test('of the same organisation is refused in part and as a whole', async () => {
    const { sub, sid } = of(bob)
    await corpus.refuses(claiming([{ sub }, { sid }, { sub, sid }]))
  })

  test('of another organisation is refused, on record there or here', async () => {
    const { sub, sid, tid } = of(mallory)
    const tokens = claiming([{ tid }, { sub }, { sub, sid }, { sub, tid }, { sid, tid }])
    await putOnRecord(corpus.world, mallory, tokens)
    await corpus.refuses(tokens)
    await corpus.refuses(claiming([{ sub, sid, tid }]))
  })

  test('who never was, or whose name is none, is refused', async () => {
    const nobody = [crypto.randomUUID(), '00000000-0000-0000-0000-000000000000', '', '*', null, 1, [], {}, `' or true --`, 'a'.repeat(900)]
    await corpus.refuses(claiming(nobody.flatMap((id) => [{ sub: id }, { sid: id }, { tid: id }])))
    const { sub, tid, sid } = corpus.claims as Record<string, string>
    await corpus.refuses(
      claiming([{ sub: sub!.toUpperCase() }, { tid: tid!.toUpperCase() }, { sid: sid!.toUpperCase() }, { tid: [tid] }, { sub: ` ${sub}` }]),
    )
  })
})

describe('times', () => {
  const noTimes = [undefined, null, '', [], {}, true, 1.5, -1, 0, 1e300, 2 ** 53, -(2 ** 53), 'never', '1e10']

  test('that are no times are refused', async () => {
    await corpus.refuses(claiming(noTimes.flatMap((time) => [{ exp: time }, { iat: time }])))
    const { nowS } = corpus
    await corpus.refuses(claiming([{ exp: `${nowS + 60}` }, { iat: `${nowS}` }, { exp: nowS + 60.5 }, { iat: nowS - 0.5 }]))
  })

  test('an end past by more than clocks may differ is refused, one past by less is left to the database', async () => {
    const { nowS } = corpus
    await corpus.refuses(claiming([{ exp: nowS - 300 }, { exp: nowS - 301 }, { exp: nowS - 86_400 }, { exp: 1 }]))
    for (const exp of [nowS - 299, nowS, nowS + 1]) await corpus.admits(corpus.token({ claims: { exp } }))
  })

  test('a beginning ahead by more than clocks may differ is refused, one ahead by less is not', async () => {
    const { nowS } = corpus
    await corpus.refuses(claiming([{ iat: nowS + 301 }, { iat: nowS + 86_400 }, { iat: nowS * 1_000 }]))
    for (const iat of [nowS + 300, nowS, nowS - 1]) await corpus.admits(corpus.token({ claims: { iat } }))
  })
})

describe('the shape of the claims', () => {
  const names = ['sub', 'tid', 'sid', 'jti', 'iat', 'exp', 'iss', 'aud']

  test.each(names)('without %s it is refused, and with anything but its kind', async (name) => {
    await corpus.refuses(claiming([undefined, null, true, {}, [], [corpus.claims[name]]].map((value) => ({ [name]: value }))))
  })

  test('more than is known is refused', async () => {
    const more = [{ role: 'admin' }, { nbf: 1 }, { scope: '*' }, { '': 1 }, { act: { sub: bob.me.user.id } }]
    await corpus.refuses(claiming(more))
    const polluted = ['__proto__', 'constructor', 'toJSON'].map((name) =>
      JSON.stringify(corpus.claims).replace('{', `{"${name}":{"role":"admin"},`),
    )
    await corpus.refuses(polluted.map((claims) => corpus.signed(corpus.header, claims)))
  })

  test('what is said twice is refused, whichever comes last', async () => {
    const twice = names.flatMap((name) => {
      const [whole, value] = [JSON.stringify(corpus.claims), JSON.stringify(corpus.claims[name])]
      return [
        whole.replace('{', `{"${name}":${value},`),
        whole.replace('{', `{"${name}":"other",`),
        whole.replace(/\}$/, `,"${name}":${value}}`),
        whole.replace(/\}$/, `,"${name}":"other"}`),
      ]
    })
    await corpus.refuses(twice.map((claims) => corpus.signed(corpus.header, claims)))
  })

  test('the same claims in another spelling are refused', async () => {
    const whole = JSON.stringify(corpus.claims)
    const { exp } = corpus.claims as { exp: number }
    const spelled = [
      JSON.stringify(Object.fromEntries(Object.entries(corpus.claims).reverse())),
      JSON.stringify(corpus.claims, null, 1),
      ` ${whole}`,
      `${whole} `,
      `\ufeff${whole}`,
      whole.replace(`${exp}`, `${exp}.0`),
      whole.replace(`${exp}`, `${exp}e0`),
      whole.replace('"aud":"s', '"aud":"\\u0073'),
      whole.replace('"aud"', '"\\u0061ud"'),
    ]
    await corpus.refuses(spelled.map((claims) => corpus.signed(corpus.header, claims)))
  })

  test('what are no claims is refused', async () => {
    const none = ['', 'null', 'true', '0', '""', '[]', '{}', '{', '}', '\0', '\ufffd', JSON.stringify([corpus.claims]), 'a'.repeat(1_000)]
    await corpus.refuses(none.map((claims) => corpus.signed(corpus.header, claims)))
    await corpus.refuses([corpus.signed(corpus.header, JSON.stringify(JSON.stringify(corpus.claims)))])
  })
})
