/** The endpoints of answers that are there: following, stopping and continuing them. */
import { continueGeneration, followGeneration, type Message, stopGeneration } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { type ChatStore, mayChange, type StoredChat } from '#server/features/chats/index.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Asking } from './asking.ts'
import { follow, type Look } from './following.ts'
import { positionOf } from './generation.ts'
import type { Generations } from './generations.ts'
import { openChat } from './routes.ts'
import type { MessageStore } from './store.ts'

interface OfAnswer {
  readonly chatId: ChatId
  readonly generationId: MessageId
}
interface Found {
  readonly stored: StoredChat
  readonly message: Message
}

export interface GenerationParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly asking: Asking
  readonly generations: Generations
  readonly clock: Clock
}

/** The routes of answers. */
export function generationRoutes({ chats, messages, asking, generations, clock }: GenerationParts): Route[] {
  const answerOf = async (tx: AnyReadTx, { chatId, generationId }: OfAnswer): Promise<Found> => {
    const stored = await openChat(chats, tx, chatId)
    const message = await messages.find(tx, stored, generationId)
    if (message?.messageType !== 'assistant') throw new Failure('generation.not_found')
    return { stored, message }
  }
  return [
    route(followGeneration, async ({ actor, unit, params, request }) => {
      const { chat } = await unit.read((tx) => openChat(chats, tx, params.chatId))
      return follow(generations, clock, {
        tenantId: actor.tenantId,
        answerId: params.generationId,
        from: positionOf(request.lastEventId),
        signal: request.signal,
        look: () =>
          unit.read(async (tx): Promise<Look> => {
            const { stored, message } = await answerOf(tx, params)
            return { message, sealer: await messages.sealerOfPieces(tx, stored) }
          }),
        confirm: chat.owner ? () => unit.read((tx) => chats.confirm(tx, params.chatId)) : undefined,
      })
    }),

    route(continueGeneration, async ({ unit, params }) => {
      await unit.write((tx) => asking.goOn(tx, params.chatId, params.generationId))
      return unit.read(async (tx) => (await answerOf(tx, params)).message)
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
