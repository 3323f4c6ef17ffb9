/**
 * Limits on failures: of one account from one network, of one account from everywhere, and of one network. Neither guessing one
 * password nor trying many accounts pays, and a stranger who fails elsewhere does not keep anybody out of their own account.
 * The counts are in the database: they outlive this server, and every other one counts in the same.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Doors } from '../isolation/doors.ts'
import { Failure } from '../kernel/failure.ts'
import { networkOf } from '../kernel/network.ts'

const WINDOW_S = 15 * 60
/** The wait of one account from one network doubles each time it is filled again, up to this; a success or a quiet day forgets that. */
const LONGEST_WAIT_S = 24 * 3_600
/** How many networks may use up their failures on one account before it rests for all of them. */
const NETWORKS = 10

/** Whose failures are counted, and from where. */
export interface Attempted {
  /** Null where nobody is guessed at, since what is asked for cannot be guessed: a limit then only spares work, and is the network's alone. */
  readonly account: string | null
  readonly ip: string
}

/** How many failures are allowed within a quarter of an hour. */
export interface FailuresAllowed {
  /** Of one account from one network; ten times as many from everywhere. */
  readonly perAccount: number
  /** Of one network, whatever the account. */
  readonly perAddress: number
}

export const FAILURES_ALLOWED: FailuresAllowed = { perAccount: 10, perAddress: 60 }
/** How many letters that anybody can have sent to somebody. */
export const LETTERS_ALLOWED: FailuresAllowed = { perAccount: 3, perAddress: 20 }

export class FailureLimits {
  readonly #doors: Doors
  readonly #key: KeyObject
  /** In the order of the keys, as the next. */
  readonly #most: readonly number[]
  readonly #longestS: readonly number[]
  readonly #of: readonly string[]

  /**
   * `of` is what is counted, where that is not failures to prove who one is: those are never counted together, and their waits do not grow.
   */
  constructor({
    doors,
    key,
    allowed = FAILURES_ALLOWED,
    of,
  }: { doors: Doors; key: Buffer; allowed?: FailuresAllowed | undefined; of?: string }) {
    this.#doors = doors
    this.#key = createSecretKey(key)
    this.#of = of === undefined ? [] : [of]
    this.#longestS = [WINDOW_S, of === undefined ? LONGEST_WAIT_S : WINDOW_S, WINDOW_S]
    this.#most = [allowed.perAddress, allowed.perAccount, allowed.perAccount * NETWORKS]
  }

  /**
   * Runs an attempt that may fail. Each is counted before it runs, so that parallel ones cannot slip through; a success takes its
   * count back. Fails with `auth.too_many_attempts` once there were too many.
   */
  async attempt<T>(of: Attempted, work: () => Promise<T>): Promise<T> {
    const { keys, here } = await this.#count(of)
    const result = await work()
    await this.#doors.giveAttemptBack(keys, here)
    return result
  }

  /** Counts what nobody may do often, however it ends. Fails as `attempt` does. */
  async spend(of: Attempted): Promise<void> {
    await this.#count(of)
  }

  /** Whether an account has failed as often from one network as it may. */
  async isFilled({ account, ip }: Attempted): Promise<boolean> {
    return (await this.#doors.attemptsOf(this.#keyOf(account, networkOf(ip)))) >= this.#most[1]!
  }

  async #count({ account, ip }: Attempted): Promise<{ keys: readonly Buffer[]; here: Buffer | null }> {
    const network = networkOf(ip)
    const here = account === null ? null : this.#keyOf(account, network)
    // The network comes first: one that is refused can neither lock more accounts nor fill the table with made-up ones.
    const keys = [this.#keyOf(null, network), ...(here ? [here, this.#keyOf(account, null)] : [])]
    const waitS = await this.#doors.countAttempt({ keys, most: this.#most, longestS: this.#longestS, windowS: WINDOW_S })
    if (waitS !== null) throw new Failure('auth.too_many_attempts', { retryAfterS: waitS })
    return { keys, here }
  }

  /** What the database knows an account, a network or the two together by. */
  #keyOf(account: string | null, network: string | null): Buffer {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([account, network, ...this.#of]))
      .digest()
  }
}
