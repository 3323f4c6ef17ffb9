/**
 * Where an answer is written: its chat, and who acts in it. A chat that is shared or taken back moves to another scope; its job goes with
 * it, and what is written next is sealed and kept there.
 */
import type { ChatId, JobId, TenantId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import type { Jobs } from '#server/isolation/jobs.ts'
import type { UnitsOfWork, WriteTx } from '#server/isolation/unit-of-work.ts'

const MOST_TRIES = 4

export interface PlaceParts {
  readonly jobs: Jobs
  readonly units: UnitsOfWork
  readonly chats: ChatStore
}

export class Place {
  readonly #parts: PlaceParts
  readonly #of: { readonly tenantId: TenantId; readonly jobId: JobId; readonly chatId: ChatId }
  #actor: JobActor
  #stored: StoredChat
  readonly #stays: boolean

  /**
   * `stays`: what is written is for the readers that there are now and for no others, so a chat that moves is not followed. An answer of the
   * Librarian in a personal chat quotes what its owner alone may read; whoever shares it waits for its end, but not past its lease.
   */
  constructor(
    parts: PlaceParts,
    of: { tenantId: TenantId; jobId: JobId; chatId: ChatId },
    now: { actor: JobActor; stored: StoredChat; stays: boolean },
  ) {
    this.#parts = parts
    this.#of = of
    this.#stays = now.stays
    this.#actor = now.actor
    this.#stored = now.stored
  }

  /** Who acts in it. */
  get actor(): JobActor {
    return this.#actor
  }

  /**
   * Writes in one transaction; again where the chat is now, if `work` finds nothing to write to where it was. It may be back there: one that
   * is shared and taken back at once has moved twice.
   */
  async write<T>(work: (tx: WriteTx<JobActor>, stored: StoredChat) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const written = await this.#write(work)
      if (written || this.#stays || tries === MOST_TRIES) return written
      await this.#look()
    }
  }

  #write<T>(work: (tx: WriteTx<JobActor>, stored: StoredChat) => Promise<T>): Promise<T> {
    return this.#parts.units.write(this.#actor, (tx) => work(tx, this.#stored))
  }

  async #look(): Promise<void> {
    const { jobs, units, chats } = this.#parts
    const actor = await jobs.actorOf(this.#of.tenantId, this.#of.jobId)
    const stored = await units.read(actor, (tx) => chats.find(tx, this.#of.chatId))
    if (!stored) return
    this.#actor = actor
    this.#stored = stored
  }
}
