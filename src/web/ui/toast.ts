/** Short notices of what just happened, with the way to undo it. They wait here until the part that shows them is loaded. */
export interface Toast {
  readonly text: string
  readonly detail?: string
  readonly action?: { readonly label: string; readonly run: () => void }
  readonly kind?: 'done' | 'failed'
}

const waiting: Toast[] = []
let show: ((toast: Toast) => void) | null = null

/** Shows a notice; failures are announced at once, everything else when the person is idle. */
export function toast(notice: Toast): void {
  if (show) show(notice)
  else waiting.push(notice)
}

/** Names the part that shows notices, and hands it those that waited; gives the way to take it back. */
export function showToastsWith(shower: (toast: Toast) => void): () => void {
  show = shower
  for (const notice of waiting.splice(0)) shower(notice)
  return () => {
    show = null
  }
}
