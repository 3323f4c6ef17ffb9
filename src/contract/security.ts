/** What happened to one's account, and the API tokens by which programs act for one. */
import { z } from 'zod'
import { Role } from './accounts.ts'
import { Ability, endpoint, line, PageQuery, page, Time } from './endpoint.ts'
import { EventId, SessionId, UserId } from './ids.ts'
import { EndReason, Session } from './sessions.ts'

export const EventKind = z.enum([
  'signed_in',
  'sign_in_failed',
  'sign_in_stopped',
  'session_ended',
  'theft_suspected',
  'proven',
  'not_me',
  'password_changed',
  'password_reset',
  'password_closed',
  'token_created',
  'token_revoked',
  'sessions_viewed',
  'policy_changed',
  'second_factor_rule_changed',
  'directory_changed',
  'role_changed',
  'suspended',
  'reinstated',
  'recovery_begun',
  'recovery_asked',
  'recovery_approved',
  'recovery_ended',
  'recovered',
  'request_approved',
  'request_declined',
  'request_stopped',
  'address_asked',
  'address_changed',
  'provider_changed',
  'identity_linked',
  'identity_unlinked',
  'passkey_added',
  'passkey_removed',
  'passkey_refused',
  'authenticator_app_added',
  'authenticator_app_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'second_factor_failed',
  'export_begun',
  'export_downloaded',
  'deletion_asked',
  'deletion_undone',
])
export type EventKind = z.infer<typeof EventKind>

export const SecurityEvent = z.strictObject({
  id: EventId,
  kind: EventKind,
  by: z.enum(['self', 'administrator', 'operator', 'system']),
  byUser: z.strictObject({ id: UserId, name: z.string() }).nullable(),
  sessionId: SessionId.nullable().describe('the login that it is about'),
  methods: Session.shape.methods.nullable().describe('of a sign-in: with what, as long as the login is on record'),
  reason: EndReason.nullable(),
  roles: z.strictObject({ from: Role, to: Role }).nullable().describe('of a change of role'),
  device: z.string().nullable(),
  ip: z.string().nullable(),
  unread: z.boolean().describe('a notice that its person has not seen yet'),
  time: Time,
})
export type SecurityEvent = z.infer<typeof SecurityEvent>

export const whyEnded = endpoint({
  id: 'auth.why_ended',
  method: 'POST',
  path: '/api/auth/why-ended',
  summary: 'Why the login ended whose token is presented. Says nothing of any other',
  access: 'anyone',
  work: 'door',
  activity: false,
  reply: z.strictObject({ reason: EndReason.nullable().describe('null when it has not ended'), at: Time.nullable() }),
})

export const listSecurityEvents = endpoint({
  id: 'security.list',
  method: 'GET',
  path: '/api/me/security-events',
  summary: 'What happened to one’s account, the latest first, with every look of an administrator',
  access: 'user',
  work: 'read',
  // Pages look for notices by themselves.
  activity: false,
  query: PageQuery.extend({
    about: z.enum(['all', 'ends', 'notices']).default('all').describe('`ends`: why one was signed out; `notices`: what is unread'),
  }),
  reply: page(SecurityEvent),
  fails: ['cursor.invalid'],
})

export const readSecurityEvent = endpoint({
  id: 'security.read',
  method: 'POST',
  path: '/api/me/security-events/:eventId/read',
  summary: 'Note that a notice was seen',
  access: 'user',
  work: 'write',
  status: 204,
  params: z.strictObject({ eventId: EventId }),
  fails: ['event.not_found'],
})

export const ApiToken = z.strictObject({
  id: SessionId,
  name: z.string(),
  prefix: z.string().describe('how the token begins'),
  abilities: z.array(Ability),
  timeCreated: Time,
  usedAt: Time.nullable().describe('latest use, exact to a minute; null for none'),
  usedFrom: z.string().nullable().describe('a network address'),
  endsAt: Time,
})
export type ApiToken = z.infer<typeof ApiToken>

export const listApiTokens = endpoint({
  id: 'tokens.list',
  method: 'GET',
  path: '/api/me/tokens',
  summary: 'One’s API tokens that are good, the latest first',
  access: 'user',
  work: 'read',
  reply: z.strictObject({ items: z.array(ApiToken) }),
})

export const createApiToken = endpoint({
  id: 'tokens.create',
  method: 'POST',
  path: '/api/me/tokens',
  summary: 'Make an API token. It is in this reply and nowhere else',
  access: 'user',
  work: 'none',
  proof: true,
  status: 201,
  body: z.strictObject({
    name: line(80),
    abilities: z
      .array(Ability)
      .min(1, 'must name one at least')
      .max(3)
      .refine((abilities) => new Set(abilities).size === abilities.length, 'must name each once'),
    days: z.number().int().min(1, 'must be at least 1').max(365, 'must be at most 365').describe('how long it is good'),
  }),
  reply: z.strictObject({ token: z.string().describe('secret; shown once'), apiToken: ApiToken }),
  fails: ['token.too_many'],
})

export const revokeApiToken = endpoint({
  id: 'tokens.revoke',
  method: 'DELETE',
  path: '/api/me/tokens/:sessionId',
  summary: 'Revoke an API token; what uses it loses access at once',
  access: 'user',
  work: 'door',
  status: 204,
  params: z.strictObject({ sessionId: SessionId }),
  fails: ['token.not_found'],
})
