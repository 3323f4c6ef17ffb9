/** Who of the people is leaving: for administrators, who cannot prevent it. */
import { sql } from 'kysely'
import type { Member } from '#contract/accounts.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'

/** The same people, with when they will be erased where they asked for that. */
export async function withLeaving(tx: ReadTx, people: readonly Member[]): Promise<Member[]> {
  if (tx.actor.role !== 'admin') return [...people]
  const ids = people.map(({ id }) => id)
  const rows = await tx.all(
    tx.db.selectFrom('erasure').select(['user_id', 'due_at']).where('user_id', '=', sql<string>`any(${ids}::uuid[])`),
  )
  const dueAt = new Map<string, Date>(rows.map(({ user_id, due_at }) => [user_id, due_at]))
  return people.map((member) => {
    const leaves = dueAt.get(member.id)
    return leaves ? { ...member, leavesAt: leaves.toISOString() } : member
  })
}
