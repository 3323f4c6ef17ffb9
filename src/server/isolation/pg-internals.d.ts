/** The parts of node-postgres 8.23 that the one-flight query relies on and its published types leave out. */
declare module 'pg/lib/utils.js' {
  const utils: { prepareValue(value: unknown): unknown }
  export default utils
}

declare module 'pg/lib/result.js' {
  import type { FieldDef, types } from 'pg'
  export default class Result {
    rows: Record<string, unknown>[]
    rowCount: number | null
    command: string
    constructor(rowMode: string, types: typeof types)
    addFields(fields: FieldDef[]): void
    parseRow(fields: (string | null)[]): Record<string, unknown>
    addRow(row: Record<string, unknown>): void
    addCommandComplete(message: { text: string }): void
  }
}
