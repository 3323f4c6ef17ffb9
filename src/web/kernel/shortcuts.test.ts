/** The table of shortcuts: no two in one place on the same keys, none that typing would set off. */
import { expect, test } from 'vitest'
import { caps, hintOf, isShortcut, SHORTCUTS, type ShortcutId } from './shortcuts.ts'

const IDS = Object.keys(SHORTCUTS) as ShortcutId[]
const pressed = (key: string, held: Partial<Record<'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey', boolean>> = {}) => ({
  key,
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  ...held,
})

test('no two shortcuts in the same place have the same keys', () => {
  const meets = (a: ShortcutId, b: ShortcutId) => {
    const [one, two] = [SHORTCUTS[a].place, SHORTCUTS[b].place]
    return one === two || one === 'anywhere' || two === 'anywhere'
  }
  const pairs = IDS.flatMap((a, index) => IDS.slice(index + 1).map((b) => [a, b] as const))
  expect(pairs.filter(([a, b]) => meets(a, b) && caps(a).join() === caps(b).join())).toEqual([])
  // The same keys in two places, which is allowed, is found by the same comparison.
  expect(pairs.filter(([a, b]) => caps(a).join() === caps(b).join())).toEqual([['rename', 'renameRow']])
})

test('keys are told apart by what is held with them', () => {
  expect(isShortcut(pressed('b', { ctrlKey: true }), 'sidebar')).toBe(true)
  for (const other of [pressed('b'), pressed('b', { ctrlKey: true, altKey: true }), pressed('B', { ctrlKey: true, shiftKey: true })])
    expect(isShortcut(other, 'sidebar')).toBe(false)
  expect(isShortcut(pressed('C', { ctrlKey: true, shiftKey: true }), 'copyAnswer')).toBe(true)
  expect(isShortcut(pressed('c', { ctrlKey: true }), 'copyAnswer')).toBe(false)
  expect(isShortcut(pressed('.', { ctrlKey: true }), 'stop')).toBe(true)
  expect(isShortcut(pressed('.'), 'stop')).toBe(false)
})

test('a sign is the same on every keyboard, with Shift or without', () => {
  expect(isShortcut(pressed('?', { shiftKey: true }), 'sheet')).toBe(true)
  expect(isShortcut(pressed('?'), 'sheet')).toBe(true)
})

test('a hint names the keys as this system does, and to screen readers as they are told', () => {
  expect(hintOf('Hide', 'sidebar')).toEqual({ title: 'Hide (Ctrl+B)', 'aria-keyshortcuts': 'Control+B' })
  expect(hintOf('Delete', 'remove')).toEqual({ title: 'Delete (Ctrl+Shift+Backspace)', 'aria-keyshortcuts': 'Control+Shift+Backspace' })
  expect(hintOf('Other', undefined)).toEqual({ title: 'Other' })
})
