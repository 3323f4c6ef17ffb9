/** Following an answer as one who may read it, from whichever endpoint: their right is looked up at the beginning and while it goes on. */
import type { Message } from '#contract/chats.ts'
import type { ChatId, MessageId, TenantId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import type { StreamEvent } from '#server/isolation/route.ts'
import type { AnyReadTx, ReadTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import { follow } from './following.ts'
import { positionOf } from './generation.ts'
import type { Generations } from './generations.ts'
import type { MessageStore } from './store.ts'

export interface WatchingParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly generations: Generations
  readonly clock: Clock
}

/** Whoever reads an answer, and until when. */
export interface AnswerReader {
  readonly tenantId: TenantId
  /** A unit of work of the reader's own. */
  readonly read: <T>(work: (tx: ReadTx) => Promise<T>) => Promise<T>
  readonly signal: AbortSignal
}

/** An answer, and after which of its events to go on; null for its beginning. */
export interface AnswerPlace {
  readonly chatId: ChatId
  readonly answerId: MessageId
  readonly at: string | null
}

export type FollowAnswer = (place: AnswerPlace, reader: AnswerReader) => Promise<AsyncIterable<StreamEvent>>

/** The way to follow answers; it rejects when the reader may not see the one, at first or later. */
export function answerFollower({ chats, messages, generations, clock }: WatchingParts): FollowAnswer {
  return async ({ at, ...place }, { tenantId, read, signal }) =>
    follow(generations, clock, {
      tenantId,
      answerId: place.answerId,
      from: positionOf(at),
      signal,
      look: () =>
        read(async (tx) => {
          const { stored, message } = await findAnswer({ chats, messages }, tx, place)
          return { message, sealer: await messages.sealerOfPieces(tx, stored), isLent: stored.chat.owner !== null }
        }),
      confirm: () => read((tx) => chats.confirm(tx, place.chatId)),
    })
}

/** An answer that is there for the actor, with its chat. */
export async function findAnswer(
  { chats, messages }: Pick<WatchingParts, 'chats' | 'messages'>,
  tx: AnyReadTx,
  { chatId, answerId }: Omit<AnswerPlace, 'at'>,
): Promise<{ stored: StoredChat; message: Message }> {
  const [stored, rows] = await Promise.all([chats.open(tx, chatId), messages.seek(tx, chatId, [answerId])])
  const [message] = await messages.open(tx, stored, rows)
  if (message?.messageType !== 'assistant') throw new Failure('generation.not_found')
  return { stored, message }
}
