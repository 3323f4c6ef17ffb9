/** What other slices may use of drafts. */
export { draftRoutes } from './routes.ts'
export { DraftStore } from './store.ts'
