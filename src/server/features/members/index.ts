/** What other slices may use of members. */
export { memberRoutes } from './routes.ts'
