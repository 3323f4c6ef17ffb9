/** The directory: people of one organisation see each other's name and address. */
import { listMembers } from '#contract/accounts.ts'
import type { Cursors } from '#server/isolation/cursor.ts'
import { type Route, route } from '#server/isolation/route.ts'
import { withLeaving } from './leaving.ts'
import { listPeople } from './store.ts'

/** The routes of this folder. */
export function memberRoutes({ cursors }: { cursors: Cursors }): Route[] {
  return [
    route(listMembers, async ({ actor, tx, query }) => {
      const { cursor, ...asked } = query
      // A cursor is of the list that it was made in: what is looked for is in its name.
      const list = `members:${asked.status ?? ''}:${asked.query ?? ''}`
      const { people, last } = await listPeople(tx, { ...asked, after: await cursors.read(actor, list, cursor) })
      return { items: await withLeaving(tx, people), next: last ? await cursors.make(actor, list, last) : null }
    }),
  ]
}
