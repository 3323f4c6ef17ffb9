/** What a new password must be: long enough, hard to guess, and nothing else; judged in the browser by the same estimate as on the server. */
import { readFile } from 'node:fs/promises'
import { dictionary } from '@zxcvbn-ts/language-common'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NewPassword } from '#contract/accounts.ts'
import { LEAST_BESIDE_FACTOR, leastLength, lengthOf, ownWords, whyGuessable } from '#contract/password-rules.ts'
import { LoginPolicy, PRESETS } from '#contract/sessions.ts'
import { FAILURES_ALLOWED, LETTERS_ALLOWED } from '#server/auth/limits.ts'
import { FAILURES_UNTIL_CLOSED } from '#server/auth/passwords/credentials.ts'
import { hashPassword, longEnoughFor, passwordMatches, refuseWeakPassword } from '#server/auth/passwords/password.ts'
import { loadEstimate } from '#server/auth/passwords/strength.ts'

const OWN = ['Alice Moreau', 'alice@acme.test', 'Acme Works', 'acme-works']
const estimate = await loadEstimate()
const reason = (password: string) => whyGuessable(password, ownWords(OWN), estimate)
const refusal = async (password: string, least = 12) =>
  refuseWeakPassword(password, { least, own: OWN }).then(
    () => undefined,
    (error: { code: string; details: { detail: string } }) => `${error.code}: ${error.details.detail}`,
  )

test('are those in force', async () => {
  const page = await readFile(new URL('../../docs/topics/passwords.md', import.meta.url), 'utf8')
  const figures = (line: RegExp) => [...(line.exec(page)?.[0] ?? '').matchAll(/\b\d+\b/g)].map(([figure]) => Number(figure))
  expect(figures(/^\| everyday rules.*$/m)).toEqual([PRESETS.everyday.leastPasswordLength])
  expect(figures(/^\| strict rules.*$/m)).toEqual([PRESETS.strict.leastPasswordLength])
  const { minValue, maxValue } = LoginPolicy.shape.leastPasswordLength
  expect(figures(/^\| an organisation's own rules.*$/m)).toEqual([minValue, maxValue])
  expect(figures(/^\| beside a second factor.*$/m)).toEqual([LEAST_BESIDE_FACTOR])
  expect(figures(/^\| failures of one account from one network.*?wait/m)).toEqual([FAILURES_ALLOWED.perAccount])
  expect(figures(/^\| failures of one account from everywhere.*$/m)).toEqual([FAILURES_ALLOWED.perAccount * 10])
  expect(figures(/^\| failures from one network.*$/m)).toEqual([FAILURES_ALLOWED.perAddress])
  expect(figures(/^\| failures of one account in a row.*$/m)).toEqual([FAILURES_UNTIL_CLOSED])
  expect(figures(/account from one network, .* then it waits/)).toEqual([LETTERS_ALLOWED.perAccount * 10, LETTERS_ALLOWED.perAddress])
})

describe('how long it is', () => {
  test('at least: by the rules of the organisation, and eight beside a second factor', () => {
    expect([PRESETS.everyday, PRESETS.strict, { leastPasswordLength: 40 }].map((policy) => leastLength(policy, false))).toEqual([
      12, 15, 40,
    ])
    expect([PRESETS.everyday, PRESETS.strict, { leastPasswordLength: 40 }].map((policy) => leastLength(policy, true))).toEqual([8, 8, 8])
  })

  test('counts characters, and not the halves of which some are made', async () => {
    const [short, long] = ['🦊🐙🌵🎻🧭🪁🫖🗿🧶🪐🛶', '🦊🐙🌵🎻🧭🪁🫖🗿🧶🪐🛶🎲']
    expect([short, long].map(lengthOf)).toEqual([11, 12])
    expect(await refusal(short)).toBe('password.weak: That password has 11 characters, and needs 12 or more.')
    expect(await refusal(long)).toBeUndefined()
  })

  test('at most: 128 characters, whatever they are', () => {
    const is = (password: string) => NewPassword.safeParse(password).success
    expect(['a'.repeat(7), 'a'.repeat(8), 'a'.repeat(128), 'a'.repeat(129)].map(is)).toEqual([false, true, true, false])
    expect(['🦊'.repeat(7), '🦊'.repeat(128), '🦊'.repeat(129)].map(is)).toEqual([false, true, false])
  })

  test('is remembered up to what may be asked for, and no further', () => {
    expect([8, 12, 15, 16, 100].map((length) => longEnoughFor('x'.repeat(length), 12))).toEqual([8, 12, 15, 15, 15])
    expect([15, 20, 21, 100].map((length) => longEnoughFor('x'.repeat(length), 20))).toEqual([15, 20, 20, 20])
  })
})

describe('what it is made of', () => {
  test('any characters, without a rule on which', async () => {
    const anything = fc
      .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), { minLength: 18, maxLength: 40 })
      .map((all) => all.join(''))
      .filter((text) => new Set(text).size > 12 && lengthOf(text) <= 128)
    await fc.assert(
      fc.asyncProperty(anything, async (password) => {
        expect(NewPassword.parse(password)).toBe(password)
        expect(await refusal(password)).toBeUndefined()
      }),
      { numRuns: 100 },
    )
    for (const one of [
      'correct horse battery staple',
      'vxqjzkwpbmfdt',
      '829461750382641',
      'Ωμέγα και άλφα μαζί',
      '漢字仮名交じり文を読む人々',
      '   .  ,   ;  _  .. ,',
    ])
      expect([one, await refusal(one)]).toEqual([one, undefined])
  })

  test('is verified exactly: the last of 128 characters counts, and case, and spaces around it', async () => {
    const password = `${'pelican lamp '.repeat(9)}orchard end`
    expect(lengthOf(password)).toBe(128)
    const hash = await hashPassword(password)
    expect(await passwordMatches(password, hash)).toBe(true)
    for (const other of [`${password.slice(0, -1)}c`, password.slice(0, 72), password.toUpperCase(), ` ${password}`, `${password} `])
      expect(await passwordMatches(other, hash)).toBe(false)
  })

  test('no halves of characters, which would all be the same to the hash', () => {
    expect(NewPassword.safeParse(`twelve and more ${'\ud800'}`).success).toBe(false)
  })
})

