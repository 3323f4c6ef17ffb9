/**
 * The keyring: tenant keys and signing keys, wrapped by the key provider, in a directory outside PostgreSQL. Files are written once,
 * mode 0600, and never again over existing ones: a lost or replaced key is lost content.
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { TenantId } from '#contract/ids.ts'
import type { KeyProvider } from './key-provider.ts'
import { deriveKey } from './seal.ts'

export interface SigningKey {
  readonly id: string
  readonly key: Buffer
}

export class Keyring {
  readonly #directory: string
  readonly #provider: KeyProvider
  readonly #tenants = new Map<TenantId, Promise<Buffer>>()
  #signing: Promise<SigningKey> | undefined

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

  /** The key that signs login tokens, made at first use. */
  signingKey(): Promise<SigningKey> {
    this.#signing ??= this.#readSigningKey()
    return this.#signing
  }

  /** A name for this installation that gives nothing away: it keeps cookies of several on one host apart. */
  async instanceName(): Promise<string> {
    return (await this.#provider.derive('instance')).toString('hex').slice(0, 8)
  }

  /** The key under which attempts are counted: the counts name neither accounts nor networks to whoever lacks it. */
  async attemptKey(): Promise<Buffer> {
    return this.#provider.derive('attempts')
  }

  /** The password of a database role: derived, so that every server with the master key knows it and none is stored. */
  async rolePassword(role: string): Promise<string> {
    return (await this.#provider.derive(`role:${role}`)).toString('base64url')
  }

  async #readSigningKey(): Promise<SigningKey> {
    const file = join(this.#directory, 'signing-1.key')
    const made = await this.#provider.wrap(randomBytes(32), 'signing:1')
    // Two servers may start at once: the first file stays, and both read it.
    await writeOnce(file, made).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    const key = await this.#provider.unwrap(await readFile(file), 'signing:1')
    return { id: deriveKey(key, 'id').toString('hex').slice(0, 8), key }
  }

  #tenantFile(tenantId: TenantId): string {
    return join(this.#directory, `tenant-${tenantId}.key`)
  }
}

/** Makes the keyring's directory, readable by this user alone. */
export async function prepareKeyringDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
}

/** Writes a file that is whole or absent, readable by this user alone; throws EEXIST rather than write over one. */
export async function writeOnce(file: string, content: Buffer | string): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(partial, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
    // Unlike a rename, a link never replaces what is there.
    await link(partial, file)
  } finally {
    await handle.close()
    await unlink(partial)
  }
}
