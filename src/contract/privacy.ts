/** What an organisation keeps of its people, who sees it and for how long: made from its settings, so that it says what is so. */
import { z } from 'zod'
import { Email } from './accounts.ts'
import { endpoint, line } from './endpoint.ts'
import { LoginRules } from './sessions.ts'

export const PrivacyContact = z.strictObject({ name: line(80), email: Email })
export type PrivacyContact = z.infer<typeof PrivacyContact>

/** What is removed by itself once it is so old; each has its words in the interface. */
export const Kept = z.enum([
  'sessions',
  'replaced_tokens',
  'links',
  'recoveries',
  'security_events',
  'sign_ins_begun',
  'jobs',
  'exports',
  'trash',
  'drafts',
  'happenings',
  'shares',
])
export type Kept = z.infer<typeof Kept>

const Host = z.strictObject({ name: z.string(), host: z.string() })

export const Privacy = z.strictObject({
  organisation: z.string(),
  contact: PrivacyContact.nullable().describe('whom to ask; null where nobody is named'),
  directory: z.enum(['everyone', 'shared']).describe('whom ordinary people see: everyone, or those with whom they share something'),
  providers: z.array(Host).describe('to whom the text of a chat is sent when one of their models is asked; to nobody else'),
  signInProvider: Host.nullable().describe('through whom people may sign in beside a password; null for nobody'),
  logins: LoginRules,
  deletion: z.strictObject({
    undoDays: z.number().int().describe('for how long one can take back that one’s account is to be deleted'),
    backupsKeptDays: z.number().int().nullable().describe('how long copies of the database are kept; null when the operator has not said'),
  }),
  kept: z.array(z.strictObject({ what: Kept, days: z.number().int() })).describe('what is removed by itself, and after how many days'),
})
export type Privacy = z.infer<typeof Privacy>

export const getPrivacy = endpoint({
  id: 'privacy.get',
  method: 'GET',
  path: '/api/privacy',
  summary: 'What the organisation keeps of its people, who sees it, and for how long',
  access: 'user',
  work: 'read',
  reply: Privacy,
})

export const setPrivacyContact = endpoint({
  id: 'privacy.set_contact',
  method: 'PATCH',
  path: '/api/privacy/contact',
  summary: 'Say whom people may ask about privacy',
  access: 'admin',
  work: 'write',
  body: z.strictObject({ contact: PrivacyContact.nullable() }),
  status: 204,
})
