/** The endpoints of leaving that need doors, and the administrators' list of who left. */
import { askDeletion, createExport, listErasures, undoDeletion } from '#contract/leaving.ts'
import type { Cursors } from '../../isolation/cursor.ts'
import { type Route, route } from '../../isolation/route.ts'
import { type Leaving, listErasures as readErasures } from './leaving.ts'

/** The routes of leaving. */
export function leavingRoutes({ leaving, cursors }: { leaving: Leaving; cursors: Cursors }): Route[] {
  return [
    route(createExport, async ({ actor, request }) => leaving.beginExport(actor, request)),

    route(askDeletion, async ({ actor, body, request }) => leaving.ask(actor, body.email, request)),

    route(undoDeletion, async ({ actor, request }) => {
      await leaving.undo(actor, request)
      return undefined
    }),

    route(listErasures, async ({ actor, tx, query }) => {
      const after = await cursors.read(actor, 'erasures', query.cursor)
      const { items, last } = await readErasures(tx, { limit: query.limit, after })
      return { items, next: last ? await cursors.make(actor, 'erasures', last) : null }
    }),
  ]
}
