/** A recovery of one's own account, for who can sign in and so needs none: what it is, and a button that stops it. */
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query'
import { Part } from '#web/features/account/part.tsx'
import { call } from '#web/kernel/api.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayAgo } from '#web/kernel/moments.ts'
import { queryClient } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice, Notice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { t } from './address-text.ts'

/** Under `account`, which is looked at anew when something happens to it. */
const recoveryQuery = queryOptions({
  queryKey: ['account', 'recovery'],
  queryFn: ({ signal }) => call('recovery.own', {}, { signal }),
  staleTime: 0,
})

/** The page `/account/recovery`. */
export function RecoveryStopPage() {
  const query = useQuery(recoveryQuery)
  const stop = useMutation({
    mutationFn: () => call('recovery.stop'),
    onSuccess: () => queryClient.invalidateQueries(recoveryQuery),
  })
  const recovery = query.data?.recovery
  return (
    <Part title={t('recovery.title')} lead="">
      {stop.isSuccess && <Outcome text={t('recovery.stopped')} />}
      {query.isPending && <PanelSkeleton rows={1} />}
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {recovery === null && !stop.isSuccess && <p className="text-muted">{t('recovery.none')}</p>}
      {recovery && (
        <>
          <Notice tone="warn" className="mb-4">
            <p>{sayRecovery(recovery)}</p>
            <p className="mt-1 text-muted">{t('recovery.why')}</p>
          </Notice>
          {stop.isError && <FailureNotice error={stop.error} className="mb-4" />}
          <Button look="danger" busy={stop.isPending} onClick={() => stop.mutate()}>
            {t('recovery.stop')}
          </Button>
        </>
      )}
    </Part>
  )
}

function sayRecovery({ state, begunBy, timeBegun }: NonNullable<Reply<'recovery.own'>['recovery']>): string {
  const who = begunBy ? t('recovery.who', { name: begunBy.name }) : t('recovery.operator')
  return t(`recovery.${state}`, { who, when: sayAgo(timeBegun) })
}
