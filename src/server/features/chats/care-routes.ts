/** The endpoints by which chats are put away: many at once, for good, and all of the trash. */
import { MOST_AT_ONCE } from '#contract/bounds.ts'
import { changeManyChats, emptyTrash, eraseChat } from '#contract/care.ts'
import type { Chat } from '#contract/chats.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Log } from '#server/kernel/log.ts'
import { dropLeftScopes } from './left-scopes.ts'
import { changeMany, emptySome, roomForPins } from './many.ts'
import { mayChange } from './policy.ts'
import type { ChatStore } from './store.ts'

/** The routes of this file. */
export function careRoutes({ chats, clock, log }: { chats: ChatStore; clock: Clock; log: Log }): Route[] {
  return [
    route(changeManyChats, async ({ unit, body, fail }) => {
      const chatIds = [...new Set(body.chatIds)]
      if (chatIds.length > MOST_AT_ONCE) throw fail('chat.too_many_at_once')
      const changed = await unit.write((tx) => changeMany(tx, { act: body.act, chatIds, now: new Date(clock.now()) }))
      if (body.act === 'erase') await dropLeftScopes({ unit, log })
      return changed
    }),

    route(eraseChat, async ({ unit, params, fail }) => {
      await unit.write(async (tx) => {
        const found = await chats.find(tx, params.chatId)
        if (!found) throw fail('chat.not_found')
        if (!mayChange(found.chat)) throw fail('chat.not_yours')
        if (!found.chat.deletedAt) throw fail('chat.not_in_trash')
        await chats.erase(tx, params.chatId)
      })
      await dropLeftScopes({ unit, log })
      return undefined
    }),

    route(emptyTrash, async ({ unit }) => {
      const emptied = await unit.write(emptySome)
      await dropLeftScopes({ unit, log })
      return emptied
    }),
  ]
}

interface Placing {
  readonly chat: Chat
  readonly to: { readonly pinned?: boolean | undefined; readonly archived?: boolean | undefined }
}

/** Pins or archives. Pinning takes a chat out of the archive, and archiving unpins it. */
export async function place(chats: ChatStore, tx: WriteTx, { chat, to }: Placing): Promise<void> {
  if (chat.temporaryUntil) throw new Failure('chat.temporary')
  const archived = to.archived ?? (to.pinned ? false : chat.archived)
  const pinned = !archived && (to.pinned ?? chat.pinned)
  if (pinned && !chat.pinned && (await roomForPins(tx)) < 1) throw new Failure('chat.too_many_pinned')
  await chats.place(tx, chat.id, { pinned, archived })
}
