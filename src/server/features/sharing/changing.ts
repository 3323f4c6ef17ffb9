/** Changes of who reads a chat: what has to hold before each, and then the change itself, all while the chat is held. */
import type { ChatId, UserId } from '#contract/ids.ts'
import { type ChatStore, mayShare, type StoredChat } from '#server/features/chats/index.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { SharingStore } from './store.ts'

/** Each change answers the people other than the actor whom it concerns. */
export class Changing {
  readonly #chats: ChatStore
  readonly #sharing: SharingStore
  constructor(parts: { chats: ChatStore; sharing: SharingStore }) {
    this.#chats = parts.chats
    this.#sharing = parts.sharing
  }

  /** Lets people read. Of those who do already nothing changes. */
  async add(
    tx: WriteTx,
    chatId: ChatId,
    { userIds, quoted }: { userIds: readonly UserId[]; quoted: readonly ChatId[] },
  ): Promise<UserId[]> {
    const stored = await this.#hold(tx, chatId)
    if (stored.chat.temporaryUntil) throw new Failure('chat.temporary')
    const wanted = [...new Set(userIds)].filter((id) => id !== tx.actor.userId)
    if ((await this.#sharing.listJoined(tx, wanted)).length < wanted.length) throw new Failure('member.not_found')
    const before = new Set((await this.#sharing.listReaders(tx, stored)).map(({ id }) => id))
    const added = wanted.filter((id) => !before.has(id))
    if (added.length === 0) return []
    if (this.#sharing.isWorn(stored)) throw new Failure('sharing.too_often')
    const isPersonal = stored.chat.scope.kind === 'personal'
    if (isPersonal && (await this.#sharing.isQuoting(tx, stored))) throw new Failure('sharing.answering')
    const seen = new Set(quoted)
    if ((await this.#sharing.listQuoted(tx, stored)).some((one) => !seen.has(one.chatId))) throw new Failure('sharing.quotes')
    if (!isPersonal) return this.#sharing.add(tx, stored, added)
    await this.#sharing.confirmSize(tx, stored)
    return this.#sharing.move(tx, stored, { to: 'new scope', add: added, without: [] })
  }

  /** Lets somebody read no more: a reader of the actor's, or the actor themself. */
  async remove(tx: WriteTx, chatId: ChatId, userId: UserId): Promise<UserId[]> {
    const seen = await this.#chats.open(tx, chatId)
    if (userId === tx.actor.userId && !mayShare(seen.chat)) {
      if ((await this.leave(tx, [chatId])).length === 0) throw new Failure('chat.not_found')
      return []
    }
    const stored = await this.#hold(tx, chatId)
    const readers = (await this.#sharing.listReaders(tx, stored)).filter(({ role }) => role === 'viewer')
    if (!readers.some(({ id }) => id === userId)) throw new Failure('member.not_found')
    return this.#sharing.move(tx, stored, { to: readers.length === 1 ? 'personal' : 'new scope', add: [], without: [userId] })
  }

  /** Lets the actor read chats of others no more; answers which of these they read until now. */
  async leave(tx: WriteTx, chatIds: readonly ChatId[]): Promise<ChatId[]> {
    const scopeOf = await this.#sharing.listScopesOfOthers(tx, chatIds)
    const left = new Set(await this.#sharing.leave(tx, scopeOf))
    return chatIds.filter((id) => left.has(scopeOf.get(id)!))
  }

  /** Lets nobody else read. */
  async end(tx: WriteTx, chatId: ChatId): Promise<UserId[]> {
    const stored = await this.#hold(tx, chatId)
    return stored.chat.scope.kind === 'personal' ? [] : this.#sharing.move(tx, stored, { to: 'personal', add: [], without: [] })
  }

  async #hold(tx: WriteTx, chatId: ChatId): Promise<StoredChat> {
    if (!mayShare((await this.#chats.open(tx, chatId)).chat)) throw new Failure('chat.not_yours')
    const held = await this.#sharing.hold(tx, chatId)
    if (!held) throw new Failure('sharing.changed')
    // Its owner may have thrown it away while it was waited for.
    if (held.chat.deletedAt) throw new Failure('chat.not_found')
    return held
  }
}
