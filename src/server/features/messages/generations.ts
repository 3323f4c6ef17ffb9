/**
 * The answers being written on this server, and the work of writing one: read the conversation, call the model, keep a checkpoint
 * every second, and keep the end. All of it enters the database by the answer's job, not by the login that asked.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chat, Citation, Message, MessageStatus } from '#contract/chats.ts'
import type { ChatId, JobId, MessageId, TenantId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import type { Actor, JobActor } from '#server/isolation/actor.ts'
import type { CacheStore } from '#server/isolation/cache.ts'
import { isRefusal, type Jobs } from '#server/isolation/jobs.ts'
import { ReachChanged, type UnitsOfWork, type WriteTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import { errorFields, type Log } from '#server/kernel/log.ts'
import { continueAnswer } from '#server/providers/continue-answer.ts'
import { explainProviderFailure } from '#server/providers/provider-failure.ts'
import { streamAnswer } from '#server/providers/stream-answer.ts'
import type { Answering, Conversation } from './answering.ts'
import { Elsewhere, type Whose } from './elsewhere.ts'
import { Generation } from './generation.ts'
import { Place } from './place.ts'
import type { MessageSearch } from './search.ts'
import { type MessageStore, textOf } from './store.ts'
import { Titling } from './titling.ts'

const CHECKPOINT_EVERY_MS = 1_000
/** Anyone on Redis may say that it is to be looked at once: no more often than this is it done. */
const CHECKPOINT_AFTER_MS = 200
const FIRST_TOKEN_TIMEOUT_MS = 120_000
const TOTAL_TIMEOUT_MS = 15 * 60_000
/** Shorter than the lease under which the empty answer was stored. */
const BEGIN_WITHIN_MS = 4_000
/** A chat that moved since the actor was known would seem not to be there. */
const SAME_REACH = { sameReach: true } as const
/** How often it is looked whether an answer has stopped that another server writes. */
const STOPPED_YET_EVERY_MS = 100
/** How long the end of an answer is offered to a database that is away, before it is left to the last checkpoint. */
const FINISH_WITHIN_MS = 30_000

export interface Task {
  readonly tenantId: TenantId
  readonly jobId: JobId
  readonly chatId: ChatId
  readonly answerId: MessageId
  readonly questionId: MessageId
  /** The answer's. */
  readonly depth: number
  readonly modelId: string
  /** Whether it goes on where it ended before. */
  readonly continues: boolean
}

/** Who began it, in a chat of which scope: what is known of its job until the database is asked. */
export interface Begun {
  readonly by: Actor
  readonly in: Chat['scope']
}

export interface GenerationParts {
  readonly jobs: Jobs
  readonly units: UnitsOfWork
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly search: MessageSearch
  readonly answering: Answering
  readonly cache: CacheStore
  readonly clock: Clock
  readonly log: Log
}

type Ending = { status: Exclude<MessageStatus, 'streaming'>; usage: { inputTokens: number; outputTokens: number } | undefined }

export class Generations {
  /** The same between servers. */
  readonly elsewhere: Elsewhere
  readonly #parts: GenerationParts
  readonly #titling: Titling
  readonly #running = new Map<string, Generation>()
  readonly #all = new Set<Generation>()
  #isGoingDown = false
  constructor(parts: GenerationParts) {
    this.#parts = parts
    this.#titling = new Titling(parts)
    this.elsewhere = new Elsewhere({ cache: parts.cache, clock: parts.clock, find: (whose) => this.find(whose) })
  }

