/** The handbook's endpoint: the same for everyone, and nobody's content. */
import { getHandbook } from '#contract/models.ts'
import { type Route, route } from '#server/isolation/route.ts'
import { HANDBOOK } from './handbook.ts'

/** The routes of this folder. */
export function handbookRoutes(): Route[] {
  return [route(getHandbook, async () => ({ items: [...HANDBOOK] }))]
}
