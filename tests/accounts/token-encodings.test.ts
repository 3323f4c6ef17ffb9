/** Bad tokens, by how they are written: cut, bent, padded, recoded, doubled. Each is on record, so that the bytes alone are at fault. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tellable } from '#tests/support/forged-tokens.ts'
import { type Corpus, openCorpus } from './token-corpus.ts'

let corpus: Corpus
let good: string
let parts: [header: string, claims: string, signature: string]
beforeAll(async () => {
  corpus = await openCorpus()
  good = corpus.token({ claims: { jti: 'AAAAAAAAAAAAAAAAAAAAAA' } })
  parts = good.split('.') as typeof parts
})
afterAll(() => corpus.close())

/** The same text with every part of it changed in turn. */
const eachPart = (change: (part: string) => string) =>
  [0, 1, 2].map((at) => parts.map((part, i) => (i === at ? change(part) : part)).join('.'))

test('unchanged it is let in', () => corpus.admits(good))

test('cut at any length, from either end, it is refused', async () => {
  const lengths = Array.from(good, (_, i) => i)
  await corpus.refuses(lengths.map((length) => good.slice(0, length)))
  await corpus.refuses(lengths.slice(1).map((length) => good.slice(length)))
})

test('with any one bit turned it is refused', { timeout: 60_000 }, async () => {
  for (let bit = 0; bit < 8; bit++) {
    const bent = Array.from(good, (letter, at) => {
      const turned = String.fromCharCode(letter.charCodeAt(0) ^ (1 << bit))
      return `${good.slice(0, at)}${turned}${good.slice(at + 1)}`
    })
    await corpus.refuses(bent)
  }
})

test('with any letter left out, doubled or exchanged for its neighbour, it is refused', async () => {
  const changed = Array.from(good, (letter, at) => {
    const [before, after] = [good.slice(0, at), good.slice(at + 1)]
    return [`${before}${after}`, `${before}${letter}${letter}${after}`, `${before}${after.slice(0, 1)}${letter}${after.slice(1)}`]
  }).flat()
  await corpus.refuses(changed.filter((token) => token !== good))
})

describe('base64 of another kind', () => {
  test('padded is refused', () => corpus.refuses([...eachPart((part) => `${part}=`), ...eachPart((part) => `${part}==`), `${good}=`]))

  test('in the other alphabet is refused', async () => {
    // Made so that every part has letters in which the alphabets differ.
    for (let i = 0; ; i++) {
      const text = corpus.token({ claims: { jti: `${i}~?>~?>~?>~?>~?>~?>~?>`.slice(0, 22) } })
      const signature = text.split('.')[2]!
      if (!signature.includes('-') || !signature.includes('_')) continue
      await corpus.admits(text)
      return corpus.refuses([text.replaceAll('-', '+').replaceAll('_', '/'), text.replaceAll('-', '+'), text.replaceAll('_', '/')])
    }
  })

  test('with other last bits, which stand for nothing, is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const others = parts.flatMap((part, at) => {
      const unused = [0, 0, 4, 2][part.length % 4]!
      const last = alphabet.indexOf(part.at(-1)!)
      return Array.from({ length: 2 ** unused - 1 }, (_, i) => {
        const bent = `${part.slice(0, -1)}${alphabet[last ^ (i + 1)]}`
        expect(Buffer.from(bent, 'base64url')).toEqual(Buffer.from(part, 'base64url'))
        return parts.map((other, j) => (j === at ? bent : other)).join('.')
      })
    })
    expect(others.length).toBeGreaterThanOrEqual(3)
    await corpus.refuses(others)
  })

  test('with signatures to match, where the last bits or the padding are under them, is refused', async () => {
    const { header, claims } = corpus
    const key = (await corpus.world.installation.keyring.signingKeys()).at(-1)!.key
    const signed = (text: string) => corpus.withSignature(text, key)
    const [head, body] = [corpus.encode(header), corpus.encode(claims)]
    const inHex = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex')
    const standard = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
    await corpus.admits(signed(`${head}.${body}`))
    await corpus.refuses(
      [
        `${head}=.${body}`,
        `${head}.${body}=`,
        `${head}.${body}A`,
        `${head}. ${body}`,
        `${head}.${body}\n`,
        `${head}.\n${body}`,
        `${inHex(header)}.${inHex(claims)}`,
        `${head}.${standard({ ...claims, jti: '~~~~~~~~~~~~~~~~~~~~~~' })}`,
        `${standard(header)}.${body}`,
      ]
        .filter((text) => text !== `${head}.${body}`)
        .map(signed),
    )
  })
})

