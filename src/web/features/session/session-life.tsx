/** Everything that a login brings with it while it lasts. Fetched once the workspace stands. */
import { useEffect } from 'react'
import { keepInStep } from '#web/features/chats/data/in-step.ts'
import { onEvent, startEvents } from '#web/kernel/events.ts'
import { leave } from '#web/kernel/login.ts'
import { useMe } from '#web/kernel/session.ts'
import { EndNotice } from './end-notice.tsx'
import { IdleWarning } from './idle-warning.tsx'
import { Notices } from './notices.tsx'
import { Proof } from './proof.tsx'
import { watchLogin } from './watch.ts'

/** The lines at the top of the workspace, and the dialogs above it. */
export function SessionLife() {
  const { session } = useMe()
  useEffect(() => {
    const stops = [onEvent('ended', ({ reason }) => leave(reason)), keepInStep(), startEvents(session.id), watchLogin()]
    return () => {
      for (const stop of stops) stop()
    }
  }, [session.id])
  return (
    <>
      <Notices />
      <EndNotice />
      <IdleWarning />
      <Proof />
    </>
  )
}
