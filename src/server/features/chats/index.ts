/** What other slices may use of chats. */
export { type ChatParts, chatRoutes } from './routes.ts'
export { ChatStore, type StoredChat } from './store.ts'
