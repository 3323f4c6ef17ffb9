/**
 * Scrolling of a thread of any length: each message is at the place it has by its depth, drawn where it is seen, and fetched when it comes
 * near. After a reload the thread is where the person was.
 */
import { useCallback, useEffect, useLayoutEffect, useState } from 'react'
import { noticeSessionEnd, useMe } from '#web/kernel/session.ts'
import { store, stored } from '#web/kernel/stored.ts'
import { type Spot, useMeasuredList } from '#web/ui/measured-list.ts'
import type { Branch } from './data/branch.ts'
import { fetchBetween } from './data/messages.ts'

/** What is passed quicker than this is not fetched. */
const PASSING_MS = 60
/** How many messages beyond those drawn are fetched. */
const AHEAD = 10

/** What is at the top of what is seen, and how much of it lies above. */
interface Place {
  readonly depth: number
  /** Null where it was passed before it was fetched. */
  readonly messageId: string | null
  readonly offset: number
}

/** Scrolls the thread of a chat: `count` is its messages, and `more` what stands below them. */
export function useThreadScroll(chatId: string, branch: Branch, { count, more }: { count: number; more: number }) {
  const { kept, keep } = useKeptPlace(chatId)
  const onMove = (spot: Spot) => {
    keep(spot === 'end' ? null : { depth: spot.index, messageId: branch.at.get(spot.index)?.id ?? null, offset: spot.offset })
  }
  const list = useMeasuredList({
    count: count + more,
    guessPx: 180,
    abovePx: 28,
    belowPx: 24,
    begin: () => (kept && kept.depth < count ? { index: kept.depth, offset: kept.offset } : 'end'),
    onMove,
  })
  const { drawn, goTo } = list
  const toEnd = useCallback(() => {
    keep(null)
    goTo('end')
  }, [keep, goTo])
  const [checked, setChecked] = useState(kept === null)
  const there = kept && branch.at.get(kept.depth)?.id
  useLayoutEffect(() => {
    if (checked || !there) return
    setChecked(true)
    // Another branch is shown by now.
    if (kept?.messageId && there !== kept.messageId) toEnd()
  }, [checked, there, kept, toEnd])
  useFetching(chatId, branch, [drawn[0] ?? 0, drawn.at(-1) ?? 0])
  return { ...list, toEnd }
}

/** Where the person was in a chat, for as long as the tab is open. */
function useKeptPlace(chatId: string) {
  const { id } = useMe().user
  const name = `place.${chatId}`
  const [kept] = useState(() => stored<Place>(id, name))
  const keep = useCallback((place: Place | null) => store(id, name, place), [id, name])
  return { kept, keep }
}

/** Fetches what is drawn and was not yet fetched, and what lies a little beyond it. */
function useFetching(chatId: string, branch: Branch, [first, last]: readonly [number, number]): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: what came may not have been all
  useEffect(() => {
    const timer = setTimeout(() => {
      fetchBetween(chatId, Math.max(first - AHEAD, 0), last + AHEAD).catch(noticeSessionEnd)
    }, PASSING_MS)
    return () => clearTimeout(timer)
  }, [chatId, branch, first, last])
}
