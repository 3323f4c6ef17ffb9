/**
 * AES-256-GCM with the place of a value as additional data, so that ciphertext moved to another row, column, chat, scope or tenant
 * does not open. Layout: format (1 byte), nonce (12), tag (16), ciphertext.
 */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/** Where a sealed value belongs: tenant, owner (scope or chat), table, row, column. Every part is in the additional data. */
export interface Place {
  readonly tenantId: string
  readonly owner: string
  readonly table: string
  readonly row: string
  readonly column: string
}

/** As a KeyObject a key is ready for use; bytes are looked at anew each time, which takes four times as long as the work itself. */
export type Key = Buffer | KeyObject

const FORMAT = 1
const OVERHEAD = 1 + 12 + 16

function additionalData(place: Place): Buffer {
  return Buffer.from(JSON.stringify([place.tenantId, place.owner, place.table, place.row, place.column]))
}

/** Seals bytes under a key of 32 bytes at a place. */
export function seal(key: Key, plain: Buffer, place: Place): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(additionalData(place))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body])
}

/** Opens what `seal` made at the same place under the same key; throws on anything else. */
export function open(key: Key, sealed: Buffer, place: Place): Buffer {
  if (sealed.length < OVERHEAD || sealed[0] !== FORMAT) throw new Error('not a sealed value')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 })
  decipher.setAAD(additionalData(place))
  decipher.setAuthTag(sealed.subarray(13, OVERHEAD))
  const plain = decipher.update(sealed.subarray(OVERHEAD))
  // Adds nothing in this mode; it throws when the tag is wrong.
  decipher.final()
  return plain
}

/** A key for one purpose out of another key (HKDF-SHA-256). */
export function deriveKey(key: Key, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `sardonyx:${purpose}`, 32))
}
