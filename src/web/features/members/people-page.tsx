/** The people of the organisation; for administrators, in parts. */
import { useQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { useEffect } from 'react'
import { onEvent } from '#web/kernel/events.ts'
import { useMe } from '#web/kernel/session.ts'
import { ReadingPage } from '#web/ui/frame.tsx'
import { type Tab, Tabs } from '#web/ui/tabs.tsx'
import { lookAgain, recoveriesQuery } from './queries.ts'
import { t } from './text.ts'

const tabsOf = (requests: number): readonly Tab[] => [
  { to: '/people', words: t('people.everybody') },
  { to: '/people/invitations', words: t('people.invitations') },
  { to: '/people/requests', words: requests > 0 ? t('people.requestCount', { count: requests }) : t('people.requests') },
  { to: '/people/directory', words: t('people.directory') },
]

/** How many recoveries wait for an administrator; looked at anew when there is news of one, or one was decided. */
function useRequests(isAdmin: boolean): number {
  const { data = [] } = useQuery({ ...recoveriesQuery, enabled: isAdmin })
  useEffect(() => (isAdmin ? onEvent('security', () => void lookAgain()) : undefined), [isAdmin])
  return data.filter(({ state }) => state === 'asked').length
}

/** The frame of all parts. */
export function PeoplePage() {
  const isAdmin = useMe().user.role === 'admin'
  const requests = useRequests(isAdmin)
  return (
    <ReadingPage title={t('people.title')} administers={isAdmin}>
      {isAdmin && <Tabs label={t('people.parts')} tabs={tabsOf(requests)} />}
      <Outlet />
    </ReadingPage>
  )
}
