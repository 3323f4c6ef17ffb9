/**
 * What happens to the person signed in, as it happens: one stream for all tabs of a browser. The tab that leads follows it and
 * tells the others. Where there are no locks (plain http) each tab follows a stream of its own.
 */
import type { CurrentSession } from '#contract/sessions.ts'
import type { Events } from './endpoints.ts'
import { leadInTurn } from './leader.ts'
import { ApiProblem, isSessionEnd } from './problem.ts'
import { noticeSessionEnd } from './session.ts'
import { follow } from './sse.ts'

/** What is told, by kind: the events of the server, and what tabs tell each other. */
interface Kinds extends Events<'events.follow'> {
  /** A tab has heard from the server how long the login lasts, at a time by the clock of this device. */
  session: { readonly session: CurrentSession; readonly atMs: number }
}
type Kind = keyof Kinds

type Say = <K extends Kind>(kind: K, data: Kinds[K]) => void
interface Message {
  readonly kind: Kind
  readonly data: Kinds[Kind]
  /** Up to which event all tabs have heard. */
  readonly heard: string | null
}

const listeners = new Map<Kind, Set<(data: never) => void>>()
let channel: BroadcastChannel | null = null
/** The last event that came with an id, whichever tab followed; the next to lead goes on behind it. */
let heard: string | null = null

/** Calls the listener for each event of the kind, whichever tab heard it first; gives the way to stop. */
export function onEvent<K extends Kind>(kind: K, listener: (data: Kinds[K]) => void): () => void {
  const same = listeners.get(kind) ?? new Set()
  listeners.set(kind, same.add(listener))
  return () => same.delete(listener)
}

/** Tells every tab of this login, this one included. */
export const tell: Say = (kind, data) => {
  channel?.postMessage({ kind, data, heard } satisfies Message)
  hear(kind, data)
}

const hear: Say = (kind, data) => {
  for (const listener of [...(listeners.get(kind) ?? [])]) listener(data as never)
}

/** Follows the events of this login until the given way to stop is taken. */
export function startEvents(login: string): () => void {
  const stop = new AbortController()
  const name = `sardonyx.events.${login}`
  channel = new BroadcastChannel(name)
  channel.onmessage = ({ data: message }: MessageEvent<Message>) => {
    heard = message.heard ?? heard
    hear(message.kind, message.data)
  }
  // What was told before this tab listened was told to others.
  const onLed = () => hear('opened', {})
  const alone = navigator.locks === undefined
  void (alone ? lead(stop.signal, hear) : leadInTurn({ name, over: stop.signal, lead: (signal) => lead(signal, tell), onLed }))
  return () => {
    stop.abort()
    channel?.close()
    channel = null
  }
}

async function lead(signal: AbortSignal, say: Say): Promise<void> {
  try {
    await follow('events.follow', {
      params: {},
      signal,
      after: heard,
      onEvent: ({ name, data, id }) => {
        heard = id ?? heard
        say(name, data)
        return false
      },
    })
  } catch (error) {
    if (!isSessionEnd(error) && !(error instanceof ApiProblem && error.is('auth.factor_needed'))) throw error
    noticeSessionEnd(error)
  }
}
