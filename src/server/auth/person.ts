/** A person as administrators see them: how they sign in, by kinds, and where they stand. Nothing that proves anything leaves it. */
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { MemberDetails } from '#contract/people.ts'
import type { Actor } from '../isolation/actor.ts'
import type { Doors, DoorTx } from '../isolation/doors.ts'
import { Failure } from '../kernel/failure.ts'
import { MEMBER, memberOf } from '../kernel/member.ts'
import { administratorsBut, openRecoveries } from './recovery-rows.ts'
import { IS_LIVE } from './session-lists.ts'

/** The details of a person, for an administrator. */
export async function readPerson(doors: Doors, admin: Actor, userId: UserId): Promise<MemberDetails> {
  return doors.open(admin.tenantId, async (tx) => {
    if ((await tx.enter(admin.tokenHash)).role !== 'admin') throw new Failure('auth.not_allowed')
    const person = await tx.first(tx.db.selectFrom('user').select(MEMBER).where('id', '=', userId))
    if (!person) throw new Failure('member.not_found')
    const logins = await tx.first(liveOf(tx, userId))
    const latest = await tx.first(latestOf(tx, userId))
    return {
      member: memberOf(person),
      timeJoined: person.time_joined?.toISOString() ?? null,
      signsInWith: await kindsOf(tx, userId),
      latestSignIn: latest?.time_created.toISOString() ?? null,
      logins: logins!.count,
      recovery: (await openRecoveries(tx, admin.userId, userId))[0] ?? null,
      anotherDecides: (await administratorsBut(tx, admin.userId, userId)).length > 0,
    }
  })
}

function liveOf(tx: DoorTx, userId: UserId) {
  return tx.db
    .selectFrom('auth_session')
    .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('auth_session.user_id', '=', userId)
    .where(IS_LIVE)
}

function latestOf(tx: DoorTx, userId: UserId) {
  return tx.db
    .selectFrom('auth_session')
    .select('time_created')
    .where('user_id', '=', userId)
    .where('kind', '=', 'login')
    .orderBy('id', 'desc')
    .limit(1)
}

async function kindsOf(tx: DoorTx, userId: UserId): Promise<MemberDetails['signsInWith']> {
  const app = tx.db.selectFrom('authenticator_app').select('user_id').where('user_id', '=', userId).where('confirmed_at', 'is not', null)
  const kinds = {
    password: tx.db.selectFrom('credential').select('user_id').where('user_id', '=', userId),
    passkey: tx.db.selectFrom('passkey').select('user_id').where('user_id', '=', userId),
    app,
    provider: tx.db.selectFrom('identity').select('user_id').where('user_id', '=', userId),
  } as const
  const found: MemberDetails['signsInWith'] = []
  for (const kind of ['password', 'passkey', 'app', 'provider'] as const) if (await tx.first(kinds[kind].limit(1))) found.push(kind)
  return found
}
