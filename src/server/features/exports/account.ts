/** What an export says of the account itself: who it is, their preferences, where they were signed in, and what happened. No secrets. */
import { ScopeId, type TenantId } from '#contract/ids.ts'
import type { JobActor } from '#server/isolation/actor.ts'
import type { ScopeKeys } from '#server/isolation/keys/scope-keys.ts'
import type { TenantTables } from '#server/isolation/tables.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'
import { type Exporter, listFile, oneFile, pretty } from './exporter.ts'

const AT_ONCE = 500

interface Organisations {
  byId(id: TenantId): Promise<{ readonly name: string; readonly slug: string } | undefined>
}

/** Person, organisation and preferences. */
export function accountExporter(organisations: Organisations): Exporter {
  return {
    tables: ['user', 'scope', 'scope_member'],
    count: async () => 1,
    files: (read) =>
      oneFile('account.json', () =>
        read(async (tx) => {
          const { userId, tenantId } = tx.actor
          const [user, [own], memberships, organisation] = [
            await tx.first(
              tx.db.selectFrom('user').select(['id', 'name', 'email', 'role', 'time_joined', 'time_created']).where('id', '=', userId),
            ),
            await tx.call<{ own_preferences: unknown }>('own_preferences'),
            await tx.all(tx.db.selectFrom('scope_member').select(['scope_id', 'role']).where('user_id', '=', userId)),
            await organisations.byId(tenantId),
          ]
          const content = { user, organisation, preferences: own?.own_preferences, memberships }
          return { content: `${pretty(content)}\n`, counts: { account: 1 } }
        }),
      ),
  }
}

/** Every login that is on record, also those that have ended. */
export function deviceExporter(): Exporter {
  return behindDoors('devices', { file: 'devices.json', tables: ['auth_session', 'auth_session_seen'] })
}

/** API tokens by name, without what makes them work. */
export function tokenExporter(keys: ScopeKeys): Exporter {
  const named = async (tx: ReadTx<JobActor>, { id, item, sealed }: Row) => {
    const sealer = await keys.ofScope(tx, ScopeId.parse(tx.actor.userId), 'api_token')
    return { ...item, name: sealer.open(sealed!, id, 'name') }
  }
  return behindDoors('api_tokens', { file: 'api-tokens.json', tables: ['api_token'], shown: named })
}

/** The security log, whole. Who else did something is there by their id, as in the log itself. */
export function securityLogExporter(): Exporter {
  return behindDoors('security_events', { file: 'security-log.json', tables: ['security_event'] })
}

/** Passkeys by name, how one signs in through the organisation's provider, and what became of lost access. */
export function accessExporters(keys: ScopeKeys): Exporter[] {
  const named = async (tx: ReadTx<JobActor>, { id, item, sealed }: Row) => {
    const sealer = await keys.ofTenant(tx.actor.tenantId, 'passkey')
    return { ...item, name: sealer.open(sealed!, id, 'name') }
  }
  return [
    behindDoors('passkeys', { file: 'passkeys.json', tables: ['passkey'], shown: named }),
    behindDoors('identities', { file: 'identities.json', tables: ['identity'] }),
    behindDoors('recoveries', { file: 'recoveries.json', tables: ['recovery'] }),
  ]
}

interface Row {
  readonly id: string
  readonly item: object
  readonly sealed: Buffer | null
}

interface Listed {
  readonly file: string
  readonly tables: readonly (keyof TenantTables)[]
  readonly shown?: (tx: ReadTx<JobActor>, row: Row) => Promise<object>
}

/** A list of what only doors reach: the database hands out the person's own, to an export alone. */
function behindDoors(what: string, { file, tables, shown = async (_, { item }) => item }: Listed): Exporter {
  const page = (tx: ReadTx<JobActor>, after: string | undefined) => tx.call<Row>('exported', what, after ?? null, AT_ONCE)
  return {
    tables,
    count: async (tx) => {
      let [count, after]: [number, string | undefined] = [0, undefined]
      for (let rows = await page(tx, after); rows.length > 0; rows = await page(tx, after)) {
        count += rows.length
        after = rows.at(-1)!.id
      }
      return count
    },
    files: (read) =>
      listFile<{ id: string }>(file, what, (last) =>
        read(async (tx) => Promise.all((await page(tx, last?.id)).map(async (row) => ({ id: row.id, ...(await shown(tx, row)) })))),
      ),
  }
}
