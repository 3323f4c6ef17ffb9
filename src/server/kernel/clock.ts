/** Time as a parameter: everything that needs it takes a Clock, so that tests decide what time it is. */

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
