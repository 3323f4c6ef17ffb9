/** Every statement on `chat_message` and `job`. Messages are sealed under their chat's key, at their own row. */
import { sql } from 'kysely'
import type { Message, MessageStatus, Part } from '#contract/chats.ts'
import type { ChatId, JobId, MessageId } from '#contract/ids.ts'
import { leaseFromNow, leaseHolds, type StoredChat } from '#server/features/chats/index.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import type { ScopeKeys, Sealer } from '#server/isolation/keys/scope-keys.ts'
import { ready } from '#server/isolation/queries.ts'
import type { AnyReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import { feedbackSealer } from './feedback.ts'
import { textsOf } from './generation.ts'
import { type Row, read } from './row.ts'

export interface NewMessage {
  readonly id: MessageId
  readonly parent: Pick<Message, 'id' | 'depth'> | null
  readonly messageType: 'user' | 'assistant'
  readonly parts: readonly Part[]
  readonly model: { readonly id: string; readonly name: string } | null
  /** An answer that is about to be written is `streaming`. */
  readonly status: MessageStatus
  /** The job that writes it. */
  readonly writtenBy?: JobId
  readonly idempotencyKey: string | null
  readonly now: Date
}

export class MessageStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** Those of these messages that are in the chat, the deepest first. */
  async listThese(tx: AnyReadTx, stored: StoredChat, ids: readonly MessageId[]): Promise<Message[]> {
    return this.open(tx, stored, await this.seek(tx, stored.chat.id, ids))
  }

  /** The same as they lie there, which can be asked for along with the chat that opens them. */
  async seek(tx: AnyReadTx, chatId: ChatId, ids: readonly MessageId[]): Promise<Row[]> {
    if (ids.length === 0) return []
    return tx.all(selectThese(tx.actor, { chatId, ids }))
  }

  /** Likewise what was sent under an idempotency key: a question, or an answer that was asked for again. */
  async seekSent(tx: AnyReadTx, chatId: ChatId, idempotencyKey: string | undefined): Promise<Row[]> {
    if (idempotencyKey === undefined) return []
    return tx.all(selectSent(tx.actor, { chatId, key: idempotencyKey }))
  }

  /** Messages of a chat, the oldest first, from behind the id `after` and of one model, where these are given. */
  async listFrom(
    tx: AnyReadTx,
    stored: StoredChat,
    page: { limit: number; after: MessageId | undefined; model?: string | undefined },
  ): Promise<Message[]> {
    let query = select(tx, stored.chat.id)
    if (page.model !== undefined) query = query.where('model', '=', page.model)
    if (page.after !== undefined) query = query.where('id', '>', page.after)
    const rows = await tx.all(query.orderBy('id').limit(page.limit))
    return this.open(tx, stored, rows)
  }

  async find(tx: AnyReadTx, stored: StoredChat, id: MessageId): Promise<Message | undefined> {
    return (await this.listThese(tx, stored, [id]))[0]
  }

  /** The first answer to a question. */
  async findAnswer(tx: AnyReadTx, stored: StoredChat, questionId: MessageId): Promise<Message | undefined> {
    const row = await tx.first(
      select(tx, stored.chat.id).where('parent_id', '=', questionId).where('message_type', '=', 'assistant').orderBy('id').limit(1),
    )
    return row && (await this.open(tx, stored, [row]))[0]
  }

  /** Whether anything follows a message. */
  async isFollowed(tx: AnyReadTx, stored: StoredChat, id: MessageId): Promise<boolean> {
    const below = tx.db.selectFrom('chat_message').select('id').where('chat_session_id', '=', stored.chat.id).where('parent_id', '=', id)
    return (await tx.first(below.limit(1))) !== undefined
  }

  /** How many answers are being written for the actor, whichever servers write them. */
  async countStreaming(tx: WriteTx): Promise<number> {
    const row = await tx.first(selectStreaming(tx.actor, {}))
    return Number(row?.count)
  }

  /** Adds messages, parents before what follows them; a streaming one is under a lease from now on, in which its job writes it. */
  async add(tx: WriteTx, stored: StoredChat, ...messages: NewMessage[]): Promise<void> {
    await (await this.adding(tx, stored, ...messages))()
  }

  /** Seals them; what it resolves to adds them at once. */
  async adding(tx: WriteTx, stored: StoredChat, ...messages: NewMessage[]): Promise<() => Promise<unknown>> {
    const sealer = await this.#sealer(tx, stored)
    const rows = messages.map(({ id, now, ...message }) => ({
      id,
      chat_session_id: stored.chat.id,
      scope_id: stored.chat.scope.id,
      user_id: tx.actor.userId,
      parent_id: message.parent?.id ?? null,
      depth: message.parent ? message.parent.depth + 1 : 0,
      message_type: message.messageType,
      message: sealer.seal(JSON.stringify(message.parts), id, 'message'),
      model: message.model?.id ?? null,
      model_name: message.model ? sealer.seal(message.model.name, id, 'model_name') : null,
      status: message.status,
      lease_until: message.status === 'streaming' ? leaseFromNow : null,
      written_by: message.writtenBy ?? null,
      idempotency_key: message.idempotencyKey,
      time_created: now,
    }))
    return () => tx.change(tx.db.insertInto('chat_message').values(rows))
  }

  /** Writes down whose work the answer is, for `enter_job`. */
  async addJob(tx: WriteTx, stored: StoredChat, job: { id: JobId; messageId: MessageId }): Promise<void> {
    await tx.change(
      tx.db.insertInto('job').values({
        id: job.id,
        kind: 'generation',
        user_id: tx.actor.userId,
        scope_id: stored.chat.scope.id,
        chat_session_id: stored.chat.id,
        message_id: job.messageId,
      }),
    )
  }

  /**
   * Keeps what was written so far and renews the lease. Undefined when this job does not write the answer any more; otherwise whether
   * somebody has asked to stop it.
   */
  async checkpoint(
    tx: WriteTx<JobActor>,
    stored: StoredChat,
    answer: { id: MessageId; parts: readonly Part[] },
  ): Promise<{ isToStop: boolean } | undefined> {
    const sealer = await this.#sealer(tx, stored)
    const [row] = await tx.all(
      tx.db
        .updateTable('chat_message')
        .set({ message: sealer.seal(JSON.stringify(answer.parts), answer.id, 'message'), lease_until: leaseFromNow })
        .where('chat_session_id', '=', stored.chat.id)
        .where('id', '=', answer.id)
        .where('status', '=', 'streaming')
        .where('written_by', '=', tx.actor.jobId)
        .returning('stop_asked_at'),
    )
    return row && { isToStop: row.stop_asked_at !== null }
  }

  /**
   * Takes up an answer that has ended, to go on where it does, under a lease of this job's. False when it is being written already, or
   * something follows it; then there is nothing for this job to do. The chat is held.
   */
  async reopen(tx: WriteTx<JobActor>, stored: StoredChat, id: MessageId): Promise<boolean> {
    const locked = await tx.first(
      tx.db
        .selectFrom('chat_message')
        .select('id')
        .where('chat_session_id', '=', stored.chat.id)
        .where('id', '=', id)
        .where(({ not, and, eb }) => not(and([eb('status', '=', 'streaming'), leaseHolds])))
        .forUpdate(),
    )
    const kept = locked && (await this.find(tx, stored, id))
    if (!kept || (await this.isFollowed(tx, stored, id))) {
      await this.endJob(tx)
      return false
    }
    const texts = textsOf(kept.parts)
    const text = [...(texts.length === 0 ? [''] : texts), ''].map((each) => ({ type: 'text' as const, text: each }))
    const parts: Part[] = [...text, ...kept.parts.filter((part) => part.type === 'citation')]
    const sealer = await this.#sealer(tx, stored)
    const touched = await tx.change(
      tx.db
        .updateTable('chat_message')
        .set({
          message: sealer.seal(JSON.stringify(parts), id, 'message'),
          status: 'streaming',
          lease_until: leaseFromNow,
          stop_asked_at: null,
          written_by: tx.actor.jobId,
        })
        .where('chat_session_id', '=', stored.chat.id)
        .where('id', '=', id),
    )
    return touched === 1
  }

  /** Has an answer stopped by whoever writes it. False when it is not being written, or the actor may not change it. */
  async askToStop(tx: WriteTx, stored: StoredChat, id: MessageId): Promise<boolean> {
    const touched = await tx.change(
      tx.db
        .updateTable('chat_message')
        .set({ stop_asked_at: sql<Date>`now()` })
        .where('chat_session_id', '=', stored.chat.id)
        .where('id', '=', id)
        .where('status', '=', 'streaming'),
    )
    return touched === 1
  }

  /** Ends an answer and its job. False when it had ended already. */
  async finish(
    tx: WriteTx<JobActor>,
    stored: StoredChat,
    answer: {
      id: MessageId
      parts: readonly Part[]
      status: Exclude<MessageStatus, 'streaming'>
      usage: { inputTokens: number; outputTokens: number } | undefined
      /** Whether there is more for the job to do. */
      jobGoesOn: boolean
    },
  ): Promise<boolean> {
    const sealer = await this.#sealer(tx, stored)
    const ending = tx.change(
      tx.db
        .updateTable('chat_message')
        .set({
          message: sealer.seal(JSON.stringify(answer.parts), answer.id, 'message'),
          status: answer.status,
          lease_until: null,
          stop_asked_at: null,
          input_tokens: answer.usage?.inputTokens ?? null,
          output_tokens: answer.usage?.outputTokens ?? null,
        })
        .where('chat_session_id', '=', stored.chat.id)
        .where('id', '=', answer.id)
        .where('status', '=', 'streaming')
        .where('written_by', '=', tx.actor.jobId),
    )
    const [touched] = await Promise.all([ending, answer.jobGoesOn ? undefined : this.endJob(tx)])
    return touched === 1
  }

  /** Opens messages of a chat. */
  async open(tx: AnyReadTx, stored: StoredChat, rows: readonly Row[]): Promise<Message[]> {
    if (rows.length === 0) return []
    const sealer = await this.#sealer(tx, stored)
    const said = rows.some(({ feedback }) => feedback) ? await feedbackSealer(this.#keys, tx, stored) : undefined
    return rows.map((row) => read(row, { sealer, said, userId: tx.actor.userId }))
  }

  /** Ends the job under which this is done. */
  async endJob(tx: WriteTx<JobActor>): Promise<void> {
    await tx.change(tx.db.updateTable('job').set({ state: 'ended' }).where('id', '=', tx.actor.jobId))
  }

  /** Seals what servers tell each other of a chat's answers while they are written. */
  async sealerOfPieces(tx: AnyReadTx, { chat, wrappedKey }: StoredChat): Promise<Sealer> {
    return this.#keys.ofChat(tx, { id: chat.id, scopeId: chat.scope.id, wrappedKey }, 'answer_piece')
  }

  async #sealer(tx: AnyReadTx, { chat, wrappedKey }: StoredChat): Promise<Sealer> {
    return this.#keys.ofChat(tx, { id: chat.id, scopeId: chat.scope.id, wrappedKey }, 'chat_message')
  }
}

