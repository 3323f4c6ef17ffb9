/**
 * What an export is made of. Each feature says what it has of a person, which tables that covers, and writes it piece by piece, so that
 * however much there is, little of it is in memory at once. Everything is read as the export's job: what its person may not see is not there.
 */
import type { JobActor } from '#server/isolation/actor.ts'
import type { TenantTables } from '#server/isolation/tables.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'

/** Reads in a unit of its own; the database looks anew each time whether the export may go on. */
export type Read = <T>(work: (tx: ReadTx<JobActor>) => Promise<T>) => Promise<T>

/** A piece of a file, and how many things of which kinds it holds. */
export interface Piece {
  readonly content: string | Buffer
  readonly counts?: Readonly<Record<string, number>>
}

export interface ExportFile {
  /** Its path inside the archive: of safe characters. */
  readonly name: string
  readonly pieces: AsyncIterable<Piece>
}

export interface Exporter {
  /** The tables whose rows of a person are in its files. */
  readonly tables: readonly (keyof TenantTables)[]
  /** How many things there are, to say how far the export is. */
  count(tx: ReadTx<JobActor>): Promise<number>
  files(read: Read): AsyncIterable<ExportFile>
}

/** A file that is read at once and small. */
export async function* oneFile(name: string, content: () => Promise<Piece>): AsyncGenerator<ExportFile> {
  const pieces = async function* () {
    yield await content()
  }
  yield { name, pieces: pieces() }
}

/** A file of one JSON array, written page by page; `page` is given the last item that was written. */
export async function* listFile<T>(
  name: string,
  kind: string,
  page: (last: T | undefined) => Promise<readonly T[]>,
): AsyncGenerator<ExportFile> {
  const pieces = async function* (): AsyncGenerator<Piece> {
    yield { content: '[' }
    let last: T | undefined
    for (let items = await page(undefined); items.length > 0; items = await page(last)) {
      yield {
        content: items.map((item, i) => `${last === undefined && i === 0 ? '' : ','}\n${pretty(item)}`).join(''),
        counts: { [kind]: items.length },
      }
      last = items.at(-1)
    }
    yield { content: '\n]\n' }
  }
  yield { name, pieces: pieces() }
}

/** JSON as people can read it. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
