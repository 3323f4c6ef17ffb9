/**
 * Which rows of a long list are drawn: those in sight and a few around them. Heights are known before rows are drawn, so nothing jumps;
 * and rows that come and go above those in sight move nothing that is being looked at.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { indexAt, topsOf } from './tops.ts'

/** How many rows are drawn beyond those in sight, at either end. */
const BEYOND = 10
/** How far from the edge a row is brought. */
const MARGIN_PX = 8
/** Drawn at first, before it is known how much can be seen. */
const FIRST = 40

export interface VirtualRow {
  readonly key: string
}

interface VirtualList {
  /** The indices to draw, in order: those near what is seen, and `kept`. */
  readonly drawn: readonly number[]
  /** Where the row begins; of the number of rows, where the list ends. */
  readonly topOf: (index: number) => number
  /** Brings the row into sight by the shortest way. */
  readonly bring: (index: number) => void
}

interface Listed<R> {
  readonly rows: readonly R[]
  readonly heightOf: (row: R) => number
  readonly scroller: RefObject<HTMLElement | null>
  /** The row that is drawn wherever it is, because it has the focus; -1 when none is. */
  readonly kept: number
}

/** Gives what to draw of these rows, which stand at the top of the scroller. */
export function useVirtualList<R extends VirtualRow>({ rows, heightOf, scroller, kept }: Listed<R>): VirtualList {
  const tops = useMemo(() => topsOf(rows.length, (index) => heightOf(rows[index] as R)), [rows, heightOf])
  const [[first, last], setRange] = useState<readonly [number, number]>([0, FIRST])
  const look = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const next = [indexAt(tops, element.scrollTop) - BEYOND, indexAt(tops, element.scrollTop + element.clientHeight) + BEYOND] as const
    // Moves in steps, so that most of scrolling draws nothing.
    setRange((range) => (Math.abs(range[0] - next[0]) < BEYOND / 2 && Math.abs(range[1] - next[1]) < BEYOND / 2 ? range : next))
  }, [tops, scroller])
  useStillness(rows, tops, scroller)
  useLayoutEffect(look, [look])
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [look, scroller])
  const drawn = useMemo(() => indices(Math.max(0, first), Math.min(rows.length - 1, last), kept), [first, last, kept, rows.length])
  const topOf = useCallback((index: number) => tops[index] ?? 0, [tops])
  const bring = useCallback(
    (index: number) => {
      const element = scroller.current
      const [top = 0, bottom = 0] = [tops[index], tops[index + 1]]
      if (!element) return
      if (top < element.scrollTop) element.scrollTop = index <= 1 ? 0 : top - MARGIN_PX
      else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight + MARGIN_PX
    },
    [tops, scroller],
  )
  return { drawn, topOf, bring }
}

/** While the list is scrolled, keeps what is seen where it is when rows change above it. */
function useStillness(rows: readonly VirtualRow[], tops: Float64Array, scroller: RefObject<HTMLElement | null>): void {
  const before = useRef({ rows, tops })
  useLayoutEffect(() => {
    const was = before.current
    before.current = { rows, tops }
    const element = scroller.current
    if (was.rows === rows || !element || element.scrollTop <= 0) return
    const first = indexAt(was.tops, element.scrollTop)
    const seen = was.rows.slice(first, indexAt(was.tops, element.scrollTop + element.clientHeight) + 1)
    if (seen.every(({ key }, index) => rows[first + index]?.key === key)) return
    const wasAt = new Map(seen.map(({ key }, index) => [key, was.tops[first + index] ?? 0]))
    const shifts = rows.flatMap(({ key }, index) => (wasAt.has(key) ? (tops[index] ?? 0) - (wasAt.get(key) ?? 0) : []))
    // The middle one: a row that was itself moved elsewhere takes nobody along.
    element.scrollTop += shifts.sort((a, b) => a - b)[shifts.length >> 1] ?? 0
  }, [rows, tops, scroller])
}

function indices(first: number, last: number, kept: number): number[] {
  const near = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
  if (kept < 0) return near
  if (kept < first) return [kept, ...near]
  return kept > last ? [...near, kept] : near
}
