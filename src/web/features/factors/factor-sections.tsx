/** Passkeys, authenticator app and recovery codes, below the password on the page on how one signs in. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryClient } from '#web/kernel/session.ts'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { AppSection } from './app-section.tsx'
import { PasskeySection } from './passkey-section.tsx'
import { factorsQuery } from './queries.ts'
import { RecoverySection } from './recovery-section.tsx'
import { RecoveryShown } from './recovery-shown.tsx'
import { t } from './text.ts'

/** Says what came of a change; with the first factor come recovery codes. */
export type Done = (text: string, recoveryCodes?: readonly string[] | null) => Promise<void>

/** The sections. */
export function FactorSections() {
  const query = useQuery(factorsQuery)
  const [outcome, setOutcome] = useState<string | null>(null)
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const done: Done = async (text, recoveryCodes) => {
    await queryClient.invalidateQueries({ queryKey: ['account'] })
    setOutcome(text)
    if (recoveryCodes) setCodes(recoveryCodes)
  }
  if (query.isPending) return <PanelSkeleton rows={3} />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  const { passkeys, authenticatorApp, recoveryCodesLeft, required } = query.data
  const hasFactor = passkeys.length > 0 || authenticatorApp !== null
  return (
    <>
      {required && <p className="mb-6 max-w-[68ch] text-muted">{t('signInWays.required')}</p>}
      {outcome !== null && <Outcome text={outcome} />}
      {codes && <RecoveryShown codes={codes} onDone={() => setCodes(null)} />}
      <PasskeySection passkeys={passkeys} onDone={done} />
      <AppSection app={authenticatorApp} onDone={done} />
      {hasFactor && !codes && <RecoverySection left={recoveryCodesLeft} onMade={setCodes} />}
    </>
  )
}
