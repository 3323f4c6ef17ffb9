/**
 * Finding messages by their words. The index holds no text: each word is keyed by its scope, so a question is asked once per scope
 * the person reads, and only ids come back, which row security then joins to messages or to nothing.
 */
import type { Chat, Message } from '#contract/chats.ts'
import type { ChatId, MessageId, ScopeId } from '#contract/ids.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import type { Actor, JobActor } from '#server/isolation/actor.ts'
import { KeyOutOfReach, type ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import type { ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import { queryTerms, type Term, terms } from '#server/kernel/words.ts'
import { type MessageStore, textOf } from './store.ts'

/** What a tsvector can hold of one word, and the most words looked for at once. */
const MOST_POSITIONS = 256
const MOST_TERMS = 24
const MOST_HITS = 200

/** Words of several messages, keyed. */
export interface MovedWords {
  readonly ids: readonly MessageId[]
  readonly vectors: readonly string[]
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
  async index(tx: WriteTx | WriteTx<JobActor>, stored: StoredChat, message: { id: MessageId; text: string }): Promise<void> {
    const { id: chatId, scope } = stored.chat
    const lexemeOf = await this.#keys.lexemesOf(tx, scope.id)
    await tx.call('index_message', chatId, message.id, scope.id, vectorText(terms(message.text), lexemeOf))
  }

  /** Gives the words of messages as another scope has them: for when their chat has moved there. */
  async wordsFor(tx: WriteTx, scopeId: ScopeId): Promise<(messages: readonly Message[]) => MovedWords> {
    const lexemeOf = remembering(await this.#keys.lexemesOf(tx, scopeId))
    return (messages) => {
      const found = messages.filter(isFound)
      return { ids: found.map(({ id }) => id), vectors: found.map(({ parts }) => vectorText(terms(textOf(parts)), lexemeOf)) }
    }
  }

  /** Adds them, once it has. */
  async addMoved(tx: WriteTx, to: { chatId: ChatId; scopeId: ScopeId }, { ids, vectors }: MovedWords): Promise<void> {
    if (ids.length > 0) await tx.call('index_messages', to.chatId, to.scopeId, ids, vectors)
  }

  /** The messages within reach that share most words with the question, best first. Deleted chats are left out. */
  async find(tx: ReadTx<Actor> | ReadTx<JobActor>, question: string, most: number): Promise<Found[]> {
    const query = await this.#query(tx, queryTerms(question).slice(0, MOST_TERMS))
    if (query === '') return []
    const hits = await tx.call<{ chat_session_id: ChatId; message_id: MessageId }>('search_messages', query, most)
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
    const query = await this.#query(tx, queryTerms(words).slice(0, MOST_TERMS))
    if (query === '') return []
    const hits = await tx.call<{ chat_session_id: ChatId }>('search_messages', query, MOST_HITS)
    const ids = [...new Set(hits.map(({ chat_session_id: id }) => id))].slice(0, most)
    const found = await Promise.all(ids.map((id) => this.#chats.find(tx, id)))
    return found.flatMap((stored) => stored?.chat ?? [])
  }

  async #query(tx: ReadTx<Actor> | ReadTx<JobActor>, wanted: readonly Term[]): Promise<string> {
    const lexemes: string[] = []
    for (const scopeId of tx.actor.readScopes) {
      const lexemeOf = await this.#keys.lexemesOf(tx, scopeId as ScopeId).catch(noneWithout)
      if (!lexemeOf) continue
      for (const word of wordsOf(wanted)) lexemes.push(`'${lexemeOf(word)}'`)
    }
    return lexemes.join(' | ')
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

/** A scope that was the actor's a moment ago has no words for them. */
function noneWithout(error: unknown): undefined {
  if (!(error instanceof KeyOutOfReach)) throw error
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
