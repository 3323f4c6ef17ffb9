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
/** How many networks may use up their failures on one account before it rests for all of them. */
const NETWORKS = 10

/** How many failures are allowed within a quarter of an hour. */
export interface FailuresAllowed {
  /** Of one account from one network; ten times as many from everywhere. */
  readonly perAccount: number
  /** Of one network, whatever the account. */
  readonly perAddress: number
}

export const FAILURES_ALLOWED: FailuresAllowed = { perAccount: 10, perAddress: 60 }

export class FailureLimits {
  readonly #doors: Doors
  readonly #key: KeyObject
  readonly #most: readonly number[]

  constructor({ doors, key, allowed = FAILURES_ALLOWED }: { doors: Doors; key: Buffer; allowed?: FailuresAllowed | undefined }) {
    this.#doors = doors
    this.#key = createSecretKey(key)
    this.#most = [allowed.perAddress, allowed.perAccount, allowed.perAccount * NETWORKS]
  }

  /**
   * Runs an attempt that may fail. Each is counted before it runs, so that parallel ones cannot slip through; a success takes its
   * count back. Fails with `auth.too_many_attempts` once there were too many.
   */
  async attempt<T>(of: { account: string; ip: string }, work: () => Promise<T>): Promise<T> {
    const network = networkOf(of.ip)
    const here = this.#keyOf(of.account, network)
    // The network comes first: one that is refused can neither lock more accounts nor fill the table with made-up ones.
    const keys = [this.#keyOf(null, network), here, this.#keyOf(of.account, null)]
    const waitS = await this.#doors.countAttempt({ keys, most: this.#most, windowS: WINDOW_S })
    if (waitS !== null) throw new Failure('auth.too_many_attempts', { retryAfterS: waitS })
    const result = await work()
    await this.#doors.giveAttemptBack(keys, here)
    return result
  }

  /** What the database knows an account, a network or the two together by. */
  #keyOf(account: string | null, network: string | null): Buffer {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([account, network]))
      .digest()
  }
}
