/**
 * When somebody last looked at a chat: `session:{chat id}:{person}` in the cache, for an hour. It decides nothing and is asked by its own
 * person only, so that what they read on one device is not offered as new on another, and no reader learns when another one looked. What
 * sending and following need beside it, the database says in the flight in which it lets them (docs/decisions/0030).
 */
import { z } from 'zod'
import { type ChatId, TenantId, UserId } from '#contract/ids.ts'
import type { Actor } from '#server/isolation/actor.ts'
import { type CacheStore, TenantCache } from '#server/isolation/cache.ts'
import type { Clock } from '#server/kernel/clock.ts'

const TTL_S = 3_600

const Used = z.strictObject({ user_id: UserId, tenant_id: TenantId, last_accessed: z.iso.datetime() })
type Used = z.infer<typeof Used>

export class ChatUse {
  readonly #cache: CacheStore
  readonly #clock: Clock
  constructor({ cache, clock }: { cache: CacheStore; clock: Clock }) {
    this.#cache = cache
    this.#clock = clock
  }

  /** Writes down that the actor looks at a chat now. Never rejects. */
  note({ tenantId, userId }: Actor, chatId: ChatId): Promise<void> {
    const entry: Used = { user_id: userId, tenant_id: tenantId, last_accessed: new Date(this.#clock.now()).toISOString() }
    return new TenantCache(this.#cache, tenantId).set(`session:${chatId}:${userId}`, entry, TTL_S)
  }

  /** When the actor last looked at each of these chats; those that they did not within the hour are left out. */
  async list({ tenantId, userId }: Actor, chatIds: readonly ChatId[]): Promise<{ chatId: ChatId; lastAccessed: string }[]> {
    const cache = new TenantCache(this.#cache, tenantId)
    const entries = await Promise.all(
      chatIds.map(async (chatId) => ({ chatId, ...Used.safeParse(await cache.get(`session:${chatId}:${userId}`)) })),
    )
    return entries.flatMap(({ chatId, data }) => (data?.user_id === userId ? [{ chatId, lastAccessed: data.last_accessed }] : []))
  }
}
