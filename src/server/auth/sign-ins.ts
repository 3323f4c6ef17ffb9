/**
 * How a login begins: the one place that mints a session for somebody who has proven something. Whatever way they came, the same rules
 * apply here.
 */
import type { UserId } from '#contract/ids.ts'
import type { Session } from '#contract/sessions.ts'
import type { DoorTx } from '../isolation/doors.ts'
import type { Device } from './device.ts'
import { factorRules } from './factors/rules.ts'
import type { Asked, SecondFactor } from './factors/second-factor.ts'
import { openPath } from './passwords/credentials.ts'
import type { BegunSession, Sessions } from './sessions/sessions.ts'

/** What was proven, by the name under which the list of devices shows it. */
export type Way = Session['methods'][number]

export interface Entrance {
  readonly device: Device
  readonly way: Way
  /** To stay signed in for longer, if the organisation allows it. */
  readonly remember?: boolean
  /** Whether what was proven counts as two factors by itself: a passkey does, and a provider of which the organisation says so. */
  readonly isTwoFactors?: boolean
}

/** What comes of it. */
export type Outcome = { readonly state: 'signed_in'; readonly begun: BegunSession } | Asked

export class SignIns {
  readonly #sessions: Sessions
  readonly #secondFactor: SecondFactor
  constructor({ sessions, secondFactor }: { sessions: Sessions; secondFactor: SecondFactor }) {
    this.#sessions = sessions
    this.#secondFactor = secondFactor
  }

  /**
   * Begins a login for a person who has proven something, or asks for their second factor where they have one, in the caller's
   * transaction. A passkey is both factors, and so is what the organisation says is. Fails with `auth.wrong_credentials` when they were
   * suspended meanwhile.
   */
  async finish(tx: DoorTx, userId: UserId, entrance: Entrance): Promise<Outcome> {
    const { device, way, remember = false, isTwoFactors = way === 'passkey' } = entrance
    // Whoever guesses the password keeps its person from it no longer, who has shown otherwise that they are themselves.
    if (way === 'passkey') await openPath(tx, userId)
    if (!isTwoFactors && (await factorRules(tx, userId)).hasFactor) return this.#secondFactor.ask(tx, userId, { way, remember })
    return { state: 'signed_in', begun: await this.#sessions.begin(tx, userId, { device, methods: [way], remember, isTwoFactors }) }
  }
}
