/** Login sessions: the one a caller has, a person's devices, and those of the whole organisation; their rules and their ends. */
import { z } from 'zod'
import { EndReason } from './end-reason.ts'
import { endpoint, line, PageQuery, page, Time } from './endpoint.ts'
import { Proof, SecondFactorRule } from './factors.ts'
import { SessionId, UserId } from './ids.ts'
import { LEAST_STRICT, LEAST_USUAL } from './password-rules.ts'

export { EndReason }

export const CurrentSession = z.strictObject({
  id: SessionId,
  remembered: z.boolean(),
  now: Time.describe('the time by which the server counts'),
  endsAt: Time.describe('when it ends in any case'),
  idleEndsAt: Time.nullable().describe('when it ends without any activity; null for an API token'),
  proven: z.boolean().describe('whether acts that need a fresh proof are open now'),
})
export type CurrentSession = z.infer<typeof CurrentSession>

/** A new token, where the caller used one in the Authorization header; a browser's is in its cookie. */
export const Renewed = z.strictObject({
  token: z.string().nullable().describe('null when a cookie was set'),
  session: CurrentSession,
})

export const getSession = endpoint({
  id: 'session.get',
  whileRestricted: true,
  method: 'GET',
  path: '/api/session',
  summary: 'How long this login lasts. Asking is not activity',
  access: 'user',
  work: 'none',
  token: ['read', 'chat', 'admin'],
  activity: false,
  reply: CurrentSession,
})

export const extendSession = endpoint({
  id: 'session.extend',
  whileRestricted: true,
  method: 'POST',
  path: '/api/session/extend',
  summary: 'Say that somebody is there: the time until an idle end begins anew',
  access: 'user',
  work: 'door',
  reply: CurrentSession,
})

export const proveSession = endpoint({
  id: 'session.prove',
  whileRestricted: true,
  method: 'POST',
  path: '/api/session/prove',
  summary: 'Prove again who one is; opens what needs a fresh proof, for this login only, under a new token',
  access: 'user',
  work: 'door',
  body: Proof,
  reply: Renewed,
  fails: [
    'auth.wrong_password',
    'auth.code_needed',
    'auth.wrong_code',
    'auth.wrong_recovery_code',
    'passkey.refused',
    'auth.too_many_attempts',
  ],
})

export const refreshSession = endpoint({
  id: 'auth.refresh',
  whileRestricted: true,
  method: 'POST',
  path: '/api/auth/refresh',
  summary: 'Replace a token that is older than 15 minutes by its successor; a younger one is given back as it is',
  access: 'user',
  work: 'door',
  reply: Renewed,
  fails: ['auth.token_replaced'],
})

export const Session = z.strictObject({
  id: SessionId,
  isThis: z.boolean().describe('whether it is the caller’s own'),
  device: z.string(),
  methods: z
    .array(z.enum(['password', 'invitation', 'setup', 'reset', 'recovery', 'passkey', 'totp', 'recovery_code', 'provider']))
    .describe('how it was proven who signed in'),
  remembered: z.boolean(),
  signedInAt: Time,
  signedInFrom: z.string().nullable().describe('a network address'),
  seenAt: Time.describe('latest activity, exact to a minute'),
  seenFrom: z.string().nullable().describe('a network address'),
  endsAt: Time,
  idleEndsAt: Time,
})
export type Session = z.infer<typeof Session>

const Ended = z.strictObject({ ended: z.number().int().describe('how many logins and API tokens ended just now') })

export const listOwnSessions = endpoint({
  id: 'devices.list',
  method: 'GET',
  path: '/api/me/sessions',
  summary: 'Where one is signed in, the latest first',
  access: 'user',
  work: 'read',
  query: PageQuery,
  reply: page(Session),
  fails: ['cursor.invalid'],
})

export const endOwnSession = endpoint({
  id: 'devices.end',
  method: 'DELETE',
  path: '/api/me/sessions/:sessionId',
  summary: 'Sign one device out',
  access: 'user',
  work: 'door',
  params: z.strictObject({ sessionId: SessionId }),
  reply: Ended,
  fails: ['session.not_found'],
})

export const endOtherSessions = endpoint({
  id: 'devices.end_others',
  method: 'POST',
  path: '/api/me/sessions/end-others',
  summary: 'Sign all other devices out',
  access: 'user',
  work: 'door',
  reply: Ended,
})

export const notMe = endpoint({
  id: 'devices.not_me',
  method: 'POST',
  path: '/api/me/sessions/not-me',
  summary: 'Say that somebody else used the account: signs all other devices out, and revokes every API token',
  access: 'user',
  work: 'door',
  reply: Ended,
})

