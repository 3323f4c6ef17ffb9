/**
 * One answer while it is being written on this server. It belongs to no request: readers come and go, each with its own position, and
 * a slow one gets larger pieces. A position is how much text and how many citations one has seen, so that it means the same on
 * another server, which knows only what was checkpointed; and in which run, since an answer that was continued goes on from its last
 * checkpoint, and what somebody saw beyond that is gone.
 */
import type { Citation, Message, Part } from '#contract/chats.ts'
import type { Sealer } from '#server/isolation/keys/scope-keys.ts'
import type { StreamEvent } from '#server/isolation/route.ts'

export interface Position {
  readonly text: number
  readonly citations: number
  /** How often the answer had been continued. */
  readonly run: number
}

/** As much as there is of an answer. */
export interface Written {
  readonly text: string
  readonly citations: readonly Citation[]
  /** How much text there was each time it was continued. */
  readonly continuedAt: readonly number[]
}

export const START: Position = { text: 0, citations: 0, run: 0 }

/** The position in a Last-Event-ID; the start when there is none or it is not one of ours. */
export function positionOf(lastEventId: string | null): Position {
  const match = /^(\d{1,9})-(\d{1,4})(?:-([1-9]\d{0,3}))?$/.exec(lastEventId ?? '')
  return match ? { text: Number(match[1]), citations: Number(match[2]), run: Number(match[3] ?? 0) } : START
}

function idOf({ text, citations, run }: Position): string {
  return `${text}-${citations}${run === 0 ? '' : `-${run}`}`
}

/** What a kept message holds of its answer. Each run has a text part of its own. */
export function writtenIn(parts: readonly Part[]): Written {
  const texts = textsOf(parts)
  let length = 0
  return {
    text: texts.join(''),
    citations: parts.filter((part) => part.type === 'citation'),
    continuedAt: texts.slice(0, -1).map((text) => (length += text.length)),
  }
}

/** The text of each run. */
export function textsOf(parts: readonly Part[]): string[] {
  return parts.filter((part) => part.type === 'text').map(({ text }) => text)
}

/** Where somebody is who has seen all of it. */
export function endOf({ text, citations, continuedAt }: Written): Position {
  return { text: text.length, citations: citations.length, run: continuedAt.length }
}

/**
 * The events that bring a reader from a position to what there is, and the position behind them. What they saw of an earlier run
 * beyond where that was continued they are told to take back, and when the answer `isOver`, all that was not kept.
 */
export function eventsSince(from: Position, written: Written, isOver = false): { events: StreamEvent[]; now: Position } {
  const end = endOf(written)
  const most = isOver ? end.text : Number.POSITIVE_INFINITY
  const holds = from.run < end.run ? written.continuedAt[from.run]! : from.run === end.run ? most : 0
  const events: StreamEvent[] = []
  let now: Position = { ...from, run: end.run }
  if (from.text > holds || (isOver && from.citations > end.citations)) {
    now = { text: Math.min(from.text, holds), citations: Math.min(from.citations, end.citations), run: end.run }
    events.push({ id: idOf(now), event: 'rewind', data: { text: now.text, citations: now.citations } })
  }
  for (let seen = now.citations; seen < written.citations.length; seen++) {
    now = { ...now, citations: seen + 1 }
    events.push({ id: idOf(now), event: 'citation', data: { citation: written.citations[seen] } })
  }
  if (now.text < end.text) {
    const text = written.text.slice(now.text)
    now = { ...now, text: end.text }
    events.push({ id: idOf(now), event: 'delta', data: { text } })
  }
  return { events, now }
}

/** The last event of every answer: the message as it is kept. */
export function doneEvent(position: Position, message: Message): StreamEvent {
  return { id: idOf(position), event: 'done', data: { message } }
}

export class Generation {
  readonly #stop = new AbortController()
  readonly #begun = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<Message | undefined>()
  #changed = Promise.withResolvers<void>()
  #before: readonly string[] = []
  #beforeText = ''
  #text = ''
  readonly #citations: Citation[] = []
  #failure: Part | undefined
  #sealer: Sealer | undefined
  #lookNow = Promise.withResolvers<void>()
  #isOver = false

  /** Aborts when the answer is to end before it is complete; the reason is the status it ends with. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Resolves once it is being written, or is over without. */
  get begun(): Promise<void> {
    return this.#begun.promise
  }

  /** Resolves with the message as it is kept, or undefined when it could not be kept. */
  get ended(): Promise<Message | undefined> {
    return this.#ended.promise
  }

  /** Whether nothing more will be written. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Seals what is told of it to other servers; undefined until it has begun. */
  get sealer(): Sealer | undefined {
    return this.#sealer
  }

  get written(): Written {
    let length = 0
    return {
      text: this.#beforeText + this.#text,
      citations: this.#citations,
      continuedAt: this.#before.map((text) => (length += text.length)),
    }
  }

  /** What is written so far, as the parts of a message. */
  get parts(): Part[] {
    const texts = this.#before.length === 0 && this.#text === '' ? [] : [...this.#before, this.#text]
    return [...texts.map((text) => ({ type: 'text' as const, text })), ...this.#citations, ...(this.#failure ? [this.#failure] : [])]
  }

  /** What was written of it before, by whoever did. */
  begin(kept: readonly Part[], sealer: Sealer): void {
    this.#before = textsOf(kept).slice(0, -1)
    this.#beforeText = this.#before.join('')
    this.#citations.push(...writtenIn(kept).citations)
    this.#sealer = sealer
    this.#begun.resolve()
    this.#wake()
  }

  write(text: string): void {
    this.#text += text
    this.#wake()
  }

  cite(citation: Citation): void {
    this.#citations.push(citation)
    this.#wake()
  }

  fail(failure: { sentence: string; retry: boolean }): void {
    this.#failure = { type: 'failure', ...failure }
  }

  /** Ends the writing early. What was written is kept. */
  stop(status: 'stopped' | 'interrupted'): void {
    this.#stop.abort(status)
  }

  end(message: Message | undefined): void {
    this.#isOver = true
    this.#begun.resolve()
    this.#ended.resolve(message)
    this.#wake()
  }

  /** Has the next checkpoint made at once: somebody may have asked to stop it. */
  lookNow(): void {
    this.#lookNow.resolve()
  }

  /** Resolves when the next checkpoint is to be made before its time. */
  get toldToLook(): Promise<void> {
    return this.#lookNow.promise
  }

  /** A checkpoint is made: whoever says so from now on means the next. */
  look(): void {
    this.#lookNow = Promise.withResolvers()
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return this.#changed.promise
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
