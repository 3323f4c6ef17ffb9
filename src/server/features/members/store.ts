/** What people of one organisation see of each other: name, address and role. Accounts themselves are changed by doors only. */
import { sql } from 'kysely'
import type { Member } from '#contract/accounts.ts'
import type { UserId } from '#contract/ids.ts'
import type { ReadTx } from '#server/isolation/unit-of-work.ts'

/** The people of the organisation, by name; `after` is the position of the last one of the page before. */
export async function listPeople(
  tx: ReadTx,
  page: { limit: number; after: readonly string[] | undefined },
): Promise<{ people: Member[]; last: readonly string[] | undefined }> {
  let query = tx.db
    .selectFrom('user')
    .leftJoin('picture', 'picture.user_id', 'user.id')
    .select(['id', 'name', 'email', 'role', 'version', 'time_joined', 'time_created'])
    .where('status', '=', 'active')
  if (page.after) query = query.where(sql<boolean>`(name, id) > (${page.after[0]}, ${page.after[1]}::uuid)`)
  const rows = await tx.all(
    query
      .orderBy('name')
      .orderBy('id')
      .limit(page.limit + 1),
  )
  const shown = rows.slice(0, page.limit)
  const last = rows.length > page.limit ? shown.at(-1) : undefined
  const people = shown.map((row) => ({
    id: row.id as UserId,
    name: row.name,
    email: row.email,
    role: row.role,
    picture: row.version,
    joined: row.time_joined !== null,
    timeCreated: row.time_created.toISOString(),
  }))
  return { people, last: last && [last.name, last.id] }
}
