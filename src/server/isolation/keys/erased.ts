/** What servers tell each other when somebody was erased: each lets go of the key that it had in memory. */
import { z } from 'zod'
import { ScopeId, TenantId, UserId } from '#contract/ids.ts'
import { type CacheStore, onTold } from '../cache.ts'
import type { ScopeKeys } from './scope-keys.ts'

const Erased = z.strictObject({ erased: UserId, tenantId: TenantId })
export type Erased = z.input<typeof Erased>

/** Forgets keys of personal scopes from now on, as soon as any server says that their person is erased. */
export function forgetErased(cache: CacheStore, keys: ScopeKeys): void {
  onTold(cache, (message) => {
    const { data } = Erased.safeParse(message)
    if (data) keys.forget(data.tenantId, ScopeId.parse(data.erased))
  })
}