  /** Begins writing; returns at once. Everything that can happen to it ends up in the message. */
  start(task: Task, begun: Begun): Generation {
    const generation = new Generation()
    if (this.#isGoingDown) generation.stop('interrupted')
    this.#all.add(generation)
    // Who else wants to go on with an answer at the same time is in nobody's way.
    if (!task.continues) this.#running.set(nameOf(task), generation)
    void this.#run({ ...task, begun }, generation)
    return generation
  }

  /** The answer if this server is writing it. Callers have shown that they may read it. */
  find(whose: Whose): Generation | undefined {
    return this.#running.get(nameOf(whose))
  }

  /** Resolves once an answer has stopped that the database says is to, wherever it is written, or the asking is over. */
  async stopped(whose: Whose, { look, signal }: { look: () => Promise<Message>; signal: AbortSignal }): Promise<void> {
    const generation = this.find(whose)
    generation?.stop('stopped')
    await generation?.ended
    if (!generation) await this.elsewhere.tellToLook(whose)
    while (!signal.aborted && (await look()).status === 'streaming') await sleep(STOPPED_YET_EVERY_MS)
  }

  /** For a server that is going down: lets answers go on for so long, then ends them, and those that begin from now on, as interrupted; resolves when all are kept. */
  async endAll(withinMs: number): Promise<void> {
    const over = new AbortController()
    await Promise.race([this.#settled(), sleep(withinMs, undefined, { signal: over.signal }).catch(() => undefined)])
    over.abort()
    this.#isGoingDown = true
    for (const generation of this.#all) generation.stop('interrupted')
    await this.#settled()
    await this.#titling.stop()
  }

  async #settled(): Promise<void> {
    while (this.#all.size > 0) await Promise.all([...this.#all].map((generation) => generation.ended))
  }

  async #run(task: Task & { begun: Begun }, generation: Generation): Promise<void> {
    let message: Message | undefined
    try {
      message = await this.#write(task, generation)
    } catch (error) {
      // Nobody is left to tell: the lease runs out, and the message reads as interrupted with its last checkpoint.
      this.#parts.log.error({ jobId: task.jobId, ...errorFields(error) }, 'an answer could not be kept')
    } finally {
      this.#all.delete(generation)
      if (this.find(task) === generation) this.#running.delete(nameOf(task))
      generation.end(message)
    }
  }

  async #write(task: Task & { begun: Begun }, generation: Generation): Promise<Message | undefined> {
    const begun = await this.#begin(task, generation)
    if (!begun) return undefined
    const { actor, conversation } = begun
    generation.begin(conversation.kept, conversation.sealer)
    const { stored, modelId } = conversation
    const place = new Place(this.#parts, task, { actor, stored, stays: modelId === LIBRARIAN.id && stored.chat.scope.kind === 'personal' })
    const checkpoints = this.#checkpoint(place, { task, generation })
    const ending = await this.#ask(actor, conversation, generation)
    await checkpoints.stop()
    return this.#finish(place, conversation, { task, generation, ending })
  }

  /**
   * Who acts, and the conversation so far; undefined when the person may not any more, or another writes the answer already. A database
   * that is away is waited for while the lease lasts.
   */
  async #begin(
    task: Task & { begun: Begun },
    generation: Generation,
  ): Promise<{ actor: JobActor; conversation: Conversation } | undefined> {
    const { jobs, clock, log } = this.#parts
    const { by, in: scope } = task.begun
    const lastMs = clock.now() + BEGIN_WITHIN_MS
    let known: JobActor | undefined = jobs.begunBy(by, { id: task.jobId, scope: scope.id, readsAll: scope.kind === 'personal' })
    for (;;) {
      try {
        const actor = known ?? (await jobs.actorOf(task.tenantId, task.jobId))
        known = undefined
        return await this.#beginAs(actor, task, generation)
      } catch (error) {
        if (isRefusal(error)) return undefined
        if (clock.now() > lastMs) throw error
        if (error instanceof ReachChanged) continue
        log.warn(errorFields(error), 'the beginning of an answer is tried again')
        await sleep(500)
      }
    }
  }

  async #beginAs(
    actor: JobActor,
    task: Task,
    generation: Generation,
  ): Promise<{ actor: JobActor; conversation: Conversation } | undefined> {
    const { units, answering } = this.#parts
    if (task.continues && !(await units.write(actor, (tx) => answering.takeUp(tx, task), SAME_REACH))) return undefined
    this.#running.set(nameOf(task), generation)
    return { actor, conversation: await units.read(actor, (tx) => answering.conversation(tx, task), SAME_REACH) }
  }

  async #ask(actor: JobActor, conversation: Conversation, generation: Generation): Promise<Ending> {
    const { answering } = this.#parts
    try {
      const request = {
        model: answering.model(actor, conversation),
        messages: conversation.messages,
        signal: generation.signal,
        onText: (text: string) => generation.write(text),
        onCitation: (citation: Citation) => generation.cite(citation),
        firstTokenTimeoutMs: FIRST_TOKEN_TIMEOUT_MS,
        totalTimeoutMs: TOTAL_TIMEOUT_MS,
      }
      const beginning = answering.beginning(conversation)
      const answered = await (beginning ? continueAnswer(request, beginning) : streamAnswer(request))
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

  /** Keeps the text every second. A checkpoint that finds the answer ended, or the right to it gone, or that it is to stop, ends the writing. */
  #checkpoint(place: Place, { task, generation }: { task: Task; generation: Generation }): { stop(): Promise<void> } {
    const over = new AbortController()
    const pause = (ms: number) => sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)
    const run = async () => {
      while (!over.signal.aborted) {
        await pause(CHECKPOINT_AFTER_MS)
        await Promise.race([pause(CHECKPOINT_EVERY_MS - CHECKPOINT_AFTER_MS), generation.toldToLook])
        if (over.signal.aborted) return
        generation.look()
        await this.#keep(place, { task, generation })
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

  async #keep(place: Place, { task, generation }: { task: Task; generation: Generation }): Promise<void> {
    const { messages, log } = this.#parts
    try {
      const kept = await place.write((tx, stored) => messages.checkpoint(tx, stored, { id: task.answerId, parts: generation.parts }))
      if (!kept) generation.stop('interrupted')
      else if (kept.isToStop) generation.stop('stopped')
    } catch (error) {
      if (isRefusal(error)) generation.stop('interrupted')
      else log.warn(errorFields(error), 'a checkpoint was missed')
    }
  }

  async #finish(
    place: Place,
    conversation: Conversation,
    { task, generation, ending }: { task: Task; generation: Generation; ending: Ending },
  ): Promise<Message | undefined> {
    const { chats, messages, clock, log } = this.#parts
    const { modelId } = conversation
    const parts = generation.parts
    const text = textOf(parts)
    const jobGoesOn = ending.status === 'complete' && text !== '' && this.#titling.wants(conversation)
    const lastMs = clock.now() + FINISH_WITHIN_MS
    for (;;) {
      try {
        const message = await place.write(async (tx, stored) => {
          const [, now, ended] = await Promise.all([
            chats.hold(tx, task.chatId),
            chats.find(tx, task.chatId),
            messages.finish(tx, stored, { id: task.answerId, parts, ...ending, jobGoesOn }),
          ])
          // A temporary chat whose time is up is not there any more, and one that was kept meanwhile is found.
          const isKept = now?.chat.temporaryUntil === null
          const settled = ended && now && this.#settle(tx, { stored, isKept }, { id: task.answerId, text, modelId })
          const [message] = await Promise.all([messages.find(tx, stored, task.answerId), settled])
          return message
        })
        if (jobGoesOn) this.#titling.start(place, { conversation, answer: text })
        return message
      } catch (error) {
        if (isRefusal(error)) return undefined
        if (clock.now() > lastMs) throw error
        log.warn(errorFields(error), 'the end of an answer is tried again')
        await sleep(1_000)
      }
    }
  }

  /** What follows from the end of an answer. */
  async #settle(
    tx: WriteTx<JobActor>,
    { stored, isKept }: { stored: StoredChat; isKept: boolean },
    { id, text, modelId }: { id: MessageId; text: string; modelId: string },
  ): Promise<void> {
    const { chats, search, clock } = this.#parts
    // The Librarian's answers are quotations: found again they would only echo what they quote.
    const isFound = isKept && text !== '' && modelId !== LIBRARIAN.id
    const found = isFound ? search.index(tx, stored, { id, text }) : undefined
    await Promise.all([found, chats.touch(tx, stored.chat.id, new Date(clock.now()))])
  }
}

function nameOf({ tenantId, answerId }: Whose): string {
  return `${tenantId}:${answerId}`
}
