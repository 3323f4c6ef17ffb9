/** Page cursors: opaque, and good only for the person and the list they were made for. Sealed, so they can neither be read nor bent. */
import { z } from 'zod'
import { Failure } from '../kernel/failure.ts'
import type { Actor } from './actor.ts'
import type { ScopeKeys } from './keys/scope-keys.ts'

/** Makes and reads the cursors of one list. `list` names it, with the id of its object where it belongs to one. */
export class Cursors {
  readonly #keys: ScopeKeys
  constructor(keys: ScopeKeys) {
    this.#keys = keys
  }

  /** A cursor that points behind the given position. */
  async make(actor: Actor, list: string, position: readonly string[]): Promise<string> {
    const sealer = await this.#keys.ofTenant(actor.tenantId, 'cursor')
    return sealer.seal(JSON.stringify(position), actor.userId, list).toString('base64url')
  }

  /** The position of a cursor, undefined for none; fails with `cursor.invalid` for any that was not made for this person and list. */
  async read(actor: Actor, list: string, cursor: string | undefined): Promise<string[] | undefined> {
    if (cursor === undefined) return undefined
    const sealer = await this.#keys.ofTenant(actor.tenantId, 'cursor')
    try {
      return z.array(z.string()).parse(JSON.parse(sealer.open(Buffer.from(cursor, 'base64url'), actor.userId, list)))
    } catch {
      // Whatever does not open was not made for this person and list; why is nobody's business.
      throw new Failure('cursor.invalid')
    }
  }
}
