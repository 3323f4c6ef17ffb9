/** The cast of every test: acme with Alice, Bob and Carol (admin), globex with Trent and Mallory (admin). */
import type { TenantId, UserId } from '#contract/ids.ts'
import { createLogin } from '#server/auth/login.ts'
import { hashPassword } from '#server/auth/passwords/password.ts'
import type { Database } from '#server/isolation/database.ts'
import { foundOrganisation } from '#server/isolation/founding.ts'
import { localKeyProvider } from '#server/isolation/keys/key-provider.ts'
import { Keyring, prepareKeyringDirectory } from '#server/isolation/keys/keyring.ts'
import { connect, migrateAll } from '#server/ops/installation.ts'
import { quietLog } from './quiet-log.ts'

export const PASSWORD = 'correct horse battery staple'
export const PREFIX = 'sardonyx_test'

export const PEOPLE = {
  alice: { tenant: 'acme', name: 'Alice Moreau', email: 'alice@acme.test', role: 'user' },
  bob: { tenant: 'acme', name: 'Bob Okafor', email: 'bob@acme.test', role: 'user' },
  carol: { tenant: 'acme', name: 'Carol Lindqvist', email: 'carol@acme.test', role: 'admin' },
  trent: { tenant: 'globex', name: 'Trent Ibsen', email: 'trent@globex.test', role: 'user' },
  mallory: { tenant: 'globex', name: 'Mallory Vance', email: 'mallory@globex.test', role: 'admin' },
} as const
export type Person = keyof typeof PEOPLE

/** A fixed master key: the passwords of the database's roles, which are the cluster's, follow from it. */
export const MASTER = Buffer.alloc(32, 7)

/** The keyring that belongs to the template and to every clone of it. */
function testKeyring(directory: string): Keyring {
  return new Keyring(directory, localKeyProvider(MASTER))
}

/** What `openInstallation` would have found. */
export async function testInstallation(of: { url: string; keyringDirectory: string }) {
  const keyring = testKeyring(of.keyringDirectory)
  const passwords = {
    app: await keyring.rolePassword('app'),
    worker: await keyring.rolePassword('worker'),
    auth: await keyring.rolePassword('auth'),
  }
  const secrets = { prefix: PREFIX, password: (role: keyof typeof passwords) => passwords[role] }
  return { keyring, secrets, migrator: { connectionString: of.url } }
}

/** Migrates an empty database and founds both organisations in it. */
export async function castInto(of: { url: string; keyringDirectory: string }): Promise<void> {
  await prepareKeyringDirectory(of.keyringDirectory)
  const installation = await testInstallation(of)
  await migrateAll(installation)
  const database = connect(installation, quietLog, { app: 1, worker: 1, auth: 1 })
  try {
    await found(installation, database)
  } finally {
    await database.close()
  }
}

async function found(installation: Awaited<ReturnType<typeof testInstallation>>, database: Database): Promise<void> {
  const { keyring, migrator } = installation
  const { accounts, ids } = await createLogin({ database, keyring, log: quietLog })
  const passwordHash = await hashPassword(PASSWORD)
  for (const slug of ['acme', 'globex'] as const) {
    const tenant = { id: ids.next<TenantId>(), slug, name: slug }
    await foundOrganisation({ migrator, prefix: PREFIX, keyring, onlyFirst: false }, tenant, async (tx) => {
      for (const person of Object.values(PEOPLE).filter((one) => one.tenant === slug)) {
        const userId: UserId = await accounts.add(tx, person)
        await accounts.join(tx, userId, passwordHash)
      }
    })
  }
}
