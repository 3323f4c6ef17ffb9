/** The endpoints of drafts. */
import { forgetDraft, keepDraft, listDrafts } from '#contract/drafts.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { Clock } from '#server/kernel/clock.ts'
import type { DraftStore } from './store.ts'

/** The routes of this folder. */
export function draftRoutes({ drafts, clock }: { drafts: DraftStore; clock: Clock }): Route[] {
  return [
    route(listDrafts, async ({ tx }) => ({ items: await drafts.list(tx) })),

    route(keepDraft, async ({ tx, params, body }) => {
      const now = new Date(clock.now())
      await drafts.keep(tx, { place: params.place, ...body, now })
      return { timeUpdated: now.toISOString() }
    }),

    route(forgetDraft, async ({ tx, params }) => {
      await drafts.remove(tx, params.place)
      return undefined
    }),
  ]
}
