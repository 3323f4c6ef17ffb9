/** Whatever can happen to an account has its sentence: who did it is named, and nothing is left unfilled. */
import { describe, expect, test } from 'vitest'
import { EventId, UserId } from '#contract/ids.ts'
import { EventKind, type SecurityEvent } from '#contract/security.ts'
import { EndReason } from '#contract/sessions.ts'
import { sayEvent } from './event-words.ts'

const OWN = UserId.parse('0192f0c1-0000-7000-8000-000000000001')
const CAROL = { id: UserId.parse('0192f0c1-0000-7000-8000-000000000002'), name: 'Carol Lindqvist' }
const happened = (event: Partial<SecurityEvent>): SecurityEvent => ({
  id: EventId.parse('0192f0c1-0000-7000-8000-000000000003'),
  kind: 'signed_in',
  by: 'self',
  byUser: null,
  sessionId: null,
  methods: null,
  reason: null,
  roles: null,
  device: 'Firefox on Linux',
  ip: null,
  unread: false,
  time: '2026-11-28T12:00:00.000Z',
  ...event,
})

describe('an event', () => {
  test('says of a sign-in with what it was done, where that is known', () => {
    expect(sayEvent(happened({ kind: 'signed_in' }), OWN)).toBe('You signed in.')
    expect(sayEvent(happened({ kind: 'signed_in', methods: ['passkey'] }), OWN)).toBe('You signed in with a passkey.')
  })

  test.each(EventKind.options)('has its sentence, whatever the reason: %s', (kind) => {
    for (const reason of [null, ...EndReason.options])
      for (const by of ['self', 'administrator', 'operator', 'system'] as const)
        for (const device of ['Firefox on Linux', null])
          expect(sayEvent(happened({ kind, reason, by, device }), OWN)).toMatch(/^[“A-Z][^{}]*\.$/)
  })

  test.each([
    ['self', null, 'You signed “Firefox on Linux” out.'],
    ['administrator', CAROL, 'Carol Lindqvist, an administrator, signed “Firefox on Linux” out.'],
    ['administrator', null, 'An administrator signed “Firefox on Linux” out.'],
    ['administrator', { ...CAROL, id: OWN }, 'You signed “Firefox on Linux” out.'],
    ['operator', null, 'The operator of this server signed “Firefox on Linux” out.'],
  ] as const)('by %s names who did it', (by, byUser, sentence) => {
    expect(sayEvent(happened({ kind: 'session_ended', reason: 'administrator', by, byUser }), OWN)).toBe(sentence)
  })
})
