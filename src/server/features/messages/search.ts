/**
 * Finding messages by their words. The index holds no text: each word is keyed by its scope, so a question is asked once per scope
 * the person reads, and only ids come back, which row security then joins to messages or to nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Chat, Message } from '#contract/chats.ts'
import type { ChatId, MessageId, ScopeId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import type { Actor, JobActor } from '#server/isolation/actor.ts'
import type { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import type { ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import { queryTerms, type Term, terms } from '#server/kernel/words.ts'
import { type MessageStore, textOf } from './store.ts'

/** What a tsvector can hold of one word, and the most words looked for at once. */
const MOST_POSITIONS = 256
const MOST_TERMS = 24
const MOST_HITS = 200
/** After the words of so many characters others have their turn. */
const CHARACTERS_A_TURN = 50_000

interface Hit {
  readonly chat_session_id: ChatId
  readonly message_id: MessageId
}

interface Texted {
  readonly id: MessageId
  readonly text: string
}

export interface Found {
  readonly stored: StoredChat
  readonly message: Message
}

export class MessageSearch {
  readonly #keys: ScopeKeys
  readonly #chats: ChatStore
  readonly #messages: MessageStore
  constructor(parts: { keys: ScopeKeys; chats: ChatStore; messages: MessageStore }) {
    this.#keys = parts.keys
    this.#chats = parts.chats
    this.#messages = parts.messages
  }

  /** Adds a message's words to the index of its scope. */
  async index(tx: WriteTx | WriteTx<JobActor>, stored: StoredChat, message: Texted): Promise<void> {
    await (await this.indexing(tx, stored, message))()
  }

  /** Keys its words; what it resolves to adds them at once. */
  async indexing(tx: WriteTx | WriteTx<JobActor>, stored: StoredChat, { id, text }: Texted): Promise<() => Promise<unknown>> {
    const { id: chatId, scope } = stored.chat
    const words = vectorText(terms(text), await this.#keys.lexemesOf(tx, scope.id))
    return () => tx.call('index_message', chatId, id, scope.id, words)
  }

  /** Puts the words of messages of a chat of the actor's own into the index, as the scope `keyedFor` has them: that in which it is, or will be. */
  async indexMany(tx: WriteTx, { chat }: StoredChat, keyedFor: ScopeId): Promise<(messages: readonly Message[]) => Promise<void>> {
    const lexemeOf = remembering(await this.#keys.lexemesOf(tx, keyedFor))
    return async (messages) => {
      const vectors: (string | null)[] = []
      let characters = 0
      for (const message of messages) {
        const text = textOf(message.parts)
        vectors.push(isFound(message) ? vectorText(terms(text), lexemeOf) : null)
        characters += text.length
        if (characters > CHARACTERS_A_TURN) await nextTurn()
        characters %= CHARACTERS_A_TURN
      }
      const ids = messages.map(({ id }) => id)
      await tx.call('index_messages', chat.id, chat.scope.id, ids, vectors)
    }
  }

  /** The messages within reach that share most words with the question, best first. Deleted chats are left out. */
  async find(tx: ReadTx<Actor> | ReadTx<JobActor>, question: string, most: number): Promise<Found[]> {
    const hits = await this.#hits(tx, question, most)
    const found: Found[] = []
    const chats = new Map<ChatId, StoredChat | undefined>()
    for (const { chat_session_id: chatId, message_id: messageId } of hits) {
      if (!chats.has(chatId)) chats.set(chatId, await this.#chats.find(tx, chatId))
      const stored = chats.get(chatId)
      if (!stored || stored.chat.deletedAt) continue
      const message = await this.#messages.find(tx, stored, messageId)
      if (message) found.push({ stored, message })
    }
    return found
  }

  /** The chats within reach, also those in the archive or the trash, in whose messages these words are, best first. */
  async findChats(tx: ReadTx, words: string, most: number): Promise<Chat[]> {
    const hits = await this.#hits(tx, words, MOST_HITS)
    const ids = [...new Set(hits.map(({ chat_session_id: id }) => id))].slice(0, most)
    const found = await Promise.all(ids.map((id) => this.#chats.find(tx, id)))
    return found.flatMap((stored) => stored?.chat ?? [])
  }

  async #hits(tx: ReadTx<Actor> | ReadTx<JobActor>, words: string, most: number): Promise<Hit[]> {
    const wanted = [...wordsOf(queryTerms(words).slice(0, MOST_TERMS))]
    if (wanted.length === 0) return []
    const lexemesOf = await this.#keys.lexemesOfAll(tx, tx.actor.readScopes)
    const queries = [...lexemesOf.values()].map((lexemeOf) => wanted.map((word) => `'${lexemeOf(word)}'`).join(' | '))
    return tx.call<Hit>('search_messages', [...lexemesOf.keys()], queries, most)
  }
}

/** Whether a message can be found by its words. The Librarian's answers are quotations: found again they would only echo what they quote. */
export function isFound({ model, status, parts }: Pick<Message, 'model' | 'status' | 'parts'>): boolean {
  return model !== LIBRARIAN.id && status !== 'streaming' && textOf(parts) !== ''
}

/** The same, asked once for each word. */
function remembering(lexemeOf: (word: string) => string): (word: string) => string {
  const known = new Map<string, string>()
  return (word) => {
    const lexeme = known.get(word) ?? lexemeOf(word)
    known.set(word, lexeme)
    return lexeme
  }
}

/** Each word as a stem and as it stands; the marks keep the two from meeting. */
function* wordsOf(of: readonly Term[]): Generator<string> {
  for (const { stem, exact } of of) {
    yield `stem:${stem}`
    yield `exact:${exact}`
  }
}

/** The text form of a tsvector. A word without places cannot be written, so an empty text gives an empty vector. */
function vectorText(of: readonly Term[], lexemeOf: (word: string) => string): string {
  const positions = new Map<string, number[]>()
  for (const term of of) {
    for (const word of wordsOf([term])) {
      const known = positions.get(word)
      if (!known) positions.set(word, [term.position])
      else if (known.length < MOST_POSITIONS) known.push(term.position)
    }
  }
  return [...positions].map(([word, at]) => `'${lexemeOf(word)}':${at.join(',')}`).join(' ')
}
