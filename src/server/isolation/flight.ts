/**
 * One flight: several statements, each by the extended protocol, written together with a single Sync at the end. Up to the Sync
 * they are one implicit transaction, so what the first sets transaction-locally holds for the rest, and if it raises, nothing
 * after it runs. node-postgres sends one statement per query; this is the same protocol object for several.
 */
import { hash } from 'node:crypto'
import type pg from 'pg'
import Result from 'pg/lib/result.js'
import utils from 'pg/lib/utils.js'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** The parts of node-postgres' Connection that a flight writes to (pg 8.23, lib/connection.js). */
export interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(message: { name: string; text: string; types: undefined }): void
  bind(message: { portal: string; statement: string; values: readonly unknown[]; valueMapper(value: unknown): unknown }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: { portal: string; rows: number }): void
  close(message: { type: 'S'; name: string }): void
  sync(): void
  on(event: 'parseComplete', listener: () => void): void
}

/** A statement's rows, how many it touched, and what PostgreSQL says it was, such as `COMMIT`. */
export interface Outcome {
  readonly rows: readonly Record<string, unknown>[]
  readonly rowCount: number
  readonly command: string
}

/** Per connection, the statements PostgreSQL holds prepared for it, least recently used first. Bounded: see `MOST_PREPARED`. */
const prepared = new WeakMap<Wire, Map<string, true>>()
const MOST_PREPARED = 200

/** Names of statements by their text, remembered for those that come again and again; what is one of a kind must not fill memory. */
const names = new Map<string, string>()
const MOST_NAMED = 2_000

function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= MOST_NAMED) names.clear()
  const name = hash('sha1', text, 'base64url')
  names.set(text, name)
  return name
}

/** Which flight's Parse messages the connection is answering. Attached once per connection. */
const answering = new WeakMap<Wire, Flight>()

export class Flight {
  readonly #steps: readonly (Statement & { name: string })[]
  readonly #settle: { resolve(outcomes: Outcome[]): void; reject(error: Error): void }
  readonly #results: Result[]
  readonly #unparsed: string[] = []
  #step = 0
  #broken: Error | undefined
  readonly done: Promise<Outcome[]>
  /** node-postgres asks these of every query object it is given. */
  callback = (): undefined => undefined
  readonly name = undefined

  constructor(steps: readonly Statement[], types: typeof pg.types) {
    this.#steps = steps.map((step) => ({ ...step, name: nameOf(step.text) }))
    this.#results = steps.map(() => new Result('', types))
    const { promise, resolve, reject } = Promise.withResolvers<Outcome[]>()
    this.done = promise
    this.#settle = { resolve, reject }
  }

  /** Called by node-postgres when the connection is ours. */
  submit(wire: Wire): Error | null {
    answering.set(wire, this)
    let known = prepared.get(wire)
    if (!known) {
      known = new Map()
      prepared.set(wire, known)
      wire.on('parseComplete', () => answering.get(wire)?.parsed(wire))
    }
    wire.stream.cork()
    try {
      this.#makeRoom(wire, known)
      for (const step of this.#steps) this.#write(wire, known, step)
      wire.sync()
    } catch (error) {
      // A value that cannot be sent: what is written so far must not run, and the connection is left in doubt.
      return error as Error
    } finally {
      wire.stream.uncork()
    }
    return null
  }

  /** Closes come before everything else: one written behind a statement that fails would be skipped, and the name stay taken. */
  #makeRoom(wire: Wire, known: Map<string, true>): void {
    for (const { name } of this.#steps) if (known.delete(name)) known.set(name, true)
    for (const name of known.keys()) {
      if (known.size <= MOST_PREPARED - this.#steps.length) break
      known.delete(name)
      wire.close({ type: 'S', name })
    }
  }

  #write(wire: Wire, known: Map<string, true>, step: Statement & { name: string }): void {
    if (!known.has(step.name) && !this.#unparsed.includes(step.name)) {
      wire.parse({ name: step.name, text: step.text, types: undefined })
      this.#unparsed.push(step.name)
    }
    wire.bind({ portal: '', statement: step.name, values: step.values, valueMapper: utils.prepareValue })
    wire.describe({ type: 'P', name: '' })
    wire.execute({ portal: '', rows: 0 })
  }

  /** A Parse was acknowledged: from now on the connection holds that statement, whatever happens to the transaction. */
  parsed(wire: Wire): void {
    const name = this.#unparsed.shift()
    if (name !== undefined) prepared.get(wire)?.set(name, true)
  }

  handleRowDescription(message: { fields: pg.FieldDef[] }): void {
    this.#current().addFields(message.fields)
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    const result = this.#current()
    try {
      result.addRow(result.parseRow(message.fields))
    } catch (error) {
      this.#broken = error as Error
    }
  }

  handleCommandComplete(message: { text: string }): void {
    this.#current().addCommandComplete(message)
    this.#step++
  }

  handleEmptyQuery(): void {
    this.#step++
  }

  handlePortalSuspended(): void {
    this.#broken = new Error('a portal was suspended, though no row limit was asked for')
  }

  handleCopyInResponse(): void {
    this.#broken = new Error('COPY does not travel in a flight')
  }

  handleCopyData(): void {
    this.#broken = new Error('COPY does not travel in a flight')
  }

  handleError(error: Error): void {
    this.#settle.reject(error)
  }

  handleReadyForQuery(): void {
    if (this.#broken) this.#settle.reject(this.#broken)
    else this.#settle.resolve(this.#results.map(({ rows, rowCount, command }) => ({ rows, rowCount: rowCount ?? 0, command })))
  }

  #current(): Result {
    const result = this.#results[this.#step]
    if (!result) throw new Error('PostgreSQL answered more statements than were sent')
    return result
  }
}
