/** What other slices may use of pictures. */
export { pictureRoutes } from './routes.ts'
export { PictureStore } from './store.ts'
