/** Which models there are to ask: the built-in Librarian, and those of the organisation's providers. */

import { ProviderId } from '#contract/ids.ts'
import type { Model, Provider, ProviderKind } from '#contract/models.ts'
import { LIBRARIAN } from '#server/features/librarian/index.ts'
import type { AnyReadTx } from '#server/isolation/unit-of-work.ts'
import { isLoopback } from '#server/providers/public-address.ts'
import type { ProviderStore } from './store.ts'

/** How to reach a provider's model. */
export interface Reachable {
  readonly kind: ProviderKind
  readonly baseUrl: string
  readonly apiKey: string | null
  readonly model: string
}

export class ModelChoice {
  /** What a chat starts with when nothing was chosen. */
  readonly first = LIBRARIAN.id
  readonly #providers: ProviderStore
  constructor(providers: ProviderStore) {
    this.#providers = providers
  }

  /** Every model on offer, the organisation's first. */
  async list(tx: AnyReadTx): Promise<Model[]> {
    return [...(await this.#providers.list(tx)).flatMap(offered), LIBRARIAN]
  }

  /** A model on offer. */
  async find(tx: AnyReadTx, id: string): Promise<Model | undefined> {
    return id === LIBRARIAN.id ? LIBRARIAN : (await this.list(tx)).find((model) => model.id === id)
  }

  /** Finds models on offer: what is asked of the database is asked now, and opened where it is needed. */
  async finder(tx: AnyReadTx): Promise<(id: string) => Promise<Model | undefined>> {
    const rows = await this.#providers.seek(tx)
    return async (id) =>
      id === LIBRARIAN.id ? LIBRARIAN : (await this.#providers.open(tx, rows)).flatMap(offered).find((model) => model.id === id)
  }

  /** Kind, address, key and name for a model of a provider; undefined when it is not on offer any more. */
  async reach(tx: AnyReadTx, id: string): Promise<Reachable | undefined> {
    const providerId = ProviderId.safeParse(id.split(':', 1)[0])
    if (!providerId.success) return undefined
    const [provider, apiKey] = await Promise.all([this.#providers.find(tx, providerId.data), this.#providers.key(tx, providerId.data)])
    const model = provider?.models.find((name) => modelId(provider, name) === id)
    if (!provider || model === undefined) return undefined
    return { kind: provider.kind, baseUrl: provider.baseUrl, apiKey, model }
  }
}

function offered(provider: Provider): Model[] {
  const host = new URL(provider.baseUrl).hostname
  return provider.models.map((name) => ({
    id: modelId(provider, name),
    name,
    // What listens at a loopback address may be a gateway or a tunnel: it is here, but nobody can say that the text stays here.
    provider: isLoopback(host) ? `${provider.name}, beside this server` : provider.name,
    runsHere: false,
    builtIn: false,
  }))
}

function modelId(provider: Provider, name: string): string {
  return `${provider.id}:${name}`
}
