/**
 * What an operator's commands on people and logins have in common. They act as the operator, never as a person, and say so in the log
 * of everybody they concern. Servers that run meanwhile learn of ended logins from the database, where the command wrote them down.
 */
import type { UserId } from '#contract/ids.ts'
import { createLogin, type LoginOptions } from '../auth/login.ts'
import type { CacheStore } from '../isolation/cache.ts'
import type { Database } from '../isolation/database.ts'
import type { TenantEntry } from '../isolation/doors.ts'
import type { Log } from '../kernel/log.ts'
import { connect, type Installation, migrateAll } from './installation.ts'

/** Takes nothing, so that what is to be told stays written down for the servers, which have the caches. */
const NO_CACHE: CacheStore = {
  get: async () => undefined,
  set: async () => undefined,
  delete: async () => false,
  publish: async () => false,
  subscribe: () => () => undefined,
  hear: () => () => undefined,
  close: async () => undefined,
}

export type Login = Awaited<ReturnType<typeof createLogin>>

/** Runs `work` with what proves logins, and with the organisation of that short name, or the only one there is. */
export async function asOperator<T>(
  installation: Installation,
  { organisation, log, post }: { organisation: string | undefined; log: Log; post?: LoginOptions['post'] },
  work: (login: Login, tenant: TenantEntry, database: Database) => Promise<T>,
): Promise<T> {
  await migrateAll(installation)
  const database = connect(installation, log, { app: 1, worker: 1, auth: 1 })
  try {
    const login = await createLogin({ database, keyring: installation.keyring, log, post, cache: NO_CACHE })
    return await work(login, chosen(await login.doors.tenants(), organisation), database)
  } finally {
    await database.close()
  }
}

function chosen(tenants: readonly TenantEntry[], organisation: string | undefined): TenantEntry {
  const [only, ...others] = tenants
  if (!only) throw new Error('There is no organisation yet. Open the server’s address and set it up first.')
  const names = tenants.map(({ slug }) => slug).join(', ')
  if (organisation === undefined) {
    if (others.length > 0) throw new Error(`Say which organisation you mean with --organisation. There are: ${names}.`)
    return only
  }
  const found = tenants.find(({ slug }) => slug === organisation)
  if (!found) throw new Error(`There is no organisation with the short name ${organisation}. There are: ${names}.`)
  return found
}

/** The person with that address; throws a sentence when there is none. */
export async function personAt({ doors }: Login, tenant: TenantEntry, email: string) {
  const person = await doors.open(tenant.id, (tx) =>
    tx.first(tx.db.selectFrom('user').select(['id', 'name', 'email', 'role', 'status']).where('email', '=', email)),
  )
  if (!person) throw new Error(`Nobody in ${tenant.slug} has the address ${email}. “sardonyx user list” shows who there is.`)
  return { ...person, id: person.id as UserId }
}
