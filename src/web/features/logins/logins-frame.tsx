/** The frame of what administrators see of signing in: who is, for how long, and through whom; in parts. */
import type { ReactNode } from 'react'
import { useMe } from '#web/kernel/session.ts'
import { ButtonLink } from '#web/ui/button.tsx'
import { ReadingPage } from '#web/ui/frame.tsx'
import { type Tab, Tabs } from '#web/ui/tabs.tsx'
import { t } from './text.ts'

const TABS: readonly Tab[] = [
  { to: '/logins', words: t('logins.list') },
  { to: '/logins/rules', words: t('logins.rules') },
  { to: '/logins/erasures', words: t('logins.erasures') },
  { to: '/sign-in-provider', words: t('logins.provider') },
]

/** The part that is open below the tabs, for administrators. */
export function LoginsFrame({ children }: { children: ReactNode }) {
  const { user, organisation } = useMe()
  if (user.role !== 'admin') return <NotAllowed organisation={organisation.name} />
  return (
    <ReadingPage title={t('logins.title')} wide administers>
      <Tabs label={t('logins.parts')} tabs={TABS} />
      {children}
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
