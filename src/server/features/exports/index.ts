/** What others may use of exports. */
export { accessExporters, accountExporter, deviceExporter, securityLogExporter, tokenExporter } from './account.ts'
export { type Exporter, listFile, oneFile, type Piece, pretty, type Read } from './exporter.ts'
export { Exporting } from './exporting.ts'
export { exportRoutes } from './routes.ts'
export { ExportStore } from './store.ts'
