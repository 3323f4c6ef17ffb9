/** What servers tell each other when somebody was erased: each lets go of the key that it had in memory. */
import { z } from 'zod'
import { ScopeId, TenantId, UserId } from '#contract/ids.ts'
import { type CacheStore, onTold } from '../cache.ts'
import type { ScopeKeys } from './scope-keys.ts'

const Erased = z.strictObject({ erased: UserId, tenantId: TenantId, scopes: z.array(ScopeId) })
export type Erased = z.input<typeof Erased>

/** Forgets keys of scopes from now on, as soon as any server says that the person whose they are is erased. */
export function forgetErased(cache: CacheStore, keys: ScopeKeys): void {
  onTold(cache, (message) => {
    const { data } = Erased.safeParse(message)
    for (const scopeId of data?.scopes ?? []) keys.forget(data!.tenantId, scopeId)
  })
}
