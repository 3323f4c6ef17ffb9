/**
 * The answers being written on this server, and the work of writing one: read the conversation, call the model, keep a checkpoint
 * every second, and keep the end. All of it enters the database by the answer's job, not by the login that asked.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, MessageStatus } from '#contract/chats.ts'
import type { ChatId, JobId, MessageId, TenantId, UserId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import { isRefusal, type Jobs } from '#server/isolation/jobs.ts'
import type { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { errorFields, type Log } from '#server/kernel/log.ts'
import { explainProviderFailure } from '#server/providers/provider-failure.ts'
import { streamAnswer } from '#server/providers/stream-answer.ts'
import type { Answering, Conversation } from './answering.ts'
import { Generation } from './generation.ts'
import type { MessageSearch } from './search.ts'
import { type MessageStore, textOf } from './store.ts'

/** Answers of one person at once on one server; requests that arrive together may go a few beyond. */
const MOST_AT_ONCE = 16
const CHECKPOINT_EVERY_MS = 1_000
const FIRST_TOKEN_TIMEOUT_MS = 120_000
const TOTAL_TIMEOUT_MS = 15 * 60_000
/** Shorter than the lease under which the empty answer was stored. */
const BEGIN_WITHIN_MS = 5_000
/** How long the end of an answer is offered to a database that is away, before it is left to the last checkpoint. */
const FINISH_WITHIN_MS = 30_000

export interface Task {
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly jobId: JobId
  readonly chatId: ChatId
  readonly answerId: MessageId
}

export interface GenerationParts {
  readonly jobs: Jobs
  readonly units: UnitsOfWork
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly search: MessageSearch
  readonly answering: Answering
  readonly clock: Clock
  readonly log: Log
}

type Ending = { status: Exclude<MessageStatus, 'streaming'>; usage: { inputTokens: number; outputTokens: number } | undefined }

export class Generations {
  readonly #parts: GenerationParts
  readonly #running = new Map<string, Generation>()
  readonly #ofPerson = new Map<string, number>()
  #isGoingDown = false
  constructor(parts: GenerationParts) {
    this.#parts = parts
  }

  /** Begins writing; returns at once. Everything that can happen to it ends up in the message. */
  start(task: Task): void {
    const generation = new Generation()
    if (this.#isGoingDown) generation.stop('interrupted')
    this.#running.set(nameOf(task.tenantId, task.answerId), generation)
    this.#count(task, 1)
    void this.#run(task, generation)
  }

  /** Whether this server is writing as many answers for a person as it will at once. */
  isBusyFor({ tenantId, userId }: Pick<Task, 'tenantId' | 'userId'>): boolean {
    return (this.#ofPerson.get(nameOf(tenantId, userId)) ?? 0) >= MOST_AT_ONCE
  }

  /** The answer if this server is writing it. Callers have shown that they may read it. */
  find(tenantId: TenantId, answerId: MessageId): Generation | undefined {
    return this.#running.get(nameOf(tenantId, answerId))
  }

  /** For a server that is going down: ends every answer, also those that begin from now on, as interrupted; resolves when all are kept. */
  async interruptAll(): Promise<void> {
    this.#isGoingDown = true
    const running = [...this.#running.values()]
    for (const generation of running) generation.stop('interrupted')
    await Promise.all(running.map((generation) => generation.ended))
  }

  #count({ tenantId, userId }: Task, change: 1 | -1): void {
    const name = nameOf(tenantId, userId)
    const count = (this.#ofPerson.get(name) ?? 0) + change
    if (count === 0) this.#ofPerson.delete(name)
    else this.#ofPerson.set(name, count)
  }

  async #run(task: Task, generation: Generation): Promise<void> {
    let message: Message | undefined
    try {
      message = await this.#write(task, generation)
    } catch (error) {
      // Nobody is left to tell: the lease runs out, and the message reads as interrupted with its last checkpoint.
      this.#parts.log.error({ jobId: task.jobId, ...errorFields(error) }, 'an answer could not be kept')
    } finally {
      this.#running.delete(nameOf(task.tenantId, task.answerId))
      this.#count(task, -1)
      generation.end(message)
    }
  }

  async #write(task: Task, generation: Generation): Promise<Message | undefined> {
    const begun = await this.#begin(task)
    if (!begun) return undefined
    const { actor, conversation } = begun
    const checkpoints = this.#checkpoint(actor, conversation.stored, { task, generation })
    const ending = await this.#ask(actor, conversation, generation)
    await checkpoints.stop()
    return this.#finish(actor, conversation, { task, generation, ending })
  }

  /** Who acts, and the conversation so far; undefined when the person may not any more. A database that is away is waited for while the lease lasts. */
  async #begin(task: Task): Promise<{ actor: JobActor; conversation: Conversation } | undefined> {
    const { jobs, units, answering, clock, log } = this.#parts
    const lastMs = clock.now() + BEGIN_WITHIN_MS
    for (;;) {
      try {
        const actor = await jobs.actorOf(task.tenantId, task.jobId)
        return { actor, conversation: await units.read(actor, (tx) => answering.conversation(tx, task)) }
      } catch (error) {
        if (isRefusal(error)) return undefined
        if (clock.now() > lastMs) throw error
        log.warn(errorFields(error), 'the beginning of an answer is tried again')
        await sleep(500)
      }
    }
  }

