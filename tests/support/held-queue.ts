/** The queue of a world: what is put in waits until the test lets it be done, by the handlers that the server brought. */
import type { ClockQueue, JobQueue, Message } from '#server/isolation/queue.ts'

type Work = (message: Message, signal: AbortSignal) => Promise<void>

export class HeldQueue {
  readonly #handlers = new Map<JobQueue, Work>()
  readonly #clocks = new Map<ClockQueue, (signal: AbortSignal) => Promise<void>>()
  readonly waiting: { queue: JobQueue; message: Message }[] = []

  async put(queue: JobQueue, message: Message): Promise<void> {
    if (!this.waiting.some((one) => one.message.jobId === message.jobId)) this.waiting.push({ queue, message })
  }

  async onJob(queue: JobQueue, work: Work): Promise<void> {
    this.#handlers.set(queue, work)
  }

  async onClock(queue: ClockQueue, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#clocks.set(queue, work)
  }

  /** Does all that waits, each once; what throws is thrown. */
  async work(signal: AbortSignal = new AbortController().signal): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await this.#handlers.get(next.queue)!(next.message, signal)
  }

  /** As if the hour had come. */
  async strike(queue: ClockQueue): Promise<void> {
    await this.#clocks.get(queue)!(new AbortController().signal)
  }
}
