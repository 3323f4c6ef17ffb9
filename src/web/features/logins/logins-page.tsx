/** Administration of logins, in two parts: who is signed in, and for how long people may be. */
import { Outlet } from '@tanstack/react-router'
import { useMe } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { ReadingPage } from '#web/ui/frame.tsx'
import { type Tab, Tabs } from '#web/ui/tabs.tsx'
import { t } from './text.ts'

const TABS: readonly Tab[] = [
  { to: '/logins', words: t('logins.list') },
  { to: '/logins/rules', words: t('logins.rules') },
]

/** The frame of both parts, for administrators. */
export function LoginsPage() {
  const { user, organisation } = useMe()
  if (user.role !== 'admin') return <NotAllowed organisation={organisation.name} />
  return (
    <ReadingPage title={t('logins.title')} wide administers>
      <Tabs label={t('logins.parts')} tabs={TABS} />
      <Outlet />
    </ReadingPage>
  )
}

function NotAllowed({ organisation }: { organisation: string }) {
  return (
    <ReadingPage title={t('logins.title')}>
      <h2 className="mb-1 text-title font-strong">{t('failure.notAllowedTitle')}</h2>
      <p className="mb-5 max-w-[60ch] text-muted">{t('logins.notAllowed', { organisation })}</p>
      <ButtonLink to="/account/devices">{t('logins.toOwn')}</ButtonLink>
    </ReadingPage>
  )
}
