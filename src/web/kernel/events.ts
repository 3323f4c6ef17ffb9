/**
 * What happens to the person signed in, as it happens: one stream for all tabs of a browser, answers being written included. The tab
 * that leads follows it and tells the others. Where there are no locks (plain http) each tab follows a stream of its own.
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
  /** A tab wants an answer to be watched from there on. */
  watch: Watched
  /** Another tab has begun to lead, or this one. */
  leading: null
}

/** An answer, and after which event of it to go on. */
export interface Watched {
  readonly answerId: string
  readonly chatId: string
  readonly at: string
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
/** Says something to all tabs that hear this one’s stream. */
let say: Say = (kind, data) => tell(kind, data)
/** What the tab that leads watches, as far as it is known here. */
const watched = new Map<string, Watched>()
/** Connects the stream anew, where this tab leads. */
let reconnect: (() => void) | null = null

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
  // What was told before this tab listened was told to others, and what it wanted was heard by nobody.
  const onLed = () => {
    hear('opened', {})
    hear('leading', null)
  }
  const alone = navigator.locks === undefined
  if (alone) say = hear
  void (alone ? lead(stop.signal) : leadInTurn({ name, over: stop.signal, lead, onLed }))
  return () => {
    stop.abort()
    channel?.close()
    channel = null
  }
}

/** Has the answer watched until it is done: what comes of it after that event is told. */
export function watchAnswer(wanted: Watched): void {
  say('watch', wanted)
}

// Connecting anew misses nothing, and costs as much as a stream of its own for the answer would.
onEvent('watch', (wanted) => {
  if (watched.get(wanted.answerId)?.at === wanted.at) return
  watched.set(wanted.answerId, wanted)
  reconnect?.()
})
const note = ({ answerId, at }: { readonly answerId: string; readonly at: string }) => {
  const known = watched.get(answerId)
  if (known) watched.set(answerId, { ...known, at })
}
for (const kind of ['delta', 'citation', 'rewind'] as const) onEvent(kind, note)
for (const kind of ['done', 'lost'] as const) onEvent(kind, ({ answerId }) => watched.delete(answerId))

/** Follows the stream while this tab leads. */
async function lead(signal: AbortSignal): Promise<void> {
  let round = new AbortController()
  reconnect = () => queueMicrotask(() => round.abort())
  say('leading', null)
  try {
    while (!signal.aborted) {
      round = new AbortController()
      await followOnce(AbortSignal.any([signal, round.signal]))
      if (!round.signal.aborted) return
    }
  } catch (error) {
    if (!isSessionEnd(error) && !(error instanceof ApiProblem && error.is('auth.factor_needed'))) throw error
    noticeSessionEnd(error)
  } finally {
    reconnect = null
  }
}

function followOnce(signal: AbortSignal): Promise<void> {
  const watch = () => [...watched.values()].map(({ chatId, answerId, at }) => `${chatId}.${answerId}.${at}`).join() || undefined
  return follow('events.follow', {
    params: {},
    query: () => ({ watch: watch() }),
    signal,
    after: heard,
    onEvent: ({ name, data, id }) => {
      heard = id ?? heard
      say(name, data)
      return false
    },
  })
}
