/** A server process for embedded-postgres.test.ts: starts the database of the given directory and prints where it is, or why not. */
import { EmbeddedRefusal } from '#server/ops/embedded/refusal.ts'
import { startEmbedded } from '#server/ops/embedded-postgres.ts'

const nothing = () => undefined
try {
  const embedded = await startEmbedded({ dataDir: process.argv[2] ?? '', log: { info: nothing, warn: nothing, error: nothing } })
  console.log(JSON.stringify({ url: embedded.url }))
  process.once('SIGTERM', () => void embedded.stop().then(() => process.exit()))
} catch (error) {
  if (!(error instanceof EmbeddedRefusal)) throw error
  console.log(JSON.stringify({ refusal: error.message }))
}
