/** What every command needs of an installation: its keyring, its database (embedded or given), and connections as the roles. */
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bootCheck } from '../isolation/boot-check.ts'
import { Database, type DatabaseOptions, type DatabaseRole } from '../isolation/database.ts'
import { localKeyProvider, newMasterKey } from '../isolation/keys/key-provider.ts'
import { Keyring, prepareKeyringDirectory, writeOnce } from '../isolation/keys/keyring.ts'
import { asMigrator, type MigratorConfig, migrateControl, migrateTenant, type RoleSecrets, transaction } from '../isolation/migrations.ts'
import { createLog, type Log } from '../kernel/log.ts'
import { EmbeddedInUse } from './embedded/refusal.ts'
import { runningDatabase } from './embedded/running.ts'
import { startEmbedded } from './embedded-postgres.ts'

/** The part of the configuration that says where an installation is. */
export interface InstallationSettings {
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly databaseCa: string | undefined
  readonly rolePrefix: string
  readonly masterKey: Buffer | undefined
}

export interface Installation {
  readonly keyring: Keyring
  readonly migrator: MigratorConfig
  readonly secrets: RoleSecrets
  /** True when the keyring was made just now: the operator should hear of it. */
  readonly isNew: boolean
  readonly keyringDirectory: string
  /** Resolves when the embedded database ends by itself; never with a given one. */
  readonly databaseEnded: Promise<unknown>
  close(): Promise<void>
}

/**
 * Opens the keyring and the database; whoever calls it closes it. An embedded database that a server runs already is refused, unless
 * `joins` says that a command beside the server will do with it.
 */
export async function openInstallation(settings: InstallationSettings, log: Log, { joins = false } = {}): Promise<Installation> {
  const keyringDirectory = keyringDirectoryOf(settings.dataDir)
  await prepareKeyringDirectory(keyringDirectory)
  const { master, isNew } = await masterKey(settings, keyringDirectory)
  const keyring = new Keyring(keyringDirectory, localKeyProvider(master))
  const passwords = Object.fromEntries(
    await Promise.all((['app', 'worker', 'auth'] as const).map(async (role) => [role, await keyring.rolePassword(role)] as const)),
  )
  const secrets: RoleSecrets = { prefix: settings.rolePrefix, password: (role) => passwords[role]! }
  const common = { keyring, secrets, isNew, keyringDirectory }
  if (settings.databaseUrl !== undefined) {
    return { ...common, ...NOT_OURS, migrator: givenDatabase(settings, settings.databaseUrl) }
  }
  const dataDir = join(settings.dataDir, 'postgres')
  const embedded = await startEmbedded({ dataDir, log }).catch((error: unknown) => {
    if (joins && error instanceof EmbeddedInUse) return undefined
    throw error
  })
  if (!embedded) return { ...common, ...NOT_OURS, migrator: { connectionString: await runningDatabase(dataDir) } }
  return { ...common, migrator: { connectionString: embedded.url }, databaseEnded: embedded.exited, close: () => embedded.stop() }
}

/** Somebody else runs this database, so it is neither watched nor stopped here. */
const NOT_OURS = { databaseEnded: new Promise<never>(() => undefined), close: async () => undefined } as const

/** Runs a command's work on an installation, beside the server that runs it if there is one, and closes what it has opened. */
export async function withInstallation<T>(
  settings: InstallationSettings & { readonly logLevel: string },
  work: (installation: Installation, log: Log) => Promise<T>,
): Promise<T> {
  const log = createLog({ level: settings.logLevel })
  const installation = await openInstallation(settings, log, { joins: true })
  try {
    return await work(installation, log)
  } finally {
    await installation.close()
  }
}

/** The keyring of an installation that is there already, without its database. Throws a sentence when there is none. */
export async function findKeyring({ dataDir, masterKey }: Pick<InstallationSettings, 'dataDir' | 'masterKey'>): Promise<Keyring> {
  const directory = keyringDirectoryOf(dataDir)
  try {
    await access(directory)
    return new Keyring(directory, localKeyProvider(masterKey ?? (await readMasterKey(directory))))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(
      `There is no keyring with its master key in ${directory}. Say with --data-dir where the server keeps its data, and give SARDONYX_MASTER_KEY if the server gets it so.`,
      { cause: error },
    )
  }
}

function keyringDirectoryOf(dataDir: string): string {
  return join(dataDir, 'keyring')
}

/** Brings roles, directory and every tenant up to date, and checks the walls. Answers what was done, in words. */
export async function migrateAll({ migrator, secrets }: Pick<Installation, 'migrator' | 'secrets'>): Promise<string[]> {
  return asMigrator(migrator, async (client) => {
    const done = await migrateControl(client, secrets)
    const { rows } = await client.query('select id, slug from control.tenant order by time_created')
    for (const { id, slug } of rows) {
      const applied = await transaction(client, () => migrateTenant(client, id, secrets.prefix))
      if (applied.length > 0) done.push(`${slug}: ${applied.join(', ')}`)
    }
    await bootCheck(client, secrets.prefix)
    return done
  })
}

/** Connections as the roles of request handling. */
export function connect(
  { migrator, secrets }: Pick<Installation, 'migrator' | 'secrets'>,
  log: Log,
  size: DatabaseOptions['size'] = { app: 10, worker: 6, auth: 4 },
): Database {
  const urlOf = (role: DatabaseRole) => urlAs(role, { migrator, secrets })
  return new Database({
    urls: { app: urlOf('app'), worker: urlOf('worker'), auth: urlOf('auth') },
    size,
    ssl: migrator.ssl,
    onIdleError: (error) => log.warn({ error: error.message }, 'an idle database connection ended'),
  })
}

/** Where the database is, as one of the roles of request handling. */
export function urlAs(role: DatabaseRole, { migrator, secrets }: Pick<Installation, 'migrator' | 'secrets'>): string {
  const url = new URL(migrator.connectionString!)
  url.username = `${secrets.prefix}_${role}`
  url.password = secrets.password(role)
  return url.toString()
}

async function masterKey(settings: InstallationSettings, directory: string): Promise<{ master: Buffer; isNew: boolean }> {
  if (settings.masterKey) return { master: settings.masterKey, isNew: false }
  let isNew = false
  try {
    await writeOnce(masterKeyFile(directory), `${newMasterKey()}\n`)
    isNew = true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return { master: await readMasterKey(directory), isNew }
}

async function readMasterKey(directory: string): Promise<Buffer> {
  return Buffer.from((await readFile(masterKeyFile(directory), 'utf8')).trim(), 'hex')
}

function masterKeyFile(directory: string): string {
  return join(directory, 'master.key')
}

/** A database elsewhere is spoken to over verified TLS; one on this machine may go without. */
function givenDatabase(settings: InstallationSettings, connectionString: string): MigratorConfig {
  const url = new URL(connectionString)
  const isLocal = url.hostname === '' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) || url.searchParams.has('host')
  if (isLocal && !url.searchParams.has('sslmode')) return { connectionString }
  url.searchParams.delete('sslmode')
  return {
    connectionString: url.toString(),
    ssl: { rejectUnauthorized: true, ...(settings.databaseCa === undefined ? {} : { ca: settings.databaseCa }) },
  }
}
