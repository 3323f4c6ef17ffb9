/**
 * Follows a stream of server-sent events to its end: after a break it goes on behind the last event received, with
 * growing pauses, so that every event arrives once and in order.
 */
import { open } from './api.ts'
import { onRecovery } from './connection.ts'
import type { EndpointId, Events } from './endpoints.ts'
import { mayPass, Unreachable } from './problem.ts'

const PAUSES_MS = [300, 1_000, 2_000, 4_000, 8_000]
const SILENCE_MS = 60_000
/** A heartbeat comes every 15 seconds: whoever comes back to a page after a longer silence has slept, and the connection with them. */
const ASLEEP_MS = 20_000

type EventOf<Id extends EndpointId> = {
  [K in keyof Events<Id>]: { readonly name: K; readonly data: Events<Id>[K]; readonly id: string | null }
}[keyof Events<Id>]

export interface Following<Id extends EndpointId> {
  readonly params: Record<string, string>
  /** Asked for each time the stream is connected. */
  readonly query?: () => Record<string, string | undefined>
  readonly signal: AbortSignal
  /** The id of an event behind which to begin. */
  readonly after?: string | null
  /** Called for each event; `true` ends the following. */
  readonly onEvent: (event: EventOf<Id>) => boolean
}

/** Resolves when an event ended the following or it was aborted; rejects with the problem when the server refuses. */
export async function follow<Id extends EndpointId>(id: Id, following: Following<Id>): Promise<void> {
  const { signal } = following
  const state: State = { last: following.after ?? null, ended: false, failures: 0 }
  for (; !signal.aborted; state.failures += 1) {
    try {
      await readOn(id, following, state)
    } catch (error) {
      if (!signal.aborted && !mayPass(error)) throw error
    }
    if (state.ended || signal.aborted) return
    await pause(PAUSES_MS[Math.min(state.failures, PAUSES_MS.length - 1)] ?? 0, signal)
  }
}

interface State {
  /** The id of the last event received. */
  last: string | null
  ended: boolean
  /** Connections since the last event. */
  failures: number
}

/** Reads one connection to its end, which may come long before the end of the events. */
async function readOn<Id extends EndpointId>(id: Id, following: Following<Id>, state: State): Promise<void> {
  for await (const event of events(id, following, state.last)) {
    state.failures = 0
    state.last = event.id ?? state.last
    if (event.name === null || state.ended) continue
    state.ended = following.onEvent({ ...event, data: JSON.parse(event.data) } as EventOf<Id>)
  }
}

interface Raw {
  readonly id: string | null
  /** `null` for a heartbeat. */
  readonly name: string | null
  readonly data: string
}

async function* events(
  id: EndpointId,
  { params, query, signal }: Omit<Following<EndpointId>, 'onEvent'>,
  last: string | null,
): AsyncGenerator<Raw> {
  const quiet = new AbortController()
  const headers = { accept: 'text/event-stream', ...(last === null ? {} : { 'last-event-id': last }) }
  const response = await open(id, { params, query: query?.() ?? {} }, { signal: AbortSignal.any([signal, quiet.signal]), headers })
  if (!response.body) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  let heardMs = Date.now()
  const wake = () => !document.hidden && Date.now() - heardMs > ASLEEP_MS && quiet.abort()
  document.addEventListener('visibilitychange', wake, { signal: AbortSignal.any([signal, quiet.signal]) })
  try {
    for (;;) {
      heardMs = Date.now()
      const silence = setTimeout(() => quiet.abort(), SILENCE_MS)
      const { done, value } = await reader
        .read()
        .catch((cause: unknown) => {
          throw new Unreachable(cause)
        })
        .finally(() => clearTimeout(silence))
      if (done) return
      const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield parse(block)
    }
  } finally {
    // However it ended: nothing of it is left open, and nothing listens for it.
    quiet.abort()
  }
}

function parse(block: string): Raw {
  const raw: { id: string | null; name: string | null } = { id: null, name: null }
  const data: string[] = []
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') raw.id = value
    if (field === 'event') raw.name = value
    if (field === 'data') data.push(value)
  }
  return { ...raw, data: data.join('\n') }
}

/** Waits, but no longer than until the server is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    const stop = onRecovery(done)
    signal.addEventListener('abort', done)
  })
}
