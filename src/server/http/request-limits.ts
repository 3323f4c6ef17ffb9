/**
 * Limits on requests, in the memory of this server: so many a minute for each login, and for each network so many that bring no good
 * one. A request is counted before its body is read or anything is looked up for it; a stream counts once, when it is opened.
 */
import type { SessionId } from '#contract/ids.ts'
import type { Credential } from '../auth/tokens/presented.ts'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import { networkOf } from '../kernel/network.ts'

const WINDOW_MS = 60_000
/** Past so many in one window counting begins anew, so that made-up addresses do not fill memory. */
const MOST_KEPT = 100_000
/** API tokens that were found good are remembered, so many at most. */
const MOST_GOOD = 10_000

/** How many requests are allowed within a minute. */
export interface RequestsAllowed {
  readonly perLogin: number
  readonly perNetwork: number
}

/** Where a request comes from, and the token that it brings, if that has the form of one of ours. */
export interface Asking {
  readonly ip: string
  readonly credential: Credential | undefined
}

interface Parts {
  readonly clock: Clock
  readonly allowed: RequestsAllowed
}

export class RequestLimits {
  readonly #logins: Counts
  readonly #networks: Counts
  /** Unlike a login's, nobody can tell from an API token that it is one of ours. */
  readonly #good = new Map<string, SessionId>()

  constructor({ allowed, clock }: Parts) {
    this.#logins = new Counts(allowed.perLogin, clock)
    this.#networks = new Counts(allowed.perNetwork, clock)
  }

  /**
   * Counts a request; fails with `request.too_many` once there were too many. One with a token that this server signed, or knows to be
   * good, counts for its login, whatever network it comes from, so that nobody is refused for a neighbour's flood; every other counts
   * for its network.
   */
  count({ ip, credential }: Asking): void {
    const sessionId = this.#sessionOf(credential)
    const waitS = sessionId === undefined ? this.#networks.add(networkOf(ip)) : this.#logins.add(sessionId)
    if (waitS === 0) return
    throw new Failure('request.too_many', {
      retryAfterS: waitS,
      next: waitS === 1 ? 'Wait a second and try again.' : `Wait ${waitS} seconds and try again.`,
    })
  }

  /** From now on requests with this API token, which was just found good, count for it and not for their network. */
  noteGood(apiToken: string, sessionId: SessionId): void {
    if (this.#good.size >= MOST_GOOD) this.#good.clear()
    this.#good.set(apiToken, sessionId)
  }

  /** Counts a request for its network after all: the login that its token names was found not to be good. */
  countRefused({ ip, credential }: Asking): void {
    if (this.#sessionOf(credential) !== undefined) this.#networks.add(networkOf(ip))
  }

  #sessionOf(credential: Credential | undefined): SessionId | undefined {
    return credential && (credential.says?.sessionId ?? this.#good.get(credential.token))
  }
}

/** Counts of one window, which is the same for all keys: when it is over, all of them are dropped at once. */
class Counts {
  readonly #most: number
  readonly #clock: Clock
  readonly #counts = new Map<string, number>()
  #begunMs = Number.NEGATIVE_INFINITY

  constructor(most: number, clock: Clock) {
    this.#most = most
    this.#clock = clock
  }

  /** Adds one; answers 0, or the seconds until the next window where there were too many in this one. */
  add(key: string): number {
    const nowMs = this.#clock.now()
    const passedMs = nowMs - this.#begunMs
    // A clock that was set back must not make the window a long one.
    if (passedMs >= WINDOW_MS || passedMs < 0 || this.#counts.size >= MOST_KEPT) {
      this.#counts.clear()
      this.#begunMs = nowMs
    }
    const count = (this.#counts.get(key) ?? 0) + 1
    if (count > this.#most) return Math.ceil((this.#begunMs + WINDOW_MS - nowMs) / 1_000)
    this.#counts.set(key, count)
    return 0
  }
}
