/** The endpoints of messages, and of the answers that are begun. */
import { answerAgain, sendMessage } from '#contract/chats.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { Asking } from './asking.ts'

/** The routes of messages. */
export function messageRoutes({ asking }: { asking: Asking }): Route[] {
  return [
    route(sendMessage, async ({ tx, params, body: { text, parentId, model, idempotencyKey } }) =>
      asking.ask(tx, params.chatId, { text, parentId, model, idempotencyKey }),
    ),

    route(answerAgain, async ({ tx, params, body: { questionId, model, idempotencyKey } }) =>
      asking.answerAgain(tx, params.chatId, { questionId, model, idempotencyKey }),
    ),
  ]
}
