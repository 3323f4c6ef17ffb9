/** `sardonyx user …`: people as the operator sees them, without content; suspending them and changing their role, which end their logins. */
import { sql } from 'kysely'
import type { Role } from '#contract/accounts.ts'
import type { NewAccount } from '../auth/accounts.ts'
import { IS_LIVE } from '../auth/sessions/session-lists.ts'
import type { TenantEntry } from '../isolation/doors.ts'
import { Failure } from '../kernel/failure.ts'
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
  return login.people.suspend(tenant.id, person.id, 'operator').catch(keepingAnAdministrator(tenant))
}

/** Takes a suspension back: the person can sign in again. */
export async function reinstate(login: Login, tenant: TenantEntry, email: string): Promise<void> {
  const person = await personAt(login, tenant, email)
  if (person.status === 'active') throw new Error(`${email} is not suspended.`)
  await login.people.reinstate(tenant.id, person.id, 'operator')
}

/** Gives a person another role; they sign in again to use it. Answers how many logins ended. */
export async function changeRole(login: Login, tenant: TenantEntry, { email, role }: { email: string; role: Role }): Promise<number> {
  const person = await personAt(login, tenant, email)
  if (person.role === role) throw new Error(`${email} has the role ${role} already.`)
  return login.people.changeRole(tenant.id, { userId: person.id, role }, 'operator').catch(keepingAnAdministrator(tenant))
}

/** Invites somebody; a letter with their link goes to them. */
export async function invite(login: Login, tenant: TenantEntry, account: NewAccount): Promise<void> {
  const { sent } = await login.invitations.invite(tenant.id, account, 'operator').catch((error: unknown) => {
    if (!(error instanceof Failure && error.code === 'member.exists')) throw error
    throw new Error(`Somebody in ${tenant.slug} has the address ${account.email} already.`)
  })
  if (!sent) throw new Error(NOT_SENT)
}

/**
 * Recovers somebody's account: a link goes to them, by which they choose a new password, and with `factors` lose their second ones. What an
 * administrator had asked for is settled by it.
 */
export async function recover(login: Login, tenant: TenantEntry, { email, factors }: { email: string; factors: boolean }): Promise<void> {
  const person = await personAt(login, tenant, email)
  const lost = factors ? 'password_and_factors' : 'password'
  const sent = await login.recoveries.start(tenant.id, { userId: person.id, lost }, 'operator').catch((error: unknown) => {
    if (!(error instanceof Failure && error.code === 'recovery.not_possible')) throw error
    throw new Error(`${email} has not joined, or is suspended, so there is nothing to recover.`)
  })
  if (!sent) throw new Error(NOT_SENT)
}

const NOT_SENT = 'The letter could not be sent; the log says why. Set the mail server right and run this again.'

/** Says in the words of the command line that the last administrator stays. */
function keepingAnAdministrator(tenant: TenantEntry) {
  return (error: unknown): never => {
    if (!(error instanceof Failure && error.code === 'member.last_administrator')) throw error
    throw new Error(`That would leave ${tenant.slug} without an administrator. Make somebody else one first: sardonyx user role.`)
  }
}
