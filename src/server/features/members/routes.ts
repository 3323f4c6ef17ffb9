/** The directory: people of one organisation see each other's name and address. */
import { listMembers } from '#contract/accounts.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import { type Route, route } from '#server/isolation/route.ts'
import { listPeople } from './store.ts'

/** The routes of this folder. */
export function memberRoutes({ cursors }: { cursors: Cursors }): Route[] {
  return [
    route(listMembers, async ({ actor, tx, query }) => {
      const after = await cursors.read(actor, 'members', query.cursor)
      const { people: items, last } = await listPeople(tx, { limit: query.limit, after })
      return { items, next: last ? await cursors.make(actor, 'members', last) : null }
    }),
  ]
}
