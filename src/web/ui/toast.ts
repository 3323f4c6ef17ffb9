/** Short notices of what just happened, with the way to undo it. They wait here until the part that shows them is loaded. */
import type { ShortcutId } from '../kernel/shortcuts.ts'

export interface Toast {
  readonly text: string
  readonly detail?: string
  readonly action?: { readonly label: string; readonly run: () => void; readonly shortcut?: ShortcutId }
  readonly kind?: 'done' | 'failed'
}

/** Shows a notice and gives the way to take it away. */
type Show = (toast: Toast) => () => void

const waiting = new Map<Toast, (() => void) | null>()
let show: Show | null = null

/** Shows a notice; failures are announced at once, everything else when the person is idle. Gives the way to take it away. */
export function toast(notice: Toast): () => void {
  if (show) return show(notice)
  waiting.set(notice, null)
  return () => {
    waiting.get(notice)?.()
    waiting.delete(notice)
  }
}

/** Names the part that shows notices, and hands it those that waited; gives the way to take it back. */
export function showToastsWith(shower: Show): () => void {
  show = shower
  for (const [notice, shown] of waiting) if (!shown) waiting.set(notice, shower(notice))
  return () => {
    show = null
  }
}
