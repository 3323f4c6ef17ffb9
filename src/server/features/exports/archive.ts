/** A ZIP archive as it grows: files go in piece by piece, bytes come out as they are ready, and a manifest says what is inside. */
import { createHash } from 'node:crypto'
import { Zip, ZipDeflate } from 'fflate'
import type { ExportFile, Piece } from './exporter.ts'
import { pretty } from './exporter.ts'

interface Listed {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

export class Archive {
  readonly #zip: Zip
  readonly #madeAtMs: number
  readonly #files: Listed[] = []
  readonly #counts: Record<string, number> = {}
  #ready: Uint8Array[] = []
  #readyBytes = 0

  constructor(madeAtMs: number) {
    this.#madeAtMs = madeAtMs
    this.#zip = new Zip((error, data) => {
      if (error) throw error
      this.#ready.push(data)
      this.#readyBytes += data.length
    })
  }

  /** How many things of any kind went in. */
  get done(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
  }

  /** How many bytes wait to be taken. */
  get waiting(): number {
    return this.#readyBytes
  }

  /** Adds a file, giving way after each piece. */
  async *add({ name, pieces }: ExportFile): AsyncGenerator<void> {
    const entry = new ZipDeflate(name, { level: 6 })
    entry.mtime = this.#madeAtMs
    this.#zip.add(entry)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const { content, counts = {} } of pieces) {
      const data = Buffer.from(content)
      hash.update(data)
      bytes += data.length
      entry.push(data)
      for (const [kind, count] of Object.entries(counts)) this.#counts[kind] = (this.#counts[kind] ?? 0) + count
      yield
    }
    entry.push(new Uint8Array(), true)
    this.#files.push({ name, bytes, sha256: hash.digest('hex') })
  }

  /** Adds the manifest and ends the archive. */
  async *end(about: Readonly<Record<string, unknown>>): AsyncGenerator<void> {
    const manifest = { ...about, counts: this.#counts, files: this.#files }
    const pieces = async function* (): AsyncGenerator<Piece> {
      yield { content: `${pretty(manifest)}\n` }
    }
    yield* this.add({ name: 'manifest.json', pieces: pieces() })
    this.#zip.end()
    yield
  }

  /** Takes what is ready. */
  take(): Buffer {
    const taken = Buffer.concat(this.#ready)
    this.#ready = []
    this.#readyBytes = 0
    return taken
  }
}
