/** Menus. The button is in the page at once; what makes menus work is fetched when the page is idle or one is opened. */
import { type ReactNode, Suspense, useRef, useState } from 'react'
import type { IconName } from './icon.tsx'
import { lazyPart } from './lazy-part.ts'

export interface MenuAction {
  readonly kind: 'action'
  readonly label: string
  readonly icon?: IconName
  readonly danger?: boolean
  readonly caps?: readonly string[]
  readonly onSelect: () => void
}

export interface MenuChoice {
  readonly kind: 'choice'
  readonly label: string
  readonly value: string
  readonly options: readonly { readonly value: string; readonly label: string; readonly note?: string }[]
  readonly onChange: (value: string) => void
}

export type MenuEntry = MenuAction | MenuChoice | { readonly kind: 'line' }

const Popup = lazyPart(async () => (await import('./menu-popup.tsx')).MenuPopup)

interface MenuButtonProps {
  label: string
  /** Whether the button says its label itself, in words. */
  says?: boolean
  entries: readonly MenuEntry[]
  children: ReactNode
  className?: string
  align?: 'start' | 'end'
  disabled?: boolean
  tabIndex?: number
}

/** A button that opens a menu; focus comes back to it when the menu closes. */
export function MenuButton({ label, says = false, entries, children, align = 'start', ...rest }: MenuButtonProps) {
  const [open, setOpen] = useState(false)
  const [used, setUsed] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const show = () => {
    setUsed(true)
    setOpen(true)
  }
  return (
    <>
      <button
        type="button"
        ref={button}
        aria-label={says ? undefined : label}
        title={says ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={show}
        {...rest}
      >
        {children}
      </button>
      {used && (
        <Suspense>
          <Popup label={label} anchor={button} open={open} onOpenChange={setOpen} entries={entries} align={align} />
        </Suspense>
      )}
    </>
  )
}
