/** How long people of an organisation stay signed in: a preset, or bounds of its own. */
import { sql } from 'kysely'
import type { SecondFactorRule } from '#contract/factors.ts'
import type { LoginPolicy, LoginRules } from '#contract/sessions.ts'
import type { DoorTx } from '../../isolation/doors.ts'
import type { ReadTx } from '../../isolation/unit-of-work.ts'
import { IS_LIVE } from './session-lists.ts'

/** The policy in force. */
export async function readLoginPolicy(tx: Pick<ReadTx, 'first'> & { readonly db: ReadTx['db'] }): Promise<LoginRules> {
  const row = await tx.first(tx.db.selectFrom('login_policy').selectAll())
  if (!row) throw new Error('this organisation has no login policy')
  return {
    preset: row.preset as LoginPolicy['preset'],
    idleLimitS: row.idle_limit_s,
    absoluteLimitS: row.absolute_limit_s,
    remember: row.remember,
    rememberIdleLimitS: row.remember_idle_limit_s,
    rememberAbsoluteLimitS: row.remember_absolute_limit_s,
    proofGoodForS: row.proof_good_for_s,
    secondFactor: row.second_factor as SecondFactorRule,
    leastPasswordLength: row.least_password_length,
  }
}

/** Sets of whom a second factor is required, or leaves it where it is; answers what holds. */
export async function writeSecondFactorRule(tx: DoorTx, rule: SecondFactorRule | undefined): Promise<SecondFactorRule> {
  const kept = tx.db.updateTable('login_policy').set({ second_factor: sql<string>`coalesce(${rule ?? null}::text, second_factor)` })
  return (await tx.first(kept.returning('second_factor')))!.second_factor as SecondFactorRule
}

/** Puts a policy in force: logins that last longer are shortened, none is made longer. */
export async function writeLoginPolicy(tx: DoorTx, policy: LoginPolicy): Promise<void> {
  await tx.change(
    tx.db.updateTable('login_policy').set({
      preset: policy.preset,
      idle_limit_s: policy.idleLimitS,
      absolute_limit_s: policy.absoluteLimitS,
      remember: policy.remember,
      remember_idle_limit_s: policy.rememberIdleLimitS,
      remember_absolute_limit_s: policy.rememberAbsoluteLimitS,
      proof_good_for_s: policy.proofGoodForS,
      least_password_length: policy.leastPasswordLength,
    }),
  )
  const ofRemembered = (remembered: number, other: number) => (policy.remember ? remembered : other)
  const limits = (idle: number, absolute: number) => ({
    idle_limit_s: sql<number>`least(idle_limit_s, ${idle}::int)`,
    expires_at: sql<Date>`least(expires_at, time_created + make_interval(secs => ${absolute}::int))`,
    proof_good_for_s: sql<number>`least(proof_good_for_s, ${policy.proofGoodForS}::int)`,
  })
  const shorten = (remember: boolean, to: ReturnType<typeof limits>) =>
    tx.change(
      tx.db
        .updateTable('auth_session')
        .from('auth_session_seen')
        .set(to)
        .whereRef('session_id', '=', 'auth_session.id')
        .where('kind', '=', 'login')
        .where('remember', '=', remember)
        // What is over by other rules stays over by those.
        .where(IS_LIVE),
    )
  await shorten(false, limits(policy.idleLimitS, policy.absoluteLimitS))
  await shorten(
    true,
    limits(ofRemembered(policy.rememberIdleLimitS, policy.idleLimitS), ofRemembered(policy.rememberAbsoluteLimitS, policy.absoluteLimitS)),
  )
}
