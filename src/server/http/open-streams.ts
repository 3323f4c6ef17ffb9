/** How many streams a person has open at this server: each keeps memory for as long as its reader likes, and asks the database when its login ends. */
import type { UserId } from '#contract/ids.ts'
import { Failure } from '../kernel/failure.ts'

/** A browser follows two or three, however many its pages are. */
const MOST = 100

export class OpenStreams {
  readonly #open = new Map<UserId, number>()

  /** Counts a stream until the returned function is called; fails with `request.too_many` when the person has as many as one may have. */
  begin(userId: UserId): () => void {
    const count = this.#open.get(userId) ?? 0
    if (count >= MOST) {
      throw new Failure('request.too_many', {
        retryAfterS: 60,
        detail: 'You follow as many streams already as one person may follow at once.',
        next: 'Close some pages or stop some programs, and try again.',
      })
    }
    this.#open.set(userId, count + 1)
    return () => this.#end(userId)
  }

  #end(userId: UserId): void {
    const left = this.#open.get(userId)! - 1
    if (left === 0) this.#open.delete(userId)
    else this.#open.set(userId, left)
  }
}
