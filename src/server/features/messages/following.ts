/** Following an answer: from this server's memory while it is written here, otherwise from its checkpoints; and to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Citation, Message, Part } from '#contract/chats.ts'
import type { MessageId, TenantId } from '#contract/ids.ts'
import type { StreamEvent } from '#server/isolation/route.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { doneEvent, eventsSince, type Position } from './generation.ts'
import type { Generations } from './generations.ts'
import { textOf } from './store.ts'

/** Pieces that come within this time of those just sent travel together; the first piece waits for none. */
const COALESCE_MS = 25
/** How often an answer that another server writes is looked up. */
const POLL_EVERY_MS = 500
/** How often a reader's right is looked up again while a stream goes on. */
const RECHECK_EVERY_MS = 5_000

export interface Following {
  readonly tenantId: TenantId
  readonly answerId: MessageId
  readonly from: Position
  readonly signal: AbortSignal
  /** Reads the message through the reader's own unit of work; rejects once they may not. */
  readonly look: () => Promise<Message>
}

/**
 * What there is after a position, then what comes, then the end. Rejects when the reader may not see the answer; resolves before there
 * is anything to read, so that a reader knows at once that they may.
 */
export async function follow(generations: Generations, clock: Clock, following: Following): Promise<AsyncIterable<StreamEvent>> {
  return eventsOf(await following.look(), { generations, clock, following })
}

async function* eventsOf(
  first: Message,
  { generations, clock, following }: { generations: Generations; clock: Clock; following: Following },
): AsyncGenerator<StreamEvent, void, undefined> {
  const { tenantId, answerId, signal, look } = following
  let position = following.from
  let message = first
  const generation = generations.find(tenantId, answerId)
  let checkedMs = clock.now()
  while (generation && !generation.isOver && !signal.aborted) {
    const changed = generation.changed()
    const since = eventsSince(position, generation.text, generation.citations)
    position = since.now
    yield* since.events
    if (since.events.length > 0) await sleep(COALESCE_MS)
    await changeOrPause(changed, signal)
    if (signal.aborted) return
    if (clock.now() - checkedMs < RECHECK_EVERY_MS) continue
    await look()
    checkedMs = clock.now()
  }
  // It may have ended between the first look and the search for its writer.
  if (message.status === 'streaming') message = await look()
  while (message.status === 'streaming' && !signal.aborted) {
    const since = eventsSince(position, textOf(message.parts), citationsOf(message.parts))
    position = since.now
    yield* since.events
    await pauseFor(POLL_EVERY_MS, signal)
    if (signal.aborted) return
    message = await look()
  }
  const since = eventsSince(position, textOf(message.parts), citationsOf(message.parts))
  yield* since.events
  yield doneEvent(since.now, message)
}

/** Resolves at the change, after a while without one, or when the reader goes. */
async function changeOrPause(changed: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  await Promise.race([changed, pauseFor(RECHECK_EVERY_MS, AbortSignal.any([signal, over.signal]))])
  over.abort()
}

/** Resolves after the time, or at once when the signal aborts. */
function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

function citationsOf(parts: readonly Part[]): Citation[] {
  return parts.filter((part) => part.type === 'citation')
}
