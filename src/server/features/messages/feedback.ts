/** Every change of `message_feedback`: what a person thinks of an answer. Theirs alone, and sealed whole under the chat's key. */
import type { Feedback } from '#contract/chats.ts'
import type { MessageId } from '#contract/ids.ts'
import type { StoredChat } from '#server/features/chats/index.ts'
import type { ScopeKeys, Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { AnyReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'

export class FeedbackStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** Keeps what the actor says, in place of what they said before. */
  async give(tx: WriteTx, stored: StoredChat, given: { messageId: MessageId; feedback: Feedback; now: Date }): Promise<void> {
    const { messageId, now } = given
    const sealer = await feedbackSealer(this.#keys, tx, stored)
    const said = { feedback: sealer.seal(JSON.stringify(given.feedback), rowOf(messageId, tx.actor.userId), 'feedback'), time_updated: now }
    const own = { chat_session_id: stored.chat.id, message_id: messageId, user_id: tx.actor.userId }
    const change = () =>
      tx.change(
        tx.db
          .updateTable('message_feedback')
          .set(said)
          .where('chat_session_id', '=', own.chat_session_id)
          .where('message_id', '=', messageId)
          .where('user_id', '=', own.user_id),
      )
    if ((await change()) > 0) return
    const added = await tx.change(
      tx.db
        .insertInto('message_feedback')
        .values({ ...own, ...said, scope_id: stored.chat.scope.id })
        .onConflict((conflict) => conflict.doNothing()),
    )
    // Another device was first by a moment; whoever says it last is kept.
    if (added === 0) await change()
  }

  /** Takes it back; there may be none. */
  async remove(tx: WriteTx, stored: StoredChat, messageId: MessageId): Promise<void> {
    await tx.change(
      tx.db
        .deleteFrom('message_feedback')
        .where('chat_session_id', '=', stored.chat.id)
        .where('message_id', '=', messageId)
        .where('user_id', '=', tx.actor.userId),
    )
  }
}

/** Seals and opens what is said of the answers of a chat. */
export function feedbackSealer(keys: ScopeKeys, tx: AnyReadTx, { chat, wrappedKey }: StoredChat): Promise<Sealer> {
  return keys.ofChat(tx, { id: chat.id, scopeId: chat.scope.id, wrappedKey }, 'message_feedback')
}

/** Several people may say something of one answer, each in a row of theirs. */
export const rowOf = (messageId: string, userId: string) => `${messageId}:${userId}`
