/** Query builders bound to an Actor: the right schema and the application filter are in them before anyone writes a query. */
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { TenantId } from '#contract/ids.ts'
import type { AnyActor } from './actor.ts'
import { ScopeFilter } from './filter.ts'
import type { Statement } from './flight.ts'
import { type AppTables, schemaName, type TenantTables } from './tables.ts'

/** Compiles only; statements run through the unit of work. */
const compiler = new Kysely<TenantTables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

export type AppQueries = Pick<Kysely<AppTables>, 'selectFrom' | 'insertInto' | 'updateTable' | 'deleteFrom'>
export type ReadQueries = Pick<Kysely<AppTables>, 'selectFrom'>

/** A builder whose every query is already this actor's. */
export function queriesFor(actor: AnyActor): AppQueries {
  return (compiler as unknown as Kysely<AppTables>).withPlugin(new ScopeFilter(actor)).withSchema(schemaName(actor.tenantId))
}

/** A builder for a door: the tenant's schema, no actor, no filter; it runs under the narrow role `auth`. */
export function doorQueries(tenantId: TenantId): Kysely<TenantTables> {
  return compiler.withSchema(schemaName(tenantId))
}

export type FunctionName =
  | 'own_preferences'
  | 'index_message'
  | 'search_messages'
  | 'index_messages'
  | 'move_chat'
  | 'add_readers'
  | 'leave_chats'
  | 'drop_left_scopes'
  | 'due_tables'
  | 'clean_up'
  | 'erase'
  | 'exported'
  | 'note_export'
  | 'blank_events'
  | 'happened'
  | 'message_leaf'
  | 'message_path'
  | 'show_branch'

/** A call of one of the tenant's own functions, as a statement. */
export function functionCall(tenantId: TenantId, name: FunctionName, args: readonly unknown[]): Statement {
  return { text: `select * from ${schemaName(tenantId)}.${name}(${args.map((_, i) => `$${i + 1}`).join(', ')})`, values: args }
}
