/** Signing out from this tab. */
import type { Me } from '#contract/accounts.ts'
import { signOut } from '#web/kernel/session.ts'
import { report } from '#web/ui/report.ts'
import { onlyHere } from './drafts.ts'

/** Signs out once the drafts are kept. Where they cannot be, they stay in this tab for the same person, and nobody is held. */
export async function leave(me: Me): Promise<void> {
  await import('./keep-drafts.ts').then(({ settleDrafts }) => settleDrafts(me.user.id)).catch(report)
  await signOut(onlyHere())
}
