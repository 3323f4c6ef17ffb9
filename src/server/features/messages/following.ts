/**
 * Following an answer: from this server's memory while it is written here, from what its writer tells while it is written elsewhere, and
 * from its checkpoints when that is not heard; and to its end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from '#contract/chats.ts'
import type { MessageId, TenantId } from '#contract/ids.ts'
import type { Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { StreamEvent } from '#server/isolation/route.ts'
import type { Clock } from '#server/kernel/clock.ts'
import type { Mirror } from './elsewhere.ts'
import { doneEvent, eventsSince, type Generation, type Position, writtenIn } from './generation.ts'
import type { Generations } from './generations.ts'

/** Pieces that come within this time of those just sent travel together; the first piece waits for none. */
const COALESCE_MS = 25
/** The same for a reader whose right is looked up before each: a look for every piece of many readers would be the database's whole work. */
const COALESCE_LENT_MS = 100
/** How often an answer is looked up whose writer is not heard. */
const POLL_EVERY_MS = 500
/** How often a reader's right is looked up again while a stream goes on. */
const RECHECK_EVERY_MS = 5_000

/** An answer as its reader finds it, and what opens the pieces that servers tell each other of it. */
export interface Look {
  readonly message: Message
  readonly sealer: Sealer
  /** Whether the chat can be taken back from its reader. */
  readonly isLent: boolean
}

export interface Following {
  readonly tenantId: TenantId
  readonly answerId: MessageId
  readonly from: Position
  readonly signal: AbortSignal
  /** Reads the message through the reader's own unit of work; rejects once they may not. */
  readonly look: () => Promise<Look>
  /**
   * Asked for a reader from whom the chat can be taken back before anything is sent that was not just read, so that nothing is that was
   * written afterwards. Rejects once they may not read it.
   */
  readonly confirm: () => Promise<void>
}

/**
 * What there is after a position, then what comes, then the end. Rejects when the reader may not see the answer; resolves before there
 * is anything to read, so that a reader knows at once that they may.
 */
export async function follow(generations: Generations, clock: Clock, following: Following): Promise<AsyncIterable<StreamEvent>> {
  const first = await following.look()
  const { confirm } = following
  return eventsOf(first, { generations, clock, following, confirm: first.isLent ? confirm : undefined })
}

interface Reading {
  readonly generations: Generations
  readonly clock: Clock
  readonly following: Following
  readonly confirm: Following['confirm'] | undefined
}

async function* eventsOf(first: Look, reading: Reading): AsyncGenerator<StreamEvent, void, undefined> {
  const { generations, following } = reading
  let position = following.from
  let found = first
  for (;;) {
    const generation = generations.find(following)
    if (generation) {
      await generation.begun
      position = yield* whileWritten(generation, position, reading)
    } else if (found.message.status !== 'streaming') break
    else {
      const mirror = generations.elsewhere.open(following, found.message, found.sealer)
      try {
        position = yield* whileWritten(mirror, position, reading)
      } finally {
        mirror.close()
      }
    }
    if (following.signal.aborted) return
    found = await following.look()
  }
  const { events, now } = eventsSince(position, writtenIn(found.message.parts), true)
  yield* events
  yield doneEvent(now, found.message)
}

/** What comes after a position while the answer is written, here or elsewhere; answers the position behind it. */
async function* whileWritten(
  source: Generation | Mirror,
  from: Position,
  { clock, following: { signal, look }, confirm }: Reading,
): AsyncGenerator<StreamEvent, Position, undefined> {
  let position = from
  let checkedMs = clock.now()
  while (!source.isOver && !signal.aborted) {
    const changed = source.changed()
    const since = eventsSince(position, source.written)
    position = since.now
    yield* together(since.events, confirm)
    const everyMs = 'take' in source && !source.isHeard ? POLL_EVERY_MS : RECHECK_EVERY_MS
    // Whether a writer elsewhere is still heard is looked at more often than it is asked after.
    await changeOrPause(changed, 'take' in source ? POLL_EVERY_MS : RECHECK_EVERY_MS, signal)
    if (signal.aborted) break
    if (clock.now() - checkedMs < everyMs) continue
    const { message } = await look()
    checkedMs = clock.now()
    if ('take' in source) source.take(message)
  }
  return position
}

/** Pieces out of memory, once it is known that the reader may still read them; and a while in which more gather. */
async function* together(events: readonly StreamEvent[], confirm: Reading['confirm']): AsyncGenerator<StreamEvent, void, undefined> {
  if (events.length === 0) return
  await confirm?.()
  yield* events
  await sleep(confirm ? COALESCE_LENT_MS : COALESCE_MS)
}

/** Resolves at the change, after a while without one, or when the reader goes. */
async function changeOrPause(changed: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  await Promise.race([changed, sleep(ms, undefined, { signal: AbortSignal.any([signal, over.signal]), ref: false }).catch(() => undefined)])
  over.abort()
}
