/** Passwords: one's own, to change it, and the way back in for who has forgotten it. */
import { z } from 'zod'
import { Deliver, Email, GivenPassword, NewPassword, SignInReply, Slug } from './accounts.ts'
import { endpoint, Time } from './endpoint.ts'
import { Renewed } from './sessions.ts'

const LeastLength = z.number().int().describe('characters that a new password needs at least')

export const getOwnPassword = endpoint({
  id: 'password.get',
  method: 'GET',
  path: '/api/me/password',
  summary: 'Whether one has a password, since when, and how long a new one must be',
  access: 'user',
  work: 'door',
  reply: z.strictObject({
    changedAt: Time.nullable().describe('null for who has no password'),
    leastLength: LeastLength,
    longEnough: z.boolean().describe('false where the rules ask for a longer one than it is known to be'),
  }),
})

export const changePassword = endpoint({
  id: 'password.change',
  method: 'POST',
  path: '/api/me/password',
  summary: 'Change one’s password, or choose a first one: all other logins end, and this one goes on under a new token',
  access: 'user',
  work: 'door',
  proof: true,
  body: z.strictObject({
    current: GivenPassword.optional().describe('left out by who has no password yet'),
    next: NewPassword,
    endTokens: z.boolean().default(false).describe('whether all API tokens end as well'),
  }),
  reply: Renewed,
  fails: ['auth.wrong_password', 'password.weak', 'auth.too_many_attempts'],
})

export const getPasswordRules = endpoint({
  id: 'password.rules',
  method: 'POST',
  path: '/api/auth/password-rules',
  summary: 'For whom a link is, and what the password must be that they choose through it',
  access: 'anyone',
  work: 'door',
  activity: false,
  body: z.strictObject({ kind: z.enum(['invitation', 'reset', 'recovery']), token: z.string().max(400) }),
  reply: z.strictObject({ leastLength: LeastLength, name: z.string(), email: z.string(), organisation: z.string(), slug: z.string() }),
  fails: ['invitation.invalid', 'reset.invalid', 'recovery.invalid', 'auth.too_many_attempts'],
})

export const askReset = endpoint({
  id: 'auth.reset',
  method: 'POST',
  path: '/api/auth/reset',
  summary: 'Ask for a letter with a link to choose another password. The reply is the same, whoever has that address',
  access: 'anyone',
  work: 'door',
  status: 204,
  body: z.strictObject({ email: Email, organisation: Slug.optional() }),
  fails: ['auth.organisation_needed', 'auth.too_many_attempts'],
})

export const finishReset = endpoint({
  id: 'auth.finish_reset',
  method: 'POST',
  path: '/api/auth/reset/finish',
  summary: 'Choose another password through the link of a letter: every login and API token ends, and a new login begins',
  access: 'anyone',
  work: 'door',
  body: z.strictObject({ token: z.string().max(400), password: NewPassword, deliver: Deliver }),
  reply: SignInReply,
  fails: ['reset.invalid', 'password.weak', 'auth.too_many_attempts'],
})
