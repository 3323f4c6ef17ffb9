/** Where the master key lives. The file or environment one is the default; a key management service is another of this shape. */
import { randomBytes } from 'node:crypto'
import { deriveKey, open, seal } from './seal.ts'

export interface KeyProvider {
  /** Wraps a key so that only this provider can unwrap it, for the same purpose. */
  wrap(key: Buffer, purpose: string): Promise<Buffer>
  unwrap(wrapped: Buffer, purpose: string): Promise<Buffer>
  /** Secrets that every server of an installation must know alike, such as database passwords; 32 bytes. */
  derive(purpose: string): Promise<Buffer>
}

const place = (purpose: string) => ({ tenantId: '', owner: 'keyring', table: 'keyring', row: purpose, column: 'key' })

/** A provider over 32 bytes that the operator keeps. */
export function localKeyProvider(master: Buffer): KeyProvider {
  if (master.length !== 32) throw new Error('The master key must be 32 bytes, written as 64 hexadecimal digits.')
  const wrapping = deriveKey(master, 'wrap')
  return {
    wrap: async (key, purpose) => seal(wrapping, key, place(purpose)),
    unwrap: async (wrapped, purpose) => open(wrapping, wrapped, place(purpose)),
    derive: async (purpose) => deriveKey(master, `derive:${purpose}`),
  }
}

/** A new master key, as it is written to its file. */
export function newMasterKey(): string {
  return randomBytes(32).toString('hex')
}