/** Messages of a chat as their rows have them, with what whoever asks thinks of them. */
function select(tx: Pick<AnyReadTx, 'db' | 'actor'>, chatId: ChatId) {
  return (
    tx.db
      .selectFrom('chat_message')
      .select(['id', 'chat_session_id', 'parent_id', 'depth', 'user_id', 'message_type', 'message', 'model', 'model_name', 'time_created'])
      // The writer of an answer may have died: then its lease has run out, whoever looks.
      .select(sql<MessageStatus>`case when status = 'streaming' and not ${leaseHolds} then 'interrupted' else status end`.as('status'))
      .select(({ selectFrom }) =>
        selectFrom('message_feedback')
          .select('message_feedback.feedback')
          .whereRef('message_feedback.chat_session_id', '=', 'chat_message.chat_session_id')
          .whereRef('message_feedback.message_id', '=', 'chat_message.id')
          .where('message_feedback.user_id', '=', tx.actor.userId)
          .as('feedback'),
      )
      .where('chat_session_id', '=', chatId)
  )
}

const selectThese = ready((asking, { chatId, ids }: { chatId: ChatId; ids: readonly MessageId[] }) =>
  select(asking, chatId).where(sql<boolean>`id = any(${ids}::uuid[])`).orderBy('depth', 'desc'),
)
const selectSent = ready((asking, { chatId, key }: { chatId: ChatId; key: string }) =>
  select(asking, chatId).where('idempotency_key', '=', key),
)
const selectStreaming = ready(({ db, actor }) =>
  db
    .selectFrom('chat_message')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('user_id', '=', actor.userId)
    .where('status', '=', sql.lit('streaming'))
    .where(leaseHolds),
)

/** The text of a message, without its citations. */
export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
