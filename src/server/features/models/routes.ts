/** The endpoints of models and of the providers behind them. */
import type { ProviderId } from '#contract/ids.ts'
import { addProvider, changeProvider, listModels, listProviders, removeProvider, testProvider } from '#contract/models.ts'
import { type Route, route } from '#server/isolation/route.ts'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import type { Clock } from '#server/kernel/clock.ts'
import type { Ids } from '#server/kernel/ids.ts'
import type { Egress } from '#server/providers/egress.ts'
import { testServer } from '#server/providers/test-server.ts'
import type { ModelChoice } from './choice.ts'
import type { ProviderConfig, ProviderStore } from './store.ts'

export interface ModelParts {
  readonly providers: ProviderStore
  readonly models: ModelChoice
  readonly egress: Egress
  readonly clock: Clock
  readonly ids: Ids
}

/** The routes of this folder. */
export function modelRoutes({ providers, models, egress, clock, ids }: ModelParts): Route[] {
  return [
    route(listModels, async ({ tx }) => ({ items: await models.list(tx) })),
    route(listProviders, async ({ tx }) => ({ items: await providers.list(tx) })),

    route(addProvider, async ({ tx, body }) => {
      const { apiKey, ...config } = body
      await egress.check(config.baseUrl)
      const id = ids.next<ProviderId>()
      await providers.add(tx, { id, config, apiKey, now: new Date(clock.now()) })
      return (await providers.find(tx, id))!
    }),

    route(changeProvider, async ({ actor, unit, params, body, fail }) => {
      const { apiKey, ...changes } = body
      const find = async (tx: AnyReadTx) => {
        const known = await providers.find(tx, params.providerId)
        if (!known) throw fail('provider.not_found')
        const config = changed(known, changes)
        const isMoved = config.baseUrl !== known.baseUrl
        if (isMoved && !actor.isProven) throw fail('auth.proof_needed')
        // The stored key was given for the old address; it is not sent anywhere else unasked.
        if (isMoved && known.hasKey && apiKey === undefined) throw fail('provider.key_needed')
        return { config, isMoved }
      }
      const before = await unit.read(find)
      // A name may take long to resolve, and nothing is held meanwhile.
      if (before.isMoved) await egress.check(before.config.baseUrl)
      return unit.write(async (tx) => {
        const { config, isMoved } = await find(tx)
        if (isMoved && !before.isMoved) await egress.check(config.baseUrl)
        await providers.configure(tx, params.providerId, config)
        if (apiKey !== undefined) await providers.setKey(tx, params.providerId, apiKey)
        return (await providers.find(tx, params.providerId))!
      })
    }),

    route(removeProvider, async ({ tx, params, fail }) => {
      if ((await providers.remove(tx, params.providerId)) === 0) throw fail('provider.not_found')
      return undefined
    }),

    route(testProvider, async ({ unit, body, fail }) => {
      const { providerId, kind, baseUrl, model } = body
      let { apiKey } = body
      if (providerId !== undefined) {
        const stored = await unit.read(async (tx) => {
          const known = await providers.find(tx, providerId)
          return known && { known, key: await providers.key(tx, providerId) }
        })
        if (!stored) throw fail('provider.not_found')
        // The stored key goes to the stored address, in the header of the stored kind, and nowhere else.
        if (apiKey === null && stored.known.baseUrl === baseUrl && stored.known.kind === kind) apiKey = stored.key
      }
      return testServer({ kind, baseUrl, apiKey, model, egress, now: () => clock.now() })
    }),
  ]
}

/** A provider's settings with those of a change in their place; its kind stays. */
function changed(known: ProviderConfig, changes: { [K in keyof ProviderConfig]?: ProviderConfig[K] | undefined }): ProviderConfig {
  const { name = known.name, baseUrl = known.baseUrl, models = known.models } = changes
  return { name, kind: known.kind, baseUrl, models }
}
