/** What every address hangs on: the root, and the frame of people who are signed in, to which the others are not let in. */
import { createRootRoute, createRoute, Outlet, redirect } from '@tanstack/react-router'
import { openDrafts } from '#web/features/chats/data/drafts.ts'
import { mayBeSignedIn } from '#web/kernel/login.ts'
import { isSessionEnd } from '#web/kernel/problem.ts'
import { meQuery, queryClient, SECOND_FACTOR_NEEDED, statusQuery } from '#web/kernel/session.ts'
import { FailurePage, NotFoundPage } from './failure-page.tsx'
import { Workspace } from './workspace.tsx'

export const rootRoute = createRootRoute({ component: Outlet, errorComponent: FailurePage, notFoundComponent: NotFoundPage })

/** Pages for people who are signed in; the others are led to set the server up, or to sign in and back again. */
export const workspaceRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'workspace',
  component: Workspace,
  beforeLoad: async ({ location }) => {
    if (!mayBeSignedIn()) await leadToSetup()
    try {
      const me = await queryClient.ensureQueryData(meQuery)
      if (me.session.restricted) throw redirect({ to: SECOND_FACTOR_NEEDED, replace: true })
      openDrafts(me.user.id)
    } catch (error) {
      if (!isSessionEnd(error)) throw error
      await leadToSetup()
      // What stands behind a # may be secret, and is sent nowhere as long as it stays there.
      const next = location.pathname + location.searchStr
      throw redirect({ to: '/sign-in', search: next === '/' ? {} : { next }, hash: location.hash, replace: true })
    }
  },
})

export async function leadToSetup(): Promise<void> {
  const status = await queryClient.ensureQueryData(statusQuery)
  if (status.state === 'setup') throw redirect({ to: '/setup', replace: true })
}
