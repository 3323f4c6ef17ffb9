/**
 * The application filter: every query on a walled table starts already filtered by the Actor's own scopes. It stops a query that
 * forgot its owner. Row security filters again, by the scopes the database found: two sources, so one that is wrong shows nothing.
 * A query of a shape that it cannot filter does not compile to SQL; it throws.
 */
import type {
  ColumnUpdateNode,
  DeleteQueryNode,
  InsertQueryNode,
  JoinNode,
  JoinType,
  KyselyPlugin,
  OperationNode,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryId,
  QueryResult,
  RawNode,
  RootOperationNode,
  SelectQueryNode,
  UnknownRow,
  UpdateQueryNode,
} from 'kysely'
import {
  AliasNode,
  AndNode,
  ColumnNode,
  IdentifierNode,
  OnNode,
  OperationNodeTransformer,
  ParensNode,
  PrimitiveValueListNode,
  SelectQueryNode as SelectQuery,
  sql,
  TableNode,
  ValueNode,
  ValuesNode,
  WhereNode,
} from 'kysely'
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
  message_feedback: 'scope_id',
  draft: 'scope_id',
  branch: 'scope_id',
  branch_choice: 'scope_id',
  picture: 'scope_id',
  export: 'scope_id',
  export_part: 'scope_id',
  // One's own, and administrators': row security alone tells these two apart, as below.
  erasure: 'tenant',
  job: 'scope_id',
  scope: 'id',
  scope_member: 'scope_id',
  scope_key: 'scope_id',
  user: 'tenant',
  model_provider: 'tenant',
  model_provider_key: 'tenant',
  // Everybody's own, and administrators' for everybody: row security alone tells these two apart.
  auth_session: 'tenant',
  auth_session_seen: 'tenant',
  api_token: 'scope_id',
  security_event: 'scope_id',
  login_policy: 'tenant',
  privacy_contact: 'tenant',
}

/** Shown to everyone of the tenant whom row security lets see them, and changed in the actor's own scopes only. */
const SHOWN: readonly string[] = ['picture' satisfies keyof AppTables]

