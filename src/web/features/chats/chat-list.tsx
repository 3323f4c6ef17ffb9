/** The list of chats in the sidebar: equally fast with fifty and with a hundred thousand. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type RefObject, Suspense, useEffect, useMemo, useRef } from 'react'
import type { Chat } from '#contract/chats.ts'
import { onCatchUp } from '#web/kernel/catch-up.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { Button } from '#web/ui/button.tsx'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { FailureNotice } from '#web/ui/notice.tsx'
import { chatsQuery, flat, inOrder, pinnedQuery, sharedQuery } from './data/chat-list.ts'
import { useSelection } from './data/selection.ts'
import { noteLists, noteSeenElsewhere, tellSeen } from './data/unread.ts'
import { useAnsweringWatch } from './use-answering-watch.ts'

const SelectionBar = lazyPart(async () => (await import('./selection-bar.tsx')).SelectionBar)
const ChatRows = lazyPart(async () => (await import('./chat-rows.tsx')).ChatRows)

/** Shows the person's chats; more are fetched as the end of the list comes near. */
export function ChatList() {
  const query = useInfiniteQuery(chatsQuery)
  const scroller = useRef<HTMLDivElement>(null)
  const chats = useMemo(() => flat(query.data), [query.data])
  useWatch(query, chats)
  const selecting = useSelection() !== null
  const isStuck = query.isFetchNextPageError && !query.isFetchingNextPage
  return (
    <>
      {selecting && (
        <Suspense>
          <SelectionBar />
        </Suspense>
      )}
      <div ref={scroller} className="relative min-h-0 flex-1 overflow-y-auto px-2.5 pb-4 [overflow-anchor:none]">
        {query.isError && !query.data && <FailureNotice error={query.error} onRetry={query.refetch} className="mt-3" />}
        {query.isSuccess && chats.length === 0 && <p className="px-2 py-3 text-muted">{t('chats.empty')}</p>}
        <Suspense fallback={<Skeleton />}>
          {query.isPending && <Skeleton />}
          <ChatRows chats={chats} hasMore={query.hasNextPage} scroller={scroller} />
        </Suspense>
        {isStuck && <Stuck onRetry={() => void query.fetchNextPage()} />}
        {query.hasNextPage && !isStuck && <MoreBelow root={scroller} key={chats.length} onSeen={() => void query.fetchNextPage()} />}
      </div>
    </>
  )
}

/** Calls back once when the end of the list is nearly in sight; stands at the height of rows, so that nothing moves when they come. */
function MoreBelow({ root, onSeen }: { root: RefObject<HTMLElement | null>; onSeen: () => void }) {
  const mark = useRef<HTMLDivElement>(null)
  const seen = useRef(onSeen)
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && seen.current(), {
      root: root.current,
      rootMargin: '1600px',
    })
    if (mark.current) observer.observe(mark.current)
    return () => observer.disconnect()
  }, [root])
  return (
    <div ref={mark}>
      <SkeletonRows percents={[72, 58, 66]} />
    </div>
  )
}

/** Says that the rest could not be fetched; tries again when the server is back, or when asked to. */
function Stuck({ onRetry }: { onRetry: () => void }) {
  useEffect(() => onCatchUp('rest', async () => onRetry()), [onRetry])
  return (
    <p className="flex items-center justify-between gap-2 px-2 py-2 text-small text-muted">
      {t('chats.moreFailed')}
      <Button look="quiet" onClick={onRetry}>
        {t('common.retry')}
      </Button>
    </p>
  )
}

function Skeleton() {
  return (
    <div aria-hidden="true" className="pt-[38px]">
      <SkeletonRows percents={[70, 85, 60, 78, 66, 81, 57]} />
    </div>
  )
}

function SkeletonRows({ percents }: { percents: readonly number[] }) {
  return percents.map((percent) => (
    <div key={percent} aria-hidden="true" className="flex h-11 items-center px-2 desk:h-[34px]">
      <div className="skeleton h-3.5" style={{ width: `${percent}%` }} />
    </div>
  ))
}

/** Keeps what is marked in the list true, also of chats that are pinned or shared by others. */
function useWatch(own: { isSuccess: boolean; hasNextPage: boolean }, chats: readonly Chat[]): void {
  const pinned = useQuery(pinnedQuery).data
  const others = useInfiniteQuery(sharedQuery)
  const shared = useMemo(() => flat(others.data), [others.data])
  const all = useMemo(() => inOrder(pinned, shared, chats), [pinned, shared, chats])
  const isLoaded = own.isSuccess && others.isSuccess
  const [isWhole, areWhole] = [!own.hasNextPage, !others.hasNextPage]
  useAnsweringWatch(all)
  useSeen(all)
  useEffect(() => {
    if (isLoaded)
      noteLists([
        { chats, isWhole },
        { chats: shared, isWhole: areWhole },
      ])
  }, [isLoaded, chats, isWhole, shared, areWhole])
}

/** Notes which answers the person has looked at: those of the chat that is open while the page can be seen. */
function useSeen(chats: readonly Chat[]): void {
  const { chatId } = useParams({ strict: false })
  const open = useMemo(() => chats.find(({ id }) => id === chatId), [chats, chatId])
  useEffect(() => {
    const look = () => {
      if (document.visibilityState !== 'visible') return
      if (open) tellSeen(open)
      noteSeenElsewhere(chats).catch(noticeSessionEnd)
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [open, chats])
}
