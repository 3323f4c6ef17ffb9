/** Administration of logins: who is signed in, and for how long people may be. */
import { Outlet } from '@tanstack/react-router'
import { LoginsFrame } from './logins-frame.tsx'

/** Both parts, in the frame. */
const TABS: readonly Tab[] = [
  { to: '/logins', words: t('logins.list') },
  { to: '/logins/rules', words: t('logins.rules') },
  { to: '/logins/erasures', words: t('logins.erasures') },
]

/** The frame of both parts, for administrators. */
export function LoginsPage() {
  return (
    <LoginsFrame>
      <Outlet />
    </LoginsFrame>
  )
}
