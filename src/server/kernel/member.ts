/** A person of an organisation, from their row: for the directory and for the doors that answer one. */
import type { Member } from '#contract/accounts.ts'
import type { UserId } from '#contract/ids.ts'

/** The columns that `memberOf` reads. */
export const MEMBER = ['user.id', 'user.name', 'user.email', 'user.role', 'user.status', 'user.time_joined', 'user.time_created'] as const

interface Row {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: string
  readonly status: string
  readonly time_joined: Date | null
  readonly time_created: Date
  /** Of the picture, for who may see it. */
  readonly version?: string | null
}

/** A person as the contract has them. */
export function memberOf(row: Row): Member {
  return {
    id: row.id as UserId,
    name: row.name,
    email: row.email,
    role: row.role as Member['role'],
    picture: row.version ?? null,
    joined: row.time_joined !== null,
    suspended: row.status === 'suspended',
    timeCreated: row.time_created.toISOString(),
  }
}
