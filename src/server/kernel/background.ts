/** Work that a reply does not wait for: nothing of when it comes tells what was found. The server waits for it when it closes. */
import { errorFields, type Log } from './log.ts'

export class Background {
  readonly #log: Log
  readonly #running = new Set<Promise<void>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Begins it; what it fails with goes to the log. `name` says there what it was. */
  run(name: string, work: () => Promise<unknown>): void {
    const running = this.#after(name, work).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when all that was begun is done. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #after(name: string, work: () => Promise<unknown>): Promise<void> {
    // Not in the caller's turn: what it does first would be waited for.
    await new Promise(setImmediate)
    try {
      await work()
    } catch (error) {
      this.#log.error(errorFields(error), `${name} failed`)
    }
  }
}
