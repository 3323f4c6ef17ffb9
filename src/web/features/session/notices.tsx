/** What happened to one’s account without one’s doing, told calmly at the top of the workspace until it was seen. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { SecurityEvent } from '#contract/security.ts'
import { call } from '#web/kernel/api.ts'
import { onEvent, tell } from '#web/kernel/events.ts'
import { queryClient, useMe } from '#web/kernel/session.ts'
import { sayTime } from '#web/kernel/time.ts'
import { Banner } from '#web/ui/banner.tsx'
import { Button, IconButton } from '#web/ui/button.tsx'
import { report } from '#web/ui/report.ts'
import { t } from './text.ts'

const noticesQuery = queryOptions({
  queryKey: ['notices'],
  queryFn: async ({ signal }) => (await call('security.list', { query: { about: 'notices' } }, { signal })).items,
})

/** Also asked for by the page of requests, under the same key. */
const askedQuery = queryOptions({
  queryKey: ['members', 'recoveries'],
  queryFn: async ({ signal }) => (await call('recoveries.list', {}, { signal })).items,
  staleTime: 0,
})

/** Notices that lead to the requests. */
const REQUESTS: Readonly<Partial<Record<SecurityEvent['kind'], true>>> = {
  recovery_asked: true,
  request_approved: true,
  request_declined: true,
  request_stopped: true,
}

/** The latest notice that was not seen yet; one at a time. */
export function Notices() {
  const { id } = useMe().session
  // What was done in this very login needs no telling here; its person’s other logins are told.
  const notices = (useQuery(noticesQuery).data ?? []).filter(({ by, sessionId }) => by !== 'self' || sessionId !== id)
  useEffect(() => {
    const look = () => void queryClient.invalidateQueries(noticesQuery)
    const stops = [onEvent('security', look), onEvent('opened', look), onEvent('resumed', look)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [])
  const [latest] = notices
  return <div role="status">{latest && <NoticeLine event={latest} more={notices.length - 1} />}</div>
}

function NoticeLine({ event, more }: { event: SecurityEvent; more: number }) {
  const navigate = useNavigate()
  return (
    <Banner
      tone={event.kind === 'theft_suspected' ? 'warn' : 'plain'}
      actions={
        <>
          {event.kind in REQUESTS ? (
            <Button onClick={() => void navigate({ to: '/people/requests' })}>{t('notice.decide')}</Button>
          ) : (
            <Button onClick={() => void navigate({ to: '/account/security' })}>{t('notice.see')}</Button>
          )}
          <IconButton icon="close" label={t('common.dismiss')} onClick={() => void dismiss(event).catch(report)} />
        </>
      }
    >
      {event.kind === 'recovery_asked' ? <Asked event={event} /> : say(event)} <span className="text-muted">{sayWhere(event)}</span>{' '}
      {more > 0 && t('notice.more', { count: more })}
    </Banner>
  )
}

/** Whose account it is about, as long as it waits to be decided. */
function Asked({ event }: { event: SecurityEvent }) {
  const { data = [] } = useQuery(askedQuery)
  const request = data.find(({ begunBy, mayApprove }) => mayApprove && begunBy?.id === event.byUser?.id)
  if (!request) return say(event)
  return t('notice.asked', { by: request.begunBy?.name ?? t('notice.operator'), name: request.member.name })
}

/** Takes it away at once, and notes it for all tabs and devices. */
async function dismiss({ id }: SecurityEvent): Promise<void> {
  const left = queryClient.setQueryData(noticesQuery.queryKey, (items) => items?.filter((each) => each.id !== id))
  // The button is gone with its line: the focus goes where the page begins.
  if (!left?.length) document.getElementById('main')?.focus()
  await call('security.read', { params: { eventId: id } })
  tell('security', {})
}

function say({ kind, by }: SecurityEvent): string {
  return kind === 'session_ended' ? t(`notice.${kind}.${by}`) : t(`notice.${kind}`)
}

/** Which device it was about, and when. */
function sayWhere({ device, time }: SecurityEvent): string {
  return device === null ? sayTime(time) : `${device}, ${sayTime(time)}`
}
