/** Popovers: a small dialog beside what opened it. The popup itself is fetched when needed. */
import { type ReactNode, type Ref, Suspense, useRef, useState } from 'react'
import { lazyPart } from './lazy-part.ts'

const Popup = lazyPart(async () => (await import('./popover-popup.tsx')).PopoverPopup)

interface PopoverProps {
  title: string
  /** What it holds; given the way to close it. */
  children: ReactNode | ((close: () => void) => ReactNode)
  /** Draws what opens the popover. */
  trigger: (given: { ref: Ref<HTMLButtonElement>; open: boolean; onClick: () => void }) => ReactNode
}

/** Something that opens a popover; focus goes into it and comes back. */
export function Popover({ title, children, trigger }: PopoverProps) {
  const [open, setOpen] = useState(false)
  const [used, setUsed] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const onClick = () => {
    setUsed(true)
    setOpen(true)
  }
  return (
    <>
      {trigger({ ref: button, open, onClick })}
      {used && (
        <Suspense>
          <Popup title={title} anchor={button} open={open} onOpenChange={setOpen}>
            {typeof children === 'function' ? children(() => setOpen(false)) : children}
          </Popup>
        </Suspense>
      )}
    </>
  )
}
