/** API tokens: sessions of a kind of their own, made by a person who has just proven who they are, good for what their abilities say. */
import { sql } from 'kysely'
import type { Ability } from '#contract/endpoint.ts'
import { ScopeId, SessionId } from '#contract/ids.ts'
import type { ApiToken } from '#contract/security.ts'
import type { Actor } from '../../isolation/actor.ts'
import { type Doors, type EnterableTx, requireProven } from '../../isolation/doors.ts'
import type { ScopeKeys } from '../../isolation/keys/scope-keys.ts'
import type { AnyReadTx, ReadTx } from '../../isolation/unit-of-work.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Ids } from '../../kernel/ids.ts'
import type { Device } from '../device.ts'
import { insertEvents } from '../security-log.ts'
import { lockSessions } from '../sessions/ending.ts'
import { matching } from '../sessions/session-lists.ts'
import { newApiToken } from './presented.ts'
import { tokenHash } from './token.ts'

const MOST = 100

export interface NewApiToken {
  readonly name: string
  readonly abilities: readonly Ability[]
  readonly days: number
}

export class ApiTokens {
  readonly #doors: Doors
  readonly #keys: ScopeKeys
  readonly #ids: Ids

  constructor(parts: { doors: Doors; keys: ScopeKeys; ids: Ids }) {
    this.#doors = parts.doors
    this.#keys = parts.keys
    this.#ids = parts.ids
  }

  /** The actor's API tokens that are good, the latest first. */
  async list(tx: ReadTx): Promise<ApiToken[]> {
    const rows = await tx.all(
      tx.db
        .selectFrom('auth_session')
        .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
        .innerJoin('api_token', 'api_token.session_id', 'auth_session.id')
        .select(['auth_session.id', 'api_token.name', 'prefix', 'abilities', 'auth_session.time_created', 'expires_at', 'seen_at'])
        .select(sql<string | null>`host(${sql.ref('auth_session_seen.ip')})`.as('seen_from'))
        .where((all) => all.and(matching({ userId: tx.actor.userId, kind: 'api' })))
        .orderBy('auth_session.id', 'desc'),
    )
    const sealer = await this.#sealer(tx)
    return rows.map((row) => ({
      id: SessionId.parse(row.id),
      name: sealer.open(row.name, row.id, 'name'),
      prefix: row.prefix,
      abilities: row.abilities as Ability[],
      timeCreated: row.time_created.toISOString(),
      // An address is written at every use, and not before the first.
      usedAt: row.seen_from === null ? null : row.seen_at.toISOString(),
      usedFrom: row.seen_from,
      endsAt: row.expires_at.toISOString(),
    }))
  }

  /** Makes a token for the actor, whose name is sealed under their own scope's key. Fails with `token.too_many` or `auth.proof_needed`. */
  async create(actor: Actor, wanted: NewApiToken, { tx, device }: { tx: AnyReadTx; device: Device }) {
    const id = this.#ids.next<SessionId>()
    const name = (await this.#sealer(tx)).seal(wanted.name, id, 'name')
    const { token, prefix } = newApiToken(actor.tenantId)
    const row = await this.#doors.open(actor.tenantId, async (door) => {
      // All of the person's: of tokens that are made at once, none is counted by nobody.
      const sessions = await lockSessions(door, { userId: actor.userId })
      requireProven(await door.enter(actor.tokenHash))
      if (sessions.filter(({ kind }) => kind === 'api').length >= MOST) throw new Failure('token.too_many')
      return this.#add(door, actor, { ...wanted, id, sealedName: name, token, prefix, device })
    })
    const apiToken: ApiToken = {
      id,
      name: wanted.name,
      prefix,
      abilities: [...wanted.abilities],
      timeCreated: row.time_created.toISOString(),
      usedAt: null,
      usedFrom: null,
      endsAt: row.expires_at.toISOString(),
    }
    return { token, apiToken }
  }

  async #add(
    door: EnterableTx,
    { userId }: Actor,
    of: NewApiToken & { id: SessionId; sealedName: Buffer; token: string; prefix: string; device: Device },
  ) {
    const row = await door.first(
      door.db
        .insertInto('auth_session')
        .values({
          id: of.id,
          user_id: userId,
          kind: 'api',
          abilities: [...of.abilities],
          device: 'API token',
          methods: [],
          idle_limit_s: null,
          expires_at: sql<Date>`now() + make_interval(days => ${of.days}::int)`,
          ip: of.device.ip,
        })
        .returning(['expires_at', 'time_created']),
    )
    await door.changeAll([
      door.db.insertInto('auth_session_seen').values({ session_id: of.id, user_id: userId }),
      door.db.insertInto('auth_token').values({ hash: tokenHash(of.token), session_id: of.id, seen_at: sql<Date>`now()` }),
      door.db
        .insertInto('api_token')
        .values({ session_id: of.id, user_id: userId, scope_id: userId, name: of.sealedName, prefix: of.prefix }),
      insertEvents(door, this.#ids, [{ userId, kind: 'token_created', by: { kind: 'self', userId, device: of.device }, sessionId: of.id }]),
    ])
    return row!
  }

  #sealer(tx: AnyReadTx) {
    return this.#keys.ofScope(tx, ScopeId.parse(tx.actor.userId), 'api_token')
  }
}
