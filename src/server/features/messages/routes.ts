/** The endpoints of messages, and of the answers that are begun. */
import { answerAgain, sendMessage } from '#contract/chats.ts'
import type { ChatId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Asking, Question } from './asking.ts'

/** The routes of messages. */
export function messageRoutes({ asking }: { asking: Asking }): Route[] {
  return [
    route(sendMessage, async ({ unit, params, body }) => {
      const send = (question: Question) => unit.write((tx) => asking.ask(tx, params.chatId, question))
      const question: Question = { text: body.text, parentId: body.parentId, model: body.model, idempotencyKey: body.idempotencyKey }
      return onceMoreIf('chat_message_asked_once', () => send(question))
    }),

    route(answerAgain, async ({ unit, params, body }) => {
      const { questionId, model, idempotencyKey } = body
      const again = () => unit.write((tx) => asking.answerAgain(tx, params.chatId, { questionId, model, idempotencyKey }))
      return onceMoreIf('chat_message_asked_once', again)
    }),
  ]
}

/** A chat that is there for the actor, and not deleted. */
export async function openChat(chats: ChatStore, tx: AnyReadTx, chatId: ChatId): Promise<StoredChat> {
  const stored = await chats.find(tx, chatId)
  if (!stored || stored.chat.deletedAt) throw new Failure('chat.not_found')
  return stored
}

/** The same key twice at once: the other one won, and this one, tried again, finds what that stored. */
export async function onceMoreIf<T>(constraint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as { constraint?: string }).constraint === constraint) return work()
    throw error
  }
}
