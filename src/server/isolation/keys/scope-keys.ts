/**
 * Keys below the tenant's: a scope's key (wrapped by the tenant's, in `scope_key`), a chat's key (wrapped by its scope's, in the chat's
 * row), and the search key of a scope. Moving a chat to another scope re-wraps 32 bytes and leaves its messages alone.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { ChatId, ScopeId, TenantId } from '#contract/ids.ts'
import type { AnyReadTx } from '../unit-of-work.ts'
import type { Keyring } from './keyring.ts'
import { deriveKey, open, type Place, seal } from './seal.ts'

const scopeKeyPlace = (tenantId: TenantId, scopeId: ScopeId): Place => ({
  tenantId,
  owner: scopeId,
  table: 'scope_key',
  row: scopeId,
  column: 'wrapped',
})
const chatKeyPlace = (tenantId: TenantId, scopeId: ScopeId, chatId: ChatId): Place => ({
  tenantId,
  owner: scopeId,
  table: 'chat_session',
  row: chatId,
  column: 'wrapped_key',
})

/** Unwrapped scope keys kept in memory; past this many the oldest go. */
const MOST_KEPT = 10_000
/** What one wrapped key takes. A chat has one for each time that it was taken back from somebody, the latest first, one behind the other. */
const WRAPPED_BYTES = 61
/** A chat with so many is shared with nobody else, so that it gets no more than one for each reader it has: each is tried in turn to open what is old. */
const MOST_CHAT_KEYS = 40

/** Seals and opens one kind of thing at its places, under one key. */
export interface Sealer {
  seal(plain: string | Buffer, row: string, column: string): Buffer
  open(sealed: Buffer, row: string, column: string): string
  openBytes(sealed: Buffer, row: string, column: string): Buffer
}

/** The key of a scope is not there for whoever asks, or not any more: what they saw of it a moment ago has gone elsewhere. */
export class KeyOutOfReach extends Error {
  constructor() {
    super('this scope has no key within reach')
  }
}

export class ScopeKeys {
  readonly #keyring: Keyring
  readonly #kept = new Map<string, KeyObject>()
  /** Of each reading of keys that is under way, what is forgotten meanwhile: of that nothing is kept. */
  readonly #readings = new Set<Set<string>>()
  readonly #settings = new Map<TenantId, KeyObject>()
  constructor(keyring: Keyring) {
    this.#keyring = keyring
  }

