/**
 * The application filter: every query on a walled table starts already filtered by the Actor's own scopes. It stops a query that
 * forgot its owner. Row security filters again, by the scopes the database found: two sources, so one that is wrong shows nothing.
 */
import type {
  DeleteQueryNode,
  FromNode,
  InsertQueryNode,
  JoinNode,
  KyselyPlugin,
  OperationNode,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryId,
  QueryResult,
  RootOperationNode,
  SelectQueryNode,
  UnknownRow,
  UpdateQueryNode,
} from 'kysely'
import { AliasNode, IdentifierNode, OnNode, OperationNodeTransformer, QueryNode, sql, TableNode } from 'kysely'
import type { AppTables } from './tables.ts'

interface Reach {
  readonly readScopes: readonly string[]
  readonly writeScopes: readonly string[]
}

/**
 * Which column of each table holds its scope; `tenant` where everyone of the tenant may see the rows (row security and the
 * schema still hold). A table without an entry does not compile, and a query on an unknown one throws.
 */
const SCOPE_COLUMN: Record<keyof AppTables, string> = {
  chat_session: 'scope_id',
  chat_message: 'scope_id',
  job: 'scope_id',
  scope: 'id',
  scope_member: 'scope_id',
  scope_key: 'scope_id',
  user: 'tenant',
  model_provider: 'tenant',
  model_provider_key: 'tenant',
}

/** Filters every query by the scopes given; reads by the readable ones, changes and additions by the writable ones. */
export class ScopeFilter extends OperationNodeTransformer implements KyselyPlugin {
  readonly #reach: Reach
  constructor(reach: Reach) {
    super()
    this.#reach = reach
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    return this.transformNode(args.node, args.queryId)
  }

  async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return args.result
  }

  protected override transformSelectQuery(original: SelectQueryNode, queryId: QueryId): SelectQueryNode {
    const node = super.transformSelectQuery(original, queryId)
    return whereAll(node, this.#conditions(node.from, this.#reach.readScopes))
  }

  protected override transformUpdateQuery(original: UpdateQueryNode, queryId: QueryId): UpdateQueryNode {
    const node = super.transformUpdateQuery(original, queryId)
    const own = node.table ? this.#condition(node.table, this.#reach.writeScopes) : []
    return whereAll(node, [...own, ...this.#conditions(node.from, this.#reach.readScopes)])
  }

  protected override transformDeleteQuery(original: DeleteQueryNode, queryId: QueryId): DeleteQueryNode {
    const node = super.transformDeleteQuery(original, queryId)
    return whereAll(node, this.#conditions(node.from, this.#reach.writeScopes))
  }

  protected override transformJoin(original: JoinNode, queryId: QueryId): JoinNode {
    const node = super.transformJoin(original, queryId)
    const [condition] = this.#condition(node.table, this.#reach.readScopes)
    if (!condition) return node
    return { ...node, on: node.on ? OnNode.cloneWithOperation(node.on, 'And', condition) : OnNode.create(condition) }
  }

  protected override transformInsertQuery(original: InsertQueryNode, queryId: QueryId): InsertQueryNode {
    const node = super.transformInsertQuery(original, queryId)
    const column = node.into ? scopeColumn(tableName(node.into)) : undefined
    if (column === undefined) return node
    const at = node.columns?.findIndex((c) => c.column.name === column) ?? -1
    for (const scope of insertedValues(node, at)) {
      if (!this.#reach.writeScopes.includes(scope as string))
        throw new Error(`a row was to be added outside the actor's scopes: ${tableName(node.into!)}`)
    }
    return node
  }

  #conditions(from: FromNode | undefined, scopes: readonly string[]): OperationNode[] {
    return from?.froms.flatMap((table) => this.#condition(table, scopes)) ?? []
  }

  #condition(table: OperationNode, scopes: readonly string[]): OperationNode[] {
    const source = AliasNode.is(table) ? table.node : table
    if (!TableNode.is(source)) return []
    const column = scopeColumn(tableName(source))
    if (column === undefined) return []
    const name = AliasNode.is(table) && IdentifierNode.is(table.alias) ? table.alias.name : tableName(source)
    return [sql`${sql.ref(`${name}.${column}`)} = any(${scopes}::uuid[])`.toOperationNode()]
  }
}

function whereAll<T extends SelectQueryNode | UpdateQueryNode | DeleteQueryNode>(node: T, conditions: OperationNode[]): T {
  return conditions.reduce<T>((filtered, condition) => QueryNode.cloneWithWhere(filtered, condition), node)
}

function tableName(node: TableNode): string {
  return node.table.identifier.name
}

function scopeColumn(table: string): string | undefined {
  const column = (SCOPE_COLUMN as Record<string, string>)[table]
  if (column === undefined) throw new Error(`the application filter does not know the table ${table}`)
  return column === 'tenant' ? undefined : column
}

function insertedValues(node: InsertQueryNode, at: number): unknown[] {
  const values = node.values
  if (at < 0 || !values || values.kind !== 'ValuesNode') throw new Error('a row of a walled table is added by values that name its scope')
  return (values as unknown as { values: { kind: string; values: unknown[] }[] }).values.map((row) => {
    const value = row.values[at]
    return row.kind === 'PrimitiveValueListNode' ? value : (value as { value?: unknown }).value
  })
}