describe('what is too easy to guess', () => {
  test.each([
    ['password password', 'That password is little more than common words, your name or your address.'],
    ['Alice Moreau 1984', 'That password is little more than common words, your name or your address.'],
    ['alice@acme.test', 'That password is little more than common words, your name or your address.'],
    ['acme-works-2026', 'That password is little more than common words, your name or your address.'],
    ['Passw0rd1234!', 'That password is little more than common words, your name or your address.'],
    ['@l1c3m0r34u@l1c3', 'That password is little more than common words, your name or your address.'],
    ['aaaaaaaaaaaaaaaaaaaa', 'Repeated characters like "aaa" are easy to guess.'],
    ['abcdefghijklmnop', 'Common character sequences like "abc" are easy to guess.'],
    ['qazwsxedcrfvtgb', 'This is a commonly used password.'],
    ['qwertzuiopqwertz', 'Straight rows of keys'],
  ])('%s', (password, said) => {
    expect(reason(password)).toContain(said)
  })

  test('every one of the three thousand that are used most, however it is spelled', () => {
    const top = dictionary['passwords-common'].slice(0, 3_000).filter((word) => word.length >= 8)
    const spelled = (word: string) => [word, word.toUpperCase(), [...word].toReversed().join(''), `${word}1`]
    expect(top.flatMap(spelled).filter((password) => reason(password) === undefined)).toEqual([])
  }, 120_000)

  test('words of others are no words of one’s own', () => {
    const password = 'wolfgang lindqvist'
    expect(reason(password)).toBeUndefined()
    expect(whyGuessable(password, ownWords(['Wolfgang Lindqvist']), estimate)).toContain('your name')
  })

  test('the browser says the same of every one', async () => {
    const ofBrowser: { loadEstimate: typeof loadEstimate } = await import(
      String(new URL('../../src/web/features/sign-in/strength.ts', import.meta.url))
    )
    const inBrowser = await ofBrowser.loadEstimate()
    for (const password of [
      'correct horse battery',
      'qazwsxedcrfvtgb',
      'aaaaaaaaaaaaaa',
      'Alice Moreau 1984',
      'winter2026winter',
      'x9$Kq!mB',
    ])
      expect(whyGuessable(password, ownWords(OWN), inBrowser)).toBe(reason(password))
  })

  test('no password is looked at for long: what is behind its beginning is not judged', () => {
    const beginning = 'p4$$w0rd'.repeat(8)
    expect(lengthOf(beginning)).toBe(64)
    expect(estimate(`${beginning}vxqjzkwpbmfdt`, []).guesses).toBe(estimate(beginning, []).guesses)
  })
})
