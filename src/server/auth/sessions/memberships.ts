/**
 * Lets go of what is cached of people's logins after their memberships have changed, so that the next request finds what they reach now.
 * What is stale shows nothing foreign, and hides nothing for long either: every unit of work of a request compares (`http/reaching.ts`), which costs another attempt.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { TenantId, UserId } from '#contract/ids.ts'
import { type CacheStore, TenantCache } from '../../isolation/cache.ts'
import type { Doors } from '../../isolation/doors.ts'

/** A request that was under way may have put back what it had found before. */
const ONCE_MORE_AFTER_MS = 2_000

export class Memberships {
  readonly #doors: Doors
  readonly #cache: CacheStore
  constructor(parts: { doors: Doors; cache: CacheStore }) {
    this.#doors = parts.doors
    this.#cache = parts.cache
  }

  /** Of these people, at once and once more. */
  async changed(tenantId: TenantId, people: readonly UserId[]): Promise<void> {
    const rows = await this.#doors.open(tenantId, (tx) =>
      tx.all(
        tx.db
          .selectFrom('auth_token')
          .innerJoin('auth_session', 'auth_session.id', 'auth_token.session_id')
          .select(sql<string>`encode(hash, 'hex')`.as('hash'))
          .where('auth_session.user_id', '=', sql<string>`any(${people}::uuid[])`)
          .where('auth_session.revoked_at', 'is', null)
          .where(sql<boolean>`coalesce(auth_token.retires_at > now(), true)`),
      ),
    )
    const cache = new TenantCache(this.#cache, tenantId)
    const forget = async () => {
      for (const { hash } of rows) await cache.delete(`auth:session:${hash}`)
    }
    await forget()
    void sleep(ONCE_MORE_AFTER_MS, undefined, { ref: false }).then(forget)
  }
}
