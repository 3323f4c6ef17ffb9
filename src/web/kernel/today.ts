/** Which day it is where this device is: changes at midnight, when the device wakes up on another day, and when it has travelled. */
import { useSyncExternalStore } from 'react'
import { cell } from './cell.ts'
import { addDays, beginOf, dayAt, type ZonedDay } from './days.ts'

/** Timers sleep with the device, and clocks are set; so it is looked at now and then as well. */
const LONGEST_PAUSE_MS = 600_000

const today = cell(now())
let watchers = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Gives the day that it is, in the time zone of this device. */
export function useToday(): ZonedDay {
  return useSyncExternalStore(watch, today.get)
}

function now(): ZonedDay {
  return dayAt(Date.now(), new Intl.DateTimeFormat().resolvedOptions().timeZone)
}

function watch(listener: () => void): () => void {
  const stop = today.subscribe(listener)
  watchers += 1
  if (watchers === 1) {
    look()
    document.addEventListener('visibilitychange', look)
  }
  return () => {
    stop()
    watchers -= 1
    if (watchers > 0) return
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
  }
}

function look(): void {
  const day = now()
  if (!isSame(day, today.get())) today.set(day)
  clearTimeout(timer)
  const untilMidnightMs = beginOf(addDays(day, 1)) - Date.now()
  timer = setTimeout(look, Math.min(untilMidnightMs + 1, LONGEST_PAUSE_MS))
}

function isSame(a: ZonedDay, b: ZonedDay): boolean {
  return a.date === b.date && a.month === b.month && a.year === b.year && a.zone === b.zone
}
