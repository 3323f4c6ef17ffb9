/** Where one is signed in. */
import { useInfiniteQuery } from '@tanstack/react-query'
import type { Session } from '#contract/sessions.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { DeviceRow } from './device-row.tsx'
import { NotMe } from './not-me.tsx'
import { Part } from './part.tsx'
import { devicesQuery } from './queries.ts'
import { Rules } from './rules.tsx'
import { SignOutOthers } from './sign-out-others.tsx'
import { t } from './text.ts'
import { useSignOut } from './use-sign-out.ts'

/** The page `/account/devices`. */
export function DevicesPage() {
  const { outcome, one, tell } = useSignOut()
  return (
    <Part title={t('account.devices')} lead={t('devices.lead')}>
      {outcome && <Outcome {...outcome} />}
      <Devices onSignOut={one} onOthersLeft={(text) => tell({ text })} />
      <Rules />
    </Part>
  )
}

interface DevicesProps {
  onSignOut: (device: Session) => void
  onOthersLeft: (text: string) => void
}

function Devices({ onSignOut, onOthersLeft }: DevicesProps) {
  const query = useInfiniteQuery(devicesQuery)
  if (query.isPending) return <PanelSkeleton lines={3} />
  if (query.isError && !query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  const devices = query.data.pages.flatMap((page) => page.items).sort((a, b) => Number(b.isThis) - Number(a.isThis))
  const others = devices.filter((device) => !device.isThis).length
  const now = new Date(query.dataUpdatedAt)
  return (
    <>
      {query.isRefetchError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} className="mb-5" />}
      <ul aria-label={t('devices.list')} className="divide-y divide-line rounded-panel border border-line bg-surface">
        {devices.map((device) => (
          <DeviceRow key={device.id} device={device} now={now} onSignOut={() => onSignOut(device)} />
        ))}
      </ul>
      <div className="mt-4 flex flex-wrap items-center gap-2.5">
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('common.more')}
          </Button>
        )}
        {others > 0 && <SignOutOthers count={query.hasNextPage ? null : others} onDone={onOthersLeft} />}
        <NotMe />
        {others === 0 && !query.hasNextPage && <p className="text-muted">{t('devices.alone')}</p>}
      </div>
    </>
  )
}
