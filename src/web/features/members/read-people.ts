/**
 * Reads a list of people as somebody has it: a table with headers in any order, or addresses with or without names. What is wrong with a
 * line is said of that line, by the same rules as the server's.
 */
import { type CsvError, parse } from 'csv-parse/browser/esm/sync'
import { NewMember } from '#contract/people.ts'

export interface ReadPerson {
  readonly line: number
  readonly name: string
  readonly email: string
  readonly role: string
  readonly wrong: readonly { readonly field: 'name' | 'email' | 'role' | 'twice'; readonly message: string }[]
}

type Column = 'name' | 'email' | 'role'

/** What columns are called, in lower case. */
const HEADERS: Readonly<Record<string, Column>> = {
  name: 'name',
  'full name': 'name',
  email: 'email',
  'e-mail': 'email',
  mail: 'email',
  address: 'email',
  'email address': 'email',
  'e-mail address': 'email',
  role: 'role',
}
const ROLES: Readonly<Record<string, string>> = { '': 'user', member: 'user', user: 'user', admin: 'admin', administrator: 'admin' }
/** A name and an address, as mail programs write them, or an address alone. */
const NAMED = /(?:"([^"]*)"|([^<>;,\t"]*))\s*<([^<>]*)>|([^\s<>;,"]+@[^\s<>;,"]+)/g

/** The people of a text, in its order. */
export function readPeople(text: string): ReadPerson[] {
  const [head, ...rows] = recordsOf(text)
  const columns = head && headersOf(head.cells)
  const found = columns ? rows.map((row) => fromColumns(row, columns)) : text.split('\n').flatMap(fromLine)
  const seen = new Set<string>()
  return found.map((person) => {
    const { line: _, ...given } = person
    const { data, error } = NewMember.safeParse(given)
    const wrong = (error?.issues ?? []).map(({ path, message }) => ({ field: path[0] as Column, message }))
    const email = data?.email ?? person.email
    if (!data) return { ...person, wrong }
    if (seen.has(email)) return { ...person, email, wrong: [{ field: 'twice' as const, message: '' }] }
    seen.add(email)
    return { ...person, ...data, wrong: [] }
  })
}

interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

/** The cells of each line. Quotes that are never closed are letters like others: somebody pasted them. */
function recordsOf(text: string): Row[] {
  const options = {
    bom: true,
    delimiter: delimiterOf(text),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    trim: true,
  } as const
  try {
    return rowsOf(parse(text, { ...options, relax_quotes: true }))
  } catch (error) {
    if (!isCsvError(error)) throw error
    return rowsOf(parse(text, { ...options, quote: null }))
  }
}

function rowsOf(records: readonly unknown[]): Row[] {
  return (records as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => ({ line: info.lines, cells: record }))
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')
}

/** Which of them divides the first line that has any: tables are written with commas, semicolons or tabs. */
function delimiterOf(text: string): string {
  const [first = ''] = text.split('\n').filter((line) => /[;,\t]/.test(line))
  const counts = [';', '\t', ','].map((sign) => ({ sign, count: first.split(sign).length }))
  return counts.reduce((most, next) => (next.count > most.count ? next : most)).sign
}

function headersOf(cells: readonly string[]): (Column | undefined)[] | undefined {
  const columns = cells.map((cell) => HEADERS[cell.toLowerCase()])
  return columns.includes('email') ? columns : undefined
}

type Read = Omit<ReadPerson, 'wrong'>

function fromColumns({ line, cells }: Row, columns: readonly (Column | undefined)[]): Read {
  const cell = (column: Column) => cells[columns.indexOf(column)] ?? ''
  return person(line, { name: cell('name'), email: cell('email'), role: cell('role') })
}

/** A line of no table: names with addresses, one person in cells of their own, or several addresses beside one another. */
function fromLine(text: string, index: number): Read[] {
  const line = index + 1
  if (!text.includes('<')) return fromCells(line, text)
  return [...text.matchAll(NAMED)].map(([, quoted, plain = '', inBrackets, alone]) =>
    person(line, { name: (quoted ?? plain).trim(), email: (inBrackets ?? alone ?? '').trim(), role: '' }),
  )
}

function fromCells(line: number, text: string): Read[] {
  const cells = text.split(/[;,\t]/).map((cell) => cell.trim())
  const addresses = cells.filter((cell) => cell.includes('@'))
  if (addresses.length > 1) return addresses.map((address) => person(line, { name: '', email: address, role: '' }))
  const others = cells.filter((cell) => cell !== '' && cell !== addresses[0])
  if (addresses.length + others.length === 0) return []
  const role = others.find((cell) => cell.toLowerCase() in ROLES) ?? ''
  return [person(line, { name: others.find((cell) => cell !== role) ?? '', email: addresses[0] ?? '', role })]
}

function person(line: number, given: Record<Column, string>): Read {
  return { line, name: given.name || nameOf(given.email), email: given.email, role: ROLES[given.role.toLowerCase()] ?? given.role }
}

/** A name from an address: “erin.vogel@…” is Erin Vogel, until she says otherwise. */
function nameOf(email: string): string {
  const words = email
    .split('@')[0]!
    .split(/[._-]+/)
    .filter(Boolean)
  return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join(' ')
}
