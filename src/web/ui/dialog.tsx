/** Dialogs that take the whole attention, and the drawer of small screens. Fetched when needed. */
import { type ReactNode, Suspense, useState } from 'react'
import { lazyPart } from './lazy-part.ts'

const Popup = lazyPart(async () => (await import('./dialog-popup.tsx')).DialogPopup)

export interface DialogProps {
  title: string
  open: boolean
  onOpenChange: (open: boolean) => void
  children: ReactNode
  /**
   * `centre` is a box in the middle, `wide` one for two columns, `drawer` comes from the left and keeps its title to screen readers, `alert` is read out at once
   * with `description` and is answered by one of its own buttons.
   */
  shape?: 'centre' | 'wide' | 'drawer' | 'alert'
  /** What screen readers say of it beside its title. */
  description?: string
}

/** A dialog; focus is kept inside it while it is open and comes back to where it was. */
export function Dialog(props: DialogProps) {
  const [used, setUsed] = useState(props.open)
  if (props.open && !used) setUsed(true)
  if (!used) return null
  return (
    <Suspense>
      <Popup {...props} />
    </Suspense>
  )
}
