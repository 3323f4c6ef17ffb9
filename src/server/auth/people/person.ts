/** A person as administrators see them: how they sign in, by kinds, and where they stand. Nothing that proves anything leaves it. */
import { sql } from 'kysely'
import type { UserId } from '#contract/ids.ts'
import type { MemberDetails } from '#contract/people.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors, DoorTx } from '../../isolation/doors.ts'
import { Failure } from '../../kernel/failure.ts'
import { MEMBER, memberOf } from '../../kernel/member.ts'
import { IS_LIVE } from '../sessions/session-lists.ts'
import { administratorsBut } from './administrators.ts'
import { openRecoveries } from './recovery-rows.ts'

/** The details of a person, for an administrator. */
export async function readPerson(doors: Doors, admin: Actor, userId: UserId): Promise<MemberDetails> {
  return doors.lookAsAdmin(admin.tenantId, admin.tokenHash, async (tx) => {
    const person = await tx.first(tx.db.selectFrom('user').select(MEMBER).where('id', '=', userId))
    if (!person) throw new Failure('member.not_found')
    const live = await tx.first(liveOf(tx, userId))
    const leaving = await tx.first(tx.db.selectFrom('erasure').select('due_at').where('user_id', '=', userId))
    const latest = await tx.first(latestOf(tx, userId))
    return {
      member: { ...memberOf(person), ...(leaving && { leavesAt: leaving.due_at.toISOString() }) },
      timeJoined: person.time_joined?.toISOString() ?? null,
      signsInWith: await kindsOf(tx, userId),
      latestSignIn: latest?.time_created.toISOString() ?? null,
      logins: live!.logins,
      apiTokens: live!.tokens,
      recovery: (await openRecoveries(tx, admin.userId, userId))[0] ?? null,
      anotherDecides: (await administratorsBut(tx, admin.userId, userId)).length > 0,
    }
  })
}

const countOf = (kind: 'login' | 'api') => sql<number>`count(*) filter (where kind = ${kind}::text)::int`

function liveOf(tx: DoorTx, userId: UserId) {
  return tx.db
    .selectFrom('auth_session')
    .innerJoin('auth_session_seen', 'auth_session_seen.session_id', 'auth_session.id')
    .select([countOf('login').as('logins'), countOf('api').as('tokens')])
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
  const row = await tx.first(
    tx.db
      .selectFrom('user')
      .leftJoin('credential', 'credential.user_id', 'user.id')
      .leftJoin('authenticator_app', 'authenticator_app.user_id', 'user.id')
      .select(({ exists, selectFrom }) => [
        sql<boolean>`credential.user_id is not null`.as('password'),
        exists(selectFrom('passkey').select('passkey.id').whereRef('passkey.user_id', '=', 'user.id')).as('passkey'),
        sql<boolean>`authenticator_app.confirmed_at is not null`.as('app'),
        exists(selectFrom('identity').select('identity.id').whereRef('identity.user_id', '=', 'user.id')).as('provider'),
      ])
      .where('user.id', '=', userId),
  )
  return (['password', 'passkey', 'app', 'provider'] as const).filter((kind) => row?.[kind])
}
