/** The people of the organisation; for administrators, in parts. */
import { Outlet } from '@tanstack/react-router'
import { useMe } from '#web/kernel/session.ts'
import { ReadingPage } from '#web/ui/frame.tsx'
import { type Tab, Tabs } from '#web/ui/tabs.tsx'
import { t } from './text.ts'

const TABS: readonly Tab[] = [
  { to: '/people', words: t('people.everybody') },
  { to: '/people/invitations', words: t('people.invitations') },
  { to: '/people/requests', words: t('people.requests') },
  { to: '/people/directory', words: t('people.directory') },
]

/** The frame of all parts. */
export function PeoplePage() {
  const isAdmin = useMe().user.role === 'admin'
  return (
    <ReadingPage title={t('people.title')} administers={isAdmin}>
      {isAdmin && <Tabs label={t('people.parts')} tabs={TABS} />}
      <Outlet />
    </ReadingPage>
  )
}
