/** What other slices may use of chats. */

export { begunOnce } from './begun-once.ts'
export { leaseFromNow, leaseHolds } from './lease.ts'
export { dropLeftScopes } from './left-scopes.ts'
export { mayChange, mayShare } from './policy.ts'
export { chatRoutes } from './routes.ts'
export { ChatStore, type StoredChat } from './store.ts'
export { ChatUse } from './use.ts'
