/** `sardonyx user …`: people as the operator sees them, without content; suspending them and changing their role, which end their logins. */
import { sql } from 'kysely'
import type { Role } from '#contract/accounts.ts'
import type { UserId } from '#contract/ids.ts'
import { insertEvents, OPERATOR } from '../auth/security-log.ts'
import { IS_LIVE } from '../auth/session-lists.ts'
import type { DoorTx, TenantEntry } from '../isolation/doors.ts'
import { type Login, personAt } from './operator.ts'

/** A person, and how many logins and API tokens of theirs are good now. */
export interface PersonEntry {
  readonly email: string
  readonly name: string
  readonly role: string
  readonly status: string
  readonly joined: boolean
  readonly logins: number
}

/** Everybody of an organisation, by address. */
export async function listPeople({ doors }: Login, tenant: TenantEntry): Promise<PersonEntry[]> {
  const rows = await doors.open(tenant.id, (tx) =>
    tx.all(
      tx.db
        .selectFrom('user')
        .select((of) => [
          'email',
          'name',
          'role',
          'status',
          'time_joined',
          of
            .selectFrom('auth_session')
            .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
            .select(sql<number>`count(*)::int`.as('count'))
            .whereRef('auth_session.user_id', '=', 'user.id')
            .where(IS_LIVE)
            .as('logins'),
        ])
        .orderBy('email'),
    ),
  )
  return rows.map(({ time_joined, logins, ...person }) => ({ ...person, joined: time_joined !== null, logins: logins ?? 0 }))
}

/** A person in a line, for a terminal. */
export function personLine({ email, name, role, status, joined, logins }: PersonEntry): string {
  return [email, name, role, joined ? status : 'not joined', `logins and API tokens: ${logins}`].join('\t')
}

/** Suspends a person: nobody signs in as them, and what they are signed in with ends now. Answers how many logins ended. */
export async function suspend(login: Login, tenant: TenantEntry, email: string): Promise<number> {
  const person = await personAt(login, tenant, email)
  if (person.status === 'suspended') throw new Error(`${email} is suspended already.`)
  return login.ending.endAs(tenant.id, { chosen: { userId: person.id }, end: { reason: 'suspended', by: OPERATOR } }, async (tx) => {
    await keepAnAdministrator(tx, tenant, person.id)
    await tx.change(tx.db.updateTable('user').set({ status: 'suspended' }).where('id', '=', person.id))
    await tx.change(insertEvents(tx, login.ids, [{ userId: person.id, kind: 'suspended', by: OPERATOR, notice: true }]))
  })
}

/** Takes a suspension back: the person can sign in again. */
export async function reinstate(login: Login, tenant: TenantEntry, email: string): Promise<void> {
  const person = await personAt(login, tenant, email)
  if (person.status === 'active') throw new Error(`${email} is not suspended.`)
  await login.doors.open(tenant.id, async (tx) => {
    await tx.change(tx.db.updateTable('user').set({ status: 'active' }).where('id', '=', person.id))
    await tx.change(insertEvents(tx, login.ids, [{ userId: person.id, kind: 'reinstated', by: OPERATOR, notice: true }]))
  })
}

/** Gives a person another role; they sign in again to use it. Answers how many logins ended. */
export async function changeRole(login: Login, tenant: TenantEntry, { email, role }: { email: string; role: Role }): Promise<number> {
  const person = await personAt(login, tenant, email)
  if (person.role === role) throw new Error(`${email} has the role ${role} already.`)
  return login.ending.endAs(tenant.id, { chosen: { userId: person.id }, end: { reason: 'role_changed', by: OPERATOR } }, async (tx) => {
    if (role !== 'admin') await keepAnAdministrator(tx, tenant, person.id)
    await tx.change(tx.db.updateTable('user').set({ role }).where('id', '=', person.id))
    await tx.change(insertEvents(tx, login.ids, [{ userId: person.id, kind: 'role_changed', by: OPERATOR, notice: true }]))
  })
}

/** Throws when an organisation would be left without an administrator who can sign in. Those there are stay so until the commit. */
async function keepAnAdministrator({ db, all }: DoorTx, tenant: TenantEntry, without: UserId): Promise<void> {
  const administrators = await all(
    db
      .selectFrom('user')
      .select('id')
      .where('role', '=', 'admin')
      .where('status', '=', 'active')
      .where('time_joined', 'is not', null)
      .forUpdate(),
  )
  if (administrators.some(({ id }) => id === without) && administrators.length === 1)
    throw new Error(`That would leave ${tenant.slug} without an administrator. Make somebody else one first: sardonyx user role.`)
}
