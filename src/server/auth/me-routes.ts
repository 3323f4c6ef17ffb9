/** One's own name and preferences. Every page of their person hears at once that they have changed. */
import { getMe, setPreferences } from '#contract/accounts.ts'
import { changeMe } from '#contract/profile.ts'
import { type Route, route } from '../isolation/route.ts'
import type { UnitsOfWork } from '../isolation/unit-of-work.ts'
import type { Accounts } from './accounts.ts'
import { readMe } from './me.ts'
import type { SessionEnds } from './sessions/session-ends.ts'
import type { Tenants } from './tenants.ts'

export interface MeParts {
  readonly accounts: Accounts
  readonly ends: SessionEnds
  readonly tenants: Tenants
  readonly units: UnitsOfWork
}

/** The routes of oneself. */
export function meRoutes({ accounts, ends, tenants, units }: MeParts): Route[] {
  return [
    route(getMe, async ({ tx }) => readMe(tx, tenants)),

    route(setPreferences, async ({ actor, body }) => {
      const preferences = await accounts.setPreferences(actor, body)
      await ends.tellChanged(actor)
      return preferences
    }),

    route(changeMe, async ({ actor, body }) => {
      await accounts.rename(actor, body.name)
      await ends.tellChanged(actor)
      return units.read(actor, (tx) => readMe(tx, tenants))
    }),
  ]
}
