/** Asking: the question and the empty answer are stored together, then the writing begins; all before anyone waits for a model. */
import type { Chat, Message, PathMessage } from '#contract/chats.ts'
import type { ChatId, JobId, MessageId } from '#contract/ids.ts'
import { type ChatStore, mayChange, type StoredChat } from '#server/features/chats/index.ts'
import type { ModelChoice } from '#server/features/models/index.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Ids } from '#server/kernel/ids.ts'
import { mayBeContinued } from './continuing.ts'
import type { Generations } from './generations.ts'
import type { MessageSearch } from './search.ts'
import { type MessageStore, textOf } from './store.ts'
import { titleFrom } from './titles.ts'
import type { Tree } from './tree.ts'

/** Answers of one person at once; requests that arrive together may go a few beyond. */
const MOST_AT_ONCE = 16

export interface Question {
  readonly text: string
  readonly parentId: MessageId | null
  readonly model: string | undefined
  readonly idempotencyKey: string
}

export interface Exchange {
  readonly question: PathMessage
  readonly answer: PathMessage
  readonly chat: Chat
}

export interface AskingParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly tree: Tree
  readonly search: MessageSearch
  readonly models: ModelChoice
  readonly generations: Generations
  readonly clock: Clock
  readonly ids: Ids
}

export class Asking {
  readonly #parts: AskingParts
  constructor(parts: AskingParts) {
    this.#parts = parts
  }

  /** Stores a question and begins its answer. A question sent before under the same key is not asked again. */
  async ask(tx: WriteTx, chatId: ChatId, question: Question): Promise<Exchange> {
    const { messages, chats, search, clock, ids } = this.#parts
    const stored = await this.#openChat(tx, chatId)
    const before = await messages.findSent(tx, stored, question.idempotencyKey)
    if (before) return this.#again(tx, stored, { before, question })
    const parent = await this.#parent(tx, stored, question.parentId)
    const id = ids.next<MessageId>()
    const { text, parentId, idempotencyKey } = question
    const now = new Date(clock.now())
    await messages.add(tx, stored, {
      id,
      parent,
      messageType: 'user',
      status: 'complete',
      parts: [{ type: 'text', text }],
      model: null,
      idempotencyKey,
      now,
    })
    const isKept = stored.chat.temporaryUntil === null
    if (isKept) await search.index(tx, stored, { id, text })
    if (isKept && parentId === null && !stored.chat.named)
      await chats.rename(tx, stored.chat, { description: titleFrom(text), named: false })
    const asked = { id, depth: parent ? parent.depth + 1 : 0 }
    return this.#answer(tx, chatId, { question: asked, model: question.model ?? stored.chat.model, idempotencyKey: null })
  }

  /** Begins another answer to a question; the earlier ones stay beside it. One asked for before under the same key is not begun again. */
  async answerAgain(
    tx: WriteTx,
    chatId: ChatId,
    to: { questionId: MessageId; model: string | undefined; idempotencyKey: string | undefined },
  ): Promise<Exchange> {
    const stored = await this.#openChat(tx, chatId)
    const before = to.idempotencyKey && (await this.#parts.messages.findSent(tx, stored, to.idempotencyKey))
    if (before) {
      if (before.messageType !== 'assistant' || before.parentId !== to.questionId) throw new Failure('message.conflict')
      return this.#exchange(tx, stored, before)
    }
    const question = await this.#parts.messages.find(tx, stored, to.questionId)
    if (question?.messageType !== 'user') throw new Failure('message.not_found')
    return this.#answer(tx, chatId, { question, model: to.model ?? stored.chat.model, idempotencyKey: to.idempotencyKey ?? null })
  }

  /** Goes on with an answer that ended early; resolves the commit once it is being written. One that is written already goes on as it does. */
  async goOn(tx: WriteTx, chatId: ChatId, answerId: MessageId): Promise<void> {
    const { messages, models, generations, ids } = this.#parts
    const stored = await this.#openChat(tx, chatId)
    const answer = await messages.find(tx, stored, answerId)
    if (answer?.messageType !== 'assistant') throw new Failure('generation.not_found')
    if (answer.status === 'streaming') return
    if (!mayBeContinued(answer) || (await messages.isFollowed(tx, stored, answerId))) throw new Failure('generation.ended')
    await this.#refuseTooMany(tx)
    if (!(await models.find(tx, answer.model ?? ''))) throw new Failure('model.not_found')
    const jobId = ids.next<JobId>()
    await messages.addJob(tx, stored, { id: jobId, messageId: answerId })
    const { tenantId } = tx.actor
    tx.afterCommit(() => generations.start({ tenantId, jobId, chatId, answerId, continues: true }).begun)
  }

  async #refuseTooMany(tx: WriteTx): Promise<void> {
    const count = await this.#parts.messages.countStreaming(tx)
    if (count >= MOST_AT_ONCE) throw new Failure('generation.too_many', { retryAfterS: 5 })
  }

