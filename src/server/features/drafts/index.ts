/** What other slices may use of drafts. */
export { draftExporter } from './export.ts'
export { draftRoutes } from './routes.ts'
export { DraftStore } from './store.ts'
