/** Limits on failures: per account, per address, and per network, so that neither guessing one password nor trying many accounts pays. */
import ipaddr from 'ipaddr.js'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { Failure } from '../kernel/failure.ts'

const WINDOW_S = 15 * 60

export class FailureLimits {
  readonly #account: RateLimiterMemory
  readonly #address: RateLimiterMemory

  constructor(most: { perAccount: number; perAddress: number } = { perAccount: 10, perAddress: 60 }) {
    this.#account = new RateLimiterMemory({ points: most.perAccount, duration: WINDOW_S })
    this.#address = new RateLimiterMemory({ points: most.perAddress, duration: WINDOW_S })
  }

  /**
   * Runs an attempt that may fail. Each is counted before it runs, so that parallel ones cannot slip through; a success takes its
   * count back. Fails with `auth.too_many_attempts` once there were too many.
   */
  async attempt<T>(of: { account: string; ip: string }, work: () => Promise<T>): Promise<T> {
    const address = network(of.ip)
    // The address comes first: one that is refused can neither lock more accounts nor fill the memory with made-up ones.
    await spend(this.#address, address)
    await spend(this.#account, of.account).catch(async (refused: unknown) => {
      await this.#address.reward(address)
      throw refused
    })
    const result = await work()
    await this.#account.delete(of.account)
    await this.#address.reward(address)
    return result
  }
}

async function spend(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (refused) {
    if (refused instanceof Error) throw refused
    throw new Failure('auth.too_many_attempts', { retryAfterS: Math.ceil((refused as RateLimiterRes).msBeforeNext / 1_000) })
  }
}

/** An IPv6 customer usually holds a whole /64; an IPv4 address is one, also when it is spelled as IPv6. */
function network(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip
  const address = ipaddr.process(ip).toNormalizedString()
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address
}
