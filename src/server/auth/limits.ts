/**
 * Limits on failures: of one account from one network, of one account from everywhere, and of one network. Neither guessing one
 * password nor trying many accounts pays, and a stranger who fails elsewhere does not keep anybody out of their own account.
 */
import ipaddr from 'ipaddr.js'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { Failure } from '../kernel/failure.ts'

const WINDOW_S = 15 * 60
/** How many networks may use up their failures on one account before it rests for all of them. */
const NETWORKS = 10

export class FailureLimits {
  readonly #here: RateLimiterMemory
  readonly #everywhere: RateLimiterMemory
  readonly #address: RateLimiterMemory

  constructor(most: { perAccount: number; perAddress: number } = { perAccount: 10, perAddress: 60 }) {
    this.#here = new RateLimiterMemory({ keyPrefix: 'here', points: most.perAccount, duration: WINDOW_S })
    this.#everywhere = new RateLimiterMemory({ keyPrefix: 'everywhere', points: most.perAccount * NETWORKS, duration: WINDOW_S })
    this.#address = new RateLimiterMemory({ keyPrefix: 'address', points: most.perAddress, duration: WINDOW_S })
  }

  /**
   * Runs an attempt that may fail. Each is counted before it runs, so that parallel ones cannot slip through; a success takes its
   * count back. Fails with `auth.too_many_attempts` once there were too many.
   */
  async attempt<T>(of: { account: string; ip: string }, work: () => Promise<T>): Promise<T> {
    const address = network(of.ip)
    const here = `${of.account}\n${address}`
    // The address comes first: one that is refused can neither lock more accounts nor fill the memory with made-up ones.
    await spend(this.#address, address)
    try {
      await spend(this.#here, here)
      await spend(this.#everywhere, of.account)
    } catch (refused) {
      await this.#address.reward(address)
      throw refused
    }
    const result = await work()
    await this.#here.delete(here)
    await this.#everywhere.reward(of.account)
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