  /** What a question follows. Behind an answer that is being written nothing is asked: the model would be sent half of it. */
  async #parent(tx: WriteTx, stored: StoredChat, parentId: MessageId | null): Promise<Message | null> {
    if (parentId === null) return null
    const parent = await this.#parts.messages.find(tx, stored, parentId)
    if (!parent) throw new Failure('message.not_found')
    if (parent.status === 'streaming') throw new Failure('message.unfinished')
    return parent
  }

  async #answer(
    tx: WriteTx,
    chatId: ChatId,
    to: { question: Pick<Message, 'id' | 'depth'>; model: string; idempotencyKey: string | null },
  ): Promise<Exchange> {
    const { messages, tree, chats, models, generations, clock, ids } = this.#parts
    await this.#refuseTooMany(tx)
    const model = await models.find(tx, to.model)
    if (!model) throw new Failure('model.not_found')
    const now = new Date(clock.now())
    const answerId = ids.next<MessageId>()
    const jobId = ids.next<JobId>()
    await chats.touch(tx, chatId, now)
    const stored = await this.#openChat(tx, chatId)
    await messages.add(tx, stored, {
      id: answerId,
      parent: to.question,
      messageType: 'assistant',
      status: 'streaming',
      parts: [],
      model,
      writtenBy: jobId,
      idempotencyKey: to.idempotencyKey,
      now,
    })
    await messages.addJob(tx, stored, { id: jobId, messageId: answerId })
    await tree.show(tx, chatId, answerId)
    const { tenantId } = tx.actor
    tx.afterCommit(() => void generations.start({ tenantId, jobId, chatId, answerId, continues: false }))
    return this.#exchange(tx, stored, { id: answerId, depth: to.question.depth + 1 })
  }

  async #again(tx: WriteTx, stored: StoredChat, { before, question }: { before: Message; question: Question }): Promise<Exchange> {
    const same = before.messageType === 'user' && textOf(before.parts) === question.text && before.parentId === question.parentId
    const answer = same ? await this.#parts.messages.findAnswer(tx, stored, before.id) : undefined
    if (!answer) throw new Failure('message.conflict')
    return this.#exchange(tx, stored, answer)
  }

  async #exchange(tx: WriteTx, stored: StoredChat, { id, depth }: Pick<Message, 'id' | 'depth'>): Promise<Exchange> {
    const [answer, question] = await this.#parts.tree.path(tx, stored, { leafId: id, top: depth, most: 2 })
    return { question: question!, answer: answer!, chat: { ...stored.chat, answering: answer?.status === 'streaming' } }
  }

  async #openChat(tx: WriteTx, chatId: ChatId): Promise<StoredChat> {
    const stored = await this.#parts.chats.find(tx, chatId)
    if (!stored || stored.chat.deletedAt) throw new Failure('chat.not_found')
    if (!mayChange(stored.chat)) throw new Failure('chat.not_yours')
    return stored
  }
}
