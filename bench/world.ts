/**
 * Where the rows are measured: one embedded PostgreSQL with the product's own settings, and for each row a database of its own with
 * the cast of the tests in it. What stands in for a request (a signed-in person) is made by the product's own parts.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import type { TenantId, UserId } from '#contract/ids.ts'
import { createLogin } from '#server/auth/login.ts'
import { ChatStore } from '#server/features/chats/index.ts'
import type { Actor } from '#server/isolation/actor.ts'
import type { Database } from '#server/isolation/database.ts'
import { UnitsOfWork } from '#server/isolation/unit-of-work.ts'
import { startEmbedded } from '#server/ops/embedded-postgres.ts'
import { connect } from '#server/ops/installation.ts'
import { castInto, PEOPLE, type Person, testInstallation } from '#tests/support/cast.ts'
import { withDatabase } from '#tests/support/global-setup.ts'
import { quietLog } from '#tests/support/quiet-log.ts'
import { type ServedBy, type ServerOptions, startServer } from './server.ts'

export interface Login {
  readonly actor: Actor
  readonly token: string
}

export interface Cluster {
  readonly url: string
  readonly keyringDirectory: string
  stop(): Promise<void>
}

const TEMPLATE = 'bench_template'

/** Connections per role, as many as the rows have lanes. */
const POOL = { app: 8, worker: 6, auth: 4 }

/** Starts the database and puts the cast into its template. */
export async function startCluster(scratch: string): Promise<Cluster> {
  const embedded = await startEmbedded({ dataDir: join(scratch, 'postgres'), log: quietLog, settings: { max_connections: '200' } })
  const keyringDirectory = join(scratch, 'keyring')
  await onDatabase(embedded.url, (client) => client.query(`create database ${TEMPLATE}`))
  await castInto({ url: withDatabase(embedded.url, TEMPLATE), keyringDirectory })
  return { url: embedded.url, keyringDirectory, stop: () => embedded.stop() }
}

export type World = Awaited<ReturnType<typeof createWorld>>

/** Makes a database of its own; the caller closes it. */
export async function createWorld(cluster: Cluster) {
  const name = `bench_${randomBytes(4).toString('hex')}`
  await onDatabase(cluster.url, (client) => client.query(`create database ${name} template ${TEMPLATE}`))
  const url = withDatabase(cluster.url, name)
  const { keyringDirectory } = cluster
  const installation = await testInstallation({ url, keyringDirectory })
  const database = connect(installation, quietLog, POOL)
  // Plans once per connection, as the product's roles do: what is compared with them must not pay for planning.
  const superuser = new pg.Pool({ connectionString: url, max: 8, options: '-c plan_cache_mode=force_generic_plan' })
  const people = await peopleOf(installation, database)
  const servers: ServedBy[] = []
  return {
    url,
    installation,
    database,
    /** Connections of the superuser, whom no policy binds. */
    superuser,
    ...people,
    /** Starts a server process on this database. */
    async serve(options: ServerOptions = {}): Promise<ServedBy> {
      const server = await startServer({ url, keyringDirectory, ...options })
      servers.push(server)
      return server
    },
    async close() {
      await Promise.all(servers.map((server) => server.stop()))
      await database.close()
      await superuser.end()
      await onDatabase(cluster.url, (client) => client.query(`drop database ${name} with (force)`))
    },
  }
}

async function peopleOf(installation: Awaited<ReturnType<typeof testInstallation>>, database: Database) {
  const { ids, keys, doors, sessions, accounts, authenticator } = await createLogin({
    database,
    keyring: installation.keyring,
    log: quietLog,
  })
  const loginOf = async (tenantId: TenantId, userId: UserId): Promise<Login> => {
    const { token } = await doors.open(tenantId, (tx) =>
      sessions.begin(tx, userId, { device: { ip: '127.0.0.1', userAgent: 'bench' }, methods: ['password'] }),
    )
    return { token, actor: await authenticator.actorOf(await authenticator.credentialOf(token), true) }
  }
  const tenantOf = async (slug: string) => (await doors.tenants()).find((tenant) => tenant.slug === slug)!.id
  return {
    ids,
    keys,
    accounts,
    chats: new ChatStore(keys),
    units: new UnitsOfWork(database),
    tenantOf,
    loginOf,
    /** Somebody of the cast, signed in. */
    async signIn(person: Person): Promise<Login> {
      const { tenant, email } = PEOPLE[person]
      const tenantId = await tenantOf(tenant)
      const user = await doors.open(tenantId, (tx) => tx.first(tx.db.selectFrom('user').select('id').where('email', '=', email)))
      return loginOf(tenantId, user!.id as UserId)
    },
    /** Somebody new in acme, signed in. */
    async addPerson(name: string): Promise<Login> {
      const tenantId = await tenantOf('acme')
      return loginOf(tenantId, await doors.open(tenantId, (tx) => accounts.add(tx, { name, email: `${name}@acme.test`, role: 'user' })))
    },
  }
}

async function onDatabase(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