/** Joins whose condition decides which rows of the joined table are seen. The others show rows that fail it, too. */
const FILTERING_JOINS: readonly JoinType[] = ['InnerJoin', 'LeftJoin', 'LateralInnerJoin', 'LateralLeftJoin']

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
    return whereAll(node, this.#readable(node.from?.froms))
  }

  protected override transformUpdateQuery(original: UpdateQueryNode, queryId: QueryId): UpdateQueryNode {
    const node = super.transformUpdateQuery(original, queryId)
    if (!node.table) throw new Error('an update names its table')
    this.#refuseMove(node.table, node.updates)
    return whereAll(node, [...conditions([node.table], this.#reach.writeScopes), ...this.#readable(node.from?.froms)])
  }

  protected override transformDeleteQuery(original: DeleteQueryNode, queryId: QueryId): DeleteQueryNode {
    const node = super.transformDeleteQuery(original, queryId)
    return whereAll(node, [...conditions(node.from.froms, this.#reach.writeScopes), ...this.#readable(node.using?.tables)])
  }

  protected override transformJoin(original: JoinNode, queryId: QueryId): JoinNode {
    const node = super.transformJoin(original, queryId)
    const [condition] = this.#readable([node.table])
    if (!condition) return node
    if (!FILTERING_JOINS.includes(node.joinType))
      throw new Error(`a walled table is joined by an inner or left join, not by ${node.joinType}`)
    return { ...node, on: OnNode.create(both(node.on?.on, condition)) }
  }

  protected override transformInsertQuery(original: InsertQueryNode, queryId: QueryId): InsertQueryNode {
    const node = super.transformInsertQuery(original, queryId)
    if (!node.into) throw new Error('an insert names its table')
    const column = scopeColumn(tableName(node.into))
    if (column === undefined) return node
    // The row it would change may be anyone's: a unique key knows no scopes.
    if (node.onConflict?.updates) throw new Error('a row of a walled table is not changed by an insert that finds it there')
    const at = node.columns?.findIndex((c) => c.column.name === column) ?? -1
    for (const scope of insertedScopes(node, at)) this.#refuseForeign(scope, tableName(node.into))
    return node
  }

  /** Text cannot be filtered, so it may compute, but not read a table. */
  protected override transformRaw(original: RawNode, queryId: QueryId): RawNode {
    if (original.sqlFragments.some((text) => /\b(select|table)\b/i.test(text))) throw new Error('raw SQL in a query reads no table')
    return super.transformRaw(original, queryId)
  }

  #readable(tables: readonly OperationNode[] | undefined): OperationNode[] {
    return conditions(
      (tables ?? []).filter((table) => !isShown(table)),
      this.#reach.readScopes,
    )
  }

  /** A row goes only to scopes that the actor may write. */
  #refuseMove(table: OperationNode, updates: readonly ColumnUpdateNode[] | undefined): void {
    const source = AliasNode.is(table) ? table.node : table
    const column = TableNode.is(source) ? scopeColumn(tableName(source)) : undefined
    for (const update of updates ?? []) {
      if (!ColumnNode.is(update.column)) throw new Error('an update names its columns')
      if (update.column.column.name === column) this.#refuseForeign(constant(update.value), tableName(source as TableNode))
    }
  }

  #refuseForeign(scope: unknown, table: string): void {
    if (!this.#reach.writeScopes.includes(scope as string)) throw new Error(`a row was to be put outside the actor's scopes: ${table}`)
  }
}

function conditions(tables: readonly OperationNode[], scopes: readonly string[]): OperationNode[] {
  return tables.flatMap((table) => {
    const source = AliasNode.is(table) ? table.node : table
    // Filtered already, on its own.
    if (SelectQuery.is(source)) return []
    if (!TableNode.is(source)) throw new Error(`the application filter cannot filter a ${source.kind}`)
    const column = scopeColumn(tableName(source))
    if (column === undefined) return []
    const name = AliasNode.is(table) && IdentifierNode.is(table.alias) ? table.alias.name : tableName(source)
    // As a case: to the planner a gate that lets most rows through. As a bare comparison it would seem to leave next to none, and
    // lists would be read whole and sorted instead of in the order of their index.
    return [sql`case when ${sql.ref(`${name}.${column}`)} = any(${scopes}::uuid[]) then true end`.toOperationNode()]
  })
}

function isShown(table: OperationNode): boolean {
  const source = AliasNode.is(table) ? table.node : table
  return TableNode.is(source) && SHOWN.includes(tableName(source))
}

function whereAll<T extends SelectQueryNode | UpdateQueryNode | DeleteQueryNode>(node: T, wanted: readonly OperationNode[]): T {
  const [first, ...rest] = wanted
  if (!first) return node
  const condition = rest.reduce((all, next) => AndNode.create(all, next), first)
  return { ...node, where: WhereNode.create(both(node.where?.where, condition)) }
}

/** In parentheses: an `or` in what was asked would otherwise lead around the condition. */
function both(asked: OperationNode | undefined, condition: OperationNode): OperationNode {
  return asked ? AndNode.create(ParensNode.create(asked), condition) : condition
}

function tableName(node: TableNode): string {
  return node.table.identifier.name
}

function scopeColumn(table: string): string | undefined {
  const column = (SCOPE_COLUMN as Record<string, string>)[table]
  if (column === undefined) throw new Error(`the application filter does not know the table ${table}`)
  return column === 'tenant' ? undefined : column
}

function insertedScopes({ values }: InsertQueryNode, at: number): unknown[] {
  if (at < 0 || !values || !ValuesNode.is(values)) throw new Error('a row of a walled table is added by values that name its scope')
  return values.values.map((row) => (PrimitiveValueListNode.is(row) ? row.values[at] : constant(row.values[at])))
}

/** What is bound, or undefined for what only the database would know. */
function constant(node: OperationNode | undefined): unknown {
  return node && ValueNode.is(node) ? node.value : undefined
}
