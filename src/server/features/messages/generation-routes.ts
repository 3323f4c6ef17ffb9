/** The endpoints of answers that are there: following, stopping and continuing them. */
import { continueGeneration, followGeneration, stopGeneration } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { mayChange } from '#server/features/chats/index.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import type { Asking } from './asking.ts'
import { answerFollower, findAnswer, type WatchingParts } from './watching.ts'

export interface GenerationParts extends WatchingParts {
  readonly asking: Asking
}

/** The routes of answers. */
export function generationRoutes(parts: GenerationParts): Route[] {
  const { asking, generations, messages } = parts
  const followAnswer = answerFollower(parts)
  const answerOf = (tx: AnyReadTx, { chatId, generationId }: { chatId: ChatId; generationId: MessageId }) =>
    findAnswer(parts, tx, { chatId, answerId: generationId })
  return [
    route(followGeneration, async ({ actor, unit, params: { chatId, generationId }, request }) =>
      followAnswer(
        { chatId, answerId: generationId, at: request.lastEventId },
        { tenantId: actor.tenantId, read: unit.read, signal: request.signal },
      ),
    ),

    route(continueGeneration, async ({ unit, params, fail }) => {
      await unit.write((tx) => asking.goOn(tx, params.chatId, params.generationId))
      return unit.read(async (tx) => {
        const { stored, message } = await answerOf(tx, params)
        // Somebody may have asked behind it in the moment before it was taken up.
        if (message.status !== 'streaming' && (await messages.isFollowed(tx, stored, message.id))) throw fail('generation.ended')
        return message
      })
    }),

    route(stopGeneration, async ({ actor, unit, params, request, fail }) => {
      const whose = { tenantId: actor.tenantId, answerId: params.generationId }
      const look = () => unit.read(async (tx) => (await answerOf(tx, params)).message)
      const isAsked = await unit.write(async (tx) => {
        const { stored, message } = await answerOf(tx, params)
        if (!mayChange(stored.chat)) throw fail('chat.not_yours')
        return message.status === 'streaming' && messages.askToStop(tx, stored, message.id)
      })
      if (isAsked) await generations.stopped(whose, { look, signal: request.signal })
      return look()
    }),
  ]
}
