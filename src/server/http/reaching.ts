/**
 * What a request works with, where its caller's memberships change meanwhile, or had changed before anybody told this server: what is
 * cached of a caller may lack a scope, and what is in there would seem not to be there. Each unit of work therefore compares, as it enters,
 * and what was not done yet is done as the caller whom the database knows now.
 */
import { FAILURES } from '#contract/errors.ts'
import type { Authenticator } from '../auth/tokens/authenticate.ts'
import type { Credential } from '../auth/tokens/presented.ts'
import type { Actor } from '../isolation/actor.ts'
import { KeyOutOfReach } from '../isolation/keys/scope-keys.ts'
import { type Demands, ReachChanged, type ReadTx, type UnitsOfWork, type WriteTx } from '../isolation/unit-of-work.ts'
import { Failure } from '../kernel/failure.ts'

/** Where memberships change more often during one request, the last attempt is made with what was known when it began. */
const MOST_ATTEMPTS = 8
/** What a row refers to is not there any more, in the scope in which it was. */
const MOVED_AWAY = '23503'

interface Reaching {
  readonly units: UnitsOfWork
  readonly authenticator: Authenticator
  readonly credential: Credential
}

/** A caller while their request is worked on. */
export class Reach {
  #actor: Actor
  #hasWritten = false
  readonly #parts: Reaching

  constructor(actor: Actor, parts: Reaching) {
    this.#actor = actor
    this.#parts = parts
  }

  /**
   * Works, and again as whoever the caller is by then where something was hidden that they may reach now, unless something is written
   * already. Fails with `server.unavailable` where that was so in the last attempt, too.
   */
  async attempt<T>(work: (actor: Actor, demands: Demands) => Promise<T>): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      const actor = this.#actor
      try {
        return await work(actor, demandsOf(attempts))
      } catch (error) {
        if (this.#hasWritten || !isHidden(error) || !(await this.#isOther(actor, error))) throw error
        if (attempts === MOST_ATTEMPTS) throw new Failure('server.unavailable', { detail: 'What you can read is changing just now.' })
      }
    }
  }

  /** A unit of work of its own, which sees to that by itself. */
  read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#unit((actor, demands) => this.#parts.units.read(actor, work, demands))
  }

  /** The same for one that writes. */
  async write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> {
    const value = await this.#unit((actor, demands) => this.#parts.units.write(actor, work, demands))
    this.#hasWritten = true
    return value
  }

  async #unit<T>(run: (actor: Actor, demands: Demands) => Promise<T>): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      const actor = this.#actor
      try {
        return await run(actor, demandsOf(attempts))
      } catch (error) {
        if (!(error instanceof ReachChanged)) throw error
        await this.#isOther(actor, error)
      }
    }
  }

  /** Looks who the caller is now, and whether that is worth another attempt. */
  async #isOther(before: Actor, error: unknown): Promise<boolean> {
    const { authenticator, credential } = this.#parts
    if (this.#actor === before) this.#actor = await authenticator.actorOf(credential, true)
    return error instanceof ReachChanged || reachOf(this.#actor) !== reachOf(before)
  }
}

const demandsOf = (attempts: number): Demands => ({ sameReach: attempts < MOST_ATTEMPTS })
const reachOf = ({ readScopes, writeScopes }: Actor) => [...readScopes, '', ...writeScopes].sort().join()

/** Something was not there, or went elsewhere while the work was under way. */
function isHidden(error: unknown): boolean {
  if (error instanceof Failure) return FAILURES[error.code].status === 404
  return error instanceof ReachChanged || error instanceof KeyOutOfReach || (error as { code?: unknown } | null)?.code === MOVED_AWAY
}
