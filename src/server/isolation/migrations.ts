/**
 * Migrations: plain SQL, forward only, checksummed, each tenant's in one transaction. Runs as the migrator, which request handling
 * never is. `{words}` in the files stand for names and for the settings that policies read.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import type { TenantId } from '#contract/ids.ts'
import { migrateQueue } from './queue.ts'
import { schemaName } from './tables.ts'

const FOLDER = new URL('../../../db/', import.meta.url)
/** Serialises migrators and tenant creation on one database. */
const LOCK = 0x5a_72_64_78
const OLDEST_VERSION = 150_000

/** How the migrator connects. */
export type MigratorConfig = pg.ClientConfig

export interface RoleSecrets {
  readonly prefix: string
  password(role: 'app' | 'worker' | 'auth'): string
}

export interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/** Reads the migrations of `control` or `tenant`, in order. */
async function readMigrations(kind: 'control' | 'tenant'): Promise<Migration[]> {
  const names = (await readdir(new URL(`${kind}/`, FOLDER))).filter((name) => /^\d{4}_[a-z_]+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(`${kind}/${name}`, FOLDER), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

function roleWords(prefix: string): Record<string, string> {
  return Object.fromEntries(['app', 'worker', 'auth', 'search', 'keeper'].map((role) => [role, `${prefix}_${role}`]))
}

/** The one place that spells how policies read the context: in sublink form, so that PostgreSQL evaluates it once per query. */
function settingWords(): Record<string, string> {
  const setting = (name: string) => `nullif(current_setting('app.${name}', true), '')`
  return {
    tenant_setting: `(select ${setting('tenant_id')})`,
    user_id: `(select ${setting('user_id')}::uuid)`,
    role: `(select ${setting('role')})`,
    directory: `(select ${setting('directory')})`,
    known_people: `(select ${setting('known_people')}::uuid[])::uuid[]`,
    job_id: `(select ${setting('job_id')}::uuid)`,
    job_kind: `(select ${setting('job_kind')})`,
    object_id: `(select ${setting('object_id')}::uuid)`,
    object_scopes: `(select ${setting('object_scopes')}::uuid[])::uuid[]`,
    // The inner cast keeps it out of the row loop, the outer one makes it type-check.
    read_scopes: `(select ${setting('read_scopes')}::uuid[])::uuid[]`,
    write_scopes: `(select ${setting('write_scopes')}::uuid[])::uuid[]`,
    manage_scopes: `(select ${setting('manage_scopes')}::uuid[])::uuid[]`,
  }
}

function fill(sql: string, words: Record<string, string>): string {
  return sql.replace(/\{([a-z_]+)\}/g, (whole, word: string) => words[word] ?? whole)
}

/** The text of roles.sql with names and passwords filled in, for the migrator to run or an administrator to read. */
export async function rolesSql(secrets: RoleSecrets): Promise<string> {
  const words: Record<string, string> = roleWords(secrets.prefix)
  for (const role of ['app', 'worker', 'auth'] as const) words[`${role}_password`] = secrets.password(role)
  return fill(await readFile(new URL('roles.sql', FOLDER), 'utf8'), words)
}

/** Opens one connection as the migrator, holding the migration lock until `work` is done. */
export async function asMigrator<T>(config: MigratorConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...config, application_name: 'sardonyx migrate' })
  // A lost connection fails the statement under way; its error event, unheard, would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw new Error(
      `The database cannot be reached: ${(error as Error).message}. Check DATABASE_URL, and SARDONYX_DATABASE_CA_FILE for its certificate.`,
      { cause: error },
    )
  }
  try {
    const { rows } = await client.query<{ version: number }>("select current_setting('server_version_num')::int as version")
    const version = rows[0]!.version
    if (version < OLDEST_VERSION) throw new Error(`The database is PostgreSQL ${Math.floor(version / 10_000)}; Sardonyx needs 15 or newer.`)
    await client.query('select pg_advisory_lock($1)', [LOCK])
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Brings roles, directory and queue up to date. Idempotent. Answers what this server does not let us do, in words. */
export async function migrateControl(client: pg.Client, secrets: RoleSecrets): Promise<string[]> {
  const words = roleWords(secrets.prefix)
  await transaction(client, async () => {
    await makeRoles(client, secrets)
    const { rows } = await client.query('select current_database() as name')
    const database = client.escapeIdentifier(rows[0].name)
    await client.query(`revoke all on database ${database} from public`)
    await client.query(`grant connect on database ${database} to ${words.app}, ${words.worker}, ${words.auth}`)
    await client.query('revoke create on schema public from public')
    await client.query('create schema if not exists control')
    await client.query(
      'create table if not exists control.migration (name text primary key, checksum text not null, time_applied timestamptz not null default now())',
    )
    await apply(client, 'control', { migrations: await readMigrations('control'), words })
    await client.query(`revoke execute on function pg_catalog.set_config(text, text, boolean) from public`)
    await client.query(`grant execute on function pg_catalog.set_config(text, text, boolean) to ${words.auth}`)
  })
  await migrateQueue(client, words.worker!)
  // Where the migrator does not own pg_catalog, PostgreSQL only warns.
  const { rows } = await client.query(
    "select has_function_privilege($1, 'pg_catalog.set_config(text, text, boolean)', 'execute') as held",
    [words.app],
  )
  return rows[0].held
    ? ['set_config could not be taken from PUBLIC, since that needs a superuser. docs/topics/isolation.md says what it means.']
    : []
}

/** Makes the roles, or finds those that an administrator made from the printed SQL. */
async function makeRoles(client: pg.Client, secrets: RoleSecrets): Promise<void> {
  const { rows } = await client.query('select rolsuper or rolcreaterole as may from pg_roles where rolname = current_user')
  if (rows[0].may) {
    await client.query(await rolesSql(secrets))
    return
  }
  const names = Object.values(roleWords(secrets.prefix))
  const found = await client.query('select from pg_roles where rolname = any($1)', [names])
  if (found.rowCount !== names.length) {
    throw new Error(
      'This database user may not create roles. Have an administrator run the SQL that “sardonyx migrate --print-roles” prints, then start again.',
    )
  }
}

/** Makes a tenant: its directory entry and its schema with every table, in the caller's transaction. */
export async function createTenantSchema(
  client: pg.Client,
  tenant: { id: TenantId; slug: string; name: string },
  prefix: string,
): Promise<void> {
  const schema = schemaName(tenant.id)
  const words = roleWords(prefix)
  await client.query('insert into control.tenant (id, slug, name, schema_name) values ($1, $2, $3, $4)', [
    tenant.id,
    tenant.slug,
    tenant.name,
    schema,
  ])
  await client.query(`create schema ${schema}`)
  await client.query(`grant usage on schema ${schema} to ${Object.values(words).join(', ')}`)
  await client.query(
    `create table ${schema}.migration (name text primary key, checksum text not null, time_applied timestamptz not null default now())`,
  )
  await migrateTenant(client, tenant.id, prefix)
  await asRole(client, words.auth!, () => client.query(`insert into ${schema}.tenant_state (id) values ($1)`, [tenant.id]))
}

/** Applies what a tenant lacks, in the caller's transaction, and returns the names of what was applied. */
export async function migrateTenant(client: pg.Client, tenantId: TenantId, prefix: string): Promise<string[]> {
  const schema = schemaName(tenantId)
  const roles = roleWords(prefix)
  const wall = await readFile(new URL('tenant/wall.sql', FOLDER), 'utf8')
  const words = { ...roles, ...settingWords(), schema, tenant_id: tenantId }
  const walled = (await readMigrations('tenant')).map((migration) => ({
    ...migration,
    sql: migration.sql.replace(/^\{wall (\S+)\}$/gm, (_, table: string) => wall.replaceAll('{table}', table)),
  }))
  // A function's new owner needs CREATE on its schema for the moment of the hand-over.
  const owners = `${roles.auth}, ${roles.search}, ${roles.keeper}`
  await client.query(`grant create on schema ${schema} to ${owners}`)
  const applied = await apply(client, schema, { migrations: walled, words })
  await client.query(`revoke create on schema ${schema} from ${owners}`)
  return applied
}

/** Every tenant with its newest migration and how many it lacks. */
export async function tenantStatus(migrator: pg.ClientConfig): Promise<{ slug: string; name: string; newest: string; missing: number }[]> {
  const all = await readMigrations('tenant')
  return asMigrator(migrator, async (client) => {
    const { rows } = await client.query<{ slug: string; name: string; schema_name: string }>(
      'select slug, name, schema_name from control.tenant order by slug',
    )
    const status = []
    for (const { slug, name, schema_name } of rows) {
      const applied = await client.query<{ name: string }>(`select name from ${schema_name}.migration order by name`)
      status.push({ slug, name, newest: applied.rows.at(-1)?.name ?? 'none', missing: all.length - applied.rows.length })
    }
    return status
  })
}

async function apply(
  client: pg.Client,
  schema: string,
  { migrations, words }: { migrations: readonly Migration[]; words: Record<string, string> },
): Promise<string[]> {
  const { rows } = await client.query<{ name: string; checksum: string }>(`select name, checksum from ${schema}.migration`)
  const known = new Map(rows.map((row) => [row.name, row.checksum]))
  const unknown = rows.find((row) => !migrations.some((m) => m.name === row.name))
  if (unknown)
    throw new Error(
      `The database holds the migration ${unknown.name}, which this version of Sardonyx does not know. Start the newer version.`,
    )
  const applied: string[] = []
  for (const migration of migrations) {
    const checksum = known.get(migration.name)
    if (checksum === migration.checksum) continue
    if (checksum !== undefined) throw new Error(`The migration ${migration.name} was changed after it had been applied. Restore its file.`)
    await client.query(fill(migration.sql, words))
    await client.query(`insert into ${schema}.migration (name, checksum) values ($1, $2)`, [migration.name, migration.checksum])
    applied.push(migration.name)
  }
  return applied
}

/** Runs `work` in one transaction. */
export async function transaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/** Runs `work` as another role, within the caller's transaction. */
export async function asRole<T>(client: pg.Client, role: string, work: () => Promise<T>): Promise<T> {
  await client.query(`set local role ${client.escapeIdentifier(role)}`)
  const result = await work()
  await client.query('reset role')
  return result
}
