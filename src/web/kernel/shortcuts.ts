/**
 * The one table of keyboard shortcuts: it feeds the key handler, the hints beside commands and the sheet under `?`.
 * Single keys can be turned off, and never fire while somebody is typing or a dialog or menu is open.
 */
import { useEffect, useEffectEvent } from 'react'
import type { TextKey } from './text.ts'

interface Shortcut {
  readonly keys: string
  readonly label: TextKey
  readonly mod: boolean
}

export const SHORTCUTS = {
  newChat: { keys: 'j', mod: true, label: 'shortcuts.newChat' },
  sidebar: { keys: 'b', mod: true, label: 'shortcuts.sidebar' },
  composer: { keys: '/', mod: false, label: 'shortcuts.composer' },
  back: { keys: 'Escape', mod: false, label: 'shortcuts.composer' },
  sheet: { keys: '?', mod: false, label: 'shortcuts.sheet' },
} as const satisfies Record<string, Shortcut>

export type ShortcutId = keyof typeof SHORTCUTS

const OFF = 'sardonyx.singleKeysOff'
const APPLE = /Mac|iPhone|iPad/.test(navigator.platform)
/** The cap of the key that is held for shortcuts. */
export const MOD = APPLE ? '⌘' : 'Ctrl'
const handlers = new Map<ShortcutId, () => void>()

/** Gives the caps to print for a shortcut, in the manner of this system. */
export function caps(id: ShortcutId): string[] {
  const { keys, mod }: Shortcut = SHORTCUTS[id]
  const key = keys === 'Escape' ? 'Esc' : keys.toUpperCase()
  return mod ? [MOD, key] : [key]
}

/** Runs `run` on the shortcut for as long as the component is shown. */
export function useShortcut(id: ShortcutId, run: () => void): void {
  const latest = useEffectEvent(run)
  useEffect(() => {
    const handler = () => latest()
    handlers.set(id, handler)
    return () => {
      if (handlers.get(id) === handler) handlers.delete(id)
    }
  }, [id])
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

/** Begins to listen; called once. */
export function listenForShortcuts(): void {
  addEventListener('keydown', (event) => {
    const id = event.defaultPrevented || event.isComposing || event.altKey ? undefined : shortcutOf(event)
    const run = id && handlers.get(id)
    if (!run) return
    event.preventDefault()
    run()
  })
}

function shortcutOf(event: KeyboardEvent): ShortcutId | undefined {
  const held = APPLE ? event.metaKey : event.ctrlKey
  if (!held && !mayUseSingleKey(event)) return
  const all = Object.entries<Shortcut>(SHORTCUTS) as [ShortcutId, Shortcut][]
  return all.find(([, { keys, mod }]) => mod === held && keys === (mod ? event.key.toLowerCase() : event.key))?.[0]
}

function mayUseSingleKey(event: KeyboardEvent): boolean {
  const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]') !== null
  const covered = document.querySelector('[role$="dialog"], [role="menu"], [role="listbox"]') !== null
  return singleKeysOn() && !typing && !covered
}
