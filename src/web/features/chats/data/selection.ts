/** Chats that are chosen in the list, to do one thing to all of them. The list says in which order its rows stand. */
import { MOST_AT_ONCE } from '#contract/bounds.ts'
import { cell, useCell } from '#web/kernel/cell.ts'

interface Selection {
  readonly ids: ReadonlySet<string>
  /** From where Shift chooses a stretch. */
  readonly anchor: string | null
}

const selection = cell<Selection | null>(null)
let order: readonly string[] = []

/** Says in which order the chats stand. */
export function noteOrder(ids: readonly string[]): void {
  order = ids
}

/** Whether chats are being chosen, and whether this one is. */
export function useChosen(id: string): boolean | null {
  return useCell(selection, (now) => now?.ids.has(id) ?? null)
}

/** The chosen ones; null while none are being chosen. */
export function useSelection(): ReadonlySet<string> | null {
  return useCell(selection, (now) => now?.ids ?? null)
}

/** Chooses the chat, or not any more; with `stretch` all from the last one that was chosen up to it. */
export function choose(id: string, stretch = false): void {
  const now = selection.get() ?? { ids: new Set(), anchor: null }
  const ids = new Set(now.ids)
  if (stretch) for (const each of stretchTo(id, now.anchor)) ids.add(each)
  else if (!ids.delete(id)) ids.add(id)
  selection.set({ ids: bounded(ids), anchor: stretch && now.anchor !== null ? now.anchor : id })
}

/** Chooses all of these, as far as they fit. */
export function chooseAll(ids: readonly string[]): void {
  selection.set({ ids: bounded(new Set(ids)), anchor: ids[0] ?? null })
}

/** Chooses none any more. */
export function endSelection(): void {
  selection.set(null)
}

function stretchTo(id: string, anchor: string | null): readonly string[] {
  const [a, b] = [order.indexOf(anchor ?? id), order.indexOf(id)].sort((one, other) => one - other) as [number, number]
  return a < 0 ? [id] : order.slice(a, b + 1)
}

function bounded(ids: ReadonlySet<string>): ReadonlySet<string> {
  return ids.size > MOST_AT_ONCE ? new Set([...ids].slice(0, MOST_AT_ONCE)) : ids
}
