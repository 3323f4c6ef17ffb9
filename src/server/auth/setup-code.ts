/** The one-time code that the terminal prints: who can read the terminal may make the first administrator. Good for an hour. */
import { randomInt, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'

/** No letters or digits that are easily taken for one another. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const GOOD_FOR_MS = 3_600_000

export class SetupCode {
  readonly #clock: Clock
  readonly #show: (code: string) => void
  #code = ''
  #madeAtMs = 0

  /** Makes the first code, for `announce` to show; each later one is shown by itself. */
  constructor(clock: Clock, show: (code: string) => void) {
    this.#clock = clock
    this.#show = show
    this.#renew()
  }

  /** Shows the current code. */
  announce(): void {
    this.#show(this.#code)
  }

  /** Whether the text is the current code, however it was spaced or cased. A code past its hour is replaced, and the new one shown. */
  accepts(text: string): boolean {
    if (this.#clock.now() - this.#madeAtMs > GOOD_FOR_MS) {
      this.#renew()
      this.announce()
    }
    const given = Buffer.from(text.toUpperCase().replace(/[^0-9A-Z]/g, ''))
    const wanted = Buffer.from(this.#code.replaceAll('-', ''))
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }

  #renew(): void {
    const letters = Array.from({ length: 12 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
    this.#code = letters.replace(/(.{4})(?=.)/g, '$1-')
    this.#madeAtMs = this.#clock.now()
  }
}
