/** Following an answer: from this server's memory while it is written here, otherwise from its checkpoints; and to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Part } from '#contract/chats.ts'
import type { ChatId, MessageId, TenantId } from '#contract/ids.ts'
import type { StreamEvent } from '#server/isolation/route.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { type Citation, doneEvent, eventsSince, type Position } from './generation.ts'
import type { Generations } from './generations.ts'
import { textOf } from './store.ts'

/** Pieces that come within this time travel together. */
const COALESCE_MS = 25
/** How often an answer that another server writes is looked up. */
const POLL_EVERY_MS = 500
/** How often a reader's right is looked up again while a stream goes on. */
const RECHECK_EVERY_MS = 5_000

export interface Following {
  readonly tenantId: TenantId
  readonly chatId: ChatId
  readonly answerId: MessageId
  readonly from: Position
  readonly signal: AbortSignal
  /** Reads the message through the reader's own unit of work; rejects once they may not. */
  readonly look: () => Promise<Message>
}

/** Yields what there is after a position, then what comes, then the end. Rejects at once when the reader may not see the answer. */
export async function* follow(generations: Generations, clock: Clock, following: Following): AsyncGenerator<StreamEvent, void, undefined> {
  const { tenantId, answerId, signal, look } = following
  let position = following.from
  let message = await look()
  const generation = generations.find(tenantId, answerId)
  let checkedMs = clock.now()
  while (generation && !generation.isOver && !signal.aborted) {
    const changed = generation.changed()
    const since = eventsSince(position, generation.text, generation.citations)
    position = since.now
    yield* since.events
    await Promise.race([changed, sleep(RECHECK_EVERY_MS, undefined, { ref: false })])
    await sleep(COALESCE_MS)
    if (clock.now() - checkedMs < RECHECK_EVERY_MS) continue
    await look()
    checkedMs = clock.now()
  }
  if (generation) message = await look()
  while (message.status === 'streaming' && !signal.aborted) {
    const since = eventsSince(position, textOf(message.parts), citationsOf(message.parts))
    position = since.now
    yield* since.events
    await sleep(POLL_EVERY_MS)
    message = await look()
  }
  if (signal.aborted) return
  const since = eventsSince(position, textOf(message.parts), citationsOf(message.parts))
  yield* since.events
  yield doneEvent(since.now, message)
}

function citationsOf(parts: readonly Part[]): Citation[] {
  return parts.filter((part) => part.type === 'citation')
}
