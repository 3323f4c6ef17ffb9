/** The open menu, on Base UI: arrow keys, type-ahead, Escape, focus. Loaded when needed, see `menu.tsx`. */
import { Menu } from '@base-ui/react/menu'
import { type RefObject, useEffect, useRef } from 'react'
import { hasKeyboard } from '../kernel/media.ts'
import { Keys } from './button.tsx'
import { classes } from './class-names.ts'
import { Icon } from './icon.tsx'
import type { MenuAction, MenuChoice, MenuEntry } from './menu.tsx'
import { POPUP } from './popup.ts'

const ITEM =
  'flex min-h-11 desk:min-h-8 cursor-default items-center gap-2.5 rounded-control px-2.5 py-1 outline-none select-none data-highlighted:bg-hover'

interface MenuPopupProps {
  label: string
  anchor: RefObject<HTMLButtonElement | null>
  open: boolean
  onOpenChange: (open: boolean) => void
  entries: readonly MenuEntry[]
  align: 'start' | 'end'
}

export function MenuPopup({ label, anchor, open, onOpenChange, entries, align }: MenuPopupProps) {
  const chosen = useRef(false)
  // What is chosen below a text that is being written is chosen for it: the next key is meant for the text.
  const home = () => (chosen.current && hasKeyboard() && anchor.current?.form?.querySelector('textarea')) || anchor.current
  useEffect(() => {
    if (open) chosen.current = false
  }, [open])
  const choose = () => {
    chosen.current = true
  }
  return (
    <Menu.Root open={open} onOpenChange={onOpenChange}>
      <Menu.Portal container={anchor.current?.closest<HTMLElement>('[role="dialog"], nav, main') ?? null}>
        <Menu.Positioner anchor={anchor} align={align} sideOffset={6} collisionPadding={8} className="z-40">
          <Menu.Popup
            aria-label={label}
            finalFocus={home}
            className={`${POPUP} max-h-(--available-height) max-w-[min(22rem,calc(100vw-16px))] min-w-52 overflow-y-auto p-1`}
          >
            {entries.map((entry, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: entries of one menu never change places
              <Entry key={index} entry={entry} onChoose={choose} />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Entry({ entry, onChoose }: { entry: MenuEntry; onChoose: () => void }) {
  if (entry.kind === 'line') return <Menu.Separator className="mx-2 my-1 h-px bg-line" />
  return entry.kind === 'choice' ? <Choice {...entry} onChoose={onChoose} /> : <Action {...entry} />
}

function Action({ label, icon, danger, caps, onSelect }: MenuAction) {
  return (
    <Menu.Item className={classes(ITEM, danger && 'text-danger data-highlighted:bg-danger-soft')} onClick={onSelect}>
      {icon && <Icon name={icon} className={danger ? '' : 'text-muted'} />}
      <span className="flex-1">{label}</span>
      {caps && (
        <span className="max-desk:hidden">
          <Keys caps={caps} />
        </span>
      )}
    </Menu.Item>
  )
}

function Choice({ label, value, options, onChange, onChoose }: MenuChoice & { onChoose: () => void }) {
  return (
    <Menu.RadioGroup value={value} onValueChange={onChange}>
      <Menu.GroupLabel className="px-2.5 pt-2 pb-1 text-tiny font-medium text-muted">{label}</Menu.GroupLabel>
      {options.map((option) => (
        <Menu.RadioItem key={option.value} value={option.value} closeOnClick onClick={onChoose} label={option.label} className={ITEM}>
          <span className="min-w-0 flex-1">
            <span className="block truncate">{option.label}</span>
            {option.note && <span className="block truncate text-small text-muted">{option.note}</span>}
          </span>
          <Menu.RadioItemIndicator keepMounted className="text-accent data-unchecked:invisible">
            <Icon name="check" />
          </Menu.RadioItemIndicator>
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  )
}
