/** What other slices may use of sharing. */
export { sharingRoutes } from './routes.ts'
export { SharingStore } from './store.ts'
