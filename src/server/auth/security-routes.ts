/** The endpoints of the security log and of API tokens: each person's own, and nobody else's. */
import { createApiToken, listApiTokens, listSecurityEvents, readSecurityEvent, revokeApiToken } from '#contract/security.ts'
import type { Cursors } from '../isolation/cursor.ts'
import { type Route, route } from '../isolation/route.ts'
import { listEvents, noteRead } from './security-log.ts'
import type { Ending } from './sessions/ending.ts'
import { paged } from './sessions/routes.ts'
import type { ApiTokens } from './tokens/api-tokens.ts'

/** The routes of the security log and of API tokens. */
export function securityRoutes({ apiTokens, cursors, ending }: { apiTokens: ApiTokens; cursors: Cursors; ending: Ending }): Route[] {
  return [
    route(listSecurityEvents, async ({ actor, tx, query }) => {
      const { about, limit } = query
      const list = `security:${about}`
      const [after] = (await cursors.read(actor, list, query.cursor)) ?? []
      return paged(await listEvents(tx, { limit: limit + 1, after, about }), limit, (id) => cursors.make(actor, list, [id]))
    }),

    route(readSecurityEvent, async ({ tx, params, fail }) => {
      if (!(await noteRead(tx, params.eventId))) throw fail('event.not_found')
      return undefined
    }),

    route(listApiTokens, async ({ tx }) => ({ items: await apiTokens.list(tx) })),

    route(createApiToken, async ({ actor, unit, body, request }) =>
      unit.read((tx) => apiTokens.create(actor, body, { tx, device: request })),
    ),

    route(revokeApiToken, async ({ actor, params, request, fail }) => {
      const ended = await ending.endOwn(actor, { sessionId: params.sessionId, kind: 'api' }, request)
      if (ended === 0) throw fail('token.not_found')
      return undefined
    }),
  ]
}