describe('other letters', () => {
  test('in UTF-16, with a mark, or with what nobody sees in it, are refused', () =>
    corpus.refuses([
      Buffer.from(good, 'utf16le').toString('latin1'),
      Buffer.from(good, 'utf16le').swap16().toString('latin1'),
      `\ufeff${good}`,
      `${good}\u200b`,
      ...eachPart((part) => `${part}\u00ad`),
      good.replaceAll('.', '\u3002'),
      good.replaceAll('.', '\uff0e'),
      good.replace('e', '\uff45'),
      good.replaceAll('A', '\u0410'),
    ]))

  test('NUL, line breaks and spaces are refused, wherever they are', () => {
    const between = ['\0', '\n', '\r\n', '\t', ' ', '\u00a0', ',', ';', '"']
    return corpus.refuses(
      between.flatMap((one) => [
        `${good}${one}`,
        `${one}${good}`,
        good.replace('.', `.${one}`),
        good.replace('.', `${one}.`),
        `${good}${one}x`,
      ]),
    )
  })

  test('percent signs are no other way to write a token', () => {
    const percent = Array.from(good, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')
    return corpus.refuses([
      percent,
      good.replaceAll('.', '%2e'),
      good.replaceAll('.', '%2E'),
      `${good}%00`,
      `${good}%`,
      `%${good}`,
      encodeURIComponent(percent),
    ])
  })

  test('upper and lower case are refused', () =>
    corpus.refuses([good.toUpperCase(), good.toLowerCase(), ...eachPart((part) => part.toUpperCase())]))
})

test('dots, and parts too many or too few, are refused', () =>
  corpus.refuses([
    '',
    '.',
    '..',
    '...',
    'x',
    'token',
    'a.b.c',
    `${good}.`,
    `.${good}`,
    `${good}.${parts[2]}`,
    good.replace('.', '..'),
    `${parts[0]}..${parts[2]}`,
    `..${parts[2]}`,
    `${parts[2]}.${parts[1]}.${parts[0]}`,
    parts.join(''),
    `${good}${good}`,
    `${good}, ${good}`,
    `${good} ${good}`,
    `${good}.${good}`,
    `Bearer ${good}`,
  ]))

test('very long ones are refused', () =>
  corpus.refuses([`${good}${'A'.repeat(5_000)}`, 'x'.repeat(3_000), '.'.repeat(3_000), `${parts[0]}.${'A'.repeat(10_000)}.${parts[2]}`]))

test('headers that carry a good token in another way are refused in the same words, and are not mended by a good cookie', async () => {
  const usual = tellable(await corpus.world.call('GET', '/api/me'))
  const wrong = [
    good,
    `Basic ${good}`,
    `Token ${good}`,
    `Bearer: ${good}`,
    `Bearer${good}`,
    `Bearer  ${good}`,
    `Bearer "${good}"`,
    'Bearer',
    'Bearer ',
    '',
  ]
  for (const authorization of wrong) {
    expect(tellable(await corpus.world.call('GET', '/api/me', { headers: { authorization } })), authorization).toEqual(usual)
    expect(tellable(await corpus.world.call('GET', '/api/me', { headers: { authorization, cookie: corpus.cookieOf(good) } }))).toEqual(
      usual,
    )
  }
  for (const headers of [
    { 'x-authorization': `Bearer ${good}` },
    { 'proxy-authorization': `Bearer ${good}` },
    { cookie: `sardonyx=${good}` },
  ])
    expect(tellable(await corpus.world.call('GET', '/api/me', { headers: headers as Record<string, string> }))).toEqual(usual)
})
