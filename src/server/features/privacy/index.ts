/** What other slices may use of privacy. */
export { privacyRoutes } from './routes.ts'
export { PrivacyStore } from './store.ts'
