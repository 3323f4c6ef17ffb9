/** The archive: chats that are out of the way and otherwise as they were. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { changeChats } from '#web/features/chats/data/many.ts'
import { sayTime } from '#web/kernel/time.ts'
import { Button, ButtonLink } from '#web/ui/button.tsx'
import { PanelSkeleton, ReadingPage } from '#web/ui/frame.tsx'
import { FailureNotice } from '#web/ui/notice.tsx'
import { shelfQuery } from './queries.ts'
import { Shelf } from './shelf.tsx'
import { t } from './text.ts'

/** The page `/archive`. */
export function ArchivePage() {
  const query = useInfiniteQuery(shelfQuery('archive'))
  const chats = query.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <ReadingPage title={t('archive.title')} lead={t('archive.lead')}>
      <title>{t('archive.title')}</title>
      {query.isPending && <PanelSkeleton />}
      {query.isError && <FailureNotice error={query.error} onRetry={query.refetch} />}
      {query.isSuccess && chats.length === 0 && <p className="text-muted">{t('archive.empty')}</p>}
      {chats.length > 0 && (
        <Shelf
          chats={chats}
          about={(chat) => t('archive.used', { time: sayTime(chat.timeUpdated) })}
          actions={(chat) => (
            <>
              <ButtonLink to="/chats/$chatId" params={{ chatId: chat.id }} look="quiet">
                {t('find.open')}
              </ButtonLink>
              <Button onClick={() => void changeChats('unarchive', [chat])}>{t('archive.back')}</Button>
            </>
          )}
          many={(chosen, done) => {
            const act = (what: 'unarchive' | 'delete') => {
              done()
              void changeChats(what, chosen)
            }
            return (
              <>
                <Button onClick={() => act('unarchive')}>{t('archive.back')}</Button>
                <Button look="danger" onClick={() => act('delete')}>
                  {t('archive.delete')}
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
    </ReadingPage>
  )
}
