/**
 * Scrolling of a thread: at its end it stays at the end while text grows, unless the person scrolls up; earlier messages
 * put in at the top move nothing.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

const NEAR_PX = 32
const FAR_PX = 240

interface ThreadScroll {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly content: RefObject<HTMLDivElement | null>
  /** Whether the end is out of sight. */
  readonly away: boolean
  readonly onScroll: () => void
  readonly toEnd: () => void
  /** Lets go of the end, to look at something else. */
  readonly letGo: () => void
}

/** Scrolls the thread whose first message has this key. */
export function useThreadScroll(firstKey: string | null): ThreadScroll {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const held = useRef(true)
  const last = useRef({ top: 0, height: 0 })
  const [away, setAway] = useState(false)

  const toEnd = useCallback(() => {
    held.current = true
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight
  }, [])
  const look = useCallback(() => {
    if (scroller.current) setAway(gapOf(scroller.current) > FAR_PX && !held.current)
  }, [])
  const letGo = useCallback(() => {
    held.current = false
  }, [])

  const onScroll = () => {
    const element = scroller.current
    if (!element) return
    const gap = gapOf(element)
    const byPerson = element.scrollHeight === last.current.height
    if (gap < 2 || (gap < NEAR_PX && element.scrollTop >= last.current.top)) held.current = true
    else if (byPerson && element.scrollTop < last.current.top) held.current = false
    last.current.top = element.scrollTop
    look()
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was put in before the first message is measured when that changes
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    if (held.current) element.scrollTop = element.scrollHeight
    else element.scrollTop += element.scrollHeight - last.current.height
    last.current = { top: element.scrollTop, height: element.scrollHeight }
  }, [firstKey])

  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (held.current) toEnd()
      if (scroller.current) last.current.height = scroller.current.scrollHeight
      look()
    })
    for (const element of [scroller.current, content.current]) if (element) observer.observe(element)
    return () => observer.disconnect()
  }, [toEnd, look])

  return { scroller, content, away, onScroll, toEnd, letGo }
}

/** How much of the thread lies below what is seen. */
function gapOf(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight
}
