/** What other slices may use of messages. */
export { Answering } from './answering.ts'
export { Asking } from './asking.ts'
export { chatExporter } from './export.ts'
export { Generations } from './generations.ts'
export { messageRoutes } from './routes.ts'
export { MessageSearch } from './search.ts'
export { MessageStore } from './store.ts'
