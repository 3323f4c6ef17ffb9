/**
 * Whether the server can be reached, as one fact for the whole page. While it can't, the server is probed with growing
 * pauses, so that recovery is noticed without anybody doing anything.
 */
import { useSyncExternalStore } from 'react'

export type Connection = 'reached' | 'unreachable' | 'offline'

const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000]
const listeners = new Set<() => void>()
let connection: Connection = navigator.onLine ? 'reached' : 'offline'
let probe: (() => Promise<unknown>) | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let attempts = 0

/** Starts watching; `ask` is any cheap call of the server that never rejects: `call` itself notes how it went. */
export function watchConnection(ask: () => Promise<unknown>): void {
  probe = ask
  addEventListener('offline', noteUnreachable)
  addEventListener('online', probeNow)
}

/** Records that an answer came, of whatever kind. */
export function noteReached(): void {
  clearTimeout(timer)
  attempts = 0
  become('reached')
  // It may have been under way when the network went; or this device needs none to reach its server.
  if (!navigator.onLine) timer = setTimeout(probeNow, PAUSES_MS[1])
}

/** Records that no answer came, and keeps trying until one does. */
export function noteUnreachable(): void {
  become(navigator.onLine ? 'unreachable' : 'offline')
  clearTimeout(timer)
  timer = setTimeout(probeNow, PAUSES_MS[Math.min(attempts, PAUSES_MS.length - 1)])
  attempts += 1
}

/** Tries at once; the outcome arrives through `noteReached` or `noteUnreachable`. */
function probeNow(): void {
  clearTimeout(timer)
  void probe?.()
}

/** Tells whether the server could be reached the last time that it was tried. */
export function isReached(): boolean {
  return connection === 'reached'
}

/** Calls back each time the server can be reached again; gives the way to stop. */
export function onRecovery(callback: () => void): () => void {
  let before = connection
  const listener = () => {
    if (before !== 'reached' && connection === 'reached') callback()
    before = connection
  }
  return subscribe(listener)
}

/** Calls back each time the server gets out of reach, and at once if it is. */
export function onUnreachable(callback: () => void): () => void {
  const listener = () => {
    if (connection !== 'reached') callback()
  }
  listener()
  return subscribe(listener)
}

/** Tells a component whether the server can be reached. */
export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => connection)
}

function become(next: Connection): void {
  if (next === connection) return
  connection = next
  for (const listener of [...listeners]) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
