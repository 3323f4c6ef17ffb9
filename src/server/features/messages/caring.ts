/** The endpoints by which a chat's messages are cared for: what one thinks of an answer, keeping a temporary chat, and finding a chat. */
import { findChats, giveFeedback, keepChat, removeFeedback } from '#contract/care.ts'
import type { Chat, Feedback } from '#contract/chats.ts'
import type { ChatId, MessageId } from '#contract/ids.ts'
import { type ChatStore, mayChange, type StoredChat } from '#server/features/chats/index.ts'
import type { DraftStore } from '#server/features/drafts/index.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { FeedbackStore } from './feedback.ts'
import type { MessageSearch } from './search.ts'
import { type MessageStore, textOf } from './store.ts'
import { titleFrom } from './titles.ts'

/** Of the titles, which are sealed, so many are looked through: the latest. */
const TITLES_LOOKED_AT = 1_000
const MOST_FOUND = 30
const MESSAGES_AT_ONCE = 100

export interface CaringParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly drafts: DraftStore
  readonly search: MessageSearch
  readonly feedback: FeedbackStore
  readonly clock: Clock
}

/** The routes of this file. */
export function caringRoutes({ chats, messages, drafts, search, feedback, clock }: CaringParts): Route[] {
  const answerOf = async (tx: WriteTx, { chatId, messageId }: { chatId: ChatId; messageId: MessageId }): Promise<StoredChat> => {
    const stored = await chats.open(tx, chatId)
    if (!mayChange(stored.chat)) throw new Failure('chat.not_yours')
    if ((await messages.find(tx, stored, messageId))?.messageType !== 'assistant') throw new Failure('message.not_found')
    return stored
  }
  /** From now on its words are found. */
  async function index(tx: WriteTx, stored: StoredChat): Promise<void> {
    const indexSome = await search.indexMany(tx, stored, stored.chat.scope.id)
    for (let after: MessageId | undefined; ; ) {
      const some = await messages.listFrom(tx, stored, { limit: MESSAGES_AT_ONCE, after })
      await indexSome(some)
      after = some.at(-1)?.id
      if (some.length < MESSAGES_AT_ONCE) return
    }
  }
  async function title(tx: WriteTx, stored: StoredChat): Promise<void> {
    const [first] = stored.chat.named ? [] : await messages.listFrom(tx, stored, { limit: 1, after: undefined })
    if (first) await chats.rename(tx, stored.chat, { description: titleFrom(textOf(first.parts)), named: false })
  }
  return [
    route(giveFeedback, async ({ tx, params, body }) => {
      const said: Feedback = { rating: body.rating, note: body.note?.trim() ?? null }
      await feedback.give(tx, await answerOf(tx, params), { messageId: params.messageId, feedback: said, now: new Date(clock.now()) })
      return said
    }),

    route(removeFeedback, async ({ tx, params }) => {
      await feedback.remove(tx, await answerOf(tx, params), params.messageId)
      return undefined
    }),

    route(keepChat, async ({ tx, params }) => {
      const stored = await chats.open(tx, params.chatId)
      if (!stored.chat.temporaryUntil) return stored.chat
      await chats.keep(tx, params.chatId)
      await drafts.keepWithChat(tx, params.chatId)
      await index(tx, stored)
      await title(tx, stored)
      return (await chats.find(tx, params.chatId))!.chat
    }),

    route(findChats, async ({ tx, query }) => {
      const byId = query.chatId === undefined ? undefined : (await chats.find(tx, query.chatId))?.chat
      const words = query.words ?? ''
      const found = words === '' ? [] : [...(await titled(tx, words)), ...(await search.findChats(tx, words, MOST_FOUND + 1))]
      const all = [...(byId ? [byId] : []), ...found].filter(({ temporaryUntil }) => temporaryUntil === null)
      const items = [...new Map(all.map((chat) => [chat.id, chat])).values()]
      return { items: items.slice(0, MOST_FOUND), more: items.length > MOST_FOUND }
    }),
  ]

  async function titled(tx: ReadTx, words: string): Promise<Chat[]> {
    const wanted = fold(words)
    return (await chats.listLatest(tx, TITLES_LOOKED_AT)).filter(({ description }) => fold(description).includes(wanted))
  }
}

/** Without case and accents. */
const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
