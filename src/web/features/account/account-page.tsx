/** One's own account, in parts: what others see, what one prefers, where one is signed in, what happened, the programs that act for one, and leaving. */
import { Outlet } from '@tanstack/react-router'
import { useEffect } from 'react'
import { onEvent } from '#web/kernel/events.ts'
import { queryClient } from '#web/kernel/session.ts'
import { ReadingPage } from '#web/ui/frame.tsx'
import { type Tab, Tabs } from '#web/ui/tabs.tsx'
import { t } from './text.ts'

const TABS: readonly Tab[] = [
  { to: '/account/profile', words: t('account.profile') },
  { to: '/account/preferences', words: t('account.preferences') },
  { to: '/account/sign-in', words: t('account.signIn') },
  { to: '/account/devices', words: t('account.devices') },
  { to: '/account/security', words: t('account.security') },
  { to: '/account/tokens', words: t('account.tokens') },
  { to: '/account/data', words: t('account.data') },
]

/** The frame of the account's pages, with the open one in it. */
export function AccountPage() {
  useNews()
  return (
    <ReadingPage title={t('account.title')}>
      <Tabs label={t('account.parts')} tabs={TABS} />
      <Outlet />
    </ReadingPage>
  )
}

/** Looks again when something happened to the account, wherever it was done. A page that nobody sees waits until somebody does. */
function useNews(): void {
  useEffect(() => {
    const look = () => void queryClient.invalidateQueries({ queryKey: ['account'], refetchType: document.hidden ? 'none' : 'active' })
    const stops = [onEvent('security', look), onEvent('opened', look), onEvent('resumed', look)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [])
}
