/** A value outside React that components can watch. */
import { useSyncExternalStore } from 'react'

export interface Cell<T> {
  get(): T
  set(value: T): void
  subscribe(listener: () => void): () => void
}

/** Makes a cell that holds the value. */
export function cell<T>(value: T): Cell<T> {
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Gives what `pick` finds in the cell, and renders again when that changes. */
export function useCell<T, P>(watched: Cell<T>, pick: (value: T) => P): P {
  return useSyncExternalStore(watched.subscribe, () => pick(watched.get()))
}
