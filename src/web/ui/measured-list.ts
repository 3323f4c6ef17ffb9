/**
 * Which rows of a long list are drawn whose heights show only once they are: those in sight and a few around them. Where the list is
 * scrolled to is a row and how far above the edge it begins, or the end; so whatever is drawn, grows or is put in elsewhere moves nothing
 * that is being looked at, and at the end the list stays at the end.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { indexAt, topsOf } from './tops.ts'

/** `offset`: how much of the row lies above what is seen. */
export type Spot = 'end' | { readonly index: number; readonly offset: number }

/** How much is drawn beyond what is seen, at either end. */
const BEYOND_PX = 1_200
/** Whoever scrolls down to here means the end. */
const NEAR_PX = 32
const FAR_PX = 240

interface Measured {
  readonly count: number
  /** What a row is taken to measure before it is drawn. */
  readonly guessPx: number
  /** Room before the first row, and behind the last. */
  readonly abovePx: number
  readonly belowPx: number
  /** Where the list begins. */
  readonly begin: () => Spot
  /** Told where the person has scrolled to. */
  readonly onMove: (spot: Spot) => void
}

interface MeasuredList {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly heightPx: number
  /** Where the first drawn row begins. */
  readonly startPx: number
  /** The indices to draw, in order, each in an element with this ref and its index in `data-index`. */
  readonly drawn: readonly number[]
  readonly measure: (row: HTMLElement | null) => (() => void) | undefined
  readonly onScroll: () => void
  /** Whether the end is far out of sight. */
  readonly away: boolean
  readonly goTo: (spot: Spot) => void
}

/** Gives what to draw of so many rows. */
export function useMeasuredList({ count, guessPx, abovePx, belowPx, begin, onMove }: Measured): MeasuredList {
  const scroller = useRef<HTMLDivElement>(null)
  const [spot] = useState(() => ({ now: begin(), top: 0 }))
  const { heights, changes, measure } = useHeights()
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights are kept outside of the drawing, and their changes counted
  const tops = useMemo(() => topsOf(count, (index) => heights.get(index) ?? guessPx, abovePx), [count, guessPx, abovePx, heights, changes])
  const heightPx = (tops[count] ?? abovePx) + belowPx
  const [[first, last, away], setSeen] = useState<readonly [number, number, boolean]>([0, -1, false])

  const look = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const { scrollTop, clientHeight } = element
    const next = [
      indexAt(tops, scrollTop - BEYOND_PX),
      indexAt(tops, scrollTop + clientHeight + BEYOND_PX),
      gapOf(element) > FAR_PX,
    ] as const
    setSeen((seen) => (seen.every((each, i) => each === next[i]) ? seen : next))
  }, [tops])
  const settle = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const { now } = spot
    element.scrollTop = now === 'end' ? element.scrollHeight : (tops[Math.min(now.index, count)] ?? 0) + now.offset
    spot.top = element.scrollTop
    look()
  }, [tops, count, spot, look])
  const goTo = useCallback(
    (next: Spot) => {
      spot.now = next
      settle()
    },
    [spot, settle],
  )
  const onScroll = () => {
    const element = scroller.current
    if (!element) return
    const { scrollTop } = element
    // What was set here is no news.
    if (Math.abs(scrollTop - spot.top) > 1) {
      const gap = gapOf(element)
      const index = indexAt(tops, scrollTop)
      const isEnd = gap < 2 || (gap < NEAR_PX && scrollTop > spot.top)
      spot.now = isEnd ? 'end' : { index, offset: scrollTop - (tops[index] ?? 0) }
      onMove(spot.now)
    }
    spot.top = scrollTop
    look()
  }
  useLayoutEffect(settle, [settle])
  useResizing(scroller, settle)
  useHeldFocus(scroller, first, last)
  const drawn = useMemo(
    () => Array.from({ length: Math.max(0, Math.min(last, count - 1) - first + 1) }, (_, i) => first + i),
    [first, last, count],
  )
  return { scroller, heightPx, startPx: tops[first] ?? abovePx, drawn, measure, onScroll, away, goTo }
}

/**
 * The heights of rows that were drawn, as they are or last were. A change is drawn before it can be seen: a new row is measured as soon as
 * it is there, since the observer tells of one that was drawn because of what it told only after the next frame was seen.
 */
function useHeights() {
  const [heights] = useState(() => new Map<number, number>())
  const [changes, count] = useReducer((changed: number) => changed + 1, 0)
  const [note] = useState(() => (row: HTMLElement, height: number) => {
    const index = Number(row.dataset.index)
    if (!row.isConnected || heights.get(index) === height) return false
    heights.set(index, height)
    return true
  })
  const [observer] = useState(
    () =>
      new ResizeObserver((entries) => {
        const changed = entries.filter(({ target, borderBoxSize: [box] }) => note(target as HTMLElement, box?.blockSize ?? 0))
        if (changed.length > 0) flushSync(count)
      }),
  )
  const measure = useCallback(
    (row: HTMLElement | null) => {
      if (!row) return
      if (note(row, row.getBoundingClientRect().height)) count()
      observer.observe(row)
      return () => observer.unobserve(row)
    },
    [note, observer],
  )
  return { heights, changes, measure }
}

function useResizing(scroller: RefObject<HTMLElement | null>, settle: () => void): void {
  useEffect(() => {
    const observer = new ResizeObserver(settle)
    if (scroller.current) observer.observe(scroller.current)
    return () => observer.disconnect()
  }, [scroller, settle])
}

/** A row that has the focus and goes out of sight leaves it to the scroller, so that the keys go on scrolling. */
function useHeldFocus(scroller: RefObject<HTMLElement | null>, first: number, last: number): void {
  const held = useRef(false)
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      held.current = target instanceof Node && scroller.current?.contains(target) === true
    }
    document.addEventListener('focusin', note)
    return () => document.removeEventListener('focusin', note)
  }, [scroller])
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever other rows are drawn
  useLayoutEffect(() => {
    if (held.current && document.activeElement === document.body) scroller.current?.focus({ preventScroll: true })
  }, [scroller, first, last])
}

/** How much of the list lies below what is seen. */
function gapOf(element: HTMLElement): number {
  return element.scrollHeight - element.scrollTop - element.clientHeight
}
