/** Forking: a chat of one's own that begins with a copy of the path up to a message, sealed anew under its own key. */
import type { Chat, Message } from '#contract/chats.ts'
import { type ChatId, type MessageId, ScopeId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Ids } from '#server/kernel/ids.ts'
import { isFound, type MessageSearch } from './search.ts'
import { type MessageStore, textOf } from './store.ts'
import type { Tree } from './tree.ts'

/** What is copied in one go, while the person waits; the sentence of `chat.fork_too_long` names both. */
const MOST_MESSAGES = 1_000
const MOST_CHARACTERS = 2_000_000
/** Of one person within an hour: each may copy a thousand messages. Requests that arrive together may go a few beyond. */
const MOST_AN_HOUR = 100
const HOUR_MS = 3_600_000
const AT_ONCE = 100
const LONGEST_TITLE = 200

export interface ForkingParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly tree: Tree
  readonly search: MessageSearch
  readonly clock: Clock
  readonly ids: Ids
}

export class Forking {
  readonly #parts: ForkingParts
  constructor(parts: ForkingParts) {
    this.#parts = parts
  }

  /** Copies the path up to a message into a new chat in the personal scope. The same key again gives the same chat. */
  async fork(tx: WriteTx, chatId: ChatId, at: { messageId: MessageId; idempotencyKey: string }): Promise<Chat> {
    const { chats, clock, ids } = this.#parts
    const from = await chats.open(tx, chatId)
    const before = await chats.findBegun(tx, at.idempotencyKey)
    if (before) return sameFork(before.chat, { chatId, messageId: at.messageId })
    const now = new Date(clock.now())
    if ((await chats.countForks(tx, new Date(now.getTime() - HOUR_MS))) >= MOST_AN_HOUR) throw new Failure('chat.too_many_forks')
    const path = await this.#path(tx, from, at.messageId)
    const id = ids.next<ChatId>()
    await chats.add(tx, {
      id,
      scopeId: ScopeId.parse(tx.actor.userId),
      description: marked(from.chat.description),
      model: from.chat.model,
      now,
      // What is copied out of a temporary chat is kept no longer than it.
      temporaryUntil: from.chat.temporaryUntil === null ? null : new Date(from.chat.temporaryUntil),
      idempotencyKey: at.idempotencyKey,
      fork: { chatId, messageId: at.messageId },
    })
    await this.#copy(tx, (await chats.find(tx, id))!, from.chat.owner === null ? path : path.map(ofAnother))
    return (await chats.find(tx, id))!.chat
  }

  /** The messages up to this one, the first question first. */
  async #path(tx: WriteTx, from: StoredChat, messageId: MessageId): Promise<Message[]> {
    const last = await this.#parts.messages.find(tx, from, messageId)
    if (!last) throw new Failure('message.not_found')
    if (last.status === 'streaming') throw new Failure('message.unfinished')
    if (last.depth >= MOST_MESSAGES) throw new Failure('chat.fork_too_long')
    const path: Message[] = []
    let characters = 0
    for (let at: Message['parentId'] = last.id; at !== null; at = path.at(-1)?.parentId ?? null) {
      const some = await this.#parts.tree.path(tx, from, { leafId: at, top: last.depth - path.length, most: AT_ONCE })
      // It was moved, or taken back, since it was found.
      if (some.length === 0) throw new Failure('chat.not_found')
      characters += some.reduce((sum, { parts }) => sum + textOf(parts).length, 0)
      if (characters > MOST_CHARACTERS) throw new Failure('chat.fork_too_long')
      path.push(...some)
    }
    return path.reverse()
  }

  /** Whoever forks is the author of the copies; when something was said, and by which model, stays. */
  async #copy(tx: WriteTx, to: StoredChat, path: readonly Message[]): Promise<void> {
    const { messages, search, ids } = this.#parts
    const copies = path.map((message) => ({ ...message, id: ids.next<MessageId>() }))
    for (let from = 0; from < copies.length; from += AT_ONCE) {
      const some = copies.slice(from, from + AT_ONCE).map((copy, i) => ({
        id: copy.id,
        parent: copies[from + i - 1] ?? null,
        messageType: copy.messageType,
        parts: copy.parts,
        model: copy.model === null ? null : { id: copy.model, name: copy.modelName ?? copy.model },
        status: copy.status,
        idempotencyKey: null,
        now: new Date(copy.timeCreated),
      }))
      await messages.add(tx, to, ...some)
    }
    if (to.chat.temporaryUntil !== null) return
    await Promise.all(copies.filter(isFound).map(({ id, parts }) => search.index(tx, to, { id, text: textOf(parts) })))
  }
}

/** What is quoted in the chat of another person is out of chats that are theirs. */
function ofAnother(message: Message): Message {
  return {
    ...message,
    parts: message.parts.map((part) =>
      part.type === 'citation' && part.source.kind === 'message' ? { ...part, source: { ...part.source, shared: true } } : part,
    ),
  }
}

function sameFork(chat: Chat, of: { chatId: ChatId; messageId: MessageId }): Chat {
  if (chat.forkedFrom?.chatId !== of.chatId || chat.forkedFrom.messageId !== of.messageId) throw new Failure('message.conflict')
  return chat
}

/** The title with a mark behind it, which counts up where a fork is forked. */
function marked(title: string): string {
  const [, stem = title, count] = /^(.*) \(fork(?: (\d{1,4}))?\)$/su.exec(title) ?? []
  const mark = count === undefined && stem === title ? ' (fork)' : ` (fork ${Number(count ?? 1) + 1})`
  return `${stem.slice(0, LONGEST_TITLE - mark.length).replace(/[\uD800-\uDBFF]$/, '')}${mark}`
}
