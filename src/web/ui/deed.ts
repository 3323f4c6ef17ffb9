/**
 * What people do to things, seen at once: taken back with a sentence when the server refuses, and by themselves through the notice or
 * with Ctrl+Z. Of several deeds on the same thing the latest that was not refused decides how it looks.
 */
import { cell, useCell } from '../kernel/cell.ts'
import { useShortcut } from '../kernel/shortcuts.ts'
import { t } from '../kernel/text.ts'
import { report } from './report.ts'
import { type Toast, toast } from './toast.ts'

type Words = Pick<Toast, 'text' | 'detail'>

export interface Deed<T> {
  /** What it is done to. */
  readonly on: string
  /** Shows the outcome; gives the way to show again what was there before. */
  readonly show: () => () => void
  readonly send: () => Promise<T>
  /** Takes in what the server said. */
  readonly settle?: (reply: T) => void
  /** What a refusal means for the thing. */
  readonly refused?: string
  /** Said when it is done, and after what the server said was taken in. */
  readonly done?: Words | (() => Words)
  /** Takes it back. */
  readonly undo?: () => void
}

/** How long Ctrl+Z takes back the last deed. */
const UNDO_MS = 60_000

const undoable = cell<(() => void) | null>(null)
/** On each thing those that nothing is known of yet, or that were refused below one of those; the latest is last. */
const underWay = new Map<string, { takeBack: () => void; isRefused: boolean }[]>()
let timer: ReturnType<typeof setTimeout> | undefined

/** Does it, and tells whether the server took it. */
export async function act<T>({ on, show, send, settle, refused, done, undo }: Deed<T>): Promise<boolean> {
  forget()
  const deeds = underWay.get(on) ?? []
  underWay.set(on, deeds)
  const own = { takeBack: show(), isRefused: false }
  deeds.push(own)
  try {
    const reply = await send()
    const isLatest = deeds.at(-1) === own
    deeds.splice(0, deeds.indexOf(own) + 1)
    if (isLatest) settle?.(reply)
    if (isLatest && done) offer(typeof done === 'function' ? done() : done, undo)
    return true
  } catch (error) {
    own.isRefused = true
    while (deeds.at(-1)?.isRefused) deeds.pop()?.takeBack()
    report(error, refused)
    return false
  } finally {
    if (deeds.length === 0 && underWay.get(on) === deeds) underWay.delete(on)
  }
}

function offer(done: Words, undo: (() => void) | undefined): void {
  if (!undo) return void toast(done)
  const run = () => {
    forget()
    close()
    undo()
  }
  const close = toast({ ...done, action: { label: t('common.undo'), run, shortcut: 'undo' } })
  undoable.set(run)
  timer = setTimeout(forget, UNDO_MS)
}

function forget(): void {
  clearTimeout(timer)
  undoable.set(null)
}

/** Has the keyboard take back the last deed. */
export function useUndo(): void {
  useShortcut(
    'undo',
    useCell(undoable, (run) => run),
  )
}
