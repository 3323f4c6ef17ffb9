/** The trash: what is in it and until when, bringing it back, and erasing it for good, which is asked once. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { changeChats } from '#web/features/chats/data/many.ts'
import { daysAgo, sayTime } from '#web/kernel/time.ts'
import { Button } from '#web/ui/button.tsx'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { Erase } from './erase.tsx'
import { shelfQuery } from './queries.ts'
import { Shelf } from './shelf.tsx'
import { t } from './text.ts'

const KEPT_DAYS = 30
const DAY_MS = 86_400_000
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' })

/** The page `/trash`. */
export function TrashPage() {
  const query = useInfiniteQuery(shelfQuery('trash'))
  const chats = query.data?.pages.flatMap((page) => page.items) ?? []
  const [erasing, setErasing] = useState<readonly Chat[] | 'all' | null>(null)
  const emptyIt = (
    <Button look="danger" icon="trash" onClick={() => setErasing('all')}>
      {t('trash.emptyIt')}
    </Button>
  )
  return (
    <ReadingPage title={t('trash.title')} lead={t('trash.lead')} action={chats.length > 0 && emptyIt}>
      <title>{t('trash.title')}</title>
      {query.isPending && <PanelSkeleton />}
      {query.isError && <FailureNotice error={query.error} onRetry={query.refetch} />}
      {query.isSuccess && chats.length === 0 && <p className="text-muted">{t('trash.empty')}</p>}
      {chats.length > 0 && (
        <Shelf
          chats={chats}
          about={sayUntil}
          actions={(chat) => (
            <>
              <Button onClick={() => void changeChats('restore', [chat])}>{t('trash.restore')}</Button>
              <Button look="danger" onClick={() => setErasing([chat])}>
                {t('trash.erase')}
              </Button>
            </>
          )}
          many={(chosen, done) => {
            const restore = () => {
              done()
              void changeChats('restore', chosen)
            }
            return (
              <>
                <Button onClick={restore}>{t('trash.restore')}</Button>
                <Button look="danger" onClick={() => setErasing(chosen)}>
                  {t('trash.erase')}
                </Button>
              </>
            )
          }}
        />
      )}
      {query.hasNextPage && (
        <Button className="mt-3" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('shelf.more')}
        </Button>
      )}
      <Erase what={erasing} onClose={() => setErasing(null)} />
    </ReadingPage>
  )
}

/** The clean-up comes by at night, so what is due today goes tonight. */
function sayUntil({ deletedAt, timeUpdated }: Chat): string {
  const deleted = deletedAt ?? timeUpdated
  const ends = new Date(Date.parse(deleted) + KEPT_DAYS * DAY_MS)
  const until = daysAgo(ends.toISOString()) >= 0 ? t('trash.soon') : t('trash.until', { day: day.format(ends) })
  return `${t('trash.deleted', { time: sayTime(deleted) })}\u00a0· ${until}`
}
