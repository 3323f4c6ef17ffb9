/** Administration of logins: who is signed in, and for how long people may be. */
import { Outlet } from '@tanstack/react-router'
import { LoginsFrame } from './logins-frame.tsx'

/** Both parts, in the frame. */
export function LoginsPage() {
  return (
    <LoginsFrame>
      <Outlet />
    </LoginsFrame>
  )
}
