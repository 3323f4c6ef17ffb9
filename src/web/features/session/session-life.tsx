/** Everything that a login brings with it while it lasts. Fetched once the workspace stands. */
import { Suspense, useEffect, useState } from 'react'
import { onEvent, startEvents } from '#web/kernel/events.ts'
import { leave } from '#web/kernel/login.ts'
import { useProofAsked } from '#web/kernel/proof.ts'
import { useMe } from '#web/kernel/session.ts'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { EndNotice } from './end-notice.tsx'
import { IdleWarning } from './idle-warning.tsx'
import { Notices } from './notices.tsx'
import { watchLogin } from './watch.ts'

const ProofDialog = lazyPart(async () => (await import('./proof-dialog.tsx')).ProofDialog)

/** The lines at the top of the workspace, and the dialogs above it. */
export function SessionLife() {
  const { session } = useMe()
  useEffect(() => {
    const stops = [onEvent('ended', ({ reason }) => leave(reason)), startEvents(session.id), watchLogin()]
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

/** Fetched when the first proof is asked for; stays, so that it can go away as it came. */
function Proof() {
  const answer = useProofAsked()
  const [used, setUsed] = useState(false)
  if (answer && !used) setUsed(true)
  return <Suspense>{used && <ProofDialog answer={answer} />}</Suspense>
}
