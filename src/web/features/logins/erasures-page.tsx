/** Who is leaving, and reports of who was erased: for administrators, who can prevent neither. */
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query'
import { call } from '#web/kernel/api.ts'
import { leaving } from '#web/kernel/en/leaving.ts'
import type { Reply } from '#web/kernel/endpoints.ts'
import { sayDay, sayMoment } from '#web/kernel/moments.ts'
import { useMe } from '#web/kernel/session.ts'
import { textOf } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'

const t = textOf(leaving)

type Erasure = Reply<'erasures.list'>['items'][number]

const erasuresQuery = infiniteQueryOptions({
  queryKey: ['erasures'],
  queryFn: ({ pageParam, signal }) => call('erasures.list', { query: { cursor: pageParam } }, { signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last) => last.next,
  staleTime: 0,
})

/** The page `/logins/erasures`. */
export function ErasuresPage() {
  const { organisation } = useMe()
  const query = useInfiniteQuery(erasuresQuery)
  const erasures = query.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <title>{t('title.page', { page: t('erasures.title'), organisation: organisation.name })}</title>
      <p className="mb-5 max-w-[72ch] text-pretty text-muted">{t('erasures.lead')}</p>
      {query.isPending && <PanelSkeleton />}
      {query.isError && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && erasures.length === 0 && <p className="text-muted">{t('erasures.empty')}</p>}
      {erasures.length > 0 && (
        <ul aria-label={t('erasures.list')} className="divide-y divide-line rounded-panel border border-line bg-surface">
          {erasures.map((erasure) => (
            <Row key={erasure.userId} erasure={erasure} />
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button className="mt-4" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('common.more')}
        </Button>
      )}
    </>
  )
}

function Row({ erasure }: { erasure: Erasure }) {
  const { userId, by, state, askedAt, dueAt, doneAt, keyDestroyedAt, counts, lettersLeft, backupsUntil } = erasure
  const rows = t('erasures.rows', { count: Object.values(counts).reduce((sum, count) => sum + count, 0) })
  const what = {
    asked: () => t('erasures.asked', { day: sayDay(dueAt) }),
    running: () => t('erasures.running'),
    done: () => t('erasures.done', { when: sayMoment(doneAt ?? dueAt), rows }),
  }
  return (
    <li className="px-4 py-3.5">
      <p className="font-medium">{what[state]()}</p>
      <p className="text-small text-muted">
        <span className="wrap-anywhere">{t('erasures.person', { id: userId })}</span>
        {`, ${t(`erasures.${by}`, { when: sayMoment(askedAt) })}. `}
        {keyDestroyedAt && `${t('erasures.key', { when: sayMoment(keyDestroyedAt) })} `}
        {keyDestroyedAt && (backupsUntil ? t('erasures.backups', { day: sayDay(backupsUntil) }) : t('erasures.noBackups'))}
      </p>
      {lettersLeft > 0 && <p className="text-small text-danger">{t('erasures.lettersLeft')}</p>}
    </li>
  )
}
