/**
 * Ways to a provider and back. The browser that sets out holds a secret in a cookie, from which nonce and PKCE verifier follow; the
 * database has only hashes. A way is taken back once and its outcome fetched once, both by the browser that began it. An outcome names
 * somebody, so it is gone with its row as soon as it was fetched.
 */
import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import { z } from 'zod'
import { SessionId, type TenantId, UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { ScopeKeys } from '../../isolation/keys/scope-keys.ts'
import { newSecret } from '../named-secret.ts'
import { tokenHash } from '../tokens/token.ts'
import { Claims, type WaySecrets } from './client.ts'

export const WAY_S = 600

export const Purpose = z.enum(['sign_in', 'invitation', 'link', 'prove', 'try'])
export type Purpose = z.infer<typeof Purpose>

/** What the browser that sets out wishes for when it is back. */
const Wish = z.strictObject({ next: z.string(), remember: z.boolean(), invitation: z.string().nullable() })
export type Wish = z.infer<typeof Wish>

/** What came of a way: what the provider says, or why that is not believed. */
const Outcome = z.union([
  z.strictObject({ claims: Claims }),
  z.strictObject({ failure: z.enum(['oidc.changed', 'oidc.off', 'oidc.unreachable', 'oidc.declined', 'oidc.failed']) }),
])
export type Outcome = z.infer<typeof Outcome>

export interface Way {
  readonly stateHash: Buffer
  readonly purpose: Purpose
  readonly revision: string
  readonly of: { readonly userId: UserId; readonly sessionId: SessionId } | undefined
  readonly wish: Wish
  readonly begunAtMs: number
}

export class Ways {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** Begins one. The cookie's secret is in no row, and what is in the address is in none either. */
  async begin(tx: DoorTx, way: Pick<Way, 'purpose' | 'revision' | 'of' | 'wish'>): Promise<{ secret: string; secrets: WaySecrets }> {
    await tx.change(tx.db.deleteFrom('oidc_way').where('expires_at', '<', sql<Date>`now()`))
    const [secret, state] = [newSecret(tx.tenantId), newSecret(tx.tenantId)]
    const hash = tokenHash(state)
    const sealer = await this.#sealer(tx.tenantId)
    await tx.change(
      tx.db.insertInto('oidc_way').values({
        state_hash: hash,
        browser_hash: tokenHash(secret),
        purpose: way.purpose,
        revision: way.revision,
        user_id: way.of?.userId ?? null,
        session_id: way.of?.sessionId ?? null,
        wish: sealer.seal(JSON.stringify(Wish.parse(way.wish)), hash.toString('hex'), 'wish'),
      }),
    )
    return { secret, secrets: secretsOf(secret, state) }
  }

  /** The way of this state, once, for the browser with this secret; undefined for anybody else, who changes nothing by asking. */
  async takeBack(tx: DoorTx, secret: string, state: string): Promise<Way | undefined> {
    return this.#read(
      tx,
      await tx.first(
        tx.db
          .updateTable('oidc_way')
          .set({ returned_at: sql<Date>`now()` })
          .where('state_hash', '=', tokenHash(state))
          .where('browser_hash', '=', tokenHash(secret))
          .where('returned_at', 'is', null)
          .where('expires_at', '>', sql<Date>`now()`)
          .returningAll(),
      ),
    )
  }

  /** Keeps what came of it until the browser fetches it. */
  async keep(tx: DoorTx, { stateHash }: Way, outcome: Outcome): Promise<void> {
    const found = (await this.#sealer(tx.tenantId)).seal(JSON.stringify(outcome), stateHash.toString('hex'), 'found')
    await tx.change(tx.db.updateTable('oidc_way').set({ found }).where('state_hash', '=', stateHash))
  }

  /** What came of the way that the browser with this secret began, once; undefined while it is not back, or when it was fetched. */
  async fetch(tx: DoorTx, secret: string): Promise<{ way: Way; outcome: Outcome } | undefined> {
    const row = await tx.first(
      tx.db
        .deleteFrom('oidc_way')
        .where('browser_hash', '=', tokenHash(secret))
        .where('found', 'is not', null)
        .where('expires_at', '>', sql<Date>`now()`)
        .returningAll(),
    )
    const way = await this.#read(tx, row)
    if (!way || !row?.found) return undefined
    const sealer = await this.#sealer(tx.tenantId)
    return { way, outcome: Outcome.parse(JSON.parse(sealer.open(row.found, way.stateHash.toString('hex'), 'found'))) }
  }

  async #read(tx: DoorTx, row: Row | undefined): Promise<Way | undefined> {
    if (!row) return undefined
    const sealer = await this.#sealer(tx.tenantId)
    return {
      stateHash: row.state_hash,
      purpose: Purpose.parse(row.purpose),
      revision: row.revision,
      of: row.user_id && row.session_id ? { userId: UserId.parse(row.user_id), sessionId: SessionId.parse(row.session_id) } : undefined,
      wish: Wish.parse(JSON.parse(sealer.open(row.wish, row.state_hash.toString('hex'), 'wish'))),
      begunAtMs: row.time_created.getTime(),
    }
  }

  #sealer(tenantId: TenantId) {
    return this.#keys.ofTenant(tenantId, 'oidc_way')
  }
}

interface Row {
  readonly state_hash: Buffer
  readonly purpose: string
  readonly revision: string
  readonly user_id: string | null
  readonly session_id: string | null
  readonly wish: Buffer
  readonly time_created: Date
}

/** Nonce and verifier of a way: nobody without the browser's secret can say them, and another state has others. */
export function secretsOf(secret: string, state: string): WaySecrets {
  const derive = (purpose: string) => createHmac('sha256', secret).update(`${purpose}:${state}`).digest('base64url')
  return { state, nonce: derive('nonce'), verifier: derive('verifier') }
}
