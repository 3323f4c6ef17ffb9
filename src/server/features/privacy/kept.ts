/** How long what is removed by itself is kept: the days of the policies `due` in db/tenant, in one place for whoever has to say them. */
import type { Kept } from '#contract/privacy.ts'

/** By table, since the policies are. The times count from the end of what has one. */
export const KEPT: Readonly<Record<string, { readonly what: Kept; readonly days: number }>> = {
  auth_session: { what: 'sessions', days: 30 },
  auth_token: { what: 'replaced_tokens', days: 90 },
  link: { what: 'links', days: 30 },
  security_event: { what: 'security_events', days: 400 },
  job: { what: 'jobs', days: 30 },
  export: { what: 'exports', days: 7 },
}
