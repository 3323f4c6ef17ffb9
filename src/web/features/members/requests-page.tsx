/** Recoveries under way: another administrator than who asked decides. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Recovery } from '#contract/people.ts'
import { call } from '#web/kernel/api.ts'
import { sayAgo, sayMoment } from '#web/kernel/moments.ts'
import { useMe } from '#web/kernel/session.ts'
import { Panel, PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { Act } from './act.tsx'
import { AdminPart } from './admin-part.tsx'
import { recoveriesQuery } from './queries.ts'
import { t } from './text.ts'

/** The page `/people/requests`. */
export function RequestsPage() {
  const [outcome, setOutcome] = useState<string | null>(null)
  return (
    <AdminPart title={t('people.requests')} lead={t('request.lead')}>
      {outcome !== null && <Outcome text={outcome} />}
      <Requests onDone={setOutcome} />
    </AdminPart>
  )
}

function Requests({ onDone }: { onDone: (text: string) => void }) {
  const query = useQuery(recoveriesQuery)
  if (query.isPending) return <PanelSkeleton />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  if (query.data.length === 0) return <p className="text-muted">{t('request.none')}</p>
  return (
    <Panel>
      {query.data.map((recovery) => (
        <RequestRow key={recovery.id} recovery={recovery} onDone={onDone} />
      ))}
    </Panel>
  )
}

interface RequestProps {
  recovery: Recovery
  onDone: (text: string) => void
}

function RequestRow({ recovery, onDone }: RequestProps) {
  const { member, lost, state, expiresAt, begunBy, mayApprove } = recovery
  const isOwn = useMe().user.id === begunBy?.id
  const { name, email } = member
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-[1_1_16rem]">
        <p className="wrap-anywhere">
          <span className="font-medium">{name}</span> {t(`request.what.${lost}`)}
        </p>
        <p className="text-small wrap-anywhere text-muted">
          {email} · {sayBegun(recovery, isOwn)}
        </p>
        <p className="text-small wrap-anywhere text-muted first-letter:uppercase">
          {t(`request.${state}`, { email, until: sayMoment(expiresAt) })}
        </p>
        {state === 'asked' && isOwn && <p className="text-small">{t('request.notYours')}</p>}
      </div>
      <span className="flex flex-wrap gap-2">
        {mayApprove && <Approve recovery={recovery} onDone={onDone} />}
        <End recovery={recovery} onDone={onDone} />
      </span>
    </div>
  )
}

function sayBegun({ begunBy, timeBegun }: Recovery, isOwn: boolean): string {
  const when = sayAgo(timeBegun)
  if (isOwn) return t('request.byYou', { when })
  return begunBy ? t('request.by', { name: begunBy.name, when }) : t('request.byOperator', { when })
}

function Approve({ recovery: { id, member }, onDone }: RequestProps) {
  const { name, email } = member
  const run = async () => {
    const { sent } = await call('recoveries.decide', { params: { recoveryId: id }, body: { approve: true } })
    return t(sent ? 'request.done' : 'request.doneNotSent', { email })
  }
  return (
    <Act
      act={t('request.approve')}
      label={t('request.approveNamed', { name })}
      title={t('request.approveAsk', { name })}
      run={run}
      onDone={onDone}
    >
      <p>{t('request.approveLead', { name, email })}</p>
    </Act>
  )
}

function End({ recovery: { id, member, mayApprove }, onDone }: RequestProps) {
  const { name } = member
  const run = async () => {
    await call('recoveries.decide', { params: { recoveryId: id }, body: { approve: false } })
    return t('request.ended', { name })
  }
  return (
    <Act
      act={t(mayApprove ? 'request.decline' : 'request.end')}
      label={t(mayApprove ? 'request.declineNamed' : 'request.endNamed', { name })}
      title={t('request.endAsk', { name })}
      run={run}
      onDone={onDone}
      look="danger"
    >
      <p>{t('request.endLead', { name })}</p>
    </Act>
  )
}
