/** What people of one organisation see of each other: name, address and role. Accounts themselves are changed by doors only. */
import { type SqlBool, sql } from 'kysely'
import type { z } from 'zod'
import type { listMembers, Member } from '#contract/accounts.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'
import { MEMBER, memberOf } from '#server/kernel/member.ts'

type Asked = Omit<z.output<typeof listMembers.query>, 'cursor'>

/**
 * The people whom the actor may see, by name; `after` is the position of the last one of the page before. Whom that is row security
 * decides. Who is suspended is nobody's business but administrators'.
 */
export async function listPeople(
  tx: ReadTx,
  { limit, query: part, status, after }: Asked & { after: readonly string[] | undefined },
): Promise<{ people: Member[]; last: readonly string[] | undefined }> {
  let query = tx.db
    .selectFrom('user')
    .leftJoin('picture', 'picture.user_id', 'user.id')
    .select([...MEMBER, 'picture.version'])
  if (tx.actor.role !== 'admin') query = query.where('status', '=', 'active')
  if (status === 'suspended') query = query.where('status', '=', 'suspended')
  if (status === 'invited' || status === 'joined')
    query = query.where('status', '=', 'active').where('time_joined', status === 'joined' ? 'is not' : 'is', null)
  if (part !== undefined) query = query.where(sql<SqlBool>`strpos(lower(name || ' ' || email), lower(${part}::text)) > 0`)
  if (after) query = query.where(sql<boolean>`(name, id) > (${after[0]}, ${after[1]}::uuid)`)
  const rows = await tx.all(
    query
      .orderBy('name')
      .orderBy('id')
      .limit(limit + 1),
  )
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { people: shown.map(memberOf), last: last && [last.name, last.id] }
}
