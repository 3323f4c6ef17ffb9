/** Codes for who has lost everything else: ten, shown once, each good once. Kept as HMACs under a key that is outside PostgreSQL. */
import { createHmac, createSecretKey, type KeyObject, randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { DoorTx } from '../../isolation/doors.ts'

const COUNT = 10
const GROUPS = 6
const GROUP = 4
/** Thirty-two, none easily taken for another: a code has 120 random bits. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export class RecoveryCodes {
  readonly #key: KeyObject

  constructor(key: Buffer) {
    this.#key = createSecretKey(key)
  }

  /** New codes of a person, in the caller's transaction; earlier ones are good no more. */
  async make(tx: DoorTx, userId: UserId): Promise<string[]> {
    const codes = Array.from({ length: COUNT }, newCode)
    await tx.changeAll([
      tx.db.deleteFrom('recovery_code').where('user_id', '=', userId),
      tx.db.insertInto('recovery_code').values(codes.map((code) => ({ user_id: userId, hash: this.#hash(tx, userId, code) }))),
    ])
    return codes
  }

  /** How many are left. */
  async left(tx: DoorTx, userId: UserId): Promise<number> {
    const count = sql<number>`count(*)::int`.as('left')
    return (await tx.first(tx.db.selectFrom('recovery_code').select(count).where('user_id', '=', userId)))!.left
  }

  /** Uses a code up: of several who try at once one is answered true. */
  async take(tx: DoorTx, userId: UserId, code: string): Promise<boolean> {
    const taken = tx.db
      .deleteFrom('recovery_code')
      .where('user_id', '=', userId)
      .where('hash', '=', this.#hash(tx, userId, code))
    return (await tx.change(taken)) === 1
  }

  #hash(tx: DoorTx, userId: UserId, code: string): Buffer {
    const plain = code.replaceAll('-', '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([tx.tenantId, userId, plain]))
      .digest()
  }
}

function newCode(): string {
  const letter = () => ALPHABET[randomInt(ALPHABET.length)]
  return Array.from({ length: GROUPS }, () => Array.from({ length: GROUP }, letter).join('')).join('-')
}
