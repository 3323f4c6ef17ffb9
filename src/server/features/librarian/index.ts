/** The Librarian, the built-in model that searches and quotes, and the handbook it quotes from. */
export { LIBRARIAN, librarianModel } from './model.ts'
export type { Passage } from './passage.ts'
export { handbookRoutes } from './routes.ts'
