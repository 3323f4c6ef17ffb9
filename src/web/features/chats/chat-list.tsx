/** The list of chats in the sidebar: equally fast with fifty and with a hundred thousand. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { Suspense, useEffect, useMemo, useRef } from 'react'
import { onRecovery } from '#web/kernel/connection.ts'
import { noticeSessionEnd } from '#web/kernel/session.ts'
import { t } from '#web/kernel/text.ts'
import { lazyPart } from '#web/ui/lazy-part.ts'
import { FailureNotice } from '#web/ui/notice.tsx'
import { ChatRow, Heading } from './chat-row.tsx'
import { chatsQuery, refreshChats } from './data/chat-list.ts'
import { type Row, toRows } from './groups.ts'
import { useAnsweringWatch } from './use-answering-watch.ts'

/** Lists beyond this are drawn only where they are seen; shorter ones don't need what that takes. */
const PLAIN_ROWS = 150
const VirtualRows = lazyPart(async () => (await import('./virtual-rows.tsx')).VirtualRows)

/** Shows the person's chats; more are fetched as the end of the list comes near. */
export function ChatList() {
  const query = useInfiniteQuery(chatsQuery)
  const scroller = useRef<HTMLDivElement>(null)
  const chats = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  const rows = useMemo(() => toRows(chats), [chats])
  useAnsweringWatch(chats)
  useFreshness()
  return (
    <div ref={scroller} className="relative min-h-0 flex-1 overflow-y-auto px-2.5 pb-4">
      {query.isPending && <Skeleton />}
      {query.isError && !query.data && <FailureNotice error={query.error} onRetry={query.refetch} className="mt-3" />}
      {query.isSuccess && chats.length === 0 && <p className="px-2 py-3 text-muted">{t('chats.empty')}</p>}
      {rows.length > PLAIN_ROWS ? (
        <Suspense fallback={<PlainRows rows={rows} />}>
          <VirtualRows rows={rows} scroller={scroller} />
        </Suspense>
      ) : (
        <PlainRows rows={rows} />
      )}
      {query.hasNextPage && <MoreBelow root={scroller} key={chats.length} onSeen={() => void query.fetchNextPage()} />}
    </div>
  )
}

function PlainRows({ rows }: { rows: readonly Row[] }) {
  return (
    <ul aria-label={t('chats.list')}>
      {rows.map((row) => (
        <li key={row.key}>{row.kind === 'heading' ? <Heading words={row.words} /> : <ChatRow chat={row.chat} />}</li>
      ))}
    </ul>
  )
}

/** Calls back once when the end of the list is nearly in sight. */
function MoreBelow({ root, onSeen }: { root: React.RefObject<HTMLElement | null>; onSeen: () => void }) {
  const mark = useRef<HTMLDivElement>(null)
  const seen = useRef(onSeen)
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && seen.current(), {
      root: root.current,
      rootMargin: '800px',
    })
    if (mark.current) observer.observe(mark.current)
    return () => observer.disconnect()
  }, [root])
  return <div ref={mark} className="h-px" />
}

function Skeleton() {
  return (
    <div aria-hidden="true" className="pt-9">
      {[70, 85, 60, 78, 66].map((percent) => (
        <div key={percent} className="flex h-11 items-center px-2 desk:h-[34px]">
          <div className="skeleton h-3.5" style={{ width: `${percent}%` }} />
        </div>
      ))}
    </div>
  )
}

/** Chats change on other devices too: looks again when the person comes back to the tab or the server can be reached again. */
function useFreshness(): void {
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') refreshChats().catch(noticeSessionEnd)
    }
    document.addEventListener('visibilitychange', look)
    const stop = onRecovery(look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      stop()
    }
  }, [])
}
