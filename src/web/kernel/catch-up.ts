/**
 * What is done when the server can be reached again: what waited is sent, then what could not be fetched is asked for, each once and one
 * after the other, and then the page can say what happened.
 */
import { cell, useCell } from './cell.ts'
import { onRecovery, onUnreachable } from './connection.ts'

/** In this order; of one kind at the same time. */
const ORDER = ['send', 'rest'] as const
type Kind = (typeof ORDER)[number]
/** Resolves with how many things were sent, if it sends; does not reject. */
type Task = () => Promise<unknown>

/** Away for less than this, and with nothing to send, is not worth a word. */
const WORTH_SAYING_MS = 4_000
const SAID_FOR_MS = 8_000

const tasks = new Map<Kind, Set<Task>>()
const outcome = cell<{ readonly sent: number } | null>(null)
let leftAtMs: number | null = null
let running = false
/** Whether the server went and came back since that began: what was done then may have come to nothing. */
let due = false
let timer: ReturnType<typeof setTimeout> | undefined

/** Does it whenever the server can be reached again; gives the way to stop. */
export function onCatchUp(kind: Kind, task: Task): () => void {
  const same = tasks.get(kind) ?? new Set()
  tasks.set(kind, same.add(task))
  return () => same.delete(task)
}

/** Tells a component for a moment what was caught up with; null most of the time. */
export function useCaughtUp(): { readonly sent: number } | null {
  return useCell(outcome, (value) => value)
}

onUnreachable(() => {
  leftAtMs ??= performance.now()
  say(null)
})

onRecovery(() => {
  due = true
  if (!running) void catchUp()
})

async function catchUp(): Promise<void> {
  running = true
  let sent = 0
  while (due) {
    due = false
    for (const kind of ORDER)
      for (const count of await Promise.all([...(tasks.get(kind) ?? [])].map((task) => task()))) sent += Number(count ?? 0)
  }
  running = false
  const awayMs = performance.now() - (leftAtMs ?? performance.now())
  leftAtMs = null
  if (sent > 0 || awayMs > WORTH_SAYING_MS) say({ sent })
}

function say(value: { readonly sent: number } | null): void {
  clearTimeout(timer)
  outcome.set(value)
  if (value) timer = setTimeout(() => outcome.set(null), SAID_FOR_MS)
}
