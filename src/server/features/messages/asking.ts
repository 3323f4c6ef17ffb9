/** Asking: the question and the empty answer are stored together, then the writing begins; all before anyone waits for a model. */
import type { Chat, Message, PathMessage } from '#contract/chats.ts'
import type { ChatId, JobId, MessageId } from '#contract/ids.ts'
import type { Model } from '#contract/models.ts'
import { type ChatStore, mayChange, type StoredChat } from '#server/features/chats/index.ts'
import type { ModelChoice } from '#server/features/models/index.ts'
import type { WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Ids } from '#server/kernel/ids.ts'
import { whyNotContinued } from './continuing.ts'
import type { Generations, Task } from './generations.ts'
import type { MessageSearch } from './search.ts'
import { type MessageStore, type NewMessage, textOf } from './store.ts'
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

interface Found {
  readonly stored: StoredChat
  /** What was sent under the same key before. */
  readonly sent: Message | undefined
  /** The message that was named. */
  readonly message: Message | undefined
  /** How many answers are being written for the person. */
  readonly streaming: number
  /** Finds a model on offer. */
  readonly findModel: (id: string) => Promise<Model | undefined>
}

type Asked = NewMessage & { readonly text: string }

interface Answerable {
  readonly question: Pick<Message, 'id' | 'depth'>
  /** The question, where it is to be stored. */
  readonly asked?: Asked
  readonly model: string
  readonly idempotencyKey: string | null
}

export class Asking {
  readonly #parts: AskingParts
  constructor(parts: AskingParts) {
    this.#parts = parts
  }