  /** Forgets the key of a scope. Whoever still reads it does not keep it, and where it was destroyed nobody finds it again. */
  forget(tenantId: TenantId, scopeId: ScopeId): void {
    const name = `${tenantId}:${scopeId}`
    for (const forgotten of this.#readings) forgotten.add(name)
    this.#kept.delete(name)
  }

  /** A wrapped key for a new scope. */
  async newScopeKey(tenantId: TenantId, scopeId: ScopeId): Promise<Buffer> {
    return seal(await this.#keyring.tenantKey(tenantId), randomBytes(32), scopeKeyPlace(tenantId, scopeId))
  }

  /** A wrapped key for a scope that is being made, which is at hand at once. */
  async begin(tenantId: TenantId, scopeId: ScopeId): Promise<Buffer> {
    const wrapped = await this.newScopeKey(tenantId, scopeId)
    this.#keep(`${tenantId}:${scopeId}`, await this.#unwrap(tenantId, scopeId, wrapped))
    return wrapped
  }

  /**
   * A chat's keys for another scope. With `renew` there is one more, under which everything is sealed from now on: whoever held the earlier
   * ones opens nothing that is written later.
   */
  async moveChatKeys(
    tx: AnyReadTx,
    chat: { id: ChatId; scopeId: ScopeId; wrappedKey: Buffer },
    to: { scopeId: ScopeId; renew: boolean },
  ): Promise<Buffer> {
    const keys = await this.#chatKeys(tx, chat)
    if (to.renew) keys.unshift(randomBytes(32))
    const scopeKey = await this.#scopeKey(tx, to.scopeId)
    const place = chatKeyPlace(tx.actor.tenantId, to.scopeId, chat.id)
    return Buffer.concat(keys.map((key) => seal(scopeKey, key, place)))
  }

  /** A wrapped key for a new chat of a scope. */
  async newChatKey(tx: AnyReadTx, scopeId: ScopeId, chatId: ChatId): Promise<Buffer> {
    return seal(await this.#scopeKey(tx, scopeId), randomBytes(32), chatKeyPlace(tx.actor.tenantId, scopeId, chatId))
  }

  /** Seals what belongs to a scope itself, such as a chat's title. */
  async ofScope(tx: AnyReadTx, scopeId: ScopeId, table: string): Promise<Sealer> {
    return sealer(await this.#scopeKey(tx, scopeId), { tenantId: tx.actor.tenantId, owner: scopeId, table })
  }

  /** Seals what belongs to a chat: its messages. */
  async ofChat(tx: AnyReadTx, chat: { id: ChatId; scopeId: ScopeId; wrappedKey: Buffer }, table: string): Promise<Sealer> {
    const [latest, ...earlier] = (await this.#chatKeys(tx, chat)).map((key) => createSecretKey(key))
    return sealer(latest!, { tenantId: tx.actor.tenantId, owner: chat.id, table }, earlier)
  }

  /** Seals what belongs to the tenant as a whole, such as its model providers. */
  async ofTenant(tenantId: TenantId, table: string): Promise<Sealer> {
    const key = this.#settings.get(tenantId) ?? createSecretKey(deriveKey(await this.#keyring.tenantKey(tenantId), 'settings'))
    this.#settings.set(tenantId, key)
    return sealer(key, { tenantId, owner: tenantId, table })
  }

  /** The lexeme of a word in a scope: 96 bits of an HMAC, so that equal words of two scopes share nothing. */
  async lexemesOf(tx: AnyReadTx, scopeId: ScopeId): Promise<(word: string) => string> {
    return keyedBy(await this.#scopeKey(tx, scopeId))
  }

  /** The same for those of many scopes that are within reach: one that was the actor's a moment ago has no words for them. */
  async lexemesOfAll(tx: AnyReadTx, scopeIds: readonly ScopeId[]): Promise<Map<ScopeId, (word: string) => string>> {
    const { tenantId } = tx.actor
    const kept = new Map(scopeIds.map((id) => [id, this.#kept.get(`${tenantId}:${id}`)]))
    const missing = scopeIds.filter((id) => !kept.get(id))
    if (missing.length > 0) for (const [id, key] of await this.#read(tx, missing)) kept.set(id, key)
    return new Map([...kept].flatMap(([id, key]) => (key ? [[id, keyedBy(key)] as const] : [])))
  }

  /** Whether a chat was taken back as often as it can be and be shared again. */
  isWorn({ wrappedKey }: { wrappedKey: Buffer }): boolean {
    return wrappedKey.length >= MOST_CHAT_KEYS * WRAPPED_BYTES
  }

  async #scopeKey(tx: AnyReadTx, scopeId: ScopeId): Promise<KeyObject> {
    const { tenantId } = tx.actor
    const name = `${tenantId}:${scopeId}`
    const kept = this.#kept.get(name)
    if (kept) return kept
    const key = (await this.#read(tx, [scopeId])).get(scopeId)
    if (!key) throw new KeyOutOfReach()
    return key
  }

  /** The latest keys of scopes, as far as they are within reach. */
  async #read(tx: AnyReadTx, scopeIds: readonly ScopeId[]): Promise<Map<ScopeId, KeyObject>> {
    const { tenantId } = tx.actor
    const forgotten = new Set<string>()
    this.#readings.add(forgotten)
    try {
      const ids = sql<string>`any(${scopeIds}::uuid[])`
      const rows = await tx.all(
        tx.db.selectFrom('scope_key').select(['scope_id', 'wrapped']).where('scope_id', '=', ids).orderBy('version'),
      )
      const keys = new Map<ScopeId, KeyObject>()
      for (const { scope_id: id, wrapped } of rows) keys.set(id as ScopeId, await this.#unwrap(tenantId, id as ScopeId, wrapped))
      for (const [id, key] of keys) if (!forgotten.has(`${tenantId}:${id}`)) this.#keep(`${tenantId}:${id}`, key)
      return keys
    } finally {
      this.#readings.delete(forgotten)
    }
  }

  async #unwrap(tenantId: TenantId, scopeId: ScopeId, wrapped: Buffer): Promise<KeyObject> {
    return createSecretKey(open(await this.#keyring.tenantKey(tenantId), wrapped, scopeKeyPlace(tenantId, scopeId)))
  }

  #keep(name: string, key: KeyObject): void {
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(name, key)
  }

  async #chatKeys(tx: AnyReadTx, { id, scopeId, wrappedKey }: { id: ChatId; scopeId: ScopeId; wrappedKey: Buffer }): Promise<Buffer[]> {
    const scopeKey = await this.#scopeKey(tx, scopeId)
    const place = chatKeyPlace(tx.actor.tenantId, scopeId, id)
    const keys: Buffer[] = []
    for (let at = 0; at < wrappedKey.length; at += WRAPPED_BYTES)
      keys.push(open(scopeKey, wrappedKey.subarray(at, at + WRAPPED_BYTES), place))
    return keys
  }
}

function keyedBy(scopeKey: KeyObject): (word: string) => string {
  const key = createSecretKey(deriveKey(scopeKey, 'search'))
  return (word) => createHmac('sha256', key).update(word).digest('base64url').slice(0, 16)
}

/** Seals under the key, and opens what was sealed under it or under one of the earlier ones. */
function sealer(key: KeyObject, at: Pick<Place, 'tenantId' | 'owner' | 'table'>, earlier: readonly KeyObject[] = []): Sealer {
  const openBytes = (sealed: Buffer, row: string, column: string) => openWithAny([key, ...earlier], sealed, { ...at, row, column })
  return {
    seal: (plain, row, column) => seal(key, typeof plain === 'string' ? Buffer.from(plain) : plain, { ...at, row, column }),
    open: (sealed, row, column) => openBytes(sealed, row, column).toString(),
    openBytes,
  }
}

function openWithAny([key, ...others]: readonly KeyObject[], sealed: Buffer, place: Place): Buffer {
  try {
    return open(key!, sealed, place)
  } catch (error) {
    if (others.length === 0) throw error
    return openWithAny(others, sealed, place)
  }
}
