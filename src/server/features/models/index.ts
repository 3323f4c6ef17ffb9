/** What other slices may use of models. */
export { ModelChoice, type Reachable } from './choice.ts'
export { modelRoutes } from './routes.ts'
export { ProviderStore } from './store.ts'