  async #ask(actor: JobActor, conversation: Conversation, generation: Generation): Promise<Ending> {
    try {
      const answered = await streamAnswer({
        model: this.#parts.answering.model(actor, conversation),
        messages: conversation.messages,
        signal: generation.signal,
        onText: (text) => generation.write(text),
        onCitation: (citation) => generation.cite(citation),
        firstTokenTimeoutMs: FIRST_TOKEN_TIMEOUT_MS,
        totalTimeoutMs: TOTAL_TIMEOUT_MS,
      })
      if (answered.finish === 'length')
        generation.fail({ sentence: 'The model wrote as much as it may, so the answer ends in the middle.', retry: true })
      return { status: 'complete', usage: answered.usage }
    } catch (error) {
      if (generation.signal.aborted) return { status: generation.signal.reason, usage: undefined }
      this.#parts.log.warn(errorFields(error), 'a model did not answer')
      generation.fail(explainProviderFailure(error))
      return { status: 'failed', usage: undefined }
    }
  }

  /** Keeps the text every second. A checkpoint that finds the answer ended, or the right to it gone, ends the writing. */
  #checkpoint(
    actor: JobActor,
    stored: StoredChat,
    { task, generation }: { task: Task; generation: Generation },
  ): { stop(): Promise<void> } {
    const { units, messages, log } = this.#parts
    const over = new AbortController()
    const run = async () => {
      while (!over.signal.aborted) {
        await sleep(CHECKPOINT_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined)
        if (over.signal.aborted) return
        const kept = await units
          .write(actor, (tx) => messages.checkpoint(tx, stored, { id: task.answerId, parts: generation.parts }))
          .catch((error: unknown) => {
            if (isRefusal(error)) return false
            log.warn(errorFields(error), 'a checkpoint was missed')
            return true
          })
        if (!kept) generation.stop('interrupted')
      }
    }
    const running = run()
    return {
      stop: () => {
        over.abort()
        return running
      },
    }
  }

  async #finish(
    actor: JobActor,
    { stored, modelId }: Conversation,
    { task, generation, ending }: { task: Task; generation: Generation; ending: Ending },
  ): Promise<Message | undefined> {
    const { units, chats, messages, search, clock, log } = this.#parts
    const parts = generation.parts
    const text = textOf(parts)
    const isLibrarian = modelId === LIBRARIAN.id
    const lastMs = clock.now() + FINISH_WITHIN_MS
    for (;;) {
      try {
        return await units.write(actor, async (tx) => {
          const ended = await messages.finish(tx, stored, { id: task.answerId, parts, ...ending })
          // The Librarian's answers are quotations: found again they would only echo what they quote.
          if (ended && text !== '' && !isLibrarian) await search.index(tx, stored, { id: task.answerId, text })
          if (ended) await chats.touch(tx, stored.chat.id, new Date(clock.now()))
          return messages.find(tx, stored, task.answerId)
        })
      } catch (error) {
        if (isRefusal(error)) return undefined
        if (clock.now() > lastMs) throw error
        log.warn(errorFields(error), 'the end of an answer is tried again')
        await sleep(1_000)
      }
    }
  }
}

function nameOf(tenantId: TenantId, id: MessageId | UserId): string {
  return `${tenantId}:${id}`
}
