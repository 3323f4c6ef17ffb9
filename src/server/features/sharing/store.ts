/**
 * Who reads a chat, and how a chat moves from one scope to another: the functions of the database that do it (0022_sharing.sql) decide
 * whether they may; here is what only the application can do, which is to re-seal what names the scope, and to key the words anew.
 */

import { sql } from 'kysely'
import type { Message } from '#contract/chats.ts'
import type { FailureCode } from '#contract/errors.ts'
import { type ChatId, type MessageId, ScopeId, type UserId } from '#contract/ids.ts'
import type { ChatReader, QuotedChat } from '#contract/sharing.ts'
import type { ChatStore, StoredChat } from '#server/features/chats/index.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import type { MessageSearch, MessageStore } from '#server/features/messages/index.ts'
import type { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import type { AnyReadTx, WriteTx } from '#server/isolation/unit-of-work.ts'
import { Failure } from '#server/kernel/failure.ts'
import type { Ids } from '#server/kernel/ids.ts'

const MESSAGES_AT_ONCE = 100
/** What is moved in one go, while the person waits; the sentence of `sharing.too_long` names both. */
const MOST_MESSAGES = 20_000
const MOST_BYTES = 32 * 1024 * 1024

/** What the database refuses, as `let_in` of 0022_sharing.sql words it. */
const REFUSALS: Readonly<Record<string, FailureCode>> = {
  SX411: 'sharing.too_many',
  SX412: 'sharing.too_many_with_one',
  SX413: 'sharing.not_now',
}

interface SharingStoreParts {
  readonly keys: ScopeKeys
  readonly ids: Ids
  readonly chats: ChatStore
  readonly messages: MessageStore
  readonly search: MessageSearch
}

/** Where a chat goes: to its owner alone, or to a scope of its own for its readers. */
interface Move {
  readonly to: 'personal' | 'new scope'
  readonly add: readonly UserId[]
  readonly without: readonly UserId[]
}

export class SharingStore {
  readonly #parts: SharingStoreParts
  constructor(parts: SharingStoreParts) {
    this.#parts = parts
  }

  /** Who can read a chat, its owner first. */
  async listReaders(tx: AnyReadTx, { chat }: StoredChat): Promise<ChatReader[]> {
    const rows = await tx.all(
      tx.db
        .selectFrom('scope_member')
        .innerJoin('user', 'user.id', 'scope_member.user_id')
        .leftJoin('picture', 'picture.user_id', 'user.id')
        .select(['user.id', 'user.name', 'user.email', 'picture.version', 'scope_member.role'])
        .where('scope_member.scope_id', '=', chat.scope.id)
        .orderBy(sql`scope_member.role = 'owner'`, 'desc')
        .orderBy('user.name')
        .orderBy('user.id'),
    )
    return rows.map(({ id, name, email, version, role }) => ({
      id: id as UserId,
      name,
      email,
      picture: version,
      role: role === 'owner' ? 'owner' : 'viewer',
    }))
  }

  /** Which of these people the actor sees who can sign in. */
  async listJoined(tx: AnyReadTx, people: readonly UserId[]): Promise<UserId[]> {
    const rows = await tx.all(
      tx.db
        .selectFrom('user')
        .select('id')
        .where('id', '=', sql<string>`any(${people}::uuid[])`)
        .where('status', '=', 'active')
        .where('time_joined', 'is not', null),
    )
    return rows.map(({ id }) => id as UserId)
  }

  /** Other chats that are quoted in a chat, on all its branches: nobody but the Librarian quotes. */
  async listQuoted(tx: AnyReadTx, stored: StoredChat): Promise<QuotedChat[]> {
    const quoted = new Map<ChatId, QuotedChat>()
    for await (const some of this.#pages(tx, stored, LIBRARIAN.id)) for (const message of some) noteQuotes(quoted, message)
    quoted.delete(stored.chat.id)
    return [...quoted.values()]
  }

  /** Holds the chat until the commit: nothing is added to it and it goes nowhere meanwhile. Undefined where it has gone already. */
  async hold(tx: WriteTx, chatId: ChatId): Promise<StoredChat | undefined> {
    const held = await tx.first(tx.db.selectFrom('chat_session').select('id').where('id', '=', chatId).forUpdate())
    return held && this.#parts.chats.find(tx, chatId)
  }

  /** Whether an answer is being written that may quote what its reader alone may read. */
  async isQuoting(tx: WriteTx, { chat }: StoredChat): Promise<boolean> {
    const row = await tx.first(
      tx.db
        .selectFrom('chat_message')
        .select('id')
        .where('chat_session_id', '=', chat.id)
        .where('status', '=', 'streaming')
        .where('model', '=', LIBRARIAN.id)
        // Whoever wrote it may be back when the database is, though their lease has run out.
        .where(sql<boolean>`lease_until > now() - interval '1 minute'`)
        .limit(1),
    )
    return row !== undefined
  }

  /** Lets more people read a chat that has a scope of its own. */
  async add(tx: WriteTx, { chat }: StoredChat, people: readonly UserId[]): Promise<UserId[]> {
    return ids(await tx.call('add_readers', chat.id, chat.scope.id, people).catch(refused))
  }

  /**
   * Moves a chat that is held, with all that hangs on it. Taken back from somebody, it gets a new key as well. Answers the people other than
   * its owner whom that concerns.
   */
  async move(tx: WriteTx, stored: StoredChat, { to, add, without }: Move): Promise<UserId[]> {
    const { keys, search } = this.#parts
    const { tenantId, userId } = tx.actor
    const { chat, wrappedKey } = stored
    const isNew = to === 'new scope'
    const scopeId = isNew ? this.#parts.ids.next<ScopeId>() : ScopeId.parse(userId)
    const scopeKey = isNew ? await keys.begin(tenantId, scopeId) : null
    const indexSome = await search.indexMany(tx, stored, scopeId)
    for await (const some of this.#pages(tx, stored)) await indexSome(some)
    const from = { id: chat.id, scopeId: chat.scope.id, wrappedKey }
    const chatKey = await keys.moveChatKeys(tx, from, { scopeId, renew: chat.scope.kind === 'chat' })
    const description = (await keys.ofScope(tx, scopeId, 'chat_session')).seal(chat.description, chat.id, 'description')
    return ids(await tx.call('move_chat', chat.id, chat.scope.id, scopeId, scopeKey, chatKey, description, add, without).catch(refused))
  }

  /** Of these chats those of others that the actor reads, with their scopes. */
  async listScopesOfOthers(tx: WriteTx, chatIds: readonly ChatId[]): Promise<Map<ChatId, ScopeId>> {
    const rows = await tx.all(
      tx.db
        .selectFrom('chat_session')
        .select(['id', 'scope_id'])
        .where('id', '=', sql<string>`any(${chatIds}::uuid[])`)
        .where('user_id', '<>', tx.actor.userId),
    )
    return new Map(rows.map((row) => [row.id as ChatId, row.scope_id as ScopeId]))
  }

  /** Ends the actor's own reading of chats, given with their scopes; answers the scopes that they were in. */
  async leave(tx: WriteTx, scopeOf: ReadonlyMap<ChatId, ScopeId>): Promise<ScopeId[]> {
    return ids(await tx.call('leave_chats', [...scopeOf.keys()], [...scopeOf.values()]))
  }

  /** Whether a chat was taken back as often as it can be and be shared again. */
  isWorn(stored: StoredChat): boolean {
    return this.#parts.keys.isWorn(stored)
  }

  /** Fails where sharing a chat would take too long. */
  async confirmSize(tx: WriteTx, { chat }: StoredChat): Promise<void> {
    const size = await tx.first(
      tx.db
        .selectFrom('chat_message')
        .select([sql<number>`count(*)::int`.as('messages'), sql<number>`coalesce(sum(octet_length(message)), 0)::float8`.as('bytes')])
        .where('chat_session_id', '=', chat.id),
    )
    if (size!.messages > MOST_MESSAGES || size!.bytes > MOST_BYTES) throw new Failure('sharing.too_long')
  }

  async *#pages(tx: AnyReadTx, stored: StoredChat, model?: string): AsyncGenerator<Message[]> {
    for (let after: MessageId | undefined; ; ) {
      const some = await this.#parts.messages.listFrom(tx, stored, { limit: MESSAGES_AT_ONCE, after, model })
      if (some.length > 0) yield some
      after = some.at(-1)?.id
      if (some.length < MESSAGES_AT_ONCE) return
    }
  }
}

function noteQuotes(quoted: Map<ChatId, QuotedChat>, { parts }: Message): void {
  for (const part of parts) {
    if (part.type !== 'citation' || part.source.kind !== 'message') continue
    const { chatId, title, shared = false } = part.source
    quoted.set(chatId, { chatId, title, shared, quotations: (quoted.get(chatId)?.quotations ?? 0) + 1 })
  }
}

/** What a function answers that returns a set of ids: one column, named after it. */
function ids<Id extends string>(rows: readonly unknown[]): Id[] {
  return rows.flatMap((row) => Object.values(row as Record<string, Id>))
}

function refused(error: { code?: string }): never {
  const code = REFUSALS[error.code ?? '']
  throw code ? new Failure(code) : error
}
