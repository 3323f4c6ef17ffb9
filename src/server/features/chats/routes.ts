/** The endpoints of chats. */
import {
  type Chat,
  changeChat,
  createChat,
  deleteChat,
  getChat,
  listChats,
  listUsedChats,
  lookAtChat,
  restoreChat,
} from '#contract/chats.ts'
import { type ChatId, ScopeId } from '#contract/ids.ts'
import type { ModelChoice } from '#server/features/models/index.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import type { KeptPages } from '#server/isolation/pages.ts'
import { type Context, type Route, route } from '#server/isolation/route.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Ids } from '#server/kernel/ids.ts'
import type { Log } from '#server/kernel/log.ts'
import { begunOnce } from './begun-once.ts'
import { careRoutes, place } from './care-routes.ts'
import { pageOfChats } from './first-page.ts'
import { mayChange } from './policy.ts'
import type { ChatStore } from './store.ts'
import type { ChatUse } from './use.ts'

export interface ChatParts {
  readonly chats: ChatStore
  readonly pages: KeptPages
  readonly use: ChatUse
  readonly models: ModelChoice
  readonly cursors: Cursors
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
}

const HOUR_MS = 3_600_000

/** The routes of this folder. */
export function chatRoutes({ chats, pages, use, models, cursors, clock, ids, log }: ChatParts): Route[] {
  return [
    route(listChats, async ({ tx, query }) => pageOfChats({ chats, pages, cursors }, tx, query)),

    route(lookAtChat, async ({ actor, tx, params }) => {
      await chats.open(tx, params.chatId)
      await use.note(actor, params.chatId)
      return undefined
    }),

    route(listUsedChats, async ({ actor, query }) => ({ items: await use.list(actor, query.chatIds) })),

    route(createChat, async ({ unit, body }) => begunOnce(() => unit.write((tx) => begin({ chats, models, clock, ids }, tx, body)))),

    route(getChat, async ({ tx, params }) => (await chats.open(tx, params.chatId)).chat),

    route(changeChat, async ({ tx, params, body, fail }) => {
      const found = await chats.open(tx, params.chatId)
      if (!mayChange(found.chat)) throw fail('chat.not_yours')
      if (body.model !== undefined) {
        if (!(await models.find(tx, body.model))) throw fail('model.not_found')
        await chats.chooseModel(tx, params.chatId, body.model)
      }
      if (body.pinned !== undefined || body.archived !== undefined) await place(chats, tx, { chat: found.chat, to: body })
      if (body.description !== undefined) await chats.rename(tx, found.chat, { description: body.description, named: true })
      return (await chats.find(tx, params.chatId))!.chat
    }),

    route(deleteChat, async ({ tx, params, fail }) => {
      const found = await chats.open(tx, params.chatId)
      if (!mayChange(found.chat)) throw fail('chat.not_yours')
      await chats.setDeleted(tx, params.chatId, new Date(clock.now()))
      return undefined
    }),

    route(restoreChat, async ({ tx, params, fail }) => {
      const found = await chats.find(tx, params.chatId)
      if (!found) throw fail('chat.not_found')
      if (!mayChange(found.chat)) throw fail('chat.not_yours')
      if (found.chat.deletedAt) await chats.setDeleted(tx, params.chatId, null)
      return { ...found.chat, deletedAt: null }
    }),

    ...careRoutes({ chats, clock, log }),
  ]
}

/** Begins a chat in the actor's personal scope; the same key again gives the same chat. */
async function begin(
  { chats, models, clock, ids }: Pick<ChatParts, 'chats' | 'models' | 'clock' | 'ids'>,
  tx: WriteTx,
  { model: asked, description, temporaryHours, idempotencyKey }: Context<typeof createChat>['body'],
): Promise<Chat> {
  const before = idempotencyKey === undefined ? undefined : await chats.findBegun(tx, idempotencyKey)
  if (before?.chat.forkedFrom) throw new Failure('message.conflict')
  if (before) return before.chat
  const model = await models.find(tx, asked ?? models.first)
  if (!model) throw new Failure('model.not_found')
  const id = ids.next<ChatId>()
  await chats.add(tx, {
    id,
    scopeId: ScopeId.parse(tx.actor.userId),
    description,
    model: model.id,
    now: new Date(clock.now()),
    temporaryUntil: temporaryHours === undefined ? null : new Date(clock.now() + temporaryHours * HOUR_MS),
    idempotencyKey,
  })
  return (await chats.find(tx, id))!.chat
}
