/**
 * The list of chats by keyboard: the Tab key comes to one row of it, arrows go from row to row, Home and End to the first and the last
 * one loaded, and letters to the next title that begins with them or has a word that does.
 */
import { type FocusEvent, type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Row } from './groups.ts'

/** After so long, letters begin another word. */
const TYPING_MS = 900
const PAGE = 10

interface ListKeys {
  /** The row that the Tab key comes to, and that has the focus if any has; -1 when there is none. */
  readonly stop: number
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void
  readonly onFocus: (event: FocusEvent<HTMLElement>) => void
  readonly list: React.RefObject<HTMLUListElement | null>
}

/** Gives the keys of these rows; `current` is the chat that is open. */
export function useListKeys(rows: readonly Row[], current: string | undefined, bring: (index: number) => void): ListKeys {
  const list = useRef<HTMLUListElement>(null)
  const typed = useRef<Typed>({ text: '', atMs: Number.NEGATIVE_INFINITY })
  const wanted = useRef<string | null>(null)
  const [at, setAt] = useState<{ key: string; index: number } | null>(null)
  const stop = useMemo(() => stopOf(rows, at?.key, current), [rows, at?.key, current])

  useFallback({ rows, at, list, go })
  useLayoutEffect(() => {
    if (wanted.current === null) return
    const link = list.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"]`)
    if (!link) return
    wanted.current = null
    link.focus({ preventScroll: true })
  })

  function go(index: number): void {
    const row = rows[index]
    if (!row) return
    wanted.current = row.key
    bring(index)
    setAt({ key: row.key, index })
  }

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const { target, key } = event
    // Menus of rows are elsewhere in the page, but their keys come by here.
    if (!(target instanceof Element) || !list.current?.contains(target) || target.closest('input')) return
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const index = isTyped(typed.current, key) ? find(rows, typedNow(typed.current, key), stop) : stepOf(rows, stop, key)
    if (index === undefined) return
    event.preventDefault()
    go(index)
  }
  const onFocus = ({ target }: FocusEvent<HTMLElement>) => {
    const key = target.closest('li')?.querySelector('[data-row]')?.getAttribute('data-row')
    if (key) setAt({ key, index: rows.findIndex((row) => row.key === key) })
  }
  return { stop, onKeyDown, onFocus, list }
}

interface Fallback {
  rows: readonly Row[]
  at: { key: string; index: number } | null
  list: React.RefObject<HTMLElement | null>
  go: (index: number) => void
}

/** When the row that had the focus is gone, the focus goes to the one that took its place. */
function useFallback({ rows, at, list, go }: Fallback): void {
  const had = useRef(false)
  useEffect(() => {
    const look = () => {
      had.current = list.current?.contains(document.activeElement) ?? false
    }
    document.addEventListener('focusin', look)
    return () => document.removeEventListener('focusin', look)
  }, [list])
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at when the rows have changed
  useEffect(() => {
    if (!at || !had.current || rows.some(({ key }) => key === at.key)) return
    // The menu in which it was deleted is closing, and gives the focus back to nothing.
    const frame = setTimeout(() => {
      const lost = document.activeElement === null || document.activeElement === document.body
      const next = nearest(rows, Math.min(at.index, rows.length - 1), 1) ?? nearest(rows, rows.length - 1, -1)
      if (lost && next !== undefined) go(next)
    }, 50)
    return () => clearTimeout(frame)
  }, [rows])
}

function stopOf(rows: readonly Row[], key: string | undefined, current: string | undefined): number {
  const indexOf = (wanted: string | undefined) => (wanted === undefined ? -1 : rows.findIndex((row) => row.key === wanted))
  const own = indexOf(key)
  const open = own >= 0 ? own : indexOf(current)
  return open >= 0 ? open : (nearest(rows, 0, 1) ?? -1)
}

/** The row at the index that is no heading, or the next one in the direction. */
function nearest(rows: readonly Row[], index: number, direction: 1 | -1): number | undefined {
  for (let each = index; each >= 0 && each < rows.length; each += direction) if (rows[each]?.kind !== 'heading') return each
  return undefined
}

function stepOf(rows: readonly Row[], from: number, key: string): number | undefined {
  const last = rows.length - 1
  const clamped = (index: number) => Math.max(0, Math.min(last, index))
  if (key === 'ArrowDown') return nearest(rows, from + 1, 1)
  if (key === 'ArrowUp') return nearest(rows, from - 1, -1)
  if (key === 'Home') return nearest(rows, 0, 1)
  if (key === 'End') return nearest(rows, last, -1)
  if (key === 'PageDown') return nearest(rows, clamped(from + PAGE), 1) ?? nearest(rows, last, -1)
  return key === 'PageUp' ? (nearest(rows, clamped(from - PAGE), -1) ?? nearest(rows, 0, 1)) : undefined
}

interface Typed {
  text: string
  atMs: number
}

/** Letters and digits begin a word; a space belongs to one that is being typed. */
function isTyped({ atMs }: Typed, key: string): boolean {
  return key.length === 1 && (/[\p{L}\p{N}]/u.test(key) || (key === ' ' && performance.now() - atMs <= TYPING_MS))
}

function typedNow(typed: Typed, key: string): string {
  const nowMs = performance.now()
  typed.text = nowMs - typed.atMs > TYPING_MS ? key : typed.text + key
  typed.atMs = nowMs
  return typed.text.toLocaleLowerCase()
}

/** The next chat below, or from the top, whose title begins with the text; if there is none, one with a word that begins so. */
function find(rows: readonly Row[], text: string, from: number): number | undefined {
  // One letter goes on to the next; more of them may still be about the same.
  const start = text.length === 1 ? from + 1 : from
  let word: number | undefined
  for (let step = 0; step < rows.length; step += 1) {
    const index = (start + step) % rows.length
    const row = rows[index]
    const title = row?.kind === 'chat' ? row.chat.description.toLocaleLowerCase() : ''
    if (title.startsWith(text)) return index
    if (title.includes(` ${text}`)) word ??= index
  }
  return word
}
