/**
 * The one table of keyboard shortcuts: it feeds the key handler, the hints beside commands, `aria-keyshortcuts` and the sheet under `?`.
 * Those of a single key can be turned off, and never fire while somebody is typing or a dialog or menu is open.
 */
import { useEffect, useEffectEvent } from 'react'
import type { shortcuts } from './en/shortcuts.ts'
import type { TextKey } from './text.ts'

/** Where shortcuts work. Within a place no two have the same keys, and none has those of one that works anywhere. */
export type ShortcutPlace = 'anywhere' | 'chat' | 'list' | 'composer'

interface Shortcut {
  /** As `KeyboardEvent.key` names it. */
  readonly key: string
  /** What is held with it; `mod` is Ctrl, and Cmd where that is the custom. */
  readonly held?: readonly ('mod' | 'alt' | 'shift')[]
  /** What it does, in words that are fetched with the sheet. */
  readonly label: TextKey | keyof typeof shortcuts
  readonly place: ShortcutPlace
}

export const SHORTCUTS = {
  newChat: { key: 'j', held: ['mod'], place: 'anywhere', label: 'nav.newChat' },
  findChat: { key: 'k', held: ['mod'], place: 'anywhere', label: 'nav.findChat' },
  previousChat: { key: 'ArrowUp', held: ['alt'], place: 'anywhere', label: 'shortcuts.previousChat' },
  nextChat: { key: 'ArrowDown', held: ['alt'], place: 'anywhere', label: 'shortcuts.nextChat' },
  sidebar: { key: 'b', held: ['mod'], place: 'anywhere', label: 'shortcuts.sidebar' },
  composer: { key: '/', place: 'anywhere', label: 'shortcuts.composer' },
  back: { key: 'Escape', place: 'anywhere', label: 'shortcuts.composer' },
  undo: { key: 'z', held: ['mod'], place: 'anywhere', label: 'shortcuts.undo' },
  sheet: { key: '?', place: 'anywhere', label: 'shortcuts.sheet' },
  stop: { key: '.', held: ['mod'], place: 'chat', label: 'composer.stop' },
  again: { key: 'Enter', held: ['mod', 'shift'], place: 'chat', label: 'shortcuts.again' },
  copyAnswer: { key: 'c', held: ['mod', 'shift'], place: 'chat', label: 'shortcuts.copyAnswer' },
  editLast: { key: 'e', held: ['mod', 'shift'], place: 'chat', label: 'shortcuts.editLast' },
  previousVersion: { key: ',', place: 'chat', label: 'message.previous' },
  nextVersion: { key: '.', place: 'chat', label: 'message.next' },
  rename: { key: 'F2', place: 'chat', label: 'shortcuts.rename' },
  remove: { key: 'Backspace', held: ['mod', 'shift'], place: 'chat', label: 'shortcuts.remove' },
  renameRow: { key: 'F2', place: 'list', label: 'shortcuts.rename' },
  removeRow: { key: 'Delete', place: 'list', label: 'shortcuts.remove' },
  menuOfRow: { key: 'ContextMenu', place: 'list', label: 'shortcuts.menuOfRow' },
  editAbove: { key: 'ArrowUp', place: 'composer', label: 'shortcuts.editAbove' },
} as const satisfies Record<string, Shortcut>

export type ShortcutId = keyof typeof SHORTCUTS

const OFF = 'sardonyx.singleKeysOff'
const APPLE = /Mac|iPhone|iPad/.test(navigator.platform)
/** The cap of the key that is held for shortcuts. */
export const MOD = APPLE ? '⌘' : 'Ctrl'
const CAPS: Readonly<Record<string, string>> = {
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Backspace: APPLE ? '⌫' : 'Backspace',
  ContextMenu: 'Menu',
  mod: MOD,
  alt: APPLE ? '⌥' : 'Alt',
  shift: APPLE ? '⇧' : 'Shift',
}
const ARIA: Readonly<Record<string, string>> = { mod: APPLE ? 'Meta' : 'Control', alt: 'Alt', shift: 'Shift' }
/** What lies over the page while it is open; notices are dialogs too, but lie beside it. */
const COVERS = '[role$="dialog"]:not([role="region"] *), [role="menu"], [role="listbox"]'
const handlers = new Map<ShortcutId, () => void>()

const heldOf = (id: ShortcutId): readonly string[] => (SHORTCUTS[id] as Shortcut).held ?? []

/** Gives the caps to print for a shortcut, in the manner of this system. */
export function caps(id: ShortcutId): string[] {
  const keys = [...heldOf(id), SHORTCUTS[id].key]
  return keys.map((key) => CAPS[key] ?? (key.length === 1 ? key.toUpperCase() : key))
}

/** Gives a control that does what the shortcut does its hint, and its keys to screen readers. */
export function hintOf(label: string, id: ShortcutId | undefined): { title: string; 'aria-keyshortcuts'?: string } {
  if (!id) return { title: label }
  const keys = [...heldOf(id).map((key) => ARIA[key]), SHORTCUTS[id].key.length === 1 ? SHORTCUTS[id].key.toUpperCase() : SHORTCUTS[id].key]
  return { title: `${label} (${caps(id).join(APPLE ? '' : '+')})`, 'aria-keyshortcuts': keys.join('+') }
}

/** Runs `run` on the shortcut for as long as the component is shown; null when there is nothing to do just now. */
export function useShortcut(id: ShortcutId, run: (() => void) | null): void {
  const latest = useEffectEvent(() => run?.())
  const works = run !== null
  useEffect(() => {
    if (!works) return
    const handler = () => latest()
    handlers.set(id, handler)
    return () => {
      if (handlers.get(id) === handler) handlers.delete(id)
    }
  }, [id, works])
}

/** Tells whether shortcuts of a single key are on. */
export function singleKeysOn(): boolean {
  return localStorage.getItem(OFF) === null
}

/** Turns shortcuts of a single key on or off on this device. */
export function setSingleKeys(on: boolean): void {
  if (on) localStorage.removeItem(OFF)
  else localStorage.setItem(OFF, '1')
}

/** Begins to listen; called once. What works in the list or the composer only is listened for there. */
export function listenForShortcuts(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return
    for (const [id, run] of handlers) {
      if (!isShortcut(event, id) || !mayRun(event, id)) continue
      event.preventDefault()
      run()
      return
    }
  })
}

type Pressed = Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>

/** Tells whether these are the keys of the shortcut. */
export function isShortcut(event: Pressed, id: ShortcutId): boolean {
  const { key } = SHORTCUTS[id]
  const held = heldOf(id)
  const [mod, other] = APPLE ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey]
  // What stands on a key together with Shift differs from keyboard to keyboard.
  const isSign = held.length === 0 && key.length === 1
  const isHeld = mod === held.includes('mod') && event.altKey === held.includes('alt') && !other
  if (!isHeld || (!isSign && event.shiftKey !== held.includes('shift'))) return false
  return (held.length > 0 ? event.key.toLowerCase() : event.key) === (held.length > 0 ? key.toLowerCase() : key)
}

function mayRun({ target }: Event, id: ShortcutId): boolean {
  const typing = target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null
  // While somebody types it is their own last word that they want back.
  if (id === 'undo') return !typing || (target instanceof HTMLTextAreaElement && target.value === '')
  const { key, place } = SHORTCUTS[id]
  const isHeld = heldOf(id).length > 0
  if (document.querySelector(COVERS) !== null) return isHeld && place === 'anywhere'
  // Keys such as F2 type nothing.
  return isHeld || /^F\d/.test(key) || (singleKeysOn() && !typing)
}
