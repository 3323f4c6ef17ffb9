/** Ids are made by the application: UUIDv7, so that they sort by the time they were made. */
import { randomFillSync } from 'node:crypto'
import type { Clock } from './clock.ts'

/** Makes UUIDv7 ids (RFC 9562) that ascend strictly within this process, also inside one millisecond. */
export class Ids {
  readonly #clock: Clock
  #lastMs = 0
  #counter = 0
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new id, branded as the caller needs it. */
  next<T extends string>(): T {
    const bytes = randomFillSync(Buffer.alloc(16))
    let ms = this.#clock.now()
    if (ms > this.#lastMs) {
      // 12 bits of counter, begun in the lower half so that 2,048 more fit before it runs over.
      this.#counter = bytes.readUInt16BE(6) & 0x7ff
    } else if (++this.#counter > 0xfff) {
      ms = this.#lastMs + 1
      this.#counter = 0
    } else {
      ms = this.#lastMs
    }
    this.#lastMs = ms
    bytes.writeUIntBE(ms, 0, 6)
    bytes.writeUInt16BE(0x7000 | this.#counter, 6)
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const hex = bytes.toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as T
  }
}
