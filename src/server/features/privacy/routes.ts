/** The endpoints of privacy: what is said is read from the settings at the moment somebody asks. */
import type { TenantId } from '#contract/ids.ts'
import { getPrivacy, type Privacy, setPrivacyContact } from '#contract/privacy.ts'
import type { ProviderStore } from '#server/features/models/index.ts'
import { type Route, route } from '#server/isolation/route.ts'
import { KEPT_OF } from './kept.ts'
import type { PrivacyStore } from './store.ts'

export interface PrivacyParts {
  readonly privacy: PrivacyStore
  readonly providers: ProviderStore
  /** What only doors read. */
  readonly factsOf: (tenantId: TenantId) => Promise<Pick<Privacy, 'organisation' | 'signInProvider' | 'deletion'>>
}

/** The routes of this folder. */
export function privacyRoutes({ privacy, providers, factsOf }: PrivacyParts): Route[] {
  return [
    route(getPrivacy, async ({ actor, tx }) => {
      const asked = (await providers.list(tx)).filter(({ models }) => models.length > 0)
      return {
        ...(await factsOf(actor.tenantId)),
        contact: await privacy.contact(tx),
        ...(await privacy.rules(tx)),
        providers: asked.map(({ name, baseUrl }) => ({ name, host: new URL(baseUrl).host })),
        kept: [...KEPT_OF],
      }
    }),

    route(setPrivacyContact, async ({ tx, body }) => {
      await privacy.setContact(tx, body.contact)
      return undefined
    }),
  ]
}
