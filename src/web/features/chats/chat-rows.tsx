/** The rows of the list of chats, drawn where they are seen; by keyboard as `use-list-keys.ts` says. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Chat } from '#contract/chats.ts'
import { useWide } from '#web/kernel/media.ts'
import { t } from '#web/kernel/text.ts'
import { useToday } from '#web/kernel/today.ts'
import { useVirtualList } from '#web/ui/virtual-list.ts'
import { ChatRow, Heading, MoreRow } from './chat-row.tsx'
import { flat, pinnedQuery, sharedQuery } from './data/chat-list.ts'
import { noteOrder } from './data/selection.ts'
import { type Row, toRows } from './groups.ts'
import { useListKeys } from './use-list-keys.ts'

const HEADING_PX = 38
const FEW_SHARED = 10

interface ChatRowsProps {
  /** The latest first. */
  chats: readonly Chat[]
  /** Whether there are more that are not loaded. */
  hasMore: boolean
  scroller: RefObject<HTMLElement | null>
}

/** Shows the chats under their headings, each at the place that it has in the whole list. */
export function ChatRows({ chats, hasMore, scroller }: ChatRowsProps) {
  const today = useToday()
  const pinned = useQuery(pinnedQuery).data
  const { chatId } = useParams({ strict: false })
  const { shared, moreShared, showMore } = useSharedShelf(chatId)
  const rows = useMemo(() => {
    const above = [
      { words: t('group.pinned'), chats: pinned ?? [] },
      { words: t('shared.with'), chats: shared, more: moreShared },
    ]
    return toRows(chats, today, above)
  }, [chats, today, pinned, shared, moreShared])
  useEffect(() => noteOrder(rows.flatMap((row) => (row.kind === 'chat' && !row.chat.owner ? row.key : []))), [rows])
  const chatPx = useWide() ? 34 : 44
  const heightOf = useCallback((row: Row) => (row.kind === 'heading' ? HEADING_PX : chatPx), [chatPx])
  const [kept, setKept] = useState(-1)
  const { drawn, topOf, bring } = useVirtualList({ rows, heightOf, scroller, kept })
  const { stop, onKeyDown, onFocus, list } = useListKeys(rows, chatId, bring)
  if (stop !== kept) setKept(stop)
  useBroughtIntoSight(rows, chatId, bring)
  if (rows.length === 0) return null
  return (
    <ul
      ref={list}
      aria-label={t('chats.list')}
      className="relative"
      style={{ height: topOf(rows.length) }}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      {drawn.map((index) => {
        const row = rows[index]
        if (!row) return null
        return (
          <li
            key={row.key}
            aria-posinset={index + 1}
            aria-setsize={hasMore ? -1 : rows.length}
            className="absolute inset-x-0"
            style={{ top: topOf(index), height: heightOf(row) }}
          >
            {row.kind === 'heading' && <Heading words={row.words} />}
            {row.kind === 'chat' && <ChatRow chat={row.chat} isStop={index === stop} />}
            {row.kind === 'more' && <MoreRow id={row.key} isStop={index === stop} onMore={showMore} />}
          </li>
        )
      })}
    </ul>
  )
}

/** Of what others share only the latest until more is asked for, so that one's own chats are in sight; the one that is open in any case. */
function useSharedShelf(chatId: string | undefined) {
  const { data, hasNextPage, fetchNextPage } = useInfiniteQuery(sharedQuery)
  const all = useMemo(() => flat(data), [data])
  const [asked, setAsked] = useState(false)
  const isWhole = asked || all.findIndex(({ id }) => id === chatId) >= FEW_SHARED
  const shared = useMemo(() => (isWhole ? all : all.slice(0, FEW_SHARED)), [all, isWhole])
  const showMore = () => {
    setAsked(true)
    if (isWhole) void fetchNextPage({ cancelRefetch: false })
  }
  return { shared, moreShared: hasNextPage || shared.length < all.length, showMore }
}

/** A chat that is opened is brought into sight, once: afterwards the list is where the person scrolled it. */
function useBroughtIntoSight(rows: readonly Row[], chatId: string | undefined, bring: (index: number) => void): void {
  const brought = useRef<string>(undefined)
  useEffect(() => {
    if (brought.current === chatId) return
    const index = chatId === undefined ? -1 : rows.findIndex(({ key }) => key === chatId)
    if (chatId !== undefined && index < 0) return
    brought.current = chatId
    if (index >= 0) bring(index)
  }, [rows, chatId, bring])
}
