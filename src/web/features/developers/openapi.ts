/** Reading the OpenAPI document, and JSON Schemas in it as rows of a table. Pure. */

export interface Schema {
  readonly type?: string
  readonly format?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly default?: unknown
  readonly maxLength?: number
  readonly maximum?: number
}

export interface Content {
  readonly [type: string]: { readonly schema?: Schema }
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly 'x-access': 'anyone' | 'user' | 'admin'
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query'
    readonly required: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content; readonly 'x-events'?: Readonly<Record<string, Schema>> }>
  >
}

export interface Document {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Entry extends Operation {
  readonly method: string
  readonly path: string
}

/** Gives the endpoints of the document under their nouns, in its order. */
export function byNoun(document: Document): Map<string, Entry[]> {
  const entries = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  )
  return Map.groupBy(entries, (entry) => entry.operationId.split('.')[0] ?? entry.operationId)
}

export interface Row {
  readonly path: string
  readonly type: string
  readonly required: boolean
  readonly meaning: string
}

const DEEPEST = 4

/** Gives a row for each field of the schema; fields of fields have their whole path. */
export function rowsOf(schema: Schema, path = '', depth = 0): Row[] {
  const inner = variantsOf(schema).flatMap((variant) =>
    variant.type === 'array' && variant.items ? variantsOf(variant.items).map((v) => ({ v, list: true })) : [{ v: variant, list: false }],
  )
  const rows = inner.flatMap(({ v, list }) =>
    Object.entries(v.properties ?? {}).flatMap(([name, field]): Row[] => {
      const at = `${path}${list ? '[]' : ''}${path || list ? '.' : ''}${name}`
      const row = { path: at, type: typeOf(field), required: v.required?.includes(name) ?? false, meaning: meaningOf(field) }
      return depth < DEEPEST ? [row, ...rowsOf(field, at, depth + 1)] : [row]
    }),
  )
  return merged(rows)
}

/** Names the type in words. */
export function typeOf(schema: Schema): string {
  const variants = schema.anyOf ?? schema.oneOf
  if (variants) return [...new Set(variants.map(typeOf))].join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ')
  if (schema.type === 'array') return schema.items ? `list of ${typeOf(schema.items)}` : 'list'
  return schema.format && schema.format !== 'safeint' ? `${schema.type} (${schema.format})` : (schema.type ?? 'anything')
}

/** Says what the schema says beyond its type. */
export function meaningOf(schema: Schema): string {
  const said = schema.description ?? (schema.anyOf ?? schema.oneOf)?.map((variant) => variant.description).find(Boolean)
  const limits = [
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
    schema.default !== undefined && `${JSON.stringify(schema.default)} when left out`,
  ]
  return [said?.replaceAll('`', ''), ...limits].filter(Boolean).join('; ')
}

/** The same field in several forms of an object is one row. */
function merged(rows: readonly Row[]): Row[] {
  return [...Map.groupBy(rows, (row) => row.path).values()].map((same) => ({
    path: same[0]?.path ?? '',
    type: [...new Set(same.map((row) => row.type))].join(' or '),
    required: same.every((row) => row.required),
    meaning: [...new Set(same.map((row) => row.meaning).filter(Boolean))].join('; '),
  }))
}

function variantsOf(schema: Schema): readonly Schema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema]
}
