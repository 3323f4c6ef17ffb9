/**
 * The answers that a reader watches on their stream. Each is followed as by itself, and waits until what it had to say was taken: a slow
 * reader is given larger pieces, and slows nobody else.
 */
import type { ChatId, MessageId } from '#contract/ids.ts'
import type { AnswerReader, FollowAnswer } from '#server/features/messages/index.ts'
import type { StreamEvent } from '#server/isolation/route.ts'
import { Failure } from '#server/kernel/failure.ts'
import { errorFields, type Log } from '#server/kernel/log.ts'

/** How often at most it is looked anew whether their reader may follow. */
const RECHECK_EVERY_MS = 250

export interface Watched {
  readonly chatId: ChatId
  readonly answerId: MessageId
  /** After which of its events to go on. */
  readonly at: string
}

interface Parts {
  readonly follow: FollowAnswer
  readonly reader: AnswerReader
  readonly log: Log
  /** Called when there is something to take. */
  readonly onReady: () => void
}

interface Ready {
  readonly event: StreamEvent
  readonly taken: () => void
}

export class WatchedAnswers {
  readonly #parts: Parts
  /** Of each answer that is not over, where its reader is, and what ends the following of it. */
  readonly #followed = new Map<MessageId, { watched: Watched; stop: AbortController }>()
  readonly #ready = new Map<MessageId, Ready>()

  /** Those that nobody follows until it is time to look anew. */
  readonly #waiting = new Map<MessageId, Watched>()
  #isResting = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Begins to follow; the reader is known to be good. */
  begin(watched: readonly Watched[]): void {
    for (const each of watched) this.#begin(each)
  }

  /** What there is to say now, an event of each answer at most. */
  *take(): Generator<StreamEvent, void, undefined> {
    for (const [answerId, { event, taken }] of this.#ready) {
      this.#ready.delete(answerId)
      yield event
      taken()
    }
  }

  /**
   * Looks anew whether their reader may follow those of these chats, or any where that is not known: what waits to be said is said only if
   * they may. Until that is looked up nothing is said of them.
   */
  recheck(chatIds: ReadonlySet<ChatId> | null): void {
    for (const [answerId, { watched, stop }] of this.#followed) {
      if (chatIds && !chatIds.has(watched.chatId)) continue
      stop.abort()
      this.#followed.delete(answerId)
      this.#ready.delete(answerId)
      this.#waiting.set(answerId, watched)
    }
    if (this.#waiting.size > 0 && !this.#isResting) this.#goOn()
  }

  #goOn(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    if (this.#parts.reader.signal.aborted) return
    this.begin(waiting)
    this.#isResting = true
    setTimeout(() => {
      this.#isResting = false
      if (this.#waiting.size > 0) this.#goOn()
    }, RECHECK_EVERY_MS).unref()
  }

  #begin(watched: Watched): void {
    const stop = new AbortController()
    this.#followed.set(watched.answerId, { watched, stop })
    void this.#run(watched, AbortSignal.any([stop.signal, this.#parts.reader.signal]))
  }

  async #run(watched: Watched, signal: AbortSignal): Promise<void> {
    try {
      for await (const { id, event, data } of await this.#parts.follow(watched, { ...this.#parts.reader, signal })) {
        if (!signal.aborted) await this.#tell(watched, { event, data: { ...(data as object), at: id } }, signal)
        if (signal.aborted) return
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Failure)) this.#parts.log.warn(errorFields(error), 'an answer that was watched could not be followed')
      const gone = error instanceof Failure && error.code !== 'server.unavailable'
      await this.#tell(watched, { event: 'lost', data: { gone } }, signal)
    }
  }

  async #tell(
    watched: Watched,
    { event, data }: { event: string; data: { at?: string | null; gone?: boolean } },
    signal: AbortSignal,
  ): Promise<void> {
    const { answerId } = watched
    await this.#offer(answerId, { id: null, event, data: { ...data, answerId } }, signal)
    const followed = this.#followed.get(answerId)
    if (signal.aborted || !followed) return
    if (event === 'done' || event === 'lost') this.#followed.delete(answerId)
    else followed.watched = { ...watched, at: data.at ?? watched.at }
  }

  /** Resolves when it was taken, or is not wanted any more. */
  async #offer(answerId: MessageId, event: StreamEvent, signal: AbortSignal): Promise<void> {
    const { promise, resolve: taken } = Promise.withResolvers<void>()
    const leave = () => taken()
    signal.addEventListener('abort', leave)
    this.#ready.set(answerId, { event, taken })
    this.#parts.onReady()
    await promise
    signal.removeEventListener('abort', leave)
  }
}
