/**
 * Watches how long the login lasts. The server is asked when a time comes and not before; it knows of activity in other tabs, so a
 * warning is shown only if it confirms it. Timers stand still while a device sleeps, so none is longer than half a minute, and
 * waking up counts as well.
 */
import type { CurrentSession } from '#contract/sessions.ts'
import { call } from '#web/kernel/api.ts'
import { cell } from '#web/kernel/cell.ts'
import { onRecovery } from '#web/kernel/connection.ts'
import { onEvent, tell } from '#web/kernel/events.ts'
import { leave } from '#web/kernel/login.ts'
import { isSessionEnd, mayPass } from '#web/kernel/problem.ts'
import { type Ends, endsOf, type Plan, planOf } from './plan.ts'

const HOP_MS = 30_000
/** Somebody who did something so lately is there, and is not asked. */
const LATELY_MS = 60_000
const ACTS = ['keydown', 'pointerdown', 'wheel'] as const

interface Watched {
  readonly ends: Ends
  readonly plan: Plan
}

/** What is known of the login; null until the server was asked. */
export const watched = cell<Watched | null>(null)

let timer: ReturnType<typeof setTimeout> | undefined
let asking = false
let actedMs = Date.now()
/** The latest act that the server knows of. */
let toldMs = actedMs

/** Begins to watch; gives the way to stop. */
export function watchLogin(): () => void {
  const stop = new AbortController()
  const { signal } = stop
  for (const act of ACTS) addEventListener(act, noteAct, { capture: true, passive: true, signal })
  for (const waking of ['pageshow', 'focus'] as const) addEventListener(waking, look, { signal })
  document.addEventListener('visibilitychange', look, { signal })
  const stops = [onRecovery(look), onEvent('resumed', look), onEvent('session', ({ session, atMs }) => note(session, atMs))]
  look()
  return () => {
    stop.abort()
    clearTimeout(timer)
    for (const each of stops) each()
  }
}

/** Says that somebody is there, for all tabs. */
export function extend(): void {
  void ask('session.extend')
}

function noteAct(): void {
  actedMs = Date.now()
  look()
}

/** Does what is due: tells the server that somebody is there, where it would end the login otherwise, or asks it how things are. */
function look(): void {
  const nowMs = Date.now()
  const { plan } = watched.get() ?? {}
  const isThere = actedMs > toldMs && nowMs - actedMs < LATELY_MS
  if (plan && plan.warnUntilMs !== null && isThere) extend()
  else if (!plan || nowMs >= plan.nextMs) void ask('session.get')
  else hop(plan.nextMs - nowMs)
}

async function ask(id: 'session.get' | 'session.extend'): Promise<void> {
  if (asking) return
  asking = true
  const upToMs = actedMs
  try {
    const session = await call(id)
    if (id === 'session.extend') toldMs = upToMs
    tell('session', { session, atMs: Date.now() })
  } catch (error) {
    if (!mayPass(error) && !isSessionEnd(error)) throw error
    if (isSessionEnd(error)) noteEnd()
    else hop(HOP_MS)
  } finally {
    asking = false
  }
}

/** The server knows why, but for an end that was certain: the cookie by which it would know has expired with it. */
function noteEnd(): void {
  const { ends } = watched.get() ?? {}
  leave(ends && Date.now() >= ends.finalMs ? 'expired' : 'unknown')
}

function note(session: CurrentSession, atMs: number): void {
  const ends = endsOf(session, atMs)
  watched.set({ ends, plan: planOf(ends, Date.now()) })
  queueMicrotask(look)
}

function hop(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(look, Math.min(ms, HOP_MS))
}
