/** The directory: people of one organisation see each other's name and address. */

import { sql } from 'kysely'
import { listMembers, type Member } from '#contract/accounts.ts'
import type { UserId } from '#contract/ids.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import { type Route, route } from '#server/isolation/route.ts'

/** The routes of this folder. */
export function memberRoutes({ cursors }: { cursors: Cursors }): Route[] {
  return [
    route(listMembers, async ({ actor, tx, query }) => {
      const after = await cursors.read(actor, 'members', query.cursor)
      let select = tx.db
        .selectFrom('user')
        .select(['id', 'name', 'email', 'role', 'time_joined', 'time_created'])
        .where('status', '=', 'active')
      if (after) select = select.where(sql<boolean>`(name, id) > (${after[0]}, ${after[1]}::uuid)`)
      const rows = await tx.all(
        select
          .orderBy('name')
          .orderBy('id')
          .limit(query.limit + 1),
      )
      const items: Member[] = rows.slice(0, query.limit).map((row) => ({
        id: row.id as UserId,
        name: row.name,
        email: row.email,
        role: row.role,
        joined: row.time_joined !== null,
        timeCreated: row.time_created.toISOString(),
      }))
      const last = rows.length > query.limit ? items.at(-1) : undefined
      return { items, next: last ? await cursors.make(actor, 'members', [last.name, last.id]) : null }
    }),
  ]
}
