/** How long what is removed by itself is kept: the days of the policies `due` in db/tenant, in one place for whoever has to say them. */
import type { Kept } from '#contract/privacy.ts'

interface Keeping {
  readonly what: Kept
  readonly days: number
}

/** By table, since the policies are. The times count from the end of what has one; what is over at its end goes within a day. */
export const KEPT: Readonly<Record<string, Keeping>> = {
  auth_session: { what: 'sessions', days: 30 },
  auth_token: { what: 'replaced_tokens', days: 90 },
  link: { what: 'links', days: 30 },
  recovery: { what: 'recoveries', days: 30 },
  security_event: { what: 'security_events', days: 400 },
  challenge: { what: 'sign_ins_begun', days: 1 },
  sign_in_ticket: { what: 'sign_ins_begun', days: 1 },
  oidc_way: { what: 'sign_ins_begun', days: 1 },
  oidc_logout: { what: 'sign_ins_begun', days: 1 },
  job: { what: 'jobs', days: 30 },
  chat_session: { what: 'trash', days: 30 },
  draft: { what: 'drafts', days: 1 },
  export: { what: 'exports', days: 7 },
  happening: { what: 'happenings', days: 2 },
  scope: { what: 'shares', days: 1 },
}

/** The same by what people know it as. */
export const KEPT_OF: readonly Keeping[] = [...new Map(Object.values(KEPT).map((keeping) => [keeping.what, keeping])).values()]
