/** What other slices may use of events. */
export { eventRoutes } from './routes.ts'
export type { LoginWatch } from './stream.ts'