  /** Stores a question and begins its answer. A question sent before under the same key is not asked again. */
  async ask(tx: WriteTx, chatId: ChatId, question: Question): Promise<Exchange> {
    const found = await this.#find(tx, chatId, { sentAs: question.idempotencyKey, messageId: question.parentId })
    const { stored, sent, message: parent } = found
    if (sent) return this.#again(tx, stored, { before: sent, question })
    if (question.parentId !== null && !parent) throw new Failure('message.not_found')
    // A model would be sent half of it.
    if (parent?.status === 'streaming') throw new Failure('message.unfinished')
    const { text, idempotencyKey } = question
    const asked: NewMessage = {
      id: this.#parts.ids.next<MessageId>(),
      parent: parent ?? null,
      messageType: 'user',
      status: 'complete',
      parts: [{ type: 'text', text }],
      model: null,
      idempotencyKey,
      now: new Date(this.#parts.clock.now()),
    }
    return this.#answer(tx, found, {
      question: { id: asked.id, depth: parent ? parent.depth + 1 : 0 },
      asked: { ...asked, text },
      model: question.model ?? stored.chat.model,
      idempotencyKey: null,
    })
  }

  /** Begins another answer to a question; the earlier ones stay beside it. One asked for before under the same key is not begun again. */
  async answerAgain(
    tx: WriteTx,
    chatId: ChatId,
    to: { questionId: MessageId; model: string | undefined; idempotencyKey: string | undefined },
  ): Promise<Exchange> {
    const found = await this.#find(tx, chatId, { sentAs: to.idempotencyKey, messageId: to.questionId })
    const { stored, sent, message: question } = found
    if (sent) {
      if (sent.messageType !== 'assistant' || sent.parentId !== to.questionId) throw new Failure('message.conflict')
      return this.#exchange(tx, stored, sent)
    }
    if (question?.messageType !== 'user') throw new Failure('message.not_found')
    return this.#answer(tx, found, { question, model: to.model ?? stored.chat.model, idempotencyKey: to.idempotencyKey ?? null })
  }

  /** Goes on with an answer that ended early; resolves the commit once it is being written. One that is written already goes on as it does. */
  async goOn(tx: WriteTx, chatId: ChatId, answerId: MessageId): Promise<void> {
    const { messages, ids } = this.#parts
    const found = await this.#find(tx, chatId, { sentAs: undefined, messageId: answerId })
    const { stored, message: answer } = found
    if (answer?.messageType !== 'assistant') throw new Failure('generation.not_found')
    if (answer.status === 'streaming') return
    const whyNot = whyNotContinued(answer) ?? ((await messages.isFollowed(tx, stored, answerId)) ? 'generation.ended' : null)
    if (whyNot) throw new Failure(whyNot)
    const { id: modelId } = await this.#modelFor(found, answer.model ?? '')
    const jobId = ids.next<JobId>()
    await messages.addJob(tx, stored, { id: jobId, messageId: answerId })
    this.#begin(tx, stored, { jobId, answerId, questionId: answer.parentId!, depth: answer.depth, modelId, continues: true })
  }

  /**
   * What has to be known, in one flight: the chat, which is held, so that nobody moves or erases it meanwhile; what was sent under the same
   * key; a message of it; and what else the person may begin.
   */
  async #find(tx: WriteTx, chatId: ChatId, of: { sentAs: string | undefined; messageId: MessageId | null }): Promise<Found> {
    const { chats, messages, models } = this.#parts
    const [, stored, sent, named, streaming, findModel] = await Promise.all([
      chats.hold(tx, chatId),
      chats.open(tx, chatId),
      messages.seekSent(tx, chatId, of.sentAs),
      messages.seek(tx, chatId, of.messageId === null ? [] : [of.messageId]),
      messages.countStreaming(tx),
      models.finder(tx),
    ])
    if (!mayChange(stored.chat)) throw new Failure('chat.not_yours')
    const [[before], [message]] = await Promise.all([messages.open(tx, stored, sent), messages.open(tx, stored, named)])
    return { stored, sent: before, message, streaming, findModel }
  }

  async #modelFor({ streaming, findModel }: Found, id: string): Promise<Model> {
    if (streaming >= MOST_AT_ONCE) throw new Failure('generation.too_many', { retryAfterS: 5 })
    const model = await findModel(id)
    if (!model) throw new Failure('model.not_found')
    return model
  }

  /** Stores the empty answer, behind its question where that is new, and has it written after the commit. All in one flight, in this order. */
  async #answer(tx: WriteTx, found: Found, to: Answerable): Promise<Exchange> {
    const { messages, tree, clock, ids } = this.#parts
    const { stored } = found
    const model = await this.#modelFor(found, to.model)
    const [answerId, jobId] = [ids.next<MessageId>(), ids.next<JobId>()]
    const now = new Date(clock.now())
    const { id: questionId, depth } = to.question
    const answer: NewMessage = {
      id: answerId,
      parent: to.question,
      messageType: 'assistant',
      status: 'streaming',
      parts: [],
      model,
      writtenBy: jobId,
      idempotencyKey: to.idempotencyKey,
      now,
    }
    const { title, writes } = await this.#sealed(tx, stored, { asked: to.asked, answer })
    const written = Promise.all([
      ...writes.map((write) => write()),
      messages.addJob(tx, stored, { id: jobId, messageId: answerId }),
      tree.show(tx, stored.chat.id, answerId),
    ])
    const path = tree.path(tx, stored, { leafId: answerId, top: depth + 1, most: 2, ids: [questionId, answerId] })
    const [[stands, question]] = await Promise.all([path, written])
    this.#begin(tx, stored, { jobId, answerId, questionId, depth: depth + 1, modelId: model.id, continues: false })
    const chat = { ...stored.chat, description: title ?? stored.chat.description, timeUpdated: now.toISOString(), answering: true }
    return { question: question!, answer: stands!, chat }
  }

  /** What stores question and answer, and what follows from them, sealed before anything is written. */
  async #sealed(tx: WriteTx, stored: StoredChat, { asked, answer }: { asked: Asked | undefined; answer: NewMessage }) {
    const { chats, messages, search } = this.#parts
    const isKept = stored.chat.temporaryUntil === null
    const title = asked && isKept && asked.parent === null && !stored.chat.named ? titleFrom(asked.text) : undefined
    const writes = await Promise.all([
      messages.adding(tx, stored, ...(asked ? [asked, answer] : [answer])),
      ...(asked && isKept ? [search.indexing(tx, stored, asked)] : []),
      chats.touching(tx, stored.chat, { title, now: answer.now }),
    ])
    return { title, writes }
  }

  /** Has an answer written once the job is stored; resolves when it is being written. */
  #begin(tx: WriteTx, { chat }: StoredChat, task: Omit<Task, 'tenantId' | 'chatId'>): void {
    const { generations } = this.#parts
    const whole = { ...task, tenantId: tx.actor.tenantId, chatId: chat.id }
    tx.afterCommit(async () => {
      const { begun } = generations.start(whole, { by: tx.actor, in: chat.scope })
      if (task.continues) await begun
    })
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
}
