/** Every statement on `chat_session`. Titles are sealed under the key of the chat's scope. */

import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Chat, ChatList } from '#contract/chats.ts'
import type { ChatId, MessageId, ScopeId, UserId } from '#contract/ids.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import type { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import { ready } from '#server/isolation/queries.ts'
import type { AnyReadTx, ReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import { type Row, select } from './row.ts'

/** A chat with what only the server needs. */
export interface StoredChat {
  readonly chat: Chat
  readonly wrappedKey: Buffer
}

interface NewChat {
  readonly id: ChatId
  readonly scopeId: ScopeId
  readonly description: string | undefined
  readonly model: string
  readonly now: Date
  readonly temporaryUntil?: Date | null
  /** The key under which it was asked for. */
  readonly idempotencyKey?: string | undefined
  /** What it begins as a copy of. */
  readonly fork?: { readonly chatId: ChatId; readonly messageId: MessageId }
}

export interface PageOfChats {
  readonly in: ChatList
  readonly limit: number
  readonly after: readonly string[] | undefined
}

/** Chats of a page; `last` is the position of the last one where there are more. */
export interface ListedChats {
  readonly chats: Chat[]
  readonly last: readonly string[] | undefined
}

const UNNAMED = 'New chat'
const TEMPORARY = 'Temporary chat'

/** Which chats are in which list, as the indexes of `db/tenant/0019_care.sql` have it. */
const isIn: Readonly<Record<ChatList, RawBuilder<SqlBool>>> = {
  chats: sql`deleted_at is null and not archived`,
  pinned: sql`pinned and deleted_at is null and not archived`,
  archive: sql`archived and deleted_at is null`,
  trash: sql`deleted_at is not null`,
  shared: sql`scope_id <> user_id and deleted_at is null`,
}

/** By which each list is ordered. */
const TIME = {
  chats: 'time_updated',
  pinned: 'time_updated',
  archive: 'time_updated',
  trash: 'deleted_at',
  shared: 'time_updated',
} as const

export class ChatStore {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** A list of the actor's own chats, the latest first; `after` is the position of the last one of the page before. */
  async list(tx: ReadTx, page: PageOfChats): Promise<ListedChats> {
    return this.#listed(tx, await tx.all(this.#page(tx, page)), page)
  }

  /** The same with the print of all that the page is made of, but for one whose print is known already: then only that is said. */
  async listUnless(tx: ReadTx, page: PageOfChats, known: string | undefined): Promise<{ print: string; listed: ListedChats | undefined }> {
    const { print, rows } = await tx.allUnless(this.#page(tx, page), known)
    return { print, listed: rows && (await this.#listed(tx, rows, page)) }
  }

  /** All chats of the actor's own that are kept, also deleted ones, in the order in which they were begun. */
  async listAll(tx: AnyReadTx, page: { limit: number; after: ChatId | undefined }): Promise<StoredChat[]> {
    let query = select(tx).where('user_id', '=', tx.actor.userId).where('temporary_until', 'is', null)
    if (page.after) query = query.where('id', '>', page.after)
    const rows = await tx.all(query.orderBy('id').limit(page.limit))
    return Promise.all(rows.map((row) => this.#read(tx, row)))
  }

  /** The latest so many of the actor's own chats that are kept, wherever they are, and then of those that are shared with them. */
  async listLatest(tx: ReadTx, most: number): Promise<Chat[]> {
    const lists = [this.#inListOf(tx, 'chats'), this.#inListOf(tx, 'shared')]
    const rows = await Promise.all(lists.map((list) => tx.all(list.where('temporary_until', 'is', null).orderBy('id', 'desc').limit(most))))
    return Promise.all(rows.flat().map(async (row) => (await this.#read(tx, row)).chat))
  }

  /** A chat within reach, also a deleted one. */
  async find(tx: AnyReadTx, id: ChatId): Promise<StoredChat | undefined> {
    const row = await tx.first(selectOne(tx.actor, { id }))
    return row && this.#read(tx, row)
  }

  /** A chat within reach that is not in the trash; fails with `chat.not_found`. */
  async open(tx: AnyReadTx, id: ChatId): Promise<StoredChat> {
    const stored = await this.find(tx, id)
    if (!stored || stored.chat.deletedAt) throw new Failure('chat.not_found')
    return stored
  }

  /** The chat that the actor began under an idempotency key. */
  async findBegun(tx: AnyReadTx, idempotencyKey: string): Promise<StoredChat | undefined> {
    const row = await tx.first(select(tx).where('user_id', '=', tx.actor.userId).where('idempotency_key', '=', idempotencyKey))
    return row && this.#read(tx, row)
  }

  /** How many forks the actor has begun since then, and not erased. */
  async countForks(tx: AnyReadTx, since: Date): Promise<number> {
    const own = tx.db.selectFrom('chat_session').where('user_id', '=', tx.actor.userId)
    const begun = own.where('forked_from', 'is not', null).where('time_created', '>', since)
    return (await tx.first(begun.select(sql<number>`count(*)::int`.as('n'))))!.n
  }

  /** Fails with `chat.not_found` where a chat is not, or no longer, within reach: the cheapest way to ask. */
  async confirm(tx: ReadTx, id: ChatId): Promise<void> {
    const found = await tx.first(tx.db.selectFrom('chat_session').select('id').where('id', '=', id).where('deleted_at', 'is', null))
    if (!found) throw new Failure('chat.not_found')
  }

  /** Adds a chat of the actor's to a scope, with a key of its own. */
  async add(tx: WriteTx, chat: NewChat): Promise<void> {
    const { id, scopeId, description, model, now, temporaryUntil, idempotencyKey, fork } = chat
    const sealer = await this.#keys.ofScope(tx, scopeId, 'chat_session')
    await tx.change(
      tx.db.insertInto('chat_session').values({
        id,
        user_id: tx.actor.userId,
        scope_id: scopeId,
        model,
        named: description !== undefined,
        description: sealer.seal(description ?? (temporaryUntil ? TEMPORARY : UNNAMED), id, 'description'),
        wrapped_key: await this.#keys.newChatKey(tx, scopeId, id),
        temporary_until: temporaryUntil,
        forked_from: fork?.chatId ?? null,
        forked_at: fork?.messageId ?? null,
        idempotency_key: idempotencyKey ?? null,
        time_created: now,
        time_updated: now,
      }),
    )
  }

  /** Gives a chat a title; `named` says whether a person chose it. */
  async rename(tx: WriteTx, chat: Chat, to: { description: string; named: boolean }): Promise<void> {
    const sealer = await this.#keys.ofScope(tx, chat.scope.id, 'chat_session')
    await one(
      tx.change(
        tx.db
          .updateTable('chat_session')
          .set({ description: sealer.seal(to.description, chat.id, 'description'), named: to.named })
          .where('id', '=', chat.id),
      ),
    )
  }

  /** Gives a chat a title that nobody chose; one that a person gave it meanwhile stays. False where nothing was changed. */
  async suggestTitle(tx: WriteTx<JobActor>, chat: Chat, description: string): Promise<boolean> {
    const sealer = await this.#keys.ofScope(tx, chat.scope.id, 'chat_session')
    const sealed = sealer.seal(description, chat.id, 'description')
    const unnamed = tx.db.updateTable('chat_session').set({ description: sealed }).where('id', '=', chat.id).where('named', '=', false)
    return (await tx.change(unnamed.where('scope_id', '=', chat.scope.id))) === 1
  }

  /** Pins a chat, or archives it, or neither; it is never both. */
  async place(tx: WriteTx, id: ChatId, at: { pinned: boolean; archived: boolean }): Promise<void> {
    await one(tx.change(tx.db.updateTable('chat_session').set(at).where('id', '=', id)))
  }

  /** Makes a temporary chat one that is kept. */
  async keep(tx: WriteTx, id: ChatId): Promise<void> {
    await one(tx.change(tx.db.updateTable('chat_session').set({ temporary_until: null }).where('id', '=', id)))
  }

  /** Erases a chat of the trash, with all that hangs on it. */
  async erase(tx: WriteTx, id: ChatId): Promise<void> {
    await one(tx.change(tx.db.deleteFrom('chat_session').where('id', '=', id).where('deleted_at', 'is not', null)))
  }

  async chooseModel(tx: WriteTx, id: ChatId, model: string): Promise<void> {
    await one(tx.change(tx.db.updateTable('chat_session').set({ model }).where('id', '=', id)))
  }

  /**
   * Keeps a chat where it is until the commit, if the actor may change it. Whoever is going to lock something that hangs on it holds it
   * first, as whoever erases or moves it does: so nobody waits in a circle.
   */
  async hold(tx: WriteTx | WriteTx<JobActor>, id: ChatId): Promise<void> {
    await tx.all(selectHeld(tx.actor, { id }))
  }

  /** Moves a chat to the top of the list. */
  async touch(tx: WriteTx | WriteTx<JobActor>, id: ChatId, now: Date): Promise<void> {
    await one(tx.change(tx.db.updateTable('chat_session').set({ time_updated: now }).where('id', '=', id)))
  }

  /** What it resolves to does the same at once, and gives the chat a title that nobody chose, where there is one. */
  async touching(tx: WriteTx, chat: Chat, { title, now }: { title: string | undefined; now: Date }): Promise<() => Promise<void>> {
    if (title === undefined) return () => this.touch(tx, chat.id, now)
    const sealer = await this.#keys.ofScope(tx, chat.scope.id, 'chat_session')
    const set = { time_updated: now, named: false, description: sealer.seal(title, chat.id, 'description') }
    return () => one(tx.change(tx.db.updateTable('chat_session').set(set).where('id', '=', chat.id)))
  }

  /** Marks a chat deleted, or not. */
  async setDeleted(tx: WriteTx, id: ChatId, at: Date | null): Promise<void> {
    await one(tx.change(tx.db.updateTable('chat_session').set({ deleted_at: at }).where('id', '=', id)))
  }

  #page(tx: ReadTx, page: PageOfChats) {
    const time = TIME[page.in]
    let query = this.#inListOf(tx, page.in).where('temporary_until', 'is', null).where(isIn[page.in])
    if (page.after) query = query.where(sql<boolean>`(${sql.ref(time)}, id) < (${page.after[0]}::timestamptz, ${page.after[1]}::uuid)`)
    return query
      .orderBy(time, 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit + 1)
  }

  /** The actor's own chats, or those of others that they can read. */
  #inListOf(tx: ReadTx, list: ChatList) {
    const { userId, readScopes } = tx.actor
    if (list !== 'shared') return select(tx).where('user_id', '=', userId)
    return select(tx).where('scope_id', '=', sql<string>`any(${readScopes}::uuid[])`).where('user_id', '<>', userId)
  }

  async #listed(tx: ReadTx, rows: readonly Row[], page: PageOfChats): Promise<ListedChats> {
    const shown = rows.slice(0, page.limit)
    const last = rows.length > page.limit ? shown.at(-1) : undefined
    const chats = await Promise.all(shown.map(async (row) => (await this.#read(tx, row)).chat))
    return { chats, last: last && [last[TIME[page.in]]!.toISOString(), last.id] }
  }

  async #read(tx: AnyReadTx, row: Row): Promise<StoredChat> {
    const id = row.id as ChatId
    const scopeId = row.scope_id as ScopeId
    const sealer = await this.#keys.ofScope(tx, scopeId, 'chat_session')
    const chat: Chat = {
      id,
      description: sealer.open(row.description, id, 'description'),
      named: row.named,
      // A personal scope has its person's id.
      scope: { id: scopeId, kind: row.scope_id === row.user_id ? 'personal' : 'chat' },
      owner: row.user_id === tx.actor.userId ? null : { id: row.user_id as UserId, name: row.owner_name ?? '' },
      people: row.people ?? 1,
      mayWrite: row.may_write,
      model: row.model,
      answering: Boolean(row.answering),
      pinned: row.pinned ?? false,
      archived: row.archived ?? false,
      deletedAt: row.deleted_at?.toISOString() ?? null,
      temporaryUntil: row.temporary_until?.toISOString() ?? null,
      forkedFrom: row.forked_from === null ? null : { chatId: row.forked_from as ChatId, messageId: row.forked_at as MessageId },
      timeCreated: row.time_created.toISOString(),
      timeUpdated: row.time_updated.toISOString(),
    }
    return { chat, wrappedKey: row.wrapped_key }
  }
}

const selectOne = ready((asking, { id }: { id: ChatId }) => select(asking).where('id', '=', id))
const selectHeld = ready(({ db }, { id }: { id: ChatId }) =>
  db.selectFrom('chat_session').select('id').where('id', '=', id).forNoKeyUpdate(),
)

/** Row security makes a foreign row silently zero: of a chat that was found just before it means that it has gone elsewhere since. */
async function one(touched: Promise<number>): Promise<void> {
  if ((await touched) !== 1) throw new Failure('chat.not_found')
}
