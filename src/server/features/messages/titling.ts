/**
 * Naming a chat after its first exchange, by the model that answered: in the background, under the job of the answer, which goes on until
 * then. Whoever named the chat meanwhile is not overruled, and what goes wrong costs nothing.
 */
import type { ChatStore } from '#server/features/chats/index.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import { errorFields, type Log } from '#server/kernel/log.ts'
import type { Answering, Conversation } from './answering.ts'
import type { Place } from './place.ts'
import type { MessageStore } from './store.ts'
import { titleBy, titleFrom } from './titles.ts'

interface TitlingParts {
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly answering: Answering
  readonly log: Log
}

interface Naming {
  readonly conversation: Conversation
  readonly answer: string
}

export class Titling {
  readonly #parts: TitlingParts
  readonly #end = new AbortController()
  readonly #running = new Set<Promise<void>>()
  constructor(parts: TitlingParts) {
    this.#parts = parts
  }

  /** Whether a chat is to be named after an answer: after its first, by a model, while it has the title that its question gave it. */
  wants({ stored: { chat }, messages, modelId }: Conversation): boolean {
    const [question, ...more] = messages
    if (chat.named || chat.temporaryUntil || modelId === LIBRARIAN.id || !question || more.length > 0) return false
    return chat.description === titleFrom(question.text) && !this.#end.signal.aborted
  }

  /** Begins to name the chat, and ends the job afterwards; returns at once. */
  start(place: Place, naming: Naming): void {
    const running: Promise<void> = this.#run(place, naming)
      .catch((error: unknown) => this.#parts.log.warn(errorFields(error), 'a chat keeps the title that its question gave it'))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** For a server that is going down: no title is waited for any more. */
  async stop(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#running)
  }

  async #run(place: Place, { conversation, answer }: Naming): Promise<void> {
    const { chats, messages, answering } = this.#parts
    const question = conversation.messages[0]?.text ?? ''
    const title = await titleBy(answering.model(place.actor, conversation), { question, answer }, this.#end.signal)
    if (title !== undefined) await place.write((tx, { chat }) => chats.suggestTitle(tx, chat, title))
    await place.write(async (tx) => {
      await messages.endJob(tx)
      return true
    })
  }
}