const [MINUTE_S, HOUR_S, DAY_S] = [60, 3_600, 86_400]
const amount = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`
const seconds = (least: number, most: number) =>
  z
    .number()
    .int()
    .min(least, `must be at least ${amount(least / MINUTE_S, 'minute')}`)
    .max(most, `must be at most ${amount(most / DAY_S, 'day')}`)

export const LoginPolicy = z.strictObject({
  preset: z.enum(['everyday', 'strict', 'own']),
  idleLimitS: seconds(5 * MINUTE_S, 30 * DAY_S).describe('seconds without activity'),
  absoluteLimitS: seconds(15 * MINUTE_S, 90 * DAY_S).describe('seconds in any case'),
  remember: z.boolean().describe('whether people may stay signed in for longer'),
  rememberIdleLimitS: seconds(5 * MINUTE_S, 180 * DAY_S),
  rememberAbsoluteLimitS: seconds(15 * MINUTE_S, 365 * DAY_S),
  proofGoodForS: seconds(MINUTE_S, DAY_S).describe('seconds for which a proof opens what needs one'),
  leastPasswordLength: z
    .number()
    .int()
    .min(LEAST_USUAL, `must be at least ${LEAST_USUAL}`)
    .max(64, 'must be at most 64')
    .describe('characters; beside a second factor fewer are enough'),
})
export type LoginPolicy = z.infer<typeof LoginPolicy>

/** Every rule for logins. */
export const LoginRules = LoginPolicy.extend({ secondFactor: SecondFactorRule })
export type LoginRules = z.infer<typeof LoginRules>

/** Left out, it stays as it is. */
const ALSO = { secondFactor: SecondFactorRule.optional() }

/** `everyday` is also the default of the table; `strict` follows NIST SP 800-63B-4 for AAL2. */
export const PRESETS: Readonly<Record<'everyday' | 'strict', LoginPolicy>> = {
  everyday: {
    preset: 'everyday',
    idleLimitS: 24 * HOUR_S,
    absoluteLimitS: 7 * DAY_S,
    remember: true,
    rememberIdleLimitS: 30 * DAY_S,
    rememberAbsoluteLimitS: 90 * DAY_S,
    proofGoodForS: 30 * MINUTE_S,
    leastPasswordLength: LEAST_USUAL,
  },
  strict: {
    preset: 'strict',
    idleLimitS: HOUR_S,
    absoluteLimitS: DAY_S,
    remember: false,
    rememberIdleLimitS: HOUR_S,
    rememberAbsoluteLimitS: DAY_S,
    proofGoodForS: 10 * MINUTE_S,
    leastPasswordLength: LEAST_STRICT,
  },
}

export const getLoginPolicy = endpoint({
  id: 'login_policy.get',
  method: 'GET',
  path: '/api/login-policy',
  summary: 'How long people stay signed in, and of whom a second factor is required',
  access: 'user',
  work: 'read',
  reply: LoginRules,
})

export const setLoginPolicy = endpoint({
  id: 'login_policy.set',
  method: 'PATCH',
  path: '/api/login-policy',
  summary:
    'Change how long people stay signed in; logins that last longer are shortened, none is made longer. Those of people without a second factor that is required now are restricted to setting one up',
  access: 'admin',
  work: 'door',
  proof: true,
  body: z.discriminatedUnion('preset', [
    z.strictObject({ preset: z.enum(['everyday', 'strict']), ...ALSO }),
    LoginPolicy.extend({ preset: z.literal('own'), ...ALSO })
      .refine((policy) => policy.idleLimitS <= policy.absoluteLimitS, {
        path: ['idleLimitS'],
        message: 'must not be longer than the login itself',
      })
      .refine((policy) => policy.rememberIdleLimitS <= policy.rememberAbsoluteLimitS, {
        path: ['rememberIdleLimitS'],
        message: 'must not be longer than the login itself',
      }),
  ]),
  reply: LoginRules,
  fails: ['factor.own_first'],
})

/** A calendar begins with the year 1. */
const Before = Time.refine((time) => !time.startsWith('0000'), 'must be a time that there was')

/** Which of the organisation's logins; each field narrows it. */
export const SessionFilter = z.strictObject({
  userId: UserId.optional(),
  kind: z.enum(['login', 'api']).optional(),
  device: line(80).optional().describe('a part of its name, such as “Firefox”'),
  remembered: z.stringbool().optional(),
  signedInBefore: Before.optional(),
  seenBefore: Before.optional(),
})
export type SessionFilter = z.output<typeof SessionFilter>

export const AnySession = z.strictObject({
  id: SessionId,
  isThis: z.boolean(),
  user: z.strictObject({ id: UserId, name: z.string(), email: z.string() }),
  kind: z.enum(['login', 'api']),
  device: z.string(),
  methods: Session.shape.methods,
  remembered: z.boolean(),
  signedInAt: Time,
  signedInFrom: z.string().nullable(),
  seenAt: Time,
  seenFrom: z.string().nullable(),
  endsAt: Time,
})
export type AnySession = z.infer<typeof AnySession>

export const listSessions = endpoint({
  id: 'sessions.list',
  method: 'GET',
  path: '/api/sessions',
  summary: 'The logins and API tokens of the organisation, the latest first. Each person sees in their log that an administrator looked',
  access: 'admin',
  work: 'none',
  token: ['admin'],
  query: PageQuery.extend(SessionFilter.shape),
  reply: page(AnySession),
  fails: ['cursor.invalid'],
})

const Count = z.strictObject({ sessions: z.number().int(), people: z.number().int() })

export const countSessions = endpoint({
  id: 'sessions.count',
  method: 'GET',
  path: '/api/sessions/count',
  summary: 'How many logins a filter finds besides the caller’s own, and of how many people',
  access: 'admin',
  work: 'read',
  token: ['admin'],
  query: SessionFilter,
  reply: Count,
})

export const endSessions = endpoint({
  id: 'sessions.end',
  method: 'POST',
  path: '/api/sessions/end',
  summary: 'End all logins that a filter finds, but the caller’s own, if there are still as many as were counted',
  access: 'admin',
  work: 'door',
  proof: true,
  body: z.strictObject({
    filter: SessionFilter.extend({ remembered: z.boolean().optional(), sessionId: SessionId.optional() }),
    expected: z.number().int().min(0),
  }),
  reply: Ended,
  fails: ['session.count_changed'],
})
