/**
 * The keys that sign logins, as this server knows them. It looks at the keyring again while it runs: a key that was added is known, and
 * one that was taken away is forgotten, after half a minute at the latest.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Keyring, SigningKey } from '../../isolation/keys/keyring.ts'
import type { Clock } from '../../kernel/clock.ts'
import { errorFields, type Log } from '../../kernel/log.ts'

/** Past this the directory is read again, while requests go on with what is known … */
const READ_AGAIN_MS = 20_000
/** … and past this they wait for it. */
const GOOD_FOR_MS = 30_000
/** A key that is not known is looked for at most this often, so that forged names of keys cost nothing. */
const LOOK_AGAIN_MS = 1_000

/** A key ready for use. */
export interface LoginKey {
  readonly id: string
  readonly key: KeyObject
  readonly signsFromMs: number
}

export interface SigningKeysParts {
  readonly keyring: Pick<Keyring, 'signingKeys' | 'ensureSigningKey'>
  readonly clock: Clock
  readonly log: Log
}

export class SigningKeys {
  readonly #keyring: SigningKeysParts['keyring']
  readonly #clock: Clock
  readonly #log: Log
  #known: readonly LoginKey[] = []
  /** When the last reading that is over began, however it ended. */
  #readAtMs = 0
  #reading: Promise<void> | undefined

  private constructor({ keyring, clock, log }: SigningKeysParts) {
    this.#keyring = keyring
    this.#clock = clock
    this.#log = log
  }

  /** Reads the keyring, which gets its first key if it has none. Throws when it cannot be read. */
  static async open(parts: SigningKeysParts): Promise<SigningKeys> {
    const keys = new SigningKeys(parts)
    await parts.keyring.ensureSigningKey()
    await keys.#readNow()
    return keys
  }

  /** The key that signs now. */
  async signer(): Promise<LoginKey> {
    await this.#beCurrent()
    return signerAt(this.#known, this.#clock.now())
  }

  /** The key of this id, even if it was made a moment ago; undefined when the keyring has none. */
  async byId(id: string): Promise<LoginKey | undefined> {
    await this.#beCurrent()
    const known = this.#find(id)
    if (known || (!this.#reading && this.#isYounger(LOOK_AGAIN_MS))) return known
    await this.#read()
    return this.#find(id)
  }

  #find(id: string): LoginKey | undefined {
    return this.#known.find((key) => key.id === id)
  }

  async #beCurrent(): Promise<void> {
    if (this.#isYounger(READ_AGAIN_MS)) return
    const isGood = this.#isYounger(GOOD_FOR_MS)
    const reading = this.#read()
    if (!isGood) await reading
  }

  /** Whether what is known was read within that time. A clock that was put back makes it old, not young. */
  #isYounger(ms: number): boolean {
    const ageMs = this.#clock.now() - this.#readAtMs
    return ageMs >= 0 && ageMs < ms
  }

  /** Reads the keyring, once for all who wait. Never rejects. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow()
      // What is known stays good meanwhile: a signature alone opens nothing, the database has a record of every login.
      .catch((error: unknown) => this.#log.warn(errorFields(error), 'the keys that sign logins could not be read; it is tried again'))
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  async #readNow(): Promise<void> {
    const begunAtMs = this.#clock.now()
    try {
      const keys = await this.#keyring.signingKeys()
      if (keys.length === 0) throw new Error('The keyring has no key that signs logins. Put back the files signing-….key.')
      this.#known = keys.map(({ id, key, signsFromMs }) => ({ id, key: createSecretKey(key), signsFromMs }))
    } finally {
      this.#readAtMs = begunAtMs
    }
  }
}

/** Of keys, oldest first, the one that signs: the newest whose time has come, or, should none's have, the oldest. */
export function signerAt<K extends Pick<SigningKey, 'signsFromMs'>>(keys: readonly K[], nowMs: number): K {
  return keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? keys[0]!
}
