/** What other slices may use of pictures. */
export { pictureExporter } from './export.ts'
export { pictureRoutes } from './routes.ts'
export { PictureStore } from './store.ts'
