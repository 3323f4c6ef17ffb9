/** Looks of administrators at people's logins: each is in the log of whom they looked at. */
import type { UserId } from '#contract/ids.ts'
import type { Actor } from '../../isolation/actor.ts'
import type { Doors } from '../../isolation/doors.ts'
import type { RequestFacts } from '../../isolation/route.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Ids } from '../../kernel/ids.ts'
import { insertEvents } from '../security-log.ts'

export interface LookParts {
  readonly clock: Clock
  readonly doors: Doors
  readonly ids: Ids
}

/**
 * Notes in people's logs that an administrator looked at their logins, by a list, on their page, or by counting those of one person. Once
 * an hour for each administrator and person: that they looked is what matters, and not how often they scrolled. Who is nobody here is left out.
 */
export function noting({ clock, doors, ids }: LookParts) {
  return async (admin: Actor, request: RequestFacts, people: readonly (UserId | undefined)[]) => {
    const by = { kind: 'administrator', userId: admin.userId, device: request } as const
    const once = `viewed:${admin.userId}:${new Date(clock.now()).toISOString().slice(0, 13)}`
    const others = [...new Set(people)].filter((userId) => userId !== undefined && userId !== admin.userId) as UserId[]
    if (others.length === 0) return
    await doors.open(admin.tenantId, async (tx) => {
      const known = await tx.all(tx.db.selectFrom('user').select('id').where('id', 'in', others))
      const events = known.map(({ id }) => ({ userId: id as UserId, kind: 'sessions_viewed', by, once }) as const)
      if (events.length > 0) await tx.change(insertEvents(tx, ids, events))
    })
  }
}
