/** The endpoint of events. */
import { followEvents } from '#contract/events.ts'
import { type Route, route } from '#server/isolation/route.ts'
import { type EventParts, EventStream } from './stream.ts'

/** The routes of this folder. */
export function eventRoutes(parts: EventParts): Route[] {
  return [
    route(followEvents, async ({ actor, presented, query, request }) => {
      const { signal, lastEventId } = request
      const watched = query.watch?.map(([chatId, answerId, at]) => ({ chatId, answerId, at })) ?? []
      return new EventStream(parts, { actor, token: presented.token, watched, signal }).open(lastEventId)
    }),
  ]
}
