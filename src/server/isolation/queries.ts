/** Query builders bound to an Actor: the right schema and the application filter are in them before anyone writes a query. */
import { type Compilable, DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { TenantId } from '#contract/ids.ts'
import type { Actor, AnyActor, JobActor } from './actor.ts'
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

/** What a query is built with: a builder, and whoever asks. */
interface Asking {
  readonly db: ReadQueries
  readonly actor: Actor | JobActor
}

/** Stands for a value that is only known when the query runs. */
class Hole {
  readonly name: string
  readonly isActors: boolean
  constructor(name: string, isActors: boolean) {
    this.name = name
    this.isActors = isActors
  }
}

const holes = (isActors: boolean, known: object = {}) =>
  new Proxy(known, { get: (target, name) => Reflect.get(target, name) ?? new Hole(String(name), isActors) })

/** Of each query as many tenants; past that it is built anew. */
const MOST_BUILT = 1_000

/**
 * A query that is built and filtered once for each tenant, since that takes longer than running it; each time it is given the scopes of
 * whoever asks, and what is asked with. `build` may put these values into the query, and must not look at them: it is shown none.
 */
export function ready<A extends object, O>(
  build: (asking: Asking, args: A) => Compilable<O>,
): (actor: Actor | JobActor, args: A) => Compilable<O> {
  const built = new Map<TenantId, { readonly sql: string; readonly parameters: readonly unknown[] }>()
  return (actor, args) => {
    const { tenantId } = actor
    let known = built.get(tenantId)
    if (!known) {
      const anyone = holes(true, { tenantId }) as Actor
      const { sql, parameters } = build({ db: queriesFor(anyone), actor: anyone }, holes(false) as A).compile()
      known = { sql, parameters }
      if (built.size >= MOST_BUILT) built.clear()
      built.set(tenantId, known)
    }
    const fill = (value: unknown) => (value instanceof Hole ? Reflect.get(value.isActors ? actor : args, value.name) : value)
    const filled = { sql: known.sql, parameters: known.parameters.map(fill) }
    return { compile: () => filled } as unknown as Compilable<O>
  }
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
