/**
 * The keyring: tenant keys and signing keys, wrapped by the key provider, in a directory outside PostgreSQL. Files are written once,
 * mode 0600, and never again over existing ones: a lost or replaced tenant key is lost content. A signing key may be taken away.
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TenantId } from '#contract/ids.ts'
import type { KeyProvider } from './key-provider.ts'
import { deriveKey } from './seal.ts'

export interface SigningKey {
  readonly id: string
  /** Counts up from 1: its file is `signing-<number>.key`. */
  readonly number: number
  readonly key: Buffer
  /** From when on servers sign with it, in milliseconds since 1970; 0 for the first. */
  readonly signsFromMs: number
}

const SIGNING_FILE = /^signing-([1-9]\d{0,8})\.key$/
const KEY_BYTES = 32

export class Keyring {
  readonly #directory: string
  readonly #provider: KeyProvider
  readonly #tenants = new Map<TenantId, Promise<Buffer>>()

  constructor(directory: string, provider: KeyProvider) {
    this.#directory = directory
    this.#provider = provider
  }

  /** The key of a tenant. Throws when the keyring has none: its content cannot be read without. */
  tenantKey(tenantId: TenantId): Promise<Buffer> {
    const known = this.#tenants.get(tenantId)
    if (known !== undefined) return known
    const key = this.#readTenantKey(tenantId)
    this.#tenants.set(tenantId, key)
    // A failure is not remembered: the operator may put the file back.
    key.catch(() => this.#tenants.delete(tenantId))
    return key
  }

  async #readTenantKey(tenantId: TenantId): Promise<Buffer> {
    const wrapped = await readFile(this.#tenantFile(tenantId)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      throw new Error(
        `The keyring ${this.#directory} has no key for the tenant ${tenantId}. Put back the keyring that belongs to this database.`,
      )
    })
    return this.#provider.unwrap(wrapped, `tenant:${tenantId}`)
  }

  /** Makes the key of a new tenant. Refuses when there is one already. */
  async addTenantKey(tenantId: TenantId): Promise<void> {
    const wrapped = await this.#provider.wrap(randomBytes(32), `tenant:${tenantId}`)
    await writeOnce(this.#tenantFile(tenantId), wrapped)
  }

  /** Takes back the key of a tenant whose creation failed before anything was sealed with it. */
  async dropTenantKey(tenantId: TenantId): Promise<void> {
    this.#tenants.delete(tenantId)
    await unlink(this.#tenantFile(tenantId))
  }

  /** The keys that sign logins or have signed some, oldest first, as they are in the directory now. */
  async signingKeys(): Promise<SigningKey[]> {
    const keys = await Promise.all((await this.#signingNumbers()).map((number) => this.#readSigningKey(number)))
    return keys.filter((key) => key !== undefined)
  }

  /** Makes the first signing key unless there is one. */
  async ensureSigningKey(): Promise<void> {
    if ((await this.#signingNumbers()).length > 0) return
    // Two servers may start at once: the first file stays, and both read it.
    await this.#writeSigningKey(1, randomBytes(KEY_BYTES)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }

  /** Makes the next signing key. Its file holds the time as well, so that servers with copies of it begin at the same moment. */
  async addSigningKey(signsFromMs: number): Promise<SigningKey> {
    const number = ((await this.#signingNumbers()).at(-1) ?? 0) + 1
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(signsFromMs))
    await this.#writeSigningKey(number, Buffer.concat([randomBytes(KEY_BYTES), time]))
    return (await this.#readSigningKey(number))!
  }

  /** Takes a signing key away: what it signed is no login any more. */
  async dropSigningKey(number: number): Promise<void> {
    await unlink(this.#signingFile(number))
  }

  /** A name for this installation that gives nothing away: it keeps cookies of several on one host apart. */
  async instanceName(): Promise<string> {
    return (await this.#provider.derive('instance')).toString('hex').slice(0, 8)
  }

  /** The key under which attempts are counted: the counts name neither accounts nor networks to whoever lacks it. */
  async attemptKey(): Promise<Buffer> {
    return this.#provider.derive('attempts')
  }

  /** The key under which recovery codes are kept. */
  async recoveryKey(): Promise<Buffer> {
    return this.#provider.derive('recovery-codes')
  }

  /** The password of a database role: derived, so that every server with the master key knows it and none is stored. */
  async rolePassword(role: string): Promise<string> {
    return (await this.#provider.derive(`role:${role}`)).toString('base64url')
  }

  async #signingNumbers(): Promise<number[]> {
    const numbers = (await readdir(this.#directory)).map((name) => Number(SIGNING_FILE.exec(name)?.[1]))
    return numbers.filter((number) => !Number.isNaN(number)).sort((a, b) => a - b)
  }

  /** Undefined for one that was taken away meanwhile. */
  async #readSigningKey(number: number): Promise<SigningKey | undefined> {
    const file = this.#signingFile(number)
    const wrapped = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (!wrapped) return undefined
    const content = await this.#provider.unwrap(wrapped, `signing:${number}`).catch((cause: unknown) => {
      throw new Error(`${file} does not open with this master key. Put back the file, or the master key, that belongs to this keyring.`, {
        cause,
      })
    })
    const key = content.subarray(0, KEY_BYTES)
    const signsFromMs = content.length > KEY_BYTES ? Number(content.readBigUInt64BE(KEY_BYTES)) : 0
    return { id: deriveKey(key, 'id').toString('hex').slice(0, 8), number, key, signsFromMs }
  }

  async #writeSigningKey(number: number, content: Buffer): Promise<void> {
    await writeOnce(this.#signingFile(number), await this.#provider.wrap(content, `signing:${number}`))
  }

  #signingFile(number: number): string {
    return join(this.#directory, `signing-${number}.key`)
  }

  #tenantFile(tenantId: TenantId): string {
    return join(this.#directory, `tenant-${tenantId}.key`)
  }
}

/** Makes the keyring's directory, readable by this user alone. */
export async function prepareKeyringDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
}

/** Writes a file that is whole or absent, readable by its user alone; throws EEXIST rather than write over one. */
export async function writeOnce(file: string, content: Buffer | string): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(partial, 'wx', 0o600)
  try {
    // Root may do this for a server that runs as somebody else, to whom the directory belongs.
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(dirname(file))
      await handle.chown(uid, gid)
    }
    await handle.writeFile(content)
    await handle.sync()
    // Unlike a rename, a link never replaces what is there.
    await link(partial, file)
  } finally {
    await handle.close()
    await unlink(partial)
  }
}
