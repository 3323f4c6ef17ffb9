/** The endpoints of messages, and of the answers that are begun. */
import { answerAgain, sendMessage } from '#contract/chats.ts'
import { type Route, route } from '#server/isolation/route.ts'
import { Failure } from '#server/kernel/failure.ts'
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

/**
 * The same key twice at once: the other one won, and this one, tried again, finds what that stored. Where it finds nothing, the key was
 * used for what nobody is shown any more.
 */
export async function onceMoreIf<T>(constraint: string, work: () => Promise<T>): Promise<T> {
  const isUsed = (error: unknown) => (error as { constraint?: string }).constraint === constraint
  try {
    return await work()
  } catch (first) {
    if (!isUsed(first)) throw first
    return work().catch((error: unknown) => {
      throw isUsed(error) ? new Failure('message.conflict') : error
    })
  }
}
