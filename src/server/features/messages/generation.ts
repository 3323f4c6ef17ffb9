/**
 * One answer while it is being written on this server. It belongs to no request: readers come and go, each with its own position, and
 * a slow one gets larger pieces. A position is how much text and how many citations one has seen, so that it means the same on
 * another server, which knows only what was checkpointed.
 */
import type { Citation, Message, Part } from '#contract/chats.ts'
import type { StreamEvent } from '#server/isolation/route.ts'

export interface Position {
  readonly text: number
  readonly citations: number
}

const START: Position = { text: 0, citations: 0 }

/** The position in a Last-Event-ID; the start when there is none or it is not one of ours. */
export function positionOf(lastEventId: string | null): Position {
  const match = /^(\d{1,9})-(\d{1,4})$/.exec(lastEventId ?? '')
  return match ? { text: Number(match[1]), citations: Number(match[2]) } : START
}

/** The events that bring a reader from a position to what there is, and the position behind them. */
export function eventsSince(position: Position, text: string, citations: readonly Citation[]): { events: StreamEvent[]; now: Position } {
  const now: Position = { text: Math.max(position.text, text.length), citations: Math.max(position.citations, citations.length) }
  const events: StreamEvent[] = []
  for (let seen = position.citations; seen < citations.length; seen++) {
    events.push({ id: idOf({ text: position.text, citations: seen + 1 }), event: 'citation', data: { citation: citations[seen] } })
  }
  if (position.text < text.length) events.push({ id: idOf(now), event: 'delta', data: { text: text.slice(position.text) } })
  return { events, now }
}

/** The last event of every answer: the message as it is kept. */
export function doneEvent(position: Position, message: Message): StreamEvent {
  return { id: idOf(position), event: 'done', data: { message } }
}

function idOf({ text, citations }: Position): string {
  return `${text}-${citations}`
}

export class Generation {
  readonly #stop = new AbortController()
  readonly #ended = Promise.withResolvers<Message | undefined>()
  #changed = Promise.withResolvers<void>()
  #text = ''
  readonly #citations: Citation[] = []
  #failure: Part | undefined
  #isOver = false

  /** Aborts when the answer is to end before it is complete; the reason is the status it ends with. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Resolves with the message as it is kept, or undefined when it could not be kept. */
  get ended(): Promise<Message | undefined> {
    return this.#ended.promise
  }

  /** Whether nothing more will be written. */
  get isOver(): boolean {
    return this.#isOver
  }

  get text(): string {
    return this.#text
  }

  get citations(): readonly Citation[] {
    return this.#citations
  }

  /** What is written so far, as the parts of a message. */
  get parts(): Part[] {
    return [
      ...(this.#text === '' ? [] : [{ type: 'text' as const, text: this.#text }]),
      ...this.#citations,
      ...(this.#failure ? [this.#failure] : []),
    ]
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
    this.#ended.resolve(message)
    this.#wake()
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
