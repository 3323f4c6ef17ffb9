/** The endpoints of messages, and of the answers that are begun. */
import { answerAgain, listMessages, sendMessage } from '#contract/chats.ts'
import type { ChatId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Asking, Question } from './asking.ts'
import type { Generations } from './generations.ts'
import type { MessageStore } from './store.ts'

export interface MessageParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly asking: Asking
  readonly generations: Generations
  readonly cursors: Cursors
  readonly clock: Clock
}

/** The routes of messages. */
export function messageRoutes({ chats, messages, asking, cursors }: MessageParts): Route[] {
  return [
    route(listMessages, async ({ actor, tx, params, query }) => {
      const stored = await openChat(chats, tx, params.chatId)
      const list = `messages:${params.chatId}`
      const before = (await cursors.read(actor, list, query.cursor))?.[0]
      const found = await messages.list(tx, stored, { limit: query.limit + 1, before })
      const items = found.slice(0, query.limit)
      return { items, next: found.length > query.limit ? await cursors.make(actor, list, [items.at(-1)!.id]) : null }
    }),

    route(sendMessage, async ({ unit, params, body }) => {
      const send = (question: Question) => unit.write((tx) => asking.ask(tx, params.chatId, question))
      const question: Question = { text: body.text, parentId: body.parentId, model: body.model, idempotencyKey: body.idempotencyKey }
      return send(question).catch((error: { constraint?: string }) => {
        // The same key twice at once: the other one won, and this one finds what it stored.
        if (error.constraint === 'chat_message_asked_once') return send(question)
        throw error
      })
    }),

    route(answerAgain, async ({ unit, params, body }) =>
      unit.write((tx) => asking.answerAgain(tx, params.chatId, { questionId: body.questionId, model: body.model })),
    ),
  ]
}

/** A chat that is there for the actor, and not deleted. */
export async function openChat(chats: ChatStore, tx: AnyReadTx, chatId: ChatId): Promise<StoredChat> {
  const stored = await chats.find(tx, chatId)
  if (!stored || stored.chat.deletedAt) throw new Failure('chat.not_found')
  return stored
}
