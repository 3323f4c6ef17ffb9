/** Who is signed in, narrowed by a filter; one login is ended in its row, all that the filter finds by the button above. */
import { keepPreviousData, useInfiniteQuery, usePrefetchQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { AnySession } from '#contract/sessions.ts'
import { useMe } from '#web/kernel/session.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Outcome } from '#web/ui/outcome.tsx'
import { EndFound } from './end-found.tsx'
import { EndOne } from './end-one.tsx'
import { filterOf, type LoginFilter, readSearch } from './filter.ts'
import { Filters } from './filters.tsx'
import { LoginTable } from './login-table.tsx'
import { countQuery, loginsQuery } from './queries.ts'
import { t } from './text.ts'

/** The page `/logins`. */
export function LoginListPage() {
  const { organisation } = useMe()
  const written = JSON.stringify(useSearch({ from: '/workspace/logins/' }))
  const search = useMemo(() => readSearch(JSON.parse(written)), [written])
  const filter = useMemo(() => filterOf(search, Date.now()), [search])
  const [outcome, setOutcome] = useState<string | null>(null)
  return (
    <>
      <title>{t('title.page', { page: t('logins.title'), organisation: organisation.name })}</title>
      <p className="mb-5 max-w-[72ch] text-pretty text-muted">{t('list.lead', { organisation: organisation.name })}</p>
      <Filters search={search} />
      {outcome !== null && <Outcome text={outcome} />}
      <Found filter={filter} onEnded={setOutcome} />
    </>
  )
}

function Found({ filter, onEnded }: { filter: LoginFilter; onEnded: (text: string) => void }) {
  usePrefetchQuery(countQuery(filter))
  const query = useInfiniteQuery({ ...loginsQuery(filter), placeholderData: keepPreviousData })
  const [ending, setEnding] = useState<AnySession | null>(null)
  if (query.isPending) return <PanelSkeleton rows={6} />
  if (!query.data) return <FailureNotice error={query.error} onRetry={() => void query.refetch()} />
  const logins = query.data.pages.flatMap((page) => page.items)
  return (
    <>
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} className="mb-4" />}
      <EndFound filter={filter} logins={query.isPlaceholderData ? null : logins} onEnded={onEnded} />
      {logins.length > 0 ? (
        <LoginTable logins={logins} now={new Date(query.dataUpdatedAt)} onEnd={setEnding} stale={query.isPlaceholderData} />
      ) : (
        <p className="text-muted">{t('list.empty')}</p>
      )}
      {query.hasNextPage && (
        <Button className="mt-4" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('common.more')}
        </Button>
      )}
      <EndOne login={ending} onClose={() => setEnding(null)} onEnded={onEnded} />
    </>
  )
}
