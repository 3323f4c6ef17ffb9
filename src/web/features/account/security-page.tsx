/** What happened to one's account: a table at a desk, entries under one another on a phone. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { EventRow } from './event-row.tsx'
import { Part } from './part.tsx'
import { type About, eventsQuery } from './queries.ts'
import { t } from './text.ts'
import { useNoteRead } from './use-note-read.ts'

const CHOICE =
  'inline-flex min-h-11 items-center rounded-full border border-line bg-surface px-3.5 text-muted hover:text-ink desk:min-h-8 ' +
  'aria-[current]:border-accent-line aria-[current]:bg-accent-soft aria-[current]:font-medium aria-[current]:text-accent'

/** The page `/account/security`. */
export function SecurityPage() {
  const { about = 'all' } = useSearch({ from: '/workspace/account/security' })
  return (
    <Part title={t('account.security')} lead={t('security.lead')}>
      <nav aria-label={t('security.show')} className="mb-4 flex flex-wrap gap-2">
        <Link to="/account/security" search={{}} activeOptions={{ exact: true }} className={CHOICE}>
          {t('security.all')}
        </Link>
        <Link to="/account/security" search={{ about: 'ends' }} className={CHOICE}>
          {t('security.ends')}
        </Link>
      </nav>
      <Events about={about} />
      {about === 'ends' && (
        <p className="mt-4 max-w-[68ch] text-muted">
          {`${t('security.endsByThemselves')} `}
          <Link to="/account/devices" hash="rules" className="text-accent underline underline-offset-3">
            {t('rules.title')}
          </Link>
        </p>
      )}
    </Part>
  )
}

function Events({ about }: { about: About }) {
  const query = useInfiniteQuery(eventsQuery(about))
  const events = query.data?.pages.flatMap((page) => page.items) ?? []
  const fresh = useNoteRead(events)
  if (query.isPending) return <PanelSkeleton rows={6} />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  if (events.length === 0) return <p className="text-muted">{t(about === 'ends' ? 'security.emptyEnds' : 'security.empty')}</p>
  const now = new Date(query.dataUpdatedAt)
  return (
    <>
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} className="mb-4" />}
      <div className="@container overflow-hidden rounded-panel border border-line bg-surface">
        <table className="w-full border-collapse tabular-nums @max-xl:block">
          <thead className="@max-xl:sr-only">
            <tr className="text-left text-small">
              {(['security.when', 'security.what', 'security.where'] as const).map((key) => (
                <th key={key} scope="col" className="px-4 py-2.5 font-strong text-muted first:pl-5 last:pr-5">
                  {t(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="@max-xl:block">
            {events.map((event) => (
              <EventRow key={event.id} event={event} isNew={event.unread || fresh.has(event.id)} now={now} />
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage && (
        <Button className="mt-4" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('security.more')}
        </Button>
      )}
    </>
  )
}
