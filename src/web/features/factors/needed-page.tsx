/** For somebody whose organisation requires a second factor, and who has none: setting one up is all there is, and then everything is. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Proof } from '#web/features/session/proof.tsx'
import { EntryFrame } from '#web/features/sign-in/entry-frame.tsx'
import { signOut, useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { AddPasskey } from './add-passkey.tsx'
import { ProveAgain } from './prove-again.tsx'
import { factorsQuery } from './queries.ts'
import { RecoveryShown } from './recovery-shown.tsx'
import { SetUpApp } from './set-up-app.tsx'
import { t } from './text.ts'

/** The page `/second-factor`. */
export function NeededPage() {
  const { organisation } = useMe()
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const factors = useQuery(factorsQuery).data
  if (codes) {
    return (
      <EntryFrame title={t('needed.done')} lead={t('needed.doneLead')}>
        <RecoveryShown codes={codes} onDone={enter} />
      </EntryFrame>
    )
  }
  const hasOne = factors !== undefined && (factors.passkeys.length > 0 || factors.authenticatorApp !== null)
  return (
    <EntryFrame title={t('needed.title')} lead={t('needed.lead', { organisation: organisation.name })}>
      {hasOne ? <ProveAgain onProven={enter} /> : <Ways onAdded={async (made) => (made ? setCodes(made) : enter())} />}
      <Leave />
      <Proof />
    </EntryFrame>
  )
}

function Ways({ onAdded }: { onAdded: (codes: readonly string[] | null) => Promise<void> }) {
  const [way, setWay] = useState<'passkey' | 'app' | null>(null)
  if (way === 'passkey') return <AddPasskey onAdded={(_, codes) => onAdded(codes)} onCancel={() => setWay(null)} />
  if (way === 'app') return <SetUpApp onAdded={onAdded} onCancel={() => setWay(null)} />
  return (
    <div className="divide-y divide-line rounded-panel border border-line bg-surface">
      <Way words={t('needed.passkey')} lead={t('needed.passkeyLead')} onClick={() => setWay('passkey')} />
      <Way words={t('needed.app')} lead={t('needed.appLead')} onClick={() => setWay('app')} />
    </div>
  )
}

function Way({ words, lead, onClick }: { words: string; lead: string; onClick: () => void }) {
  return (
    <div className="p-5">
      <p className="mb-3 text-muted">{lead}</p>
      <Button look="solid" className="w-full" onClick={onClick}>
        {words}
      </Button>
    </div>
  )
}

function Leave() {
  const { mutate, isPending, error } = useMutation({ mutationFn: () => signOut([]) })
  return (
    <div className="mt-5 border-t border-line pt-3">
      {error && <FailureNotice error={error} className="mb-3" />}
      <Button look="quiet" className="px-0!" busy={isPending} onClick={() => mutate()}>
        {t('needed.signOut')}
      </Button>
    </div>
  )
}

/** The page is loaded anew: all that it knows was of a login that was good for nothing else. */
function enter(): void {
  location.replace('/')
}
